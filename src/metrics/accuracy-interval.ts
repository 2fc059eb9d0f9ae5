// The interval of an accuracy over prompts. Near 100 % an interval from the standard error covers too little, and none
// where every pair is right: Wilson's does not use the standard error at the estimate. It is made for independent items;
// pairs of a prompt are not, so it gets the number of independent pairs that they are worth.

import { LitmusError } from "../base/errors.ts"
import { clusteredMean, type ClusterKey, type Ends, type Estimate } from "./clusters.ts"
import { studentQuantile } from "./student.ts"

/** An accuracy with its interval over prompts. */
export interface AccuracyInterval extends Ends {
  readonly estimate: number
  /** Coverage, in (0, 1). */
  readonly level: number
  readonly nItems: number
  readonly nClusters: number
  /** Independent items that these are worth. */
  readonly effectiveItems: number
  /** What was taken for independent: clusters, or items where all are in one cluster. */
  readonly unit: "cluster" | "item"
}

/** Clusters' worth of prior evidence that the design effect is halfway between 1 and the size of a cluster. */
const priorClusters = 4

/**
 * Wilson's interval of a share, with the effective number of items.
 *
 * The design effect (variance over that of independent items) is estimated from the clusters and drawn towards the
 * middle of its range where few outcomes of the rarer kind speak of it. Coverage for 20 clusters and more is measured in
 * docs/coverage.md. Where all items share one cluster, items are taken for independent.
 *
 * @param outcomes - values in [0, 1], shape `[nItems]`
 * @param clusters - key of the cluster (prompt) of each item, shape `[nItems]`
 * @param options.level - coverage, defaults to 0.95
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no item, a value lies outside [0, 1], or the level outside (0, 1)
 * Source: Wilson 1927; effective numbers as in Korn and Graubard 1998
 */
export function accuracyInterval(
  outcomes: ArrayLike<number>,
  clusters: ArrayLike<ClusterKey>,
  { level = 0.95 }: { level?: number } = {},
): AccuracyInterval {
  const byCluster = clusteredMean(outcomes, clusters)
  const isOne = byCluster.nClusters === 1
  const found = isOne
    ? clusteredMean(
        outcomes,
        Array.from(outcomes, (_, i) => i),
      )
    : byCluster
  const { mean, variance, nItems, nClusters } = found
  for (let i = 0; i < nItems; i++) {
    if (!(outcomes[i]! >= 0 && outcomes[i]! <= 1)) {
      throw new LitmusError(`outcomes: expected values in [0, 1], got ${outcomes[i]} at index ${i}`)
    }
  }
  const size = isOne ? 1 : sizeOfItems(clusters)
  const evidence = 4 * nClusters * mean * (1 - mean)
  const observed = mean > 0 && mean < 1 ? (variance * nItems) / (mean * (1 - mean)) : size
  const bounded = Math.min(size, Math.max(1, observed || 1))
  const designEffect = (evidence * bounded + (priorClusters * (1 + size)) / 2) / (evidence + priorClusters)
  const effectiveItems = nItems / designEffect
  const quantile = studentQuantile((1 + level) / 2, Infinity)
  const ends = wilson(mean, effectiveItems, quantile)
  return {
    estimate: mean,
    ...ends,
    level,
    nItems,
    nClusters: byCluster.nClusters,
    effectiveItems,
    unit: isOne ? "item" : "cluster",
  }
}

/**
 * Wilson's interval of a share whose variance is known from elsewhere: an average of accuracies over shifts or seeds.
 *
 * @param estimate.variance - squared standard error; where it is 0, `items` is taken as the effective number
 * @param options.items - independent items behind it at least
 */
export function shareInterval(
  { mean, variance, df }: Estimate,
  { items, level = 0.95 }: { items: number; level?: number },
): Ends {
  const share = Math.min(1, Math.max(0, mean))
  const inside = share > 0 && share < 1 && variance > 0
  const effective = inside ? (share * (1 - share)) / variance : items
  return wilson(share, effective, studentQuantile((1 + level) / 2, Math.max(1, df)))
}

/** Size of the cluster of an item, on average: the largest design effect that these clusters can have. */
function sizeOfItems(clusters: ArrayLike<ClusterKey>): number {
  const sizes = new Map<ClusterKey, number>()
  for (let i = 0; i < clusters.length; i++) sizes.set(clusters[i]!, (sizes.get(clusters[i]!) ?? 0) + 1)
  return [...sizes.values()].reduce((sum, size) => sum + size ** 2, 0) / clusters.length
}

/**
 * Wilson's interval of a share.
 *
 * @param n - independent items, need not be an integer
 * @param quantile - of the normal distribution or of Student's
 */
export function wilson(share: number, n: number, quantile: number): Ends {
  const k = quantile ** 2 / n
  const middle = (share + k / 2) / (1 + k)
  const half = (quantile * Math.sqrt((share * (1 - share)) / n + k / (4 * n))) / (1 + k)
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
