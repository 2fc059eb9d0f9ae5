// Bootstrap resamples of means. Items that share a prompt are not independent, so clusters of equal prompt text are
// drawn rather than items. Every resample needs only the clusters' sums and counts; the clusters drawn depend only on
// seed, labels and cluster keys, so that all columns, and separate calls on the same items, are resampled jointly.

import { ShapeError } from "../base/errors.ts"
import { random } from "../base/random.ts"
import { numberClusters, type ClusterKey } from "./clusters.ts"
import { requireFinite, requireInteger, requireSameLength } from "./checks.ts"

/** How to resample. */
export interface ResampleOptions {
  /** Number of resamples, defaults to 2000. */
  readonly nResamples?: number
  /** Seed of the stream, defaults to 0. */
  readonly seed?: number
  /** What else names the stream: the shift, say. Equal labels resample equal clusters jointly. */
  readonly labels?: readonly (string | number)[]
  /** With fewer clusters than this, items are drawn instead, defaults to 30. */
  readonly minClusters?: number
}

/** Means of columns in the sample and in each resample. */
export interface Resamples {
  /** Mean of each column, shape `[nColumns]`. */
  readonly means: Float64Array
  /** Mean of each column in each resample, shape `[nColumns][nResamples]`. */
  readonly draws: readonly Float64Array[]
  /** What was drawn. */
  readonly unit: "cluster" | "item"
  readonly nItems: number
  readonly nClusters: number
  /** What the reader of an interval should know; absent where there is nothing to say. */
  readonly note?: string
}

/**
 * Resamples the means of per-item columns, clusters with replacement.
 *
 * The order of the items does not matter (but for rounding) where clusters are drawn; it does where items are.
 * An average over shifts with the shifts fixed: resample each, average the draws, then `percentileInterval`.
 *
 * @param columns - per-item values (outcomes, losses), each of shape `[nItems]`
 * @param clusters - key of the cluster that each item belongs to, shape `[nItems]`
 * @throws {ShapeError} if there is no column, or a column has not as many items as `clusters`
 * @throws {LitmusError} if there is no item, a value is not finite, a key is NaN or an option is out of range
 */
export function resampleMeans(
  columns: readonly ArrayLike<number>[],
  clusters: ArrayLike<ClusterKey>,
  { nResamples = 2000, seed = 0, labels = [], minClusters = 30 }: ResampleOptions = {},
): Resamples {
  requireInteger("nResamples", nResamples, 1)
  requireInteger("minClusters", minClusters, 0)
  if (columns.length === 0) throw new ShapeError("resampleMeans: expected at least one column, got none")
  for (const column of columns) {
    requireSameLength("values", column.length, "clusters", clusters.length)
    requireFinite("values", column)
  }
  const nItems = clusters.length
  const { unitOf, nClusters } = numberClusters(clusters)
  const byItem = nClusters < minClusters && nClusters < nItems
  const nUnits = byItem ? nItems : nClusters
  if (byItem) for (let i = 0; i < nItems; i++) unitOf[i] = i

  const counts = new Float64Array(nUnits)
  for (const unit of unitOf) counts[unit]! += 1
  const sums = columns.map((column) => sumByUnit(column, unitOf, nUnits))
  const draws = columns.map(() => new Float64Array(nResamples))
  const stream = random(seed, "bootstrap", ...labels)
  const drawn = new Uint32Array(nUnits)
  for (let r = 0; r < nResamples; r++) {
    let count = 0
    for (let k = 0; k < nUnits; k++) {
      drawn[k] = stream.integer(nUnits)
      count += counts[drawn[k]!]!
    }
    for (const [c, sum] of sums.entries()) {
      let total = 0
      for (const unit of drawn) total += sum[unit]!
      draws[c]![r] = total / count
    }
  }
  const means = Float64Array.from(sums, (sum) => sum.reduce((a, b) => a + b, 0) / nItems)
  const note = noteOf(byItem, nUnits, nClusters, minClusters)
  const unit = byItem ? "item" : "cluster"
  return { means, draws, unit, nItems, nClusters, ...(note === undefined ? {} : { note }) }
}

function sumByUnit(column: ArrayLike<number>, unitOf: Uint32Array, nUnits: number): Float64Array {
  const sums = new Float64Array(nUnits)
  for (let i = 0; i < unitOf.length; i++) sums[unitOf[i]!]! += column[i]!
  return sums
}

function noteOf(byItem: boolean, nUnits: number, nClusters: number, minClusters: number): string | undefined {
  if (nUnits === 1) return "one item: no interval can be estimated"
  if (byItem) return `items resampled: ${nClusters} distinct ${plural(nClusters)}, fewer than ${minClusters}`
  return nUnits < 10 ? `only ${nUnits} clusters: the interval is a rough guide` : undefined
}

function plural(n: number): string {
  return n === 1 ? "cluster" : "clusters"
}
