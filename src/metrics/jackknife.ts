// Intervals of metrics that are not means: AUROC, Brier score, calibration error. Each cluster (prompt) is left out in
// turn; how much the figure changes says how much it depends on the prompts that were drawn. Tukey 1958; with clusters as
// in Cameron, Gelbach and Miller 2008.

import { shareInterval } from "./accuracy-interval.ts"
import { numberClusters, studentInterval, type ClusterKey, type Ends } from "./clusters.ts"

/** How a figure's interval is made from its standard error. */
export type Scale = "plain" | "share" | "positive" | "square"

export interface JackknifeOptions {
  /**
   * `share`: between 0 and 1, symmetric in log odds, Wilson's where these are infinite; `positive`: symmetric in
   * logarithms; `square`: a root of squares that noise makes larger, whose square is corrected for that; defaults to
   * `plain`.
   */
  readonly scale?: Scale
  /** Coverage, in (0, 1), defaults to 0.95. */
  readonly level?: number
}

/**
 * The interval of a figure over clusters, by leaving out one at a time. It computes the figure for every cluster: where the
 * figure is made of sums over items, {@link jackknifeOfSums} takes a fraction of the time.
 *
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @param figure - the figure of the items at these indices; undefined where there is none
 * @returns undefined for fewer than 3 clusters, or where the figure or its scale is not defined on most subsets
 */
export function jackknifeInterval(
  clusters: ArrayLike<ClusterKey>,
  figure: (kept: Uint32Array) => number | undefined,
  options: JackknifeOptions = {},
): Ends | undefined {
  const { unitOf, nClusters } = numberClusters(clusters)
  if (nClusters < 3) return undefined
  const all = Uint32Array.from(unitOf, (_, i) => i)
  const without = Array.from({ length: nClusters }, (_, g) => figure(all.filter((i) => unitOf[i] !== g)))
  return intervalWithout(figure(all), without, options)
}

/**
 * The same of a figure that depends on sums over the items alone.
 *
 * @param columns - values of each item, each of shape `[nItems]`
 * @param figure - from the sums of the columns, shape `[nColumns]`
 */
export function jackknifeOfSums(
  clusters: ArrayLike<ClusterKey>,
  columns: readonly ArrayLike<number>[],
  figure: (sums: Float64Array) => number | undefined,
  options: JackknifeOptions = {},
): Ends | undefined {
  const { unitOf, nClusters } = numberClusters(clusters)
  if (nClusters < 3) return undefined
  const total = new Float64Array(columns.length)
  const byCluster = columns.map((column, k) => {
    const sums = new Float64Array(nClusters)
    for (let i = 0; i < unitOf.length; i++) {
      sums[unitOf[i]!]! += column[i]!
      total[k]! += column[i]!
    }
    return sums
  })
  const rest = new Float64Array(columns.length)
  const without = Array.from({ length: nClusters }, (_, g) => {
    for (const [k, sums] of byCluster.entries()) rest[k] = total[k]! - sums[g]!
    return figure(rest)
  })
  return intervalWithout(figure(total), without, options)
}

/**
 * The interval of a figure from what it is without each cluster.
 *
 * @param without - one for each cluster, undefined where it is not defined
 */
export function intervalWithout(
  whole: number | undefined,
  leftOut: readonly (number | undefined)[],
  { scale = "plain", level = 0.95 }: JackknifeOptions = {},
): Ends | undefined {
  const without = leftOut.filter((value) => value !== undefined)
  const nClusters = leftOut.length
  if (whole === undefined || nClusters < 3 || without.length < nClusters) return undefined
  const { to, from } = scales[scale]
  const estimate = to(whole)
  const left = without.map(to)
  if (![estimate, ...left].every(Number.isFinite)) {
    if (scale !== "share") return undefined
    // At 0 or 1 log odds are infinite.
    const { variance } = jackknife(without)
    return shareInterval({ mean: whole, variance, df: nClusters - 1 }, { items: nClusters, level })
  }
  const { mean, variance } = jackknife(left)
  const centre = scale === "square" ? nClusters * estimate - (nClusters - 1) * mean : estimate
  const ends = studentInterval({ mean: centre, variance, df: nClusters - 1 }, level)
  return ends && { low: from(ends.low), high: from(ends.high) }
}

/** Mean of the figures without one cluster each, and the variance of the figure with all. */
function jackknife(without: readonly number[]): { mean: number; variance: number } {
  const n = without.length
  const mean = without.reduce((sum, value) => sum + value, 0) / n
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, variance: ((n - 1) / n) * squares }
}

const scales: Readonly<Record<Scale, { to: (value: number) => number; from: (value: number) => number }>> = {
  plain: { to: (value) => value, from: (value) => value },
  share: { to: (value) => Math.log(value / (1 - value)), from: (value) => 1 / (1 + Math.exp(-value)) },
  positive: { to: Math.log, from: Math.exp },
  square: { to: (value) => value ** 2, from: (value) => Math.sqrt(Math.max(0, value)) },
}
