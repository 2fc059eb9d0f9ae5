// Logits of the small networks (networks.ts) in plain float64 loops: a fitted probe scores without a tensor library.

import { ShapeError } from "../../src/base/errors.ts"

/**
 * Logits of rows after the map x ↦ (x − mean) / scale.
 *
 * @param parameters - of one model: w and b, or W₁, b₁, w₂ and b₂
 * @param x - row-major `[nSamples, width]`
 * @returns float64 `[nSamples]`
 * @throws {ShapeError} if there are neither two nor four parameters
 */
export function networkLogits(
  parameters: readonly Float32Array[],
  x: Float32Array,
  { mean, scale }: { readonly mean: Float32Array; readonly scale: number },
): Float64Array {
  const width = mean.length
  const centred = new Float64Array(width)
  const logitOf = networkOf(parameters, width)
  const logits = new Float64Array(x.length / width)
  for (let row = 0; row < logits.length; row++) {
    for (let j = 0; j < width; j++) centred[j] = (x[row * width + j]! - mean[j]!) / scale
    logits[row] = logitOf(centred)
  }
  return logits
}

function networkOf(parameters: readonly Float32Array[], width: number): (x: Float64Array) => number {
  if (parameters.length === 2) {
    const [w, b] = parameters as [Float32Array, Float32Array]
    return (x) => b[0]! + product(w, 0, x)
  }
  if (parameters.length !== 4) {
    throw new ShapeError(`network: expected 2 or 4 parameter arrays, got ${parameters.length}`)
  }
  const [w1, b1, w2, b2] = parameters as [Float32Array, Float32Array, Float32Array, Float32Array]
  return (x) => {
    let logit = b2[0]!
    // Written so that NaN passes through.
    for (let unit = 0; unit < b1.length; unit++) {
      const input = b1[unit]! + product(w1, unit * width, x)
      logit += w2[unit]! * (input <= 0 ? 0 : input)
    }
    return logit
  }
}

function product(weights: Float32Array, at: number, x: Float64Array): number {
  let sum = 0
  for (let j = 0; j < x.length; j++) sum += weights[at + j]! * x[j]!
  return sum
}
