// Means of items that come in clusters: pairs of one prompt, shifts of one source. Items of a cluster are alike, so that
// their number says little; what counts is how the clusters differ.
//
// Variance: the sandwich estimator with the CR2 correction of Bell and McCaffrey (2002), which is unbiased for
// independent items, and their degrees of freedom (Imbens and Kolesár 2016), which fall where a few clusters hold most
// of the items.

import { LitmusError } from "../base/errors.ts"
import { requireFinite, requireSameLength } from "./checks.ts"
import { studentQuantile } from "./student.ts"

/** What names a cluster: usually the prompt's text, its hash or its index. */
export type ClusterKey = string | number

/** A mean of clustered items and how sure it is. */
export interface ClusteredMean {
  readonly mean: number
  /** Squared standard error of the mean; 0 where nothing varies. NaN for one cluster. */
  readonly variance: number
  /** Degrees of freedom of the variance; 0 for one cluster. */
  readonly df: number
  readonly nItems: number
  readonly nClusters: number
}

/**
 * The mean of values with its variance by clusters.
 *
 * The order of the items has no say, but for rounding.
 *
 * @param values - shape `[nItems]`
 * @param clusters - key of the cluster of each item, shape `[nItems]`
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no item, a value is not finite or a key is NaN
 */
export function clusteredMean(values: ArrayLike<number>, clusters: ArrayLike<ClusterKey>): ClusteredMean {
  requireSameLength("values", values.length, "clusters", clusters.length)
  requireFinite("values", values)
  const { unitOf, nClusters } = numberClusters(clusters)
  const nItems = values.length
  const sizes = new Float64Array(nClusters)
  const sums = new Float64Array(nClusters)
  for (let i = 0; i < nItems; i++) {
    sizes[unitOf[i]!]! += 1
    sums[unitOf[i]!]! += values[i]!
  }
  const mean = sums.reduce((total, sum) => total + sum, 0) / nItems
  let variance = 0
  for (let g = 0; g < nClusters; g++) {
    const residual = (sums[g]! - mean * sizes[g]!) / nItems
    variance += residual ** 2 / (1 - sizes[g]! / nItems)
  }
  return {
    mean,
    variance: nClusters > 1 ? variance : Number.NaN,
    df: degreesOfFreedom(sizes),
    nItems,
    nClusters,
  }
}

/** Bell and McCaffrey's degrees of freedom of the CR2 variance of a mean, from the sizes of the clusters. */
function degreesOfFreedom(sizes: Float64Array): number {
  if (sizes.length < 2) return 0
  const n = sizes.reduce((total, size) => total + size, 0)
  // With A = C(diag(s) − ssᵀ/n)C, C = diag(1 / (n √(1 − s/n))): df = tr(A)² / tr(A²).
  let squares = 0
  let sum = 0
  let ofSquares = 0
  for (const size of sizes) {
    squares += (size / n ** 2) ** 2
    const cross = size ** 2 / (n ** 3 * (1 - size / n))
    sum += cross
    ofSquares += cross ** 2
  }
  return 1 / n ** 2 / (squares + sum ** 2 - ofSquares)
}

/** A two-sided interval. */
export interface Ends {
  readonly low: number
  readonly high: number
}

/** An estimate with its squared standard error and the degrees of freedom of that. */
export interface Estimate {
  readonly mean: number
  readonly variance: number
  readonly df: number
}

/**
 * Student's interval of an estimate; undefined where its variance is not known.
 *
 * @param level - coverage, in (0, 1), defaults to 0.95
 */
export function studentInterval({ mean, variance, df }: Estimate, level = 0.95): Ends | undefined {
  if (!(variance >= 0 && df > 0)) return undefined
  const half = studentQuantile((1 + level) / 2, df) * Math.sqrt(variance)
  return { low: mean - half, high: mean + half }
}

/** The sum of independent variances, with Satterthwaite's degrees of freedom. */
export function addVariances(
  parts: readonly { readonly variance: number; readonly df: number }[],
): Pick<Estimate, "variance" | "df"> {
  const variance = parts.reduce((sum, part) => sum + part.variance, 0)
  const spread = parts.reduce(
    (sum, part) => sum + (part.variance === 0 ? 0 : part.variance ** 2 / part.df),
    0,
  )
  return { variance, df: spread === 0 ? Infinity : variance ** 2 / spread }
}

/**
 * The smallest true difference that would have been shown at 5 % (two-sided) with a chance of 80 %.
 *
 * Source: t(0.975) + t(0.8) standard errors, the usual approximation to the noncentral t.
 */
export function detectableDifference({
  variance,
  df,
}: Pick<Estimate, "variance" | "df">): number | undefined {
  if (!(variance > 0 && df > 0)) return undefined
  return (studentQuantile(0.975, df) + studentQuantile(0.8, df)) * Math.sqrt(variance)
}

/** Clusters are numbered in the order of their keys, so that the order of the items has no say. */
export function numberClusters(clusters: ArrayLike<ClusterKey>): { unitOf: Uint32Array; nClusters: number } {
  const keys = Array.from(clusters)
  const bad = keys.findIndex((key) => Number.isNaN(key))
  if (bad >= 0) throw new LitmusError(`clusters: expected texts or numbers, got NaN at index ${bad}`)
  const distinct = [...new Set(keys)].sort(compareKeys)
  const numbers = new Map(distinct.map((key, number) => [key, number]))
  return { unitOf: Uint32Array.from(keys, (key) => numbers.get(key)!), nClusters: distinct.length }
}

function compareKeys(a: ClusterKey, b: ClusterKey): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
