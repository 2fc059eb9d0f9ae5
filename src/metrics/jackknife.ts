// Intervals of metrics that are no plain mean of outcomes, AUROC and Brier score. Each cluster (prompt) is left out in
// turn; how much the figure changes says how much it depends on the prompts that were drawn. Tukey 1958; with clusters as
// in Cameron, Gelbach and Miller 2008.

import { wilson } from "./accuracy-interval.ts"
import { numberClusters, studentInterval, type ClusterKey, type Ends } from "./clusters.ts"
import { studentQuantile } from "./student.ts"

export interface JackknifeOptions {
  /**
   * `plain`: Student's interval; `share`, of a figure between 0 and 1: Wilson's, with the number of independent items that
   * would give the same variance. Defaults to `plain`.
   */
  readonly scale?: "plain" | "share"
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
  const { variance } = jackknife(without)
  return scale === "share"
    ? boundedInterval(whole, variance, nClusters, level)
    : studentInterval({ mean: whole, variance, df: nClusters - 1 }, level)
}

/** Mean of the figures without one cluster each, and the variance of the figure with all. */
export function jackknife(without: readonly number[]): { mean: number; variance: number } {
  const n = without.length
  const mean = without.reduce((sum, value) => sum + value, 0) / n
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, variance: ((n - 1) / n) * squares }
}

/**
 * Prompts' worth of what a sample may have missed. A sample in which (almost) nothing went wrong does not show how much
 * the prompts differ that go wrong. Chosen by simulation (docs/coverage.md).
 */
export const unseenPrompts = 0.4

/**
 * Wilson's interval of a figure between 0 and 1 whose variance the jackknife gives.
 *
 * Near 0 and 1 that variance rests on few prompts. (1 − A)² / variance is about the number of prompts that went wrong; the
 * fewer, the more the design effect is drawn towards that of clusters that are right or wrong as a whole. This moves the
 * end towards ½. The other end keeps the variance as it is: closer to 0 or 1, it only gets smaller.
 */
function boundedInterval(figure: number, variance: number, nClusters: number, level: number): Ends {
  const quantile = studentQuantile((1 + level) / 2, nClusters - 1)
  const spread = figure * (1 - figure)
  if (!(spread > 0)) return wilson(figure, nClusters, quantile)
  if (variance === 0) return { low: figure, high: figure }
  const observed = (nClusters * variance) / spread
  const evidence = Math.min(figure, 1 - figure) ** 2 / variance
  const drawn = (evidence * observed + unseenPrompts) / (evidence + unseenPrompts)
  const outer = wilson(figure, nClusters / observed, quantile)
  const inner = wilson(figure, nClusters / Math.max(observed, drawn), quantile)
  return { low: figure >= 0.5 ? inner.low : outer.low, high: figure <= 0.5 ? inner.high : outer.high }
}
