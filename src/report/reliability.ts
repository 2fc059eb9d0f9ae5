// Bins of a reliability diagram: those of `rmsCalibrationError`, kept as sums so that shifts can be added up.

import { reliabilityBins, type ReliabilityBin } from "./site-data.ts"

/**
 * Puts every pair in both orders (p with label 1, 1 − p with label 0) into equally wide bins, the last closed at 1.
 *
 * @param probabilities - p of each pair, shape `[nPairs]`
 */
export function binPairs(probabilities: ArrayLike<number>): ReliabilityBin[] {
  const bins = Array.from({ length: reliabilityBins }, () => ({ n: 0, sum: 0, ones: 0 }))
  const add = (probability: number, label: number): void => {
    const bin = bins[Math.min(reliabilityBins - 1, Math.floor(probability * reliabilityBins))]!
    bin.n += 1
    bin.sum += probability
    bin.ones += label
  }
  for (let i = 0; i < probabilities.length; i++) {
    add(probabilities[i]!, 1)
    add(1 - probabilities[i]!, 0)
  }
  return bins
}
