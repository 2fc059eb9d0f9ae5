// Activations of responses on a probe's direction and on the first component orthogonal to it: does the direction still
// separate on a target, or do the responses lie elsewhere?

import type { ActivationSet } from "../../activations/activation-set.ts"
import { projection } from "../../probes/contract/linear-probe.ts"
import { topComponent } from "../../probes/math/pca.ts"
import type { Direction } from "../../probes/contract/probe.ts"
import { unitName } from "../base/sites.ts"
import type { SavedProbe } from "../../probes/store.ts"
import { LitmusError, unknownName } from "../base/errors.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** Points of one distribution. */
export interface ProjectedSet {
  readonly distribution: string
  readonly split: string
  /** On the direction, on the orthogonal component, label; one for each row. */
  readonly points: readonly (readonly [number, number, 0 | 1])[]
}

export interface Projection {
  readonly probe: string
  /** Fitted on it. */
  readonly source: string
  /** `resid.3`, `heads.3#2`. */
  readonly place: string
  readonly sets: readonly ProjectedSet[]
}

/**
 * Projects the test responses of the source and of targets.
 *
 * The direction has length 1. Both coordinates are centred on the source's training responses, on those of the same
 * variant where the stimulus has several; the component is the first of what these are without their part along the
 * direction.
 *
 * @param options.place - one of the probe's places, defaults to its first, the best
 * @throws {LitmusError} if the probe was fitted on another model, has no directions, or none at the place
 */
export async function projectOnDirection(
  bench: Workbench,
  saved: SavedProbe,
  { targets, place }: { targets: readonly string[]; place?: string | undefined },
): Promise<Projection> {
  const { probe, needs, provenance } = saved
  const direction = chosenDirection(bench, saved, place)
  const source = provenance.source.id
  const train = await bench.activations(await bench.distribution(source, "train"), needs)
  const frame = await frameOf(train, direction)
  const sets: ProjectedSet[] = []
  for (const id of new Set([source, ...targets])) {
    const test = await bench.activations(await bench.distribution(id, "test"), needs)
    sets.push({ distribution: id, split: "test", points: await pointsOf(test, direction, frame) })
  }
  return { probe: probe.probe, source, place: unitName(direction), sets }
}

/**
 * The direction of a saved probe at a place, or its first.
 *
 * @throws {LitmusError} if the probe was fitted on another model, has no directions, or none at the place
 */
export function chosenDirection(
  bench: Workbench,
  { probe, provenance }: SavedProbe,
  place: string | undefined,
): Direction {
  if (provenance.model !== bench.model.fingerprint) {
    throw new LitmusError(
      `project: ${probe.probe} was fitted on model ${provenance.model}, not on ${bench.model.fingerprint}`,
    )
  }
  const places = probe.directions.map(unitName)
  const direction = place === undefined ? probe.directions[0] : probe.directions[places.indexOf(place)]
  if (direction) return direction
  if (place !== undefined && places.length > 0) throw unknownName("place of the probe", place, places)
  throw new LitmusError(`project: ${probe.probe} has no directions`)
}

/** What rows are projected on: two directions of length 1, and where their origin lies for each variant. */
interface Frame {
  readonly along: Float64Array
  readonly across: Float64Array
  readonly origins: ReadonlyMap<string, readonly [number, number]>
}

async function frameOf(train: ActivationSet, direction: Direction): Promise<Frame> {
  const along = normalized(direction.values)
  const n = along.length
  const { variant } = train.rows
  const rows = await unitRows(train, direction)
  const means = meansByVariant(rows, n, variant)
  centreByVariant(rows, means, variant)
  for (let row = 0; row < variant.length; row++) {
    const on = projection(rows, row * n, along)
    for (let j = 0; j < n; j++) rows[row * n + j]! -= on * along[j]!
  }
  const { direction: across } = topComponent(rows, n)
  const origins = new Map(
    [...means].map(
      ([name, mean]) => [name, [projection(mean, 0, along), projection(mean, 0, across)]] as const,
    ),
  )
  return { along, across, origins }
}

/** The activations that a direction reads, `[nRows, width]` of its unit, row by row. */
export async function unitRows(
  set: ActivationSet,
  { site, begin, values }: Direction,
): Promise<Float64Array> {
  const { data, width, nRows } = await set.matrix(site)
  const n = values.length
  const rows = new Float64Array(nRows * n)
  for (let row = 0; row < nRows; row++) {
    for (let j = 0; j < n; j++) rows[row * n + j] = data[row * width + begin + j]!
  }
  return rows
}

async function pointsOf(
  set: ActivationSet,
  { site, begin }: Direction,
  { along, across, origins }: Frame,
): Promise<[number, number, 0 | 1][]> {
  const { data, width, nRows } = await set.matrix(site)
  return Array.from({ length: nRows }, (_, row) => {
    const [x, y] = origins.get(set.rows.variant[row]!) ?? [0, 0]
    const at = row * width + begin
    return [
      projection(data, at, along) - x,
      projection(data, at, across) - y,
      set.rows.label[row] === 1 ? 1 : 0,
    ]
  })
}

/** The mean of the rows of each variant, `[width]`. */
export function meansByVariant(
  rows: Float64Array,
  width: number,
  variant: readonly string[],
): Map<string, Float64Array> {
  const means = new Map<string, Float64Array>()
  for (const name of new Set(variant)) {
    const own = variant.flatMap((other, row) => (other === name ? [row] : []))
    const mean = new Float64Array(width)
    for (let j = 0; j < width; j++) {
      mean[j] = own.reduce((sum, row) => sum + rows[row * width + j]!, 0) / own.length
    }
    means.set(name, mean)
  }
  return means
}

/** Subtracts from each row the mean of its variant; 0 where there is none. */
export function centreByVariant(
  rows: Float64Array,
  means: ReadonlyMap<string, Float64Array>,
  variant: readonly string[],
): void {
  variant.forEach((name, row) => {
    means.get(name)?.forEach((mean, j, { length }) => {
      rows[row * length + j]! -= mean
    })
  })
}

/** Of length 1; zeros stay zeros. */
export function normalized(values: ArrayLike<number>): Float64Array {
  const length = Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0))
  return Float64Array.from(values, (value) => (length === 0 ? 0 : value / length))
}
