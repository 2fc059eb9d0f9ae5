// Sign-flip (randomisation) test of paired differences: were two interventions alike, the sign of each difference
// would be a coin's. Fisher 1935. Exact by meeting in the middle: the signed sums of either half are sorted, and those
// pairs of them are counted whose total is as far from 0 as the observed one.

import { LitmusError } from "../base/errors.ts"
import { random } from "../base/random.ts"
import { requireFinite, requireInteger } from "./checks.ts"

/** The outcome of a sign-flip test. */
export interface SignFlipTest {
  /** Two-sided p-value. */
  readonly p: number
  /** Mean difference. */
  readonly mean: number
  /** Number of differences. */
  readonly n: number
  /** `exact`: all 2ⁿ sign patterns were counted; `monte carlo`: `nDraws` random ones and the observed one. */
  readonly method: "exact" | "monte carlo"
  /** Number of sign patterns drawn; 0 if exact. */
  readonly nDraws: number
}

/**
 * Two-sided sign-flip test of H₀: each difference is as likely as its negative.
 *
 * p = P(|Σ ± d| ≥ |Σ d|); totals within 1e-10 · Σ|d| of the observed one count as equal to it. Differences of 0
 * change nothing. The least p is 2 / 2ⁿ. Supposes independent differences: those of shifts that share a source are not.
 *
 * @param differences - paired differences, one per shift or cluster, shape `[n]`
 * @param options.maxExact - up to so many differences all patterns are counted, 0 to 40, defaults to 32; the cost is
 *   the sorting of 2^(n/2) numbers
 * @param options.nDraws - sign patterns drawn above that, p = (1 + count) / (1 + nDraws), defaults to 100 000
 * @param options.seed - of the draws, defaults to 0
 * @throws {LitmusError} if there is no difference, one is not finite, or an option is out of range
 */
export function signFlipTest(
  differences: ArrayLike<number>,
  { maxExact = 32, nDraws = 100_000, seed = 0 }: { maxExact?: number; nDraws?: number; seed?: number } = {},
): SignFlipTest {
  requireFinite("differences", differences)
  if (!(Number.isInteger(maxExact) && maxExact >= 0 && maxExact <= 40)) {
    throw new LitmusError(`maxExact: expected an integer from 0 to 40, got ${maxExact}`)
  }
  requireInteger("nDraws", nDraws, 1)
  const values = Array.from(differences)
  const n = values.length
  const sum = values.reduce((total, value) => total + value, 0)
  const size = values.reduce((total, value) => total + Math.abs(value), 0)
  const threshold = Math.abs(sum) - 1e-10 * size
  const mean = sum / n
  if (n <= maxExact) {
    return { p: countExtreme(values, threshold) / 2 ** n, mean, n, method: "exact", nDraws: 0 }
  }
  const stream = random(seed, "sign-flip")
  let count = 0
  for (let draw = 0; draw < nDraws; draw++) {
    let total = 0
    for (const value of values) total += stream.uniform() < 0.5 ? value : -value
    if (Math.abs(total) >= threshold) count++
  }
  return { p: (1 + count) / (1 + nDraws), mean, n, method: "monte carlo", nDraws }
}

/** How many of the 2ⁿ sign patterns have |Σ ± d| ≥ threshold. */
function countExtreme(values: readonly number[], threshold: number): number {
  if (threshold <= 0) return 2 ** values.length
  const half = values.length >> 1
  const left = signedSums(values.slice(0, half))
  const right = signedSums(values.slice(half))
  // By symmetry as many totals are ≤ −threshold as are ≥ threshold. While `left` rises, `from` falls.
  let count = 0
  let from = right.length
  for (const partial of left) {
    while (from > 0 && partial + right[from - 1]! >= threshold) from--
    count += right.length - from
  }
  return 2 * count
}

/** All 2ⁿ sums Σ ± d, in rising order. */
function signedSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(2 ** values.length)
  let length = 1
  for (const value of values) {
    for (let i = 0; i < length; i++) {
      sums[length + i] = sums[i]! + value
      sums[i]! -= value
    }
    length *= 2
  }
  return sums.sort()
}
