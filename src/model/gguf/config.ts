// The metadata of a GGUF file in the words of config.json, so that one reader of each architecture serves both.
// Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "Standardized key-value pairs".

import { LitmusError } from "../../base/errors.ts"
import { agreeing, ConfigFields, type Place } from "../checkpoint/config-fields.ts"
import { checkUnread } from "../checkpoint/unread-fields.ts"
import { ignoredKey } from "./ignored-keys.ts"
import { inverseFrequencies, type Rope } from "../architectures/rope.ts"
import type { TensorEntry } from "../../formats/tensor-file.ts"
import { readRows } from "../../formats/tensor-rows.ts"
import { openFile, type GgufHeader } from "./header.ts"

/** What GGUF calls an architecture, and what Hugging Face does; each names its tensors as LLaMA. */
interface GgufArchitecture {
  readonly modelType: string
  readonly className: string
  /** The rows of queries and keys lie as llama.cpp turns them: pairs of neighbours, not halves of a head. */
  readonly interleaved: boolean
}

/** By `general.architecture`; Mistral's files call themselves `llama`, and mean it. */
const architectures: Readonly<Record<string, GgufArchitecture>> = {
  llama: { modelType: "llama", className: "LlamaForCausalLM", interleaved: true },
  qwen2: { modelType: "qwen2", className: "Qwen2ForCausalLM", interleaved: false },
  qwen3: { modelType: "qwen3", className: "Qwen3ForCausalLM", interleaved: false },
}

export interface GgufConfig {
  /** As in config.json. */
  readonly fields: ConfigFields
  /** The width of a head whose rows of queries and keys are interleaved; undefined where they are not. */
  readonly interleavedHeads: number | undefined
}

/**
 * The config.json of a GGUF file.
 *
 * @param options.hasTokenizer - whether a tokenizer.json beside the file is read instead of the metadata
 * @param options.ignoreConfig - keys that are unknown here and declared harmless
 * @throws {LitmusError} if metadata are missing or not known, or the architecture is not one of those above
 */
export async function ggufConfig(
  header: GgufHeader,
  { hasTokenizer, ignoreConfig }: { hasTokenizer: boolean; ignoreConfig: readonly string[] },
): Promise<GgufConfig> {
  const { path, metadata, tensors } = header
  const fields = new ConfigFields(path, metadata, ignoreConfig)
  const name = fields.string("general.architecture")
  const known = Object.hasOwn(architectures, name) ? architectures[name] : undefined
  if (!known) {
    throw new LitmusError(
      `${path}: architecture "${name}" is not supported as GGUF; supported: ${Object.keys(architectures).join(", ")} (others as a Hugging Face folder)`,
    )
  }
  const key = (field: string): string => `${name}.${field}`
  if (Number(fields.raw("split.count") ?? 0) > 1) {
    throw new LitmusError(`${path}: one of several parts: join them with llama-gguf-split --merge`)
  }
  const dModel = fields.count(key("embedding_length"))
  const nHeads = fields.count(key("attention.head_count"))
  const dHead = fields.count(key("attention.key_length"), dModel / nHeads)
  for (const field of ["attention.value_length", "rope.dimension_count"]) {
    if (fields.count(key(field), dHead) !== dHead) fields.fail(key(field), `the width of a head, ${dHead}`)
  }
  const theta = fields.positive(key("rope.freq_base"), 10_000)
  const embedding = tensors.get("token_embd.weight")
  if (!embedding) throw new LitmusError(`${path}: tensor token_embd.weight is missing`)
  const nLayers = fields.count(key("block_count"))
  // Before anything makes a list of that many.
  if (!tensors.has(`blk.${nLayers - 1}.attn_norm.weight`)) {
    fields.fail(key("block_count"), "as many as there are blocks of tensors")
  }
  const factors = await frequencyFactors(header, theta, dHead)
  const scaling = ropeScaling(fields, key)
  if (factors && scaling) {
    fields.fail(key("rope.scaling.type"), "none beside the frequency factors of tensor rope_freqs.weight")
  }
  const config = {
    architectures: [known.className],
    model_type: known.modelType,
    hidden_size: dModel,
    intermediate_size: fields.count(key("feed_forward_length")),
    num_hidden_layers: nLayers,
    num_attention_heads: nHeads,
    num_key_value_heads: fields.count(key("attention.head_count_kv"), nHeads),
    head_dim: dHead,
    max_position_embeddings: fields.count(key("context_length")),
    rms_norm_eps: fields.positive(key("attention.layer_norm_rms_epsilon")),
    rope_theta: theta,
    rope_scaling: factors ?? scaling,
    vocab_size: embedding.shape[0],
    tie_word_embeddings: !tensors.has("output.weight"),
    // Qwen's configurations say nothing of it.
    ...(known.modelType === "llama" ? { attention_bias: tensors.has("blk.0.attn_q.bias") } : {}),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
    bos_token_id: fields.raw("tokenizer.ggml.bos_token_id") ?? null,
    eos_token_id: fields.raw("tokenizer.ggml.eos_token_id") ?? null,
  }
  checkUnread(fields, (field) => ignoredKey(field, { architecture: name, hasTokenizer }))
  return {
    fields: new ConfigFields(path, config),
    interleavedHeads: known.interleaved ? dHead : undefined,
  }
}

/**
 * Kinds that need more fields than their factor are refused: how llama.cpp spells these is not read. A factor without a
 * kind is linear, as in llama.cpp.
 */
function ropeScaling(fields: ConfigFields, key: (field: string) => string): object | null {
  const type = fields.string(key("rope.scaling.type"), "linear")
  if (type === "none") return null
  if (type !== "linear") fields.fail(key("rope.scaling.type"), "none or linear", type)
  const names = ["rope.scaling.factor", "rope.scale_linear"].map(key)
  const factor = agreeing(
    names.filter((name) => fields.raw(name) !== 0).map((name): Place => [fields, name]),
    "positive",
  )
  if (factor === undefined && fields.isSet(key("rope.scaling.type"))) {
    fields.fail(names[0]!, "the factor of linear scaling", undefined)
  }
  return factor === undefined ? null : { rope_type: type, factor }
}

const llama3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }

/**
 * Llama 3.1's stretching of positions, which GGUF stores as what every frequency is divided by: its largest factor says
 * which it is, and all must be what that gives.
 */
async function frequencyFactors(
  header: GgufHeader,
  theta: number,
  width: number,
): Promise<object | undefined> {
  const { path, tensors } = header
  const name = "rope_freqs.weight"
  const entry = tensors.get(name)
  if (!entry) return undefined
  const found = entry.shape.join() === String(width / 2) ? await readVector(path, name, entry) : []
  const rope: Rope = {
    type: "llama3",
    theta,
    factor: Math.max(...found),
    lowFrequencyFactor: llama3.low_freq_factor,
    highFrequencyFactor: llama3.high_freq_factor,
    originalContextLength: llama3.original_max_position_embeddings,
  }
  const plain = inverseFrequencies({ type: "default", theta }, width)
  const stretched = inverseFrequencies(rope, width)
  const isLlama3 =
    found.length === plain.length &&
    found.every((value, i) => Math.abs(value - plain[i]! / stretched[i]!) <= 1e-4 * value)
  if (!isLlama3) {
    throw new LitmusError(`${path}: tensor ${name}: expected the frequency factors of Llama 3.1, got others`)
  }
  return { rope_type: "llama3", factor: rope.factor, ...llama3 }
}

async function readVector(path: string, name: string, entry: TensorEntry): Promise<number[]> {
  const found: number[] = []
  const file = await openFile(path)
  try {
    for await (const values of readRows(file, path, name, entry)) found.push(...values)
  } finally {
    await file.close()
  }
  return found
}
