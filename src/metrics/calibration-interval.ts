// The interval of a calibration error. Noise alone makes bins differ from their probabilities, so that the figure is too
// large on average, and its interval must not lie around it; the figure that is shown stays as published.

import { requireInteger, requireProbabilities, requireSameLength } from "./checks.ts"
import { numberClusters, type ClusterKey, type Ends } from "./clusters.ts"
import { jackknife, unseenPrompts } from "./jackknife.ts"
import { studentQuantile } from "./student.ts"

/**
 * The interval over clusters of the RMS calibration error that very many prompts would have, by the same bins.
 *
 * It is one of the squared error S, by leaving out each cluster in turn:
 *
 * - the estimate is S less its jackknife bias b, so that the interval may lie below the figure shown, and starts at 0 where
 *   no error is shown;
 * - the variance of a sum of squares grows with it, in proportion to b + 2S. It is taken about halfway between the estimate
 *   and each end, which makes the ends roots of quadratics, as Wilson's are;
 * - where all pairs are right, outcomes seem not to vary. Clusters whose outcomes are flipped are added, for the lower
 *   end with the weight of {@link unseenPrompts} prompts in all, for the upper one of one prompt.
 *
 * @param probabilities - p of each pair, shape `[nPairs]`
 * @param clusters - key of the cluster (prompt) of each pair, shape `[nPairs]`
 * @param options.level - coverage, in (0, 1), defaults to 0.95
 * @param options.nBins - number of bins, defaults to 10
 * @returns undefined for fewer than 3 clusters
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no probability or one lies outside [0, 1], or `nBins` is not a positive integer
 * Source: the jackknife's bias and variance, Quenouille 1956 and Tukey 1958; coverage in docs/coverage.md
 */
export function calibrationInterval(
  probabilities: ArrayLike<number>,
  clusters: ArrayLike<ClusterKey>,
  { level = 0.95, nBins = 10 }: { level?: number; nBins?: number } = {},
): Ends | undefined {
  requireProbabilities("probabilities of pairs", probabilities)
  requireSameLength("clusters", clusters.length, "probabilities of pairs", probabilities.length)
  requireInteger("nBins", nBins, 1)
  const { unitOf, nClusters } = numberClusters(clusters)
  if (nClusters < 3) return undefined
  const all = emptyBins(nBins)
  const own = Array.from({ length: nClusters }, () => emptyBins(nBins))
  const flipped = Array.from({ length: nClusters }, () => emptyBins(nBins))
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!
    addPair(all, p, 1)
    addPair(own[unitOf[i]!]!, p, 1)
    addPair(flipped[unitOf[i]!]!, p, 0)
  }
  const plugIn = squaredError(all)
  const { mean, variance } = jackknife(own.map((bins) => squaredError(all, bins, -1)))
  const byFlipped =
    flipped.reduce((sum, bins) => sum + (squaredError(all, bins, 1) - plugIn) ** 2, 0) / nClusters
  const bias = (nClusters - 1) * (mean - plugIn)
  const squareEnd = (direction: -1 | 1, { weight, unseen }: EndOptions): number =>
    endOfSquare(direction, {
      estimate: plugIn - bias,
      bias,
      square: studentQuantile((1 + level) / 2, nClusters - 1) ** 2 * (variance + unseen * byFlipped),
      weight,
    })
  return {
    low: Math.sqrt(Math.max(0, squareEnd(-1, lowerEnd))),
    high: Math.sqrt(Math.max(0, squareEnd(1, upperEnd))),
  }
}

interface EndOptions {
  /** Where the variance is taken: 0 at the estimate, 1 at the end. */
  readonly weight: number
  /** Prompts' worth of flipped outcomes. */
  readonly unseen: number
}

// Chosen by simulation (docs/coverage.md).
const lowerEnd: EndOptions = { weight: 0.6, unseen: unseenPrompts }
const upperEnd: EndOptions = { weight: 0.4, unseen: 1 }

/**
 * The root x, above or below the estimate, of (x − estimate)² = square · (b + 2y) / (b + 2 · estimate), where
 * y = (1 − weight) · estimate + weight · x; `square` is t² times the variance at the estimate.
 */
function endOfSquare(
  direction: -1 | 1,
  { estimate, bias, square, weight }: { estimate: number; bias: number; square: number; weight: number },
): number {
  const noise = Math.max(0, bias)
  const error = Math.max(0, estimate)
  const scale = noise + 2 * error
  if (scale === 0) return estimate
  const slope = (2 * weight * square) / scale
  const constant = (square * (noise + 2 * (1 - weight) * error)) / scale
  return (
    estimate + slope / 2 + direction * Math.sqrt(Math.max(0, slope * estimate + slope ** 2 / 4 + constant))
  )
}

/** Of each bin its items and the sum of their probabilities less their labels, each of shape `[nBins]`. */
interface Bins {
  readonly sizes: Float64Array
  readonly errors: Float64Array
}

function emptyBins(nBins: number): Bins {
  return { sizes: new Float64Array(nBins), errors: new Float64Array(nBins) }
}

/** Adds a pair in both orders, as `rmsCalibrationError` does. */
function addPair({ sizes, errors }: Bins, p: number, label: number): void {
  for (const [probability, outcome] of [
    [p, label],
    [1 - p, 1 - label],
  ] as const) {
    const bin = Math.min(sizes.length - 1, Math.floor(probability * sizes.length))
    sizes[bin]! += 1
    errors[bin]! += probability - outcome
  }
}

/** Mean of the squared errors of the bins, weighted by their sizes; with other bins added `times` times. */
function squaredError({ sizes, errors }: Bins, other?: Bins, times = 0): number {
  let total = 0
  let n = 0
  for (let bin = 0; bin < sizes.length; bin++) {
    const size = sizes[bin]! + times * (other?.sizes[bin] ?? 0)
    if (size > 0) total += (errors[bin]! + times * (other?.errors[bin] ?? 0)) ** 2 / size
    n += size
  }
  return total / n
}
