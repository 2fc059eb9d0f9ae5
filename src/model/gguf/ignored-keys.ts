// Keys of a GGUF file's metadata that no reader asks for, and why that is right. What is not here is refused by name.
// Keys: gguf-py/gguf/constants.py of llama.cpp, and its docs/gguf.md.

import { ignored, ignoredIf, type IgnoredField, type IgnoredFields } from "../checkpoint/unread-fields.ts"

const origin = "it says where the file comes from"
const notHere = "no model that is read here has it"
const generation = "it acts only while text is generated"

const general: IgnoredFields = {
  ...ignored(
    origin,
    ..."name author version organization finetune basename description quantized_by size_label license"
      .split(" ")
      .map((name) => `general.${name}`),
    ..."url doi uuid repo_url tags languages datasets".split(" ").map((name) => `general.${name}`),
  ),
  ...ignored("the tensors say their types themselves", "general.file_type", "general.quantization_version"),
  ...ignored("it is read with the header", "general.alignment"),
  ...ignored("the parser adds it from the header", "version", "tensor_count", "kv_count"),
  ...ignoredIf("general.type", ["model"], "adapters and projectors are not read as GGUF"),
  ...ignored("the tensors are counted", "split.no", "split.tensors.count", "general.parameter_count"),
}

/** Keys that end in a name of their own or a number. */
const generalPatterns: readonly [RegExp, string][] = [
  [/^general\.(license|source|base_model|dataset)\./, origin],
  [/^general\.sampling\./, generation],
  [/^quantize\.imatrix\./, origin],
]

/** Keys of the tokenizer that no reader asks for; those of its own are read with the tokenizer. */
const tokenizer: IgnoredFields = Object.fromEntries(
  Object.entries({
    ...ignored(
      "it is read with the tokenizer",
      ..."model pre tokens scores token_type merges bos_token_id eos_token_id unknown_token_id"
        .split(" ")
        .map((name) => `tokenizer.ggml.${name}`),
      ..."add_bos_token add_eos_token add_space_prefix remove_extra_whitespaces"
        .split(" ")
        .map((name) => `tokenizer.ggml.${name}`),
      "tokenizer.chat_template",
    ),
  }).map(([name, entry]) => [name, { ...entry, readElsewhere: true as const }]),
)

const tokenizerUnused: IgnoredFields = {
  ...ignored(
    "it names a token that is written only where text asks for it",
    ..."padding seperator separator mask cls eot eom fim_pre fim_suf fim_mid fim_pad fim_rep fim_sep prefix suffix middle"
      .split(" ")
      .map((name) => `tokenizer.ggml.${name}_token_id`),
  ),
  ...ignored("another template is read", "tokenizer.chat_templates"),
  ...ignored("only models with kinds of segments use it", "tokenizer.ggml.token_type_count"),
  ...ignored("the tokens and merges say the same", "tokenizer.huggingface.json"),
  ...ignoredIf("tokenizer.ggml.add_sep_token", [false], notHere),
  ...ignoredIf("tokenizer.ggml.precompiled_charsmap", [], notHere),
}

/** Keys below the architecture's name. */
const ofArchitecture: IgnoredFields = {
  ...ignored("the embedding's rows are counted", "vocab_size"),
  ...ignored("it says how llama.cpp makes one vector of a text", "pooling_type"),
  ...ignoredIf(
    "tensor_data_layout",
    ["Meta AI original pth"],
    "rows would lie in an order that is not known",
  ),
  ...Object.assign(
    {},
    ..."expert_count expert_used_count expert_shared_count leading_dense_block_count nextn_predict_layers attention.sliding_window"
      .split(" ")
      .map((name) => ignoredIf(name, [0], notHere)),
    ..."attention.scale attention.clamp_kqv attention.max_alibi_bias attn_logit_softcapping final_logit_softcapping embedding_scale residual_scale logit_scale"
      .split(" ")
      .map((name) => ignoredIf(name, [0], notHere)),
  ),
  ...ignoredIf("attention.causal", [true], "every model that is read here is causal"),
  ...ignoredIf("use_parallel_residual", [false], notHere),
  ...ignored("it describes the training", "rope.scaling.finetuned"),
  ...ignored("linear scaling does not use it", "rope.scaling.original_context_length"),
  ...ignored("there is no scaling that would use it", "rope.scaling.factor", "rope.scale_linear"),
  ...ignoredIf("rope.scaling.attn_factor", [1], "scores would be scaled"),
  ...Object.assign(
    {},
    ..."yarn_log_multiplier yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow"
      .split(" ")
      .map((name) => ignored("only yarn uses it", `rope.scaling.${name}`)),
  ),
}

/**
 * Why a key may stay unread; undefined for one that is not known.
 *
 * @param options.architecture - `general.architecture`
 * @param options.hasTokenizer - whether a tokenizer.json beside the file is read instead of the metadata
 */
export function ignoredKey(
  key: string,
  { architecture, hasTokenizer }: { architecture: string; hasTokenizer: boolean },
): IgnoredField | undefined {
  const own = (table: IgnoredFields, name: string): IgnoredField | undefined =>
    Object.hasOwn(table, name) ? table[name] : undefined
  // Rows of queries and keys are interleaved in files of LLaMA's alone.
  if (key.endsWith(".tensor_data_layout") && architecture !== "llama") return undefined
  if (key.startsWith(`${architecture}.`)) return own(ofArchitecture, key.slice(architecture.length + 1))
  if (hasTokenizer && key.startsWith("tokenizer.ggml.")) {
    return { why: "the tokenizer.json beside the file is read instead" }
  }
  if (/^tokenizer\.chat_template\.\w+$/.test(key)) return { why: "another template is read" }
  const pattern = generalPatterns.find(([known]) => known.test(key))
  if (pattern) return { why: pattern[1] }
  return own(general, key) ?? own(tokenizer, key) ?? own(tokenizerUnused, key)
}
