// A checkpoint with random weights, written as Hugging Face writes one: for tests that need no trained
// model and for benchmarks, which need a large one.

import { copyFileSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { parameterSpecs } from "../../src/model/architectures/architecture.ts"
import { random } from "../../src/base/random.ts"
import { readArchitecture } from "./model-files.ts"

export interface RandomModelOptions {
  /** Fields of config.json that differ from the small LLaMA's, or, with `model_type`, all of them. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly seed?: number
  /** Standard deviation of the weights. */
  readonly deviation?: number
  /** A tokenizer.json to copy; by default one that spells text in bytes is written. */
  readonly tokenizer?: string
}

/** Config of a small LLaMA: 2 layers, width 32, 4 heads over 2 key/value heads, byte tokenizer. */
export const smallConfig = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 259,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
}

/** The 100 M-parameter model of the benchmarks: width 1024, 8 layers, 16 heads. */
export const benchConfig = {
  ...smallConfig,
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
}

/** Writes the checkpoint and returns its folder. */
export async function writeRandomModel(
  folder: string,
  { config = {}, seed = 0, deviation = 0.05, tokenizer }: RandomModelOptions = {},
): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const fields = "model_type" in config ? config : { ...smallConfig, ...config }
  writeFileSync(join(folder, "config.json"), JSON.stringify(fields))
  if (tokenizer) copyFileSync(tokenizer, join(folder, "tokenizer.json"))
  else writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(byteTokenizer()))
  const architecture = await readArchitecture(folder)
  const specs = parameterSpecs(architecture)
  const centre = architecture.norm.kind === "rms" && architecture.norm.plusOne ? 0 : 1
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const { name, shape } of specs) {
    const bytes = shape.reduce((product, dim) => product * dim, 4)
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const text = Buffer.from(JSON.stringify(header))
  const file = openSync(join(folder, "model.safetensors"), "w")
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  writeSync(file, length)
  writeSync(file, text)
  for (const { name, shape } of specs) {
    const { uniform } = random(seed, name)
    const isNorm = /(norm|\bln_.)\.weight$/.test(name)
    const scale = deviation * Math.sqrt(12)
    const values = Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, () =>
      isNorm ? centre + (uniform() - 0.5) * 0.2 : (uniform() - 0.5) * scale,
    )
    writeSync(file, new Uint8Array(values.buffer))
  }
  closeSync(file)
  return folder
}

/** A tokenizer.json whose tokens are `<unk>`, `<s>`, `</s>` and the 256 bytes; `<s>` is put before every text. */
export function byteTokenizer(): unknown {
  const special = ["<unk>", "<s>", "</s>"]
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`)
  return {
    version: "1.0",
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: { type: "Sequence", decoders: [{ type: "ByteFallback" }, { type: "Fuse" }] },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries([...special, ...bytes].map((token, id) => [token, id])),
      merges: [],
    },
  }
}
