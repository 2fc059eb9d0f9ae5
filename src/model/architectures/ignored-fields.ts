// Fields of config.json that no reader asks for, and why that is right. What is in no table here is refused by name
// (checkUnread). Fields: configuration_utils.py and the configuration classes of transformers 4.46 to 5.18, and
// configurations as published.

import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { ignored, ignoredIf, type IgnoredField, type IgnoredFields } from "../checkpoint/unread-fields.ts"

const training = "it acts only while training"
const origin = "it says where the checkpoint comes from"
const generation = "it acts only while text is generated"
const outputs = "it says what transformers returns or keeps, not what it computes"
const speed = "it says how transformers computes, not what"
const otherHead = "only heads of other kinds use it"
const notHere = "no model that is read here has it"
const encoder = "only models with an encoder use it"

const elsewhere = (why: string, ...names: string[]): IgnoredFields =>
  Object.fromEntries(names.map((name) => [name, { why, readElsewhere: true }]))

/** An older or newer name of a field that is read: the two must agree. */
const sameAs = (name: string, other: string): IgnoredFields => ({
  [name]: {
    why: `it is another name of ${other}`,
    only: (value: unknown, fields: ConfigFields) => value === fields.content[other],
    expected: `what ${other} says`,
  },
})

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && Object.keys(value as object).length === 0

const ofAll: IgnoredFields = {
  ...ignored(
    origin,
    ..."_name_or_path name_or_path _commit_hash transformers_version model_name".split(" "),
    ..."unsloth_version unsloth_fixed unsloth_training_args is_llama_config transformers.js_config".split(
      " ",
    ),
  ),
  ...ignored(
    "it names Python code, which transformers runs only where it is told to trust it",
    "auto_map",
    "custom_pipelines",
  ),
  ...ignored(
    "weights are computed with in float32; their own types are those of the tensors",
    ..."dtype torch_dtype use_bfloat16".split(" "),
  ),
  ...ignored(
    speed,
    ..."attn_implementation _attn_implementation _attn_implementation_internal".split(" "),
    ..."_attn_implementation_autoset experts_implementation _experts_implementation_internal".split(" "),
    ..."_flash_attn_2_enabled use_flash_attention_2 torchscript pretraining_tp".split(" "),
    ..."chunk_size_feed_forward".split(" "),
  ),
  ...ignored(
    outputs,
    ..."use_cache output_attentions output_hidden_states output_past return_dict use_return_dict".split(" "),
    ..."keys_to_ignore_at_inference".split(" "),
  ),
  ...ignored(
    training,
    ..."attention_dropout hidden_dropout classifier_dropout initializer_range".split(" "),
    ..."gradient_checkpointing tf_legacy_loss".split(" "),
  ),
  ...elsewhere("it is read where texts end", "eos_token_id"),
  ...elsewhere("it is read where rewards are read", "pad_token_id"),
  ...elsewhere("it is read where rewards are read", ..."id2label num_labels problem_type".split(" ")),
  ...ignored("id2label says it", "label2id", "_num_labels", "finetuning_task"),
  ...ignored(
    "the tokenizer's own files say it",
    ..."bos_token_id sep_token_id unk_token_id mask_token_id cls_token_id".split(" "),
    ..."tokenizer_class model_max_length tokenizer_model_max_length tokenizer_padding_side".split(" "),
  ),
  ...ignored(generation, ...generationFields()),
  ...ignored("only transformers' pipelines use it", "task_specific_params", "prefix"),
  ...ignored(encoder, ..."tie_encoder_decoder decoder_start_token_id".split(" ")),
  ...ignored("every model that is read here is a decoder", "is_decoder"),
  ...ignoredIf("is_encoder_decoder", [false], encoder),
  ...ignoredIf("add_cross_attention", [false], encoder),
  ...ignoredIf("cross_attention_hidden_size", [], encoder),
  ...ignoredIf("is_composition", [false], notHere),
  pruned_heads: { why: notHere, only: isEmpty, expected: "no heads" },
  quantization_config: {
    why: "transformers would quantise the weights, or has",
    only: () => false,
    expected: "none (a checkpoint that is not quantised, or a GGUF file)",
  },
  reward_token_id: { why: "rewards would be read there", only: () => false, expected: "none" },
  // Beside longrope, llama3 and yarn, which read it.
  ...ignored("the positions of this checkpoint do not use it", "original_max_position_embeddings"),
}

function generationFields(): string[] {
  const text =
    "max_length min_length max_new_tokens min_new_tokens do_sample early_stopping num_beams num_beam_groups " +
    "diversity_penalty temperature top_k top_p min_p typical_p epsilon_cutoff eta_cutoff penalty_alpha " +
    "repetition_penalty encoder_repetition_penalty length_penalty no_repeat_ngram_size " +
    "encoder_no_repeat_ngram_size bad_words_ids force_words_ids num_return_sequences output_scores " +
    "output_logits return_dict_in_generate forced_bos_token_id forced_eos_token_id remove_invalid_values " +
    "exponential_decay_length_penalty suppress_tokens begin_suppress_tokens renormalize_logits " +
    "sequence_bias guidance_scale cache_implementation cache_config assistant_confidence_threshold " +
    "assistant_lookbehind num_assistant_tokens num_assistant_tokens_schedule target_lookbehind"
  return text.split(" ")
}

/** Switches of relatives that this architecture does not have. */
const off = (...names: string[]): IgnoredFields =>
  Object.assign({}, ...names.map((name) => ignoredIf(name, [false], "this architecture does not have it")))

const rotary: IgnoredFields = {
  ...off("rope_interleaved", "use_mrope"),
  ...ignored("max_position_embeddings says how long sequences may be", "max_sequence_length"),
  ...ropeFields("rope_scaling"),
  ...ropeFields("rope_parameters"),
}

/** What positions of any kind may carry and not use; null is as good as absent for the rest. */
function ropeFields(parent: string): IgnoredFields {
  const unused = "positions of this kind do not use it"
  const names =
    "factor low_freq_factor high_freq_factor original_max_position_embeddings beta_fast beta_slow mscale mscale_all_dim truncate attention_factor short_factor long_factor"
  return {
    ...ignored(origin, `${parent}.finetuned`),
    ...Object.assign({}, ...names.split(" ").map((name) => ignoredIf(`${parent}.${name}`, [], unused))),
  }
}

/** Windows, where the architecture has none. */
const noWindow: IgnoredFields = {
  ...ignoredIf("sliding_window", [], "this architecture has no windows"),
  layer_types: {
    why: "this architecture has no windows",
    only: (value) => Array.isArray(value) && value.every((type) => type === "full_attention"),
    expected: "full_attention in every layer",
  },
}

const llamas: IgnoredFields = { ...rotary, ...off("lm_head_bias") }

const byType: Readonly<Record<string, IgnoredFields>> = {
  llama: { ...llamas, ...noWindow, ...off("use_sliding_window") },
  mistral: { ...llamas, ...off("attention_bias", "mlp_bias") },
  qwen2: {
    ...llamas,
    ...off("mlp_bias"),
    ...ignoredIf("attention_bias", [true], "Qwen 2 has biases on queries, keys and values"),
  },
  qwen3: { ...llamas, ...off("mlp_bias") },
  gemma: { ...llamas, ...noWindow, ...off("mlp_bias", "use_bidirectional_attention") },
  gemma2: {
    ...llamas,
    ...off("mlp_bias", "use_bidirectional_attention"),
    ...sameAs("sliding_window_size", "sliding_window"),
  },
  olmo2: { ...llamas, ...noWindow, ...off("mlp_bias", "use_sliding_window") },
  phi3: {
    ...llamas,
    ...off("attention_bias", "mlp_bias"),
    ...ignored(training, "embd_pdrop", "resid_pdrop"),
    ...ignoredIf("full_attn_mod", [1], "every layer attends alike"),
    ...ignoredIf("interpolate_factor", [1], "positions are as rope_scaling says"),
  },
  gpt_neox: { ...rotary, ...ignored(training, "attention_probs_dropout_prob", "hidden_dropout_prob") },
  gpt2: {
    ...ignored(training, "attn_pdrop", "embd_pdrop", "resid_pdrop", "summary_first_dropout"),
    ...ignored(
      otherHead,
      ..."summary_type summary_use_proj summary_activation summary_proj_to_labels".split(" "),
      ..."predict_special_tokens n_special".split(" "),
    ),
    ...ignored("products are computed in float32 in any case", "reorder_and_upcast_attn"),
    ...ignored("n_positions says how long sequences may be", "n_ctx"),
    ...sameAs("hidden_size", "n_embd"),
    ...sameAs("num_hidden_layers", "n_layer"),
    ...sameAs("num_attention_heads", "n_head"),
    ...sameAs("max_position_embeddings", "n_positions"),
  },
  opt: ignored(training, "dropout", "activation_dropout", "layerdrop", "init_std"),
}

/** Why a field of a `model_type` may stay unread; undefined for one that is not known. */
export function ignoredField(modelType: string, name: string): IgnoredField | undefined {
  const own = byType[modelType] ?? {}
  if (Object.hasOwn(own, name)) return own[name]
  return Object.hasOwn(ofAll, name) ? ofAll[name] : undefined
}
