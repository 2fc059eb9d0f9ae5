// Activations of responses on a probe's direction and on the first component orthogonal to it: does the direction still
// separate on a target, or do the responses lie elsewhere?

import type { ActivationSet } from "../../activations/activation-set.ts"
import { projection } from "../../probes/linear-probe.ts"
import { topComponent } from "../../probes/math/pca.ts"
import type { Direction } from "../../probes/probe.ts"
import { unitName } from "../../probes/selection.ts"
import type { SavedProbe } from "../../probes/store.ts"
import { LitmusError, unknownName } from "../errors.ts"
import type { Workbench } from "./workbench.ts"

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
  { probe, needs, provenance }: SavedProbe,
  { targets, place }: { targets: readonly string[]; place?: string | undefined },
): Promise<Projection> {
  if (provenance.model !== bench.model.fingerprint) {
    throw new LitmusError(
      `project: ${probe.probe} was fitted on model ${provenance.model}, not on ${bench.model.fingerprint}`,
    )
  }
  const places = probe.directions.map(unitName)
  const direction = place === undefined ? probe.directions[0] : probe.directions[places.indexOf(place)]
  if (!direction) {
    if (place !== undefined && places.length > 0) throw unknownName("place of the probe", place, places)
    throw new LitmusError(`project: ${probe.probe} has no directions`)
  }
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

/** What rows are projected on: two directions of length 1, and where their origin lies for each variant. */
interface Frame {
  readonly along: Float64Array
  readonly across: Float64Array
  readonly origins: ReadonlyMap<string, readonly [number, number]>
}

async function frameOf(train: ActivationSet, { site, begin, values }: Direction): Promise<Frame> {
  const along = normalized(values)
  const { data, width, nRows } = await train.matrix(site)
  const n = along.length
  const rows = new Float64Array(nRows * n)
  for (let row = 0; row < nRows; row++) {
    for (let j = 0; j < n; j++) rows[row * n + j] = data[row * width + begin + j]!
  }
  centreByVariant(rows, n, train.rows.variant)
  for (let row = 0; row < nRows; row++) {
    const on = projection(rows, row * n, along)
    for (let j = 0; j < n; j++) rows[row * n + j]! -= on * along[j]!
  }
  const { direction: across } = topComponent(rows, n)
  return { along, across, origins: originsOf(train, { data, width, begin, along, across }) }
}

function originsOf(
  { rows: { variant } }: ActivationSet,
  where: { data: ArrayLike<number>; width: number; begin: number; along: Float64Array; across: Float64Array },
): Map<string, readonly [number, number]> {
  const { data, width, begin, along, across } = where
  const sums = new Map<string, { x: number; y: number; n: number }>()
  variant.forEach((name, row) => {
    const sum = sums.get(name) ?? { x: 0, y: 0, n: 0 }
    sum.x += projection(data, row * width + begin, along)
    sum.y += projection(data, row * width + begin, across)
    sum.n += 1
    sums.set(name, sum)
  })
  return new Map([...sums].map(([name, { x, y, n }]) => [name, [x / n, y / n]]))
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

/** Subtracts from each row the mean of the rows of its variant. */
function centreByVariant(rows: Float64Array, width: number, variant: readonly string[]): void {
  for (const name of new Set(variant)) {
    const own = variant.flatMap((other, row) => (other === name ? [row] : []))
    for (let j = 0; j < width; j++) {
      const mean = own.reduce((sum, row) => sum + rows[row * width + j]!, 0) / own.length
      for (const row of own) rows[row * width + j]! -= mean
    }
  }
}

function normalized(values: ArrayLike<number>): Float64Array {
  const length = Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0))
  return Float64Array.from(values, (value) => (length === 0 ? 0 : value / length))
}
