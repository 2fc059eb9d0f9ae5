// Contrast pairs as numbers: activations of the same statement with an affirming and with a denying end, and their
// normalisation, which takes away that one ends in "Yes" and the other in "No". Statistics are those of the fit set and
// are kept, so that whatever is scored later goes through the same map.

import { LitmusError } from "../../src/base/errors.ts"
import { kMeans } from "./k-means.ts"

export interface Contrasts {
  /** With the affirming end, row-major `[count, width]`. */
  readonly positive: Float32Array<ArrayBuffer>
  /** With the denying end, row-major `[count, width]`. */
  readonly negative: Float32Array<ArrayBuffer>
  readonly count: number
  readonly width: number
}

/**
 * - `mean`: each class minus its mean (Burns et al., utils.py; GENIES).
 * - `scale`: and each divided by its standard deviation, averaged over features (EleutherAI/elk, BurnsNorm).
 * - `release`: minus the mean, then both on one scale: concatenated pairs have norm √(2·width) on average (the paper's
 *   original release).
 */
export const normalisationKinds = ["mean", "scale", "release"] as const
export type NormalisationKind = (typeof normalisationKinds)[number]

/** The map x ↦ (x − mean) / scale, for each class. */
export interface Normalisation {
  readonly meanPositive: Float32Array<ArrayBuffer>
  readonly meanNegative: Float32Array<ArrayBuffer>
  readonly scalePositive: number
  readonly scaleNegative: number
}

/** The normalisation that a fit set asks for. */
export function fitNormalisation(contrasts: Contrasts, kind: NormalisationKind = "mean"): Normalisation {
  const { positive, negative, count, width } = contrasts
  const meanPositive = columnMeans(positive, width)
  const meanNegative = columnMeans(negative, width)
  const centred = { meanPositive, meanNegative, scalePositive: 1, scaleNegative: 1 }
  if (kind === "mean") return centred
  if (kind === "scale") {
    const scalePositive = meanDeviation(positive, meanPositive) || 1
    return { ...centred, scalePositive, scaleNegative: meanDeviation(negative, meanNegative) || 1 }
  }
  let norms = 0
  for (let row = 0; row < count; row++) {
    let square = 0
    for (let j = 0; j < width; j++) {
      square += (positive[row * width + j]! - meanPositive[j]!) ** 2
      square += (negative[row * width + j]! - meanNegative[j]!) ** 2
    }
    norms += Math.sqrt(square)
  }
  const scale = norms / count / Math.sqrt(2 * width) || 1
  return { ...centred, scalePositive: scale, scaleNegative: scale }
}

/** Contrasts after the map. */
export function normalise(contrasts: Contrasts, normalisation: Normalisation): Contrasts {
  const { meanPositive, meanNegative, scalePositive, scaleNegative } = normalisation
  const { positive, negative, width } = contrasts
  return {
    ...contrasts,
    positive: positive.map((value, i) => (value - meanPositive[i % width]!) / scalePositive),
    negative: negative.map((value, i) => (value - meanNegative[i % width]!) / scaleNegative),
  }
}

// A cluster that is smaller than this has no mean to speak of.
const leastCluster = 5

/**
 * Cluster normalisation: contrasts are clustered by (x⁺ + x⁻) / 2, and each class loses the mean of its cluster.
 * Clusters of fewer than five lose the mean of all, as the authors' outliers do.
 *
 * Source: Laurito et al. 2024, arXiv:2407.18712; Cadenza-Labs/cluster-normalization, utils/norm.py, which clusters
 * with HDBSCAN where this uses seeded k-means
 */
export function normaliseByCluster(
  contrasts: Contrasts,
  { clusters, seed }: { clusters: number; seed: number },
): { contrasts: Contrasts; sizes: number[] } {
  const { positive, negative, count, width } = contrasts
  const middles = positive.map((value, i) => (value + negative[i]!) / 2)
  const { assignment } = kMeans(middles, { count, width, clusters: Math.min(clusters, count), seed })
  const all = fitNormalisation(contrasts)
  const normalised = { ...contrasts, positive: positive.slice(), negative: negative.slice() }
  const sizes: number[] = []
  for (let cluster = 0; cluster < clusters; cluster++) {
    const members = Array.from({ length: count }, (_, row) => row).filter(
      (row) => assignment[row] === cluster,
    )
    if (members.length > 0) sizes.push(members.length)
    const own = selectContrasts(contrasts, members)
    const { meanPositive, meanNegative } = members.length < leastCluster ? all : fitNormalisation(own)
    for (const row of members) {
      for (let j = 0; j < width; j++) {
        normalised.positive[row * width + j]! -= meanPositive[j]!
        normalised.negative[row * width + j]! -= meanNegative[j]!
      }
    }
  }
  return { contrasts: normalised, sizes: sizes.sort((a, b) => b - a) }
}

/** Some of the contrasts, in the order of `rows`. */
export function selectContrasts(
  { positive, negative, width }: Contrasts,
  rows: readonly number[],
): Contrasts {
  const pick = (data: Float32Array): Float32Array<ArrayBuffer> => {
    const picked = new Float32Array(rows.length * width)
    rows.forEach((row, i) => picked.set(data.subarray(row * width, (row + 1) * width), i * width))
    return picked
  }
  return { positive: pick(positive), negative: pick(negative), count: rows.length, width }
}

/** x⁺ − x⁻, row-major `[count, width]`. */
export function differences({ positive, negative }: Contrasts): Float32Array<ArrayBuffer> {
  return positive.map((value, i) => value - negative[i]!)
}

/**
 * @throws {LitmusError} if an activation is not finite
 */
export function checkFinite(what: string, data: Float32Array, width: number): void {
  const at = data.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) {
    throw new LitmusError(
      `${what}: expected finite features, got ${data[at]} in row ${Math.floor(at / width)}, column ${at % width}`,
    )
  }
}

/** Mean of each column of `[nRows, width]`. */
export function columnMeans(data: Float32Array, width: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(width)
  for (let i = 0; i < data.length; i++) sums[i % width]! += data[i]!
  return Float32Array.from(sums, (sum) => sum / (data.length / width))
}

/** Standard deviation of each column about `means`, averaged over the columns. */
export function meanDeviation(data: Float32Array, means: Float32Array): number {
  const width = means.length
  const squares = new Float64Array(width)
  for (let i = 0; i < data.length; i++) squares[i % width]! += (data[i]! - means[i % width]!) ** 2
  return squares.reduce((sum, square) => sum + Math.sqrt(square / (data.length / width)), 0) / width
}
