// Features of pairs as dense float64 matrices: what the linear probes compute with.

import type { Matrix } from "../../activations/cache/index.ts"
import { LitmusError } from "../../src/base/errors.ts"
import type { PairRows } from "../contract/directions.ts"
import type { Unit } from "./selection.ts"

/** better − worse of each pair, `[nPairs, width]`. */
export function pairDifferences(
  what: string,
  { data, width: stride }: Matrix,
  { begin, width }: Unit,
  rows: readonly PairRows[],
): Float64Array {
  const result = new Float64Array(rows.length * width)
  rows.forEach(([better, worse], i) => {
    const a = better * stride + begin
    const b = worse * stride + begin
    for (let j = 0; j < width; j++) {
      const difference = data[a + j]! - data[b + j]!
      if (!Number.isFinite(difference)) {
        const row = Number.isFinite(data[a + j]!) ? worse : better
        throw notFinite(what, data[row * stride + begin + j]!, { row, column: begin + j })
      }
      result[i * width + j] = difference
    }
  })
  return result
}

/**
 * The responses of the pairs, each less the mean of its class, `[2 nPairs, width]`: the better ones, then the worse ones;
 * and the means of the two classes, `[width]`.
 */
export function withinClasses(
  what: string,
  { data, width: stride }: Matrix,
  { begin, width }: Unit,
  rows: readonly PairRows[],
): { deviations: Float64Array; means: [better: Float64Array, worse: Float64Array] } {
  const n = rows.length
  const deviations = new Float64Array(2 * n * width)
  const means: [Float64Array, Float64Array] = [new Float64Array(width), new Float64Array(width)]
  for (const side of [0, 1] as const) {
    const mean = means[side]
    rows.forEach((pair, i) => {
      const from = pair[side] * stride + begin
      const to = (side * n + i) * width
      for (let j = 0; j < width; j++) {
        const value = data[from + j]!
        if (!Number.isFinite(value)) throw notFinite(what, value, { row: pair[side], column: begin + j })
        deviations[to + j] = value
        mean[j]! += value / n
      }
    })
    for (let i = 0; i < n; i++) {
      const to = (side * n + i) * width
      for (let j = 0; j < width; j++) deviations[to + j]! -= mean[j]!
    }
  }
  return { deviations, means }
}

function notFinite(
  what: string,
  value: number,
  { row, column }: { row: number; column: number },
): LitmusError {
  return new LitmusError(`${what}: expected finite features, got ${value} in row ${row}, column ${column}`)
}
