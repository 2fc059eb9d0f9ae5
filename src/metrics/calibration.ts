// Do probabilities mean what they say? Input throughout: p, the probability that an intervention gives to "the
// better response of this pair is the better one". The pair's other order is then given 1 − p.

import { requireInteger, requireProbabilities } from "./checks.ts"
import { pythonRandom } from "./python-random.ts"

/**
 * Mean squared error of the pair probability: mean (1 − p)². 0 is best, ¼ is p = ½ everywhere, 1 is worst.
 *
 * @param probabilities - p of each pair, shape `[nPairs]`
 * @throws {LitmusError} if there is no probability or one lies outside [0, 1]
 * Source: Brier 1950; as in GENIES' `compute_metrics`.
 */
export function brierScore(probabilities: ArrayLike<number>): number {
  requireProbabilities("probabilities of pairs", probabilities)
  let sum = 0
  for (let i = 0; i < probabilities.length; i++) sum += (1 - probabilities[i]!) ** 2
  return sum / probabilities.length
}

/**
 * RMS calibration error. Every pair is scored in both orders (p with label 1, 1 − p with label 0) and falls into
 * one of equally wide bins [i/n, (i + 1)/n), the last one closed at 1; within a bin the mean probability is compared
 * with the share of labels 1; the root of the mean of the squares, bins weighted by their size.
 *
 * 0: among the pairs given .8, four in five are right. A ranking that is right everywhere with p = .6 is .4 off.
 *
 * @param probabilities - p of each pair, shape `[nPairs]`
 * @param options.nBins - number of bins, defaults to 10
 * @throws {LitmusError} if there is no probability or one lies outside [0, 1], or `nBins` is not a positive integer
 * Source: the definition of Hendrycks et al. 2019 (arXiv:1812.04606), with bins of equal width.
 */
export function rmsCalibrationError(
  probabilities: ArrayLike<number>,
  { nBins = 10 }: { nBins?: number } = {},
): number {
  requireProbabilities("probabilities of pairs", probabilities)
  requireInteger("nBins", nBins, 1)
  const sizes = new Float64Array(nBins)
  const sums = new Float64Array(nBins)
  const ones = new Float64Array(nBins)
  const add = (probability: number, label: number): void => {
    const bin = Math.min(nBins - 1, Math.floor(probability * nBins))
    sizes[bin]! += 1
    sums[bin]! += probability
    ones[bin]! += label
  }
  for (let i = 0; i < probabilities.length; i++) {
    add(probabilities[i]!, 1)
    add(1 - probabilities[i]!, 0)
  }
  let total = 0
  for (let bin = 0; bin < nBins; bin++) {
    if (sizes[bin]! > 0) total += (sums[bin]! - ones[bin]!) ** 2 / sizes[bin]! // size · (mean difference)²
  }
  return Math.sqrt(total / (2 * probabilities.length))
}

// Edges as NumPy's linspace(0, 1, 6) computes them; 3 · 0.2 is not 0.6.
const EDGES_2023 = [0, 0.2, 0.4, 3 * 0.2, 0.8, 1]
const LEAST_BIN_SIZE_2023 = 20

/**
 * The RMS calibration error of the GENIES release of 2023, kept to reproduce its figures. **It does not measure
 * calibration**: every bin's mean probability is compared with the share of label 1 in the *whole* sample (about ½
 * whatever the intervention), so a confident intervention that is always right scores about ½, and p = ½ everywhere
 * about 0. Besides: bins are not weighted, bins under 20 are dropped, and so is a probability of exactly 1.
 *
 * The order in which a pair is looked at is drawn by Python's `random.choice` after `random.seed(42)`: the result
 * depends on the order of the pairs.
 *
 * @param probabilities - p of each pair in the release's order, shape `[nPairs]`
 * @returns the figure, or `undefined` where the release has NaN (no bin holds 20 probabilities)
 * @throws {LitmusError} if there is no probability or one lies outside [0, 1]
 * Source: GENIES, `src/api/evaluate.py`, `compute_metrics`.
 */
export function rmsCalibrationErrorGenies2023(probabilities: ArrayLike<number>): number | undefined {
  requireProbabilities("probabilities of pairs", probabilities)
  const python = pythonRandom(42)
  const nBins = EDGES_2023.length - 1
  const sizes = new Float64Array(nBins)
  const sums = new Float64Array(nBins)
  let ones = 0
  for (let i = 0; i < probabilities.length; i++) {
    const label = python.choice([0, 1])
    ones += label
    const probability = label === 1 ? probabilities[i]! : 1 - probabilities[i]!
    const bin = EDGES_2023.findLastIndex((edge) => probability >= edge)
    if (bin === nBins) continue
    sizes[bin]! += 1
    sums[bin]! += probability
  }
  const labelMean = ones / probabilities.length
  let total = 0
  let nKept = 0
  for (let bin = 0; bin < nBins; bin++) {
    if (sizes[bin]! < LEAST_BIN_SIZE_2023) continue
    total += (labelMean - sums[bin]! / sizes[bin]!) ** 2
    nKept++
  }
  return nKept === 0 ? undefined : Math.sqrt(total / nKept)
}
