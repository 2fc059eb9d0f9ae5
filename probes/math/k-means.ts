// k-means with seeded k-means++ starts: Lloyd's iterations from several starts, the least inertia kept.
// Source: Arthur and Vassilvitskii 2007, k-means++

import { LitmusError } from "../../src/base/errors.ts"
import { random, type Random } from "../../src/base/random.ts"

export interface KMeans {
  /** Cluster of each row. */
  readonly assignment: Int32Array
  /** Row-major `[clusters, width]`. */
  readonly centres: Float64Array
  /** Sum of squared distances to the centres. */
  readonly inertia: number
}

interface Points {
  readonly data: Float32Array
  readonly count: number
  readonly width: number
}

/**
 * Clusters the rows of `[count, width]`.
 *
 * @param options.starts - defaults to 4
 * @throws {LitmusError} if there are fewer rows than clusters
 */
export function kMeans(
  data: Float32Array,
  options: { count: number; width: number; clusters: number; seed: number; starts?: number },
): KMeans {
  const { count, width, clusters, seed, starts = 4 } = options
  if (!(clusters >= 1 && clusters <= count)) {
    throw new LitmusError(`k-means: expected 1 to ${count} clusters for as many rows, got ${clusters}`)
  }
  const points = { data, count, width }
  let best: KMeans | undefined
  for (let start = 0; start < starts; start++) {
    const found = lloyd(points, plusPlus(points, clusters, random(seed, "k-means", start)))
    if (!best || found.inertia < best.inertia) best = found
  }
  return best!
}

function lloyd({ data, count, width }: Points, start: Float64Array): KMeans {
  const clusters = start.length / width
  let centres = start
  let assignment = new Int32Array(count).fill(-1)
  for (let iteration = 0; ; iteration++) {
    const next = new Int32Array(count)
    let inertia = 0
    for (let row = 0; row < count; row++) {
      let least = Infinity
      for (let cluster = 0; cluster < clusters; cluster++) {
        const distance = squaredDistance(data, row * width, centres, cluster * width, width)
        if (distance < least) {
          least = distance
          next[row] = cluster
        }
      }
      inertia += least
    }
    if (iteration === 100 || next.every((cluster, row) => cluster === assignment[row])) {
      return { assignment: next, centres, inertia }
    }
    assignment = next
    centres = meansOf({ data, count, width }, assignment, centres)
  }
}

function meansOf({ data, count, width }: Points, assignment: Int32Array, before: Float64Array): Float64Array {
  const sums = new Float64Array(before.length)
  const sizes = new Float64Array(before.length / width)
  for (let row = 0; row < count; row++) {
    const cluster = assignment[row]!
    sizes[cluster]!++
    for (let j = 0; j < width; j++) sums[cluster * width + j]! += data[row * width + j]!
  }
  // An empty cluster stays where it was.
  return sums.map((sum, i) => {
    const size = sizes[Math.floor(i / width)]!
    return size > 0 ? sum / size : before[i]!
  })
}

/** Each next centre is a row drawn in proportion to its squared distance from those before. */
function plusPlus(
  { data, count, width }: Points,
  clusters: number,
  { uniform, integer }: Random,
): Float64Array {
  const centres = new Float64Array(clusters * width)
  const distances = new Float64Array(count).fill(Infinity)
  let chosen = integer(count)
  for (let cluster = 0; cluster < clusters; cluster++) {
    centres.set(data.subarray(chosen * width, (chosen + 1) * width), cluster * width)
    let sum = 0
    for (let row = 0; row < count; row++) {
      const distance = squaredDistance(data, row * width, centres, cluster * width, width)
      distances[row] = Math.min(distances[row]!, distance)
      sum += distances[row]!
    }
    let left = uniform() * sum
    chosen = sum > 0 ? distances.findIndex((distance) => (left -= distance) < 0) : integer(count)
    if (chosen < 0) chosen = count - 1
  }
  return centres
}

function squaredDistance(
  a: ArrayLike<number>,
  aAt: number,
  b: ArrayLike<number>,
  bAt: number,
  width: number,
): number {
  let sum = 0
  for (let j = 0; j < width; j++) sum += (a[aAt + j]! - b[bAt + j]!) ** 2
  return sum
}
