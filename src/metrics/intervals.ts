// Percentile bootstrap intervals of means, differences of two interventions, and any function of means; what is
// drawn, and how, is in resample.ts. Efron 1979; clusters as in Cameron, Gelbach and Miller 2008.

import { LitmusError } from "../base/errors.ts"
import { requireFinite, requireSameLength } from "./checks.ts"
import { resampleMeans } from "./resample.ts"
import type { ClusterKey } from "./clusters.ts"
import type { ResampleOptions } from "./resample.ts"

/** How to resample, and how wide the interval is to be. */
export interface IntervalOptions extends ResampleOptions {
  /** Coverage, in (0, 1), defaults to 0.95. */
  readonly level?: number
}

/** An estimate with its bootstrap interval. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  readonly level: number
  readonly nResamples: number
  /** What was drawn: clusters, or items where there are too few clusters (`note` says so). */
  readonly unit: "cluster" | "item"
  readonly nItems: number
  readonly nClusters: number
  /** What the reader of the interval should know; absent where there is nothing to say. */
  readonly note?: string
}

/**
 * Interval of the mean of a per-item value: an accuracy from outcomes, a Brier score from squared errors.
 *
 * Anticonservative with few clusters, and empty (low = high) where all values are equal: an accuracy of 1 on 20 items
 * still is not certain.
 *
 * @param values - per-item values, shape `[nItems]`
 * @param clusters - key of the cluster (prompt text) of each item, shape `[nItems]`
 * @param options.level - coverage, defaults to 0.95
 * @param options.nResamples - defaults to 2000
 * @param options.seed - defaults to 0
 * @param options.labels - what else names the random stream, defaults to none
 * @param options.minClusters - with fewer clusters than this items are drawn, defaults to 30
 * @throws {ShapeError | LitmusError} as {@link resampleMeans}, or if `level` lies outside (0, 1)
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  clusters: ArrayLike<ClusterKey>,
  options: IntervalOptions = {},
): Interval {
  return bootstrapStatistic([values], clusters, ([mean]) => mean!, options)
}

/**
 * Interval of mean(a) − mean(b) for two interventions on the same items, the same clusters drawn for both.
 *
 * @param valuesA - per-item values of one intervention, shape `[nItems]`
 * @param valuesB - per-item values of the other one on the same items, shape `[nItems]`
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @param options - as {@link bootstrapMean}
 * @throws {ShapeError | LitmusError} as {@link bootstrapMean}
 */
export function bootstrapDifference(
  valuesA: ArrayLike<number>,
  valuesB: ArrayLike<number>,
  clusters: ArrayLike<ClusterKey>,
  options: IntervalOptions = {},
): Interval {
  requireSameLength("values of the first intervention", valuesA.length, "the second's", valuesB.length)
  return bootstrapStatistic([valuesA, valuesB], clusters, ([a, b]) => a! - b!, options)
}

/**
 * Interval of any function of the means of several columns of the same items, resampled jointly: differential
 * elicitation is `([a, b, c]) => (a - b) / c`.
 *
 * Resamples in which the statistic is not finite (c = 0) are left out, and the note counts them.
 *
 * @param columns - per-item values, each of shape `[nItems]`
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @param statistic - from the means of the columns, shape `[nColumns]`
 * @param options - as {@link bootstrapMean}
 * @throws {ShapeError | LitmusError} as {@link bootstrapMean}, or if the statistic of the sample is not finite
 */
export function bootstrapStatistic(
  columns: readonly ArrayLike<number>[],
  clusters: ArrayLike<ClusterKey>,
  statistic: (means: readonly number[]) => number,
  options: IntervalOptions = {},
): Interval {
  const { level = 0.95 } = options
  requireLevel(level)
  const { means, draws, note: drawn, ...sample } = resampleMeans(columns, clusters, options)
  const estimate = statistic([...means])
  if (!Number.isFinite(estimate))
    throw new LitmusError(`statistic: expected a finite number, got ${estimate}`)
  const nResamples = draws[0]!.length
  const values = Float64Array.from({ length: nResamples }, (_, r) =>
    statistic(draws.map((column) => column[r]!)),
  )
  const defined = values.filter(Number.isFinite)
  const leftOut = nResamples - defined.length
  const notes = [
    drawn,
    leftOut > 0 ? `${leftOut} of ${nResamples} resamples left out: not finite` : undefined,
  ]
  const note = notes.filter((text) => text !== undefined).join("; ")
  const interval = percentileInterval(defined, level)
  return { estimate, ...interval, level, nResamples, ...sample, ...(note === "" ? {} : { note }) }
}

/**
 * The middle `level` of a set of resampled values, between order statistics by linear interpolation (NumPy's default).
 *
 * For figures that combine several resamplings, say an average over shifts with the prompts of each resampled.
 *
 * @param draws - resampled values, shape `[nResamples]`
 * @param level - coverage, in (0, 1), defaults to 0.95
 * @throws {LitmusError} if there is no value, one is not finite, or `level` lies outside (0, 1)
 */
export function percentileInterval(draws: ArrayLike<number>, level = 0.95): { low: number; high: number } {
  requireFinite("resampled values", draws)
  requireLevel(level)
  const sorted = Float64Array.from(draws).sort()
  const quantile = (q: number): number => {
    const position = q * (sorted.length - 1)
    const below = Math.floor(position)
    const value = sorted[below]!
    return value + (position - below) * ((sorted[below + 1] ?? value) - value)
  }
  return { low: quantile((1 - level) / 2), high: quantile((1 + level) / 2) }
}

function requireLevel(level: number): void {
  if (!(level > 0 && level < 1))
    throw new LitmusError(`level: expected a number between 0 and 1, got ${level}`)
}
