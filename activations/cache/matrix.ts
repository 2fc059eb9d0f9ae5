// The activations of one site as a dense matrix, row by row, and its ndarray view.

import ndarray from "ndarray"
import type { NdArray } from "ndarray"

/** A float32 matrix, shape `[nRows, width]`, row by row. */
export interface Matrix {
  readonly data: Float32Array<ArrayBuffer>
  readonly nRows: number
  readonly width: number
}

/** A matrix as an ndarray on the same memory, shape `[nRows, width]`. */
export function asNdarray({ data, nRows, width }: Matrix): NdArray<Float32Array> {
  return ndarray<Float32Array>(data, [nRows, width])
}
