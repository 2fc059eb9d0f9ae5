// The first principal component of a matrix by Lanczos iteration, without forming a covariance matrix: each step reads
// the rows once. Where several components are wanted, ml-pca has them; it is also what the tests hold this against.

import { LitmusError, ShapeError } from "../../src/base/errors.ts"
import { topEigenpair } from "./lanczos.ts"

export interface TopComponentOptions {
  /** Subtract the mean of the rows first; defaults to true. */
  readonly centre?: boolean
  /** Stop once ‖A v − λ v‖ ≤ tolerance · λ, A = XᵀX; defaults to 1e-9. */
  readonly tolerance?: number
  /** Where to start, `[width]`; a guess saves steps. */
  readonly start?: ArrayLike<number>
}

export interface Component {
  /** Of length 1, sign arbitrary, float64 `[width]`; zeros where the rows do not vary. */
  readonly direction: Float64Array
  /** Sum of the squared projections over nSamples − 1 (over nSamples where not centred). */
  readonly variance: number
  readonly steps: number
}

/**
 * The first principal component of the rows of `x`.
 *
 * @param x - `[nSamples, width]`, row by row; left as it is
 * @throws {ShapeError} if `x` is not of whole rows
 * @throws {LitmusError} if an entry is not finite
 */
export function topComponent(
  x: Float64Array,
  width: number,
  { centre = true, tolerance = 1e-9, start }: TopComponentOptions = {},
): Component {
  const nSamples = x.length / width
  if (!Number.isSafeInteger(nSamples) || nSamples === 0) {
    throw new ShapeError(`topComponent: expected rows of ${width} numbers, got ${x.length} numbers`)
  }
  const rows = centre ? centred(x, width) : x
  const size = Math.sqrt(rows.reduce((sum, entry) => sum + entry * entry, 0))
  if (!Number.isFinite(size)) throw new LitmusError("topComponent: expected finite numbers")
  if (size === 0) return { direction: new Float64Array(width), variance: 0, steps: 0 }
  const usable = start !== undefined && Array.from(start).some((entry) => entry !== 0)
  const found = topEigenpair((v) => timesGram(rows, v), width, { tolerance, ...(usable ? { start } : {}) })
  const degrees = Math.max(1, centre ? nSamples - 1 : nSamples)
  return { direction: found.vector, variance: found.value / degrees, steps: found.steps }
}

/** XᵀX v. */
function timesGram(rows: Float64Array, v: Float64Array): Float64Array {
  const width = v.length
  const result = new Float64Array(width)
  for (let at = 0; at < rows.length; at += width) {
    let product = 0
    for (let j = 0; j < width; j++) product += rows[at + j]! * v[j]!
    for (let j = 0; j < width; j++) result[j]! += product * rows[at + j]!
  }
  return result
}

function centred(x: Float64Array, width: number): Float64Array {
  const n = x.length / width
  const means = new Float64Array(width)
  for (let at = 0; at < x.length; at += width) for (let j = 0; j < width; j++) means[j]! += x[at + j]! / n
  const result = new Float64Array(x.length)
  for (let at = 0; at < x.length; at += width) {
    for (let j = 0; j < width; j++) result[at + j] = x[at + j]! - means[j]!
  }
  return result
}
