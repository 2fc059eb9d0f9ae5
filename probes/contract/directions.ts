// Directions at sites and heads: where they lie, reading the matrices that they are held against, and how they are
// kept in a record. The fitted forms (cosine-probe.ts, linear-probe.ts) are made of them.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Matrix } from "../../activations/cache/index.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { LitmusError, ShapeError } from "../../src/base/errors.ts"
import type { Direction, ProbeRecord } from "./probe.ts"

/** Rows of the better and of the worse response of a pair. */
export type PairRows = readonly [better: number, worse: number]

/** Row of the better and of the worse response of every pair. */
export function pairRows(target: ActivationSet, pairs: readonly Pair[]): [better: number, worse: number][] {
  return pairs.map(({ example, better, worse }) => {
    const first = target.rowsOf(example, better)[0]
    const second = target.rowsOf(example, worse)[0]
    if (first === undefined || second === undefined) {
      throw new LitmusError(
        `${target.distribution.id} ${target.distribution.split}, example ${example}: responses ${better} and ${worse} do not both have activations`,
      )
    }
    return [first, second]
  })
}

/** Calls `use` for every direction with its site's matrix, each site read once. */
export async function eachDirection<Of extends Direction>(
  target: ActivationSet,
  directions: readonly Of[],
  use: (matrix: Matrix, direction: Of) => void,
): Promise<void> {
  for (const site of new Set(directions.map((direction) => direction.site))) {
    const matrix = await target.matrix(site)
    for (const direction of directions) {
      if (direction.site !== site) continue
      if (direction.begin + direction.values.length > matrix.width) {
        throw new ShapeError(
          `${site}: expected at least ${direction.begin + direction.values.length} columns, got ${matrix.width} (the probe was fitted on another model)`,
        )
      }
      use(matrix, direction)
    }
  }
}

/** Where a direction lies, without its values. */
export function placeOf({ site, head, begin }: Omit<Direction, "values">): Omit<Direction, "values"> {
  return { site, ...(head === undefined ? {} : { head }), begin }
}

/** The tensors of a record: `direction.0`, `direction.1`, … */
export function directionTensors(directions: readonly Direction[]): ProbeRecord["tensors"] {
  return new Map(
    directions.map(({ values }, k) => [`direction.${k}`, { shape: [values.length], data: values }]),
  )
}

/**
 * The directions of a record.
 *
 * @param more - reads what else the record's fields say of each; nothing by default
 */
export function readDirections(record: ProbeRecord): Direction[]
export function readDirections<More>(
  record: ProbeRecord,
  more: (fields: Readonly<Record<string, unknown>>) => More,
): (Direction & More)[]
export function readDirections<More>(
  { probe, fields, tensors }: ProbeRecord,
  more?: (fields: Readonly<Record<string, unknown>>) => More,
): Direction[] {
  const { directions } = fields
  if (!Array.isArray(directions) || !directions.every(isPlace)) {
    throw new LitmusError(`${probe}: expected a list of directions, each with its site and first column`)
  }
  return directions.map((place, k) => {
    const tensor = tensors.get(`direction.${k}`)
    if (!tensor) throw new LitmusError(`${probe}: tensor direction.${k} is missing`)
    return { ...placeOf(place), ...more?.(place), values: tensor.data }
  })
}

function isPlace(value: unknown): value is Omit<Direction, "values"> & Readonly<Record<string, unknown>> {
  const { site, head, begin } = (value ?? {}) as Record<string, unknown>
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0
  return typeof site === "string" && isCount(begin) && (head === undefined || isCount(head))
}
