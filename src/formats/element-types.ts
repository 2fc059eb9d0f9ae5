// Element types of stored weights, and their bytes as float32: float32, float16, bfloat16, the simplest two of llama.cpp's
// block formats, whose 32 entries share a float16 scale d, and the one that it keeps the output matrix in beside them.
// Q8_0: d, then 32 signed bytes q; an entry is q · d.
// Q4_0: d, then 16 bytes; entry i is (low half of byte i − 8) · d, entry i + 16 (high half − 8) · d.
// Q6_K: 256 entries of 6 bits, in 16 groups with a signed byte s each; an entry is (its bits − 32) · s · d. Each half of
// them has 64 bytes of low halves and 32 of high pairs of bits, of four entries each; then come the groups' s, then d.
// Source: ggml, block_q8_0, block_q4_0 and block_q6_K (ggml-common.h), dequantize_row_q8_0, …_q4_0 and …_q6_K
// (ggml-quants.c).

import { LitmusError } from "../base/errors.ts"
import { decodeBfloat16, decodeFloat16, float16Value } from "./half.ts"

/** How entries are stored: so many of them in so many bytes. */
export interface ElementType {
  readonly entries: number
  readonly bytes: number
}

/** The element types that weights may have, by name. */
export const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ["F32", { entries: 1, bytes: 4 }],
  ["F16", { entries: 1, bytes: 2 }],
  ["BF16", { entries: 1, bytes: 2 }],
  ["Q8_0", { entries: 32, bytes: 34 }],
  ["Q4_0", { entries: 32, bytes: 18 }],
  ["Q6_K", { entries: 256, bytes: 210 }],
])

/**
 * Little-endian bytes of one of these types as float32. F32 is not copied where its alignment allows.
 *
 * @param what - names the tensor in errors
 */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: string,
  what: string,
): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case "F32": {
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
      return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
    }
    case "BF16":
    case "F16":
      return widen(bytes, dtype)
    case "Q8_0":
      return fromBlocks8(bytes)
    case "Q4_0":
      return fromBlocks4(bytes)
    case "Q6_K":
      return fromBlocks6(bytes)
    default:
      throw new LitmusError(`${what}: expected F32, F16 or BF16, got ${dtype}`)
  }
}

function widen(bytes: Uint8Array<ArrayBuffer>, dtype: "BF16" | "F16"): Float32Array<ArrayBuffer> {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2)
  const values = new Float32Array(words.length)
  if (dtype === "BF16") decodeBfloat16(words, values)
  else decodeFloat16(words, values)
  return values
}

function fromBlocks8(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const values = new Float32Array((bytes.length / 34) * 32)
  for (let at = 0, first = 0; at < bytes.length; at += 34, first += 32) {
    const scale = scaleAt(bytes, at)
    for (let i = 0; i < 32; i++) values[first + i] = ((bytes[at + 2 + i]! << 24) >> 24) * scale
  }
  return values
}

function fromBlocks4(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const values = new Float32Array((bytes.length / 18) * 32)
  for (let at = 0, first = 0; at < bytes.length; at += 18, first += 32) {
    const scale = scaleAt(bytes, at)
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i]!
      values[first + i] = ((pair & 15) - 8) * scale
      values[first + 16 + i] = ((pair >> 4) - 8) * scale
    }
  }
  return values
}

function fromBlocks6(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const values = new Float32Array((bytes.length / 210) * 256)
  for (let at = 0, first = 0; at < bytes.length; at += 210, first += 256) {
    const scale = scaleAt(bytes, at + 208)
    for (let i = 0; i < 256; i++) {
      const [half, quarter, column] = [i >> 7, (i >> 5) & 3, i & 31]
      const low = bytes[at + 64 * half + 32 * (quarter & 1) + column]! >> (quarter & 2 ? 4 : 0)
      const high = bytes[at + 128 + 32 * half + column]! >> (2 * quarter)
      const group = (bytes[at + 192 + (i >> 4)]! << 24) >> 24
      values[first + i] = scale * group * (((low & 15) | ((high & 3) << 4)) - 32)
    }
  }
  return values
}

function scaleAt(bytes: Uint8Array, at: number): number {
  return float16Value(bytes[at]! | (bytes[at + 1]! << 8))
}
