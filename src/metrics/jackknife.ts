// Intervals of metrics that are not means: AUROC, Brier score, calibration error. Each cluster (prompt) is left out in
// turn; how much the figure changes says how much it depends on the prompts that were drawn. Tukey 1958; with clusters as
// in Cameron, Gelbach and Miller 2008.

import { shareInterval } from "./accuracy-interval.ts"
import { numberClusters, studentInterval, type ClusterKey, type Ends } from "./clusters.ts"

/** How a figure's interval is made from its standard error. */
export type Scale = "plain" | "share" | "positive" | "square"

/**
 * The interval of a figure over clusters, by leaving out one at a time.
 *
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @param figure - the figure of the items at these indices; undefined where there is none
 * @param options.scale - `share`: between 0 and 1, symmetric in log odds, Wilson's where these are infinite; `positive`: symmetric in logarithms; `square`: a
 *   root of squares that noise makes larger, whose square is corrected for that; defaults to `plain`
 * @param options.level - coverage, defaults to 0.95
 * @returns undefined for fewer than 3 clusters, or where the figure or its scale is not defined on most subsets
 */
export function jackknifeInterval(
  clusters: ArrayLike<ClusterKey>,
  figure: (kept: Uint32Array) => number | undefined,
  { scale = "plain", level = 0.95 }: { scale?: Scale; level?: number } = {},
): Ends | undefined {
  const { unitOf, nClusters } = numberClusters(clusters)
  if (nClusters < 3) return undefined
  const { to, from } = scales[scale]
  const all = Uint32Array.from(unitOf, (_, i) => i)
  const whole = figure(all)
  if (whole === undefined) return undefined
  const without = Array.from({ length: nClusters }, (_, g) =>
    figure(all.filter((i) => unitOf[i] !== g)),
  ).filter((value) => value !== undefined)
  if (without.length < nClusters) return undefined
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
