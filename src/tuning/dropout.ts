// Dropout masks as a function of (seed, step, row, module) and of nothing else, so that a run that was killed and
// resumed draws the masks that the undisturbed one would. The engine's own Dropout draws anew at every run.

import { random } from "../base/random.ts"

/**
 * Fills a mask: each entry 0 with probability `rate` (to 16 bits), else 1 / (1 − rate).
 *
 * @param labels - what the mask is for
 * @returns the mask
 */
export function dropoutMask<Mask extends Float32Array>(
  mask: Mask,
  rate: number,
  seed: number,
  ...labels: (string | number)[]
): Mask {
  // A counter through a 32-bit mixing function, whose halves are two draws; without branches, which nothing could
  // predict: a third of the time of the plain form, and masks are as large as activations.
  let counter = random(seed, "dropout", ...labels).integer(4294967296)
  const threshold = Math.round(rate * 65536)
  const words = new Int32Array(mask.buffer, mask.byteOffset, mask.length)
  const kept = new Int32Array(Float32Array.of(1 / (1 - rate)).buffer)[0]!
  for (let i = 0; i < words.length; i += 2) {
    counter = (counter + 0x9e3779b9) | 0
    let z = counter
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    z ^= z >>> 15
    // The shifted difference is all ones where the draw is below the threshold.
    words[i] = ~(((z & 0xffff) - threshold) >> 31) & kept
    words[i + 1] = ~(((z >>> 16) - threshold) >> 31) & kept
  }
  return mask
}
