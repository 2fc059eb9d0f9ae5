// GGUF files written as llama.cpp writes them: from its documents, sharing nothing with what reads them. Conversion
// (names, interleaved rows of queries and keys, which tensors stay as they are) is convert_hf_to_gguf.py's and
// llama-quantize's; rounding to blocks is quantize_row_q8_0_ref's and quantize_row_q4_0_ref's (ggml-quants.c).

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../src/formats/half.ts"
import { openSafetensors, type WritableTensor } from "../../src/formats/safetensors.ts"

/** Types of tensors, with their numbers in ggml.h. */
export const tensorTypes = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8, Q6_K: 14, BF16: 30 }
export type TensorType = keyof typeof tensorTypes

/** A typed value of the metadata. */
export type Meta =
  | { readonly u32: number }
  | { readonly u64: bigint }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly f32s: readonly number[] }
  | { readonly i32s: readonly number[] }

export type Metadata = Readonly<Record<string, Meta>>

export interface GgufTensor {
  readonly name: string
  /** In GGUF's order: the length of a row first. */
  readonly dims: readonly number[]
  /** A number of ggml.h. */
  readonly type: number
  readonly bytes: Uint8Array
  /** Where it says that it lies, if not where it does. */
  readonly offset?: number
}

/** The bytes of a GGUF file. */
export function encodeGguf(metadata: Metadata, tensors: readonly GgufTensor[], alignment = 32): Buffer {
  const pad = (length: number): Buffer => Buffer.alloc((alignment - (length % alignment)) % alignment)
  const head: Buffer[] = [
    Buffer.from("GGUF"),
    u32(3),
    u64(BigInt(tensors.length)),
    u64(BigInt(Object.keys(metadata).length)),
  ]
  for (const [key, value] of Object.entries(metadata)) head.push(text(key), Buffer.concat(encodeMeta(value)))
  const data: Buffer[] = []
  let end = 0
  for (const { name, dims, type, bytes, offset = end } of tensors) {
    const lengths = dims.map((dim) => u64(BigInt(dim)))
    head.push(text(name), u32(dims.length), ...lengths, u32(type), u64(BigInt(offset)))
    data.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), pad(bytes.byteLength))
    end += bytes.byteLength + pad(bytes.byteLength).length
  }
  const header = Buffer.concat(head)
  return Buffer.concat([header, pad(header.length), ...data])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(BigInt(bytes.length)), bytes])
}

function encodeMeta(meta: Meta): Buffer[] {
  const list = (type: number, items: readonly Buffer[]): Buffer[] => [
    u32(9),
    u32(type),
    u64(BigInt(items.length)),
    ...items,
  ]
  const numbers = (values: Float32Array | Int32Array): Buffer[] =>
    Array.from(values, (_, k) => Buffer.from(values.buffer, 4 * k, 4))
  if ("u32" in meta) return [u32(4), u32(meta.u32)]
  if ("u64" in meta) return [u32(10), u64(meta.u64)]
  if ("f32" in meta) return [u32(6), ...numbers(Float32Array.of(meta.f32))]
  if ("bool" in meta) return [u32(7), Buffer.of(meta.bool ? 1 : 0)]
  if ("text" in meta) return [u32(8), text(meta.text)]
  if ("texts" in meta) return list(8, meta.texts.map(text))
  if ("f32s" in meta) return list(6, numbers(Float32Array.from(meta.f32s)))
  return list(5, numbers(Int32Array.from(meta.i32s)))
}

/** Values as a type stores them: the bytes, and what these stand for. */
export function roundTo(
  type: TensorType,
  values: Float32Array<ArrayBuffer>,
): { bytes: Uint8Array; values: Float32Array<ArrayBuffer> } {
  const bytesOf = ({ buffer }: Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Uint8Array =>
    new Uint8Array(buffer)
  switch (type) {
    case "F32":
      return { bytes: bytesOf(values.slice()), values }
    case "F16": {
      const words = encodeFloat16(values)
      return { bytes: bytesOf(words), values: widened(words) }
    }
    case "BF16": {
      const words = encodeBfloat16(values)
      return {
        bytes: bytesOf(words),
        values: new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer),
      }
    }
    case "Q8_0":
      return inBlocks(values, 34, (block) => {
        const d = Math.fround(Math.max(...block.map(Math.abs)) / 127)
        const inverse = d === 0 ? 0 : Math.fround(1 / d)
        // roundf: halves away from zero.
        const q = Array.from(block, (x) => {
          const scaled = Math.fround(x * inverse)
          return Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5)
        })
        return { d, q, packed: q.map((one) => one & 255) }
      })
    case "Q4_0":
      return inBlocks(values, 18, (block) => {
        let largest = 0
        for (const x of block) if (Math.abs(x) > Math.abs(largest)) largest = x
        const d = Math.fround(largest / -8)
        const inverse = d === 0 ? 0 : Math.fround(1 / d)
        const stored = Array.from(block, (x) =>
          Math.min(15, Math.trunc(Math.fround(Math.fround(x * inverse) + 8.5))),
        )
        const packed = Array.from({ length: 16 }, (_, i) => stored[i]! | (stored[i + 16]! << 4))
        return { d, q: stored.map((one) => one - 8), packed }
      })
    case "Q6_K":
      return inBlocksOf256(values)
  }
}

function widened(words: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(words.length)
  decodeFloat16(words, values)
  return values
}

function inBlocks(
  values: Float32Array,
  blockBytes: number,
  round: (block: Float32Array) => { d: number; q: readonly number[]; packed: readonly number[] },
): { bytes: Uint8Array; values: Float32Array<ArrayBuffer> } {
  const bytes = new Uint8Array((values.length / 32) * blockBytes)
  const rounded = new Float32Array(values.length)
  for (let k = 0; k < values.length / 32; k++) {
    const { d, q, packed } = round(values.subarray(32 * k, 32 * k + 32))
    const half = encodeFloat16(Float32Array.of(d))
    const [scale] = widened(half)
    bytes.set([half[0]! & 255, half[0]! >> 8, ...packed], k * blockBytes)
    rounded.set(
      q.map((one) => one * scale!),
      32 * k,
    )
  }
  return { bytes, values: rounded }
}

/** The layout is quantize_row_q6_K_ref's; the scales are simpler than those it searches for. */
function inBlocksOf256(values: Float32Array): { bytes: Uint8Array; values: Float32Array<ArrayBuffer> } {
  const bytes: number[] = []
  const rounded = new Float32Array(values.length)
  for (let first = 0; first < values.length; first += 256) {
    const group = (k: number): number[] => [...values.subarray(first + 16 * k, first + 16 * k + 16)]
    const wanted = Array.from({ length: 16 }, (_, k) => Math.max(...group(k).map(Math.abs)) / 31)
    const half = encodeFloat16(Float32Array.of(Math.max(...wanted) / 127))
    const [d] = widened(half)
    // Every second group is turned over: scales have a sign.
    const scales = wanted.map((one, k) => Math.min(127, Math.round(one / d!)) * (k % 2 === 0 ? 1 : -1))
    const stored = scales.flatMap((scale, k) =>
      group(k).map((x) => Math.max(-32, Math.min(31, scale === 0 ? 0 : Math.round(x / (d! * scale)))) + 32),
    )
    for (const [i, one] of stored.entries()) rounded[first + i] = d! * scales[i >> 4]! * (one - 32)
    const [low, high]: [number[], number[]] = [[], []]
    for (const j of [0, 128]) {
      const at = (l: number): number => stored[j + l]!
      for (let l = 0; l < 64; l++) low.push((at(l) & 15) | ((at(l + 64) & 15) << 4))
      for (let l = 0; l < 32; l++) {
        high.push(
          (at(l) >> 4) | ((at(l + 32) >> 4) << 2) | ((at(l + 64) >> 4) << 4) | ((at(l + 96) >> 4) << 6),
        )
      }
    }
    bytes.push(...low, ...high, ...scales.map((one) => one & 255), half[0]! & 255, half[0]! >> 8)
  }
  return { bytes: Uint8Array.from(bytes), values: rounded }
}

export interface GgufOptions {
  readonly type?: TensorType
  /** Of the embedding and the output matrix, if another. */
  readonly outer?: TensorType
  /** What it calls its architecture; defaults to the folder's model_type. */
  readonly architecture?: string
  /** Added to the metadata, or, where undefined, left out. */
  readonly metadata?: Readonly<Record<string, Meta | undefined>>
  /** Further tensors. */
  readonly tensors?: readonly GgufTensor[]
}

/**
 * Writes a GGUF file of a Hugging Face folder of LLaMA's kind, without a tokenizer.
 *
 * @returns the parameters, by Hugging Face's names, as the file's bytes have them
 */
export async function writeGguf(
  path: string,
  folder: string,
  { type = "F32", outer = type, architecture, metadata = {}, tensors: more = [] }: GgufOptions = {},
): Promise<Map<string, WritableTensor>> {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, number>
  const name = architecture ?? String(config.model_type)
  const dHead = config.head_dim ?? config.hidden_size! / config.num_attention_heads!
  const tensors: GgufTensor[] = []
  const stored = new Map<string, WritableTensor>()
  const file = await openSafetensors(join(folder, "model.safetensors"))
  for (const [parameter, { shape }] of file.tensors) {
    const plain = await file.readFloat32(parameter)
    // llama-quantize leaves vectors in float32, and rows that are no whole number of blocks in float16.
    const asked = /embed_tokens|lm_head/.test(parameter) ? outer : type
    const block = asked === "Q6_K" ? 256 : asked === "Q8_0" || asked === "Q4_0" ? 32 : 1
    const kept = shape.length === 1 ? "F32" : shape[1]! % block !== 0 ? "F16" : asked
    const { values } = roundTo(kept, plain)
    stored.set(parameter, { shape, data: values })
    const isTurned = name === "llama" && /[qk]_proj/.test(parameter)
    const laid = isTurned ? permuted(plain, shape.length > 1 ? shape[1]! : 1, dHead) : plain
    const { bytes } = roundTo(kept, laid)
    tensors.push({ name: ggufName(parameter), dims: [...shape].reverse(), type: tensorTypes[kept], bytes })
  }
  await file.close()
  const all = { ...metadataOf(config, name), ...metadata }
  const present = Object.entries(all).filter((entry): entry is [string, Meta] => entry[1] !== undefined)
  writeFileSync(path, encodeGguf(Object.fromEntries(present), [...tensors, ...more]))
  return stored
}

/** reshape(heads, 2, dHead / 2, …).swapaxes(1, 2): row (h, s, j) goes to (h, j, s). */
function permuted(values: Float32Array, width: number, dHead: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length)
  for (let row = 0; row < values.length / width; row++) {
    const [h, s, j] = [
      Math.floor(row / dHead),
      Math.floor((row % dHead) / (dHead / 2)),
      (row % dHead) % (dHead / 2),
    ]
    out.set(values.subarray(row * width, (row + 1) * width), (h * dHead + 2 * j + s) * width)
  }
  return out
}

const names: readonly (readonly [string, string])[] = [
  ["model.embed_tokens", "token_embd"],
  ["model.norm", "output_norm"],
  ["lm_head", "output"],
  ["model.layers", "blk"],
  ["post_attention_layernorm", "ffn_norm"],
  ["input_layernorm", "attn_norm"],
  ["self_attn.q_proj", "attn_q"],
  ["self_attn.k_proj", "attn_k"],
  ["self_attn.v_proj", "attn_v"],
  ["self_attn.o_proj", "attn_output"],
  ["self_attn.q_norm", "attn_q_norm"],
  ["self_attn.k_norm", "attn_k_norm"],
  ["mlp.gate_proj", "ffn_gate"],
  ["mlp.up_proj", "ffn_up"],
  ["mlp.down_proj", "ffn_down"],
]

function ggufName(parameter: string): string {
  return names.reduce((name, [from, to]) => name.replace(from, to), parameter)
}

function metadataOf(config: Readonly<Record<string, number>>, name: string): Metadata {
  return {
    "general.architecture": { text: name },
    "general.name": { text: "written by a test" },
    [`${name}.context_length`]: { u32: config.max_position_embeddings! },
    [`${name}.embedding_length`]: { u32: config.hidden_size! },
    [`${name}.block_count`]: { u64: BigInt(config.num_hidden_layers!) },
    [`${name}.feed_forward_length`]: { u32: config.intermediate_size! },
    [`${name}.attention.head_count`]: { u32: config.num_attention_heads! },
    [`${name}.attention.head_count_kv`]: { u32: config.num_key_value_heads! },
    ...(config.head_dim === undefined
      ? {}
      : {
          [`${name}.attention.key_length`]: { u32: config.head_dim },
          [`${name}.attention.value_length`]: { u32: config.head_dim },
          [`${name}.rope.dimension_count`]: { u32: config.head_dim },
        }),
    [`${name}.attention.layer_norm_rms_epsilon`]: { f32: config.rms_norm_eps ?? 1e-6 },
    [`${name}.rope.freq_base`]: { f32: config.rope_theta ?? 10_000 },
    [`${name}.vocab_size`]: { u32: config.vocab_size! },
    "tokenizer.ggml.bos_token_id": { u32: 1 },
    "tokenizer.ggml.eos_token_id": { u32: 2 },
  }
}

export interface TokenizerJson {
  readonly added_tokens: readonly { id: number; content: string; special: boolean }[]
  readonly model: { vocab: Record<string, number>; merges: readonly (string | [string, string])[] }
}

/** Metadata of a byte-level tokenizer.json; its vocabulary filled up as the converter does. */
export function byteLevelMetadata({ added_tokens: added, model }: TokenizerJson, pre: string): Metadata {
  const tokens: string[] = []
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token
  for (const { id, content } of added) tokens[id] = content
  const kindOf = new Map(added.map(({ id, special }) => [id, special ? 3 : 4]))
  const nReal = tokens.length
  return {
    "tokenizer.ggml.model": { text: "gpt2" },
    "tokenizer.ggml.pre": { text: pre },
    "tokenizer.ggml.tokens": { texts: [...tokens, "[PAD0]", "[PAD1]"] },
    "tokenizer.ggml.token_type": {
      i32s: [...Array.from({ length: nReal }, (_, id) => kindOf.get(id) ?? 1), 5, 5],
    },
    "tokenizer.ggml.merges": {
      texts: model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))),
    },
  }
}

/** Metadata of a SentencePiece tokenizer, from the vocabulary of its tokenizer.json and its scores. */
export function sentencePieceMetadata({ model }: TokenizerJson, scores: readonly number[]): Metadata {
  const tokens: string[] = []
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token
  const kindOf = (token: string, id: number): number =>
    id === 0 ? 2 : id < 3 ? 3 : /^<0x[0-9A-F]{2}>$/.test(token) ? 6 : 1
  return {
    "tokenizer.ggml.model": { text: "llama" },
    "tokenizer.ggml.pre": { text: "default" },
    "tokenizer.ggml.tokens": { texts: tokens },
    "tokenizer.ggml.scores": { f32s: scores },
    "tokenizer.ggml.token_type": { i32s: tokens.map(kindOf) },
    "tokenizer.ggml.add_bos_token": { bool: true },
    "tokenizer.ggml.add_eos_token": { bool: false },
  }
}
