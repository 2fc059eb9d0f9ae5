// Dropout masks as a function of (seed, step, row, module) and of nothing else, so that a run that was killed and
// resumed draws the masks that the undisturbed one would. The engine's own Dropout draws anew at every run.

import { random } from "../random.ts"

/**
 * A mask: each entry 0 with probability `rate`, else 1 / (1 − rate).
 *
 * @param labels - what the mask is for
 * @returns float32 `[length]`
 */
export function dropoutMask(
  length: number,
  rate: number,
  seed: number,
  ...labels: (string | number)[]
): Float32Array {
  const { integer } = random(seed, "dropout", ...labels)
  // A counter through a 32-bit mixing function: several times the speed of a generator with state.
  let counter = integer(4294967296)
  const threshold = Math.round(rate * 4294967296)
  const kept = 1 / (1 - rate)
  const mask = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    counter = (counter + 0x9e3779b9) | 0
    let z = counter
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    mask[i] = (z ^ (z >>> 15)) >>> 0 < threshold ? 0 : kept
  }
  return mask
}
