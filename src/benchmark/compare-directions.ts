// How alike the directions of fitted probes are. The Mahalanobis cosine weighs each dimension by how much the activations
// vary along it, w_a′Σw_b / √(w_a′Σw_a · w_b′Σw_b): it is the correlation of the two probes' projections, and says far
// more about transfer than the plain cosine. Source: arXiv:2602.20273.

import { dot, meanOf } from "../numbers/lists.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { positionsName } from "../../activations/positions.ts"
import { projection } from "../../probes/contract/linear-probe.ts"
import type { Direction, ProbeNeeds } from "../../probes/contract/probe.ts"
import { unitName } from "../base/sites.ts"
import type { SavedProbe } from "../../probes/store.ts"
import { LitmusError } from "../base/errors.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** One number for each pair of probes, `[n, n]`; null where there is nothing to compare. */
export type Comparison = readonly (readonly (number | null)[])[]

export interface DirectionComparison {
  /** Mean cosine over the places that both probes have a direction at. */
  readonly cosine: Comparison
  /** The same of Mahalanobis cosines; null also where the probes read another stimulus or other positions. */
  readonly mahalanobis: Comparison
  /** How many places both have. */
  readonly places: readonly (readonly number[])[]
}

/**
 * Compares probes, each with each.
 *
 * Σ is the covariance of the training responses of the two probes' sources, the mean of the two where they differ,
 * about the mean of each variant of the stimulus.
 *
 * @throws {LitmusError} if a probe was fitted on another model, or has no directions
 */
export async function compareDirections(
  bench: Workbench,
  probes: readonly SavedProbe[],
): Promise<DirectionComparison> {
  for (const { probe, provenance } of probes) {
    if (provenance.model !== bench.model.fingerprint) {
      throw new LitmusError(
        `directions: ${probe.probe} was fitted on model ${provenance.model}, not on ${bench.model.fingerprint}`,
      )
    }
    if (probe.directions.length === 0) throw new LitmusError(`directions: ${probe.probe} has no directions`)
  }
  const projections = await Promise.all(
    probes.map(({ provenance }) => projectAll(bench, probes, provenance.source.id)),
  )
  const compare = (alike: (a: number, b: number, place: string) => number | null): Comparison =>
    probes.map((one, a) =>
      probes.map((other, b) => {
        const values = commonPlaces(one, other).map((place) => alike(a, b, place))
        return values.length === 0 || values.includes(null) ? null : meanOf(values as number[])
      }),
    )
  return {
    places: probes.map((one) => probes.map((other) => commonPlaces(one, other).length)),
    cosine: compare((a, b, place) => {
      const [left, right] = [directionAt(probes[a]!, place), directionAt(probes[b]!, place)]
      return ratio(dot(left, right), dot(left, left), dot(right, right))
    }),
    mahalanobis: compare((a, b, place) => {
      if (readingOf(probes[a]!.needs) !== readingOf(probes[b]!.needs)) return null
      let [product, left, right] = [0, 0, 0]
      for (const source of new Set([a, b])) {
        const [x, y] = [projections[source]![a]!.get(place)!, projections[source]![b]!.get(place)!]
        product += dot(x, y) / x.length
        left += dot(x, x) / x.length
        right += dot(y, y) / x.length
      }
      return ratio(product, left, right)
    }),
  }
}

/** Centred projections of a source's training responses on each direction of each probe, by place. */
async function projectAll(
  bench: Workbench,
  probes: readonly SavedProbe[],
  source: string,
): Promise<Map<string, Float64Array>[]> {
  const distribution = await bench.distribution(source, "train")
  const all: Map<string, Float64Array>[] = []
  for (const { probe, needs } of probes) {
    const set = await bench.activations(distribution, needs)
    const places = new Map<string, Float64Array>()
    for (const direction of probe.directions) {
      const { data, nRows, width } = await set.matrix(direction.site)
      const values = Float64Array.from({ length: nRows }, (_, row) =>
        projection(data, row * width + direction.begin, direction.values),
      )
      places.set(placeOf(direction), centred(values, set))
    }
    all.push(places)
  }
  return all
}

/** Less the mean of each variant. */
function centred(values: Float64Array, { rows: { variant } }: ActivationSet): Float64Array {
  const sums = new Map<string, { sum: number; count: number }>()
  variant.forEach((name, row) => {
    const entry = sums.get(name) ?? { sum: 0, count: 0 }
    sums.set(name, { sum: entry.sum + values[row]!, count: entry.count + 1 })
  })
  return values.map((value, row) => {
    const { sum, count } = sums.get(variant[row]!)!
    return value - sum / count
  })
}

function commonPlaces({ probe: one }: SavedProbe, { probe: other }: SavedProbe): string[] {
  const places = new Set(other.directions.map(placeOf))
  return [...new Set(one.directions.map(placeOf))].filter((place) => places.has(place))
}

function placeOf(direction: Direction): string {
  return `${unitName(direction)} ${direction.begin} ${direction.values.length}`
}

function directionAt({ probe }: SavedProbe, place: string): Float32Array {
  return probe.directions.find((direction) => placeOf(direction) === place)!.values
}

function readingOf({ stimulus, positions }: ProbeNeeds): string {
  return `${stimulus} ${positionsName(positions)}`
}

/** product / √(left · right); null where a length is zero. */
function ratio(product: number, left: number, right: number): number | null {
  const scale = Math.sqrt(left * right)
  return scale === 0 ? null : product / scale
}
