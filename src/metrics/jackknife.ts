// Intervals of metrics that are no means: AUROC, calibration error, recall. Each cluster (prompt) is left out in turn; how
// much the figure changes says how much it depends on the prompts that were drawn. Tukey 1958; with clusters as in
// Cameron, Gelbach and Miller 2008.

import { numberClusters, studentInterval, type ClusterKey, type Ends } from "./clusters.ts"

/** A scale on which a figure's interval is symmetric. */
export type Scale = "plain" | "share" | "positive" | "square"

/**
 * The interval of a figure over clusters, by leaving out one at a time.
 *
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @param figure - the figure of the items at these indices; undefined where there is none
 * @param options.scale - `share`: between 0 and 1, symmetric in log odds; `positive`: symmetric in logarithms; `square`: a
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
  const estimate = to(whole)
  const left = Array.from({ length: nClusters }, (_, g) =>
    figure(all.filter((i) => unitOf[i] !== g)),
  ).flatMap((value) => (value === undefined ? [] : to(value)))
  if (!Number.isFinite(estimate) || left.length < nClusters || !left.every(Number.isFinite)) return undefined
  const mean = left.reduce((sum, value) => sum + value, 0) / nClusters
  const squares = left.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const variance = ((nClusters - 1) / nClusters) * squares
  const centre = scale === "square" ? nClusters * estimate - (nClusters - 1) * mean : estimate
  const ends = studentInterval({ mean: centre, variance, df: nClusters - 1 }, level)
  return ends && { low: from(ends.low), high: from(ends.high) }
}

const scales: Readonly<Record<Scale, { to: (value: number) => number; from: (value: number) => number }>> = {
  plain: { to: (value) => value, from: (value) => value },
  share: { to: (value) => Math.log(value / (1 - value)), from: (value) => 1 / (1 + Math.exp(-value)) },
  positive: { to: Math.log, from: Math.exp },
  square: { to: (value) => value ** 2, from: (value) => Math.sqrt(Math.max(0, value)) },
}
