// Weights in blocks of 32 entries of 4 or 8 bits, rounded to the nearest. A block's scale maps its entry of largest size
// to the end of the range: with 4 bits to −8, so that all sixteen values are used; with 8 bits to ± 127.

import { LitmusError } from "../../base/errors.ts"
import { blocksOf, quantizedBlock, type QuantizedBits } from "../../graph/quantized.ts"

/** Ways to store the linear layers of a model. */
export const quantizations = ["int4", "int8"] as const
export type Quantization = (typeof quantizations)[number]

/** Bits of an entry. */
export function bitsOf(quantization: Quantization): QuantizedBits {
  return quantization === "int4" ? 4 : 8
}

/** What an entry of 0 is stored as, filling a byte. */
export function zeroByte(bits: QuantizedBits): number {
  return bits === 4 ? 0x88 : 0x80
}

export interface QuantizedRows {
  /** `[nRows, nBlocks, 32]` entries; of two in a byte the first is the lower. */
  readonly blocks: Uint8Array<ArrayBuffer>
  /** float32 `[nRows, nBlocks]`. */
  readonly scales: Float32Array<ArrayBuffer>
}

/**
 * Quantises whole rows.
 *
 * @param values - float32 `[nRows, nIn]`
 * @throws {LitmusError} if a value is not finite
 */
export function quantizeRows(values: Float32Array, nIn: number, bits: QuantizedBits): QuantizedRows {
  const nRows = values.length / nIn
  const nBlocks = blocksOf(nIn)
  const bytesPerBlock = (quantizedBlock * bits) / 8
  const blocks = new Uint8Array(nRows * nBlocks * bytesPerBlock).fill(zeroByte(bits))
  const scales = new Float32Array(nRows * nBlocks)
  for (let k = 0; k < scales.length; k++) {
    const begin = Math.floor(k / nBlocks) * nIn + (k % nBlocks) * quantizedBlock
    const end = Math.min(begin + quantizedBlock, Math.floor(k / nBlocks) * nIn + nIn)
    const largest = largestOf(values, begin, end)
    scales[k] = largest === 0 ? 0 : bits === 4 ? largest / -8 : Math.abs(largest) / 127
    const inverse = scales[k] === 0 ? 0 : 1 / scales[k]!
    const at = k * bytesPerBlock
    if (bits === 8) {
      for (let i = begin; i < end; i++) blocks[at + i - begin] = Math.round(values[i]! * inverse) + 128
      continue
    }
    for (let i = begin; i < end; i += 2) {
      const low = quarter(values[i]! * inverse)
      const high = i + 1 < end ? quarter(values[i + 1]! * inverse) : 8
      blocks[at + ((i - begin) >> 1)] = low | (high << 4)
    }
  }
  return { blocks, scales }
}

function quarter(x: number): number {
  return Math.max(0, Math.min(15, Math.round(x) + 8))
}

/** The entry of largest size; of two of one size, the first. */
function largestOf(values: Float32Array, begin: number, end: number): number {
  let largest = 0
  // NaN as soon as one is not finite: a block would hide it.
  let check = 0
  for (let i = begin; i < end; i++) {
    const value = values[i]!
    check += value - value
    if (Math.abs(value) > Math.abs(largest)) largest = value
  }
  if (check !== 0) throw new LitmusError("expected finite weights to quantise, got some that are not")
  return largest
}

/**
 * Quantised rows as float32 again.
 *
 * @returns `[nRows, nIn]`
 */
export function dequantizeRows(
  { blocks, scales }: QuantizedRows,
  nIn: number,
  bits: QuantizedBits,
): Float32Array<ArrayBuffer> {
  const nBlocks = blocksOf(nIn)
  const nRows = scales.length / nBlocks
  const values = new Float32Array(nRows * nIn)
  for (let row = 0; row < nRows; row++) {
    for (let i = 0; i < nIn; i++) {
      const entry = row * nBlocks * quantizedBlock + i
      const stored = bits === 8 ? blocks[entry]! - 128 : ((blocks[entry >> 1]! >> (4 * (entry & 1))) & 15) - 8
      values[row * nIn + i] = stored * scales[row * nBlocks + Math.floor(i / quantizedBlock)]!
    }
  }
  return values
}
