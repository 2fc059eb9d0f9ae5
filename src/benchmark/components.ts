// Responses on the principal components of a layer, source and targets in one frame, beside a fitted direction: do true
// and false responses come apart along what varies most, and does the direction point that way?

import type { ActivationSet } from "../../activations/activation-set.ts"
import { projection } from "../../probes/contract/linear-probe.ts"
import { principalComponents } from "../../probes/math/components.ts"
import type { Direction } from "../../probes/contract/probe.ts"
import { unitName } from "../base/sites.ts"
import type { SavedProbe } from "../../probes/store.ts"
import { centreByVariant, chosenDirection, meansByVariant, normalized, unitRows } from "./project.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** Points of one distribution's test responses. */
export interface ComponentSet {
  readonly distribution: string
  readonly split: string
  /** Coordinates on each component, `[nRows][k]`. */
  readonly points: readonly (readonly number[])[]
  /** 1 for better responses, `[nRows]`. */
  readonly labels: readonly (0 | 1)[]
}

export interface ComponentProjection {
  readonly probe: string
  /** Fitted on it; its training responses make the frame. */
  readonly source: string
  /** `resid.3`, `heads.3#2`. */
  readonly place: string
  /** Share of the variance of the source's training responses along each component, in [0, 1], `[k]`. */
  readonly shares: readonly number[]
  /** The probe's direction, of length 1, in these coordinates, `[k]`: all of it lies in them where their squares sum to 1. */
  readonly direction: readonly number[]
  readonly sets: readonly ComponentSet[]
}

/**
 * Projects the test responses of the source and of targets on the first principal components of the source's training
 * responses.
 *
 * Coordinates are centred on the source's training responses, on those of the same variant where the stimulus has
 * several. Each component points the way of the fitted direction.
 *
 * @param options.components - how many, 2 or 3
 * @param options.place - one of the probe's places, defaults to its first, the best
 * @throws {LitmusError} as `projectOnDirection`, or if the responses vary in fewer directions
 */
export async function projectOnComponents(
  bench: Workbench,
  saved: SavedProbe,
  {
    targets,
    components: k,
    place,
  }: { targets: readonly string[]; components: number; place?: string | undefined },
): Promise<ComponentProjection> {
  const { probe, needs, provenance } = saved
  const direction = chosenDirection(bench, saved, place)
  const source = provenance.source.id
  const train = await bench.activations(await bench.distribution(source, "train"), needs)
  const along = normalized(direction.values)
  const rows = await unitRows(train, direction)
  const means = meansByVariant(rows, along.length, train.rows.variant)
  centreByVariant(rows, means, train.rows.variant)
  const { directions, shares } = principalComponents(rows, along.length, k)
  const axes = directions.map((axis) => (projection(axis, 0, along) < 0 ? axis.map((value) => -value) : axis))
  const sets: ComponentSet[] = []
  for (const id of new Set([source, ...targets])) {
    const test = await bench.activations(await bench.distribution(id, "test"), needs)
    sets.push({ distribution: id, split: "test", ...(await pointsOf(test, direction, { axes, means })) })
  }
  return {
    probe: probe.probe,
    source,
    place: unitName(direction),
    shares,
    direction: axes.map((axis) => projection(axis, 0, along)),
    sets,
  }
}

async function pointsOf(
  set: ActivationSet,
  direction: Direction,
  { axes, means }: { axes: readonly Float64Array[]; means: ReadonlyMap<string, Float64Array> },
): Promise<Pick<ComponentSet, "points" | "labels">> {
  const rows = await unitRows(set, direction)
  centreByVariant(rows, means, set.rows.variant)
  const width = axes[0]!.length
  return {
    points: Array.from({ length: set.rows.variant.length }, (_, row) =>
      axes.map((axis) => projection(rows, row * width, axis)),
    ),
    labels: Array.from(set.rows.label, (label) => (label === 1 ? 1 : 0)),
  }
}
