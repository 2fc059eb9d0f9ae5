// What a store holds besides evaluations and tables: sweeps over layers and heads, comparisons of directions, projections
// on them and on principal components. One JSON file each, as `litmus sweep`, `litmus directions` and `litmus project`
// write them: <kind>/<model>/<name>.json

import { join } from "node:path"
import { LitmusError } from "../base/errors.ts"
import { ifThere, listFolder, makeFolder, readJson, writeFileAtomic } from "../base/files.ts"
import type {
  ComponentsEntry,
  DirectionsEntry,
  ProjectionEntry,
  SweepEntry,
  SweepEntryPoint,
} from "./site-data.ts"

/** All that a store holds of these. */
export interface StoredFigures {
  readonly sweeps: readonly SweepEntry[]
  readonly directions: readonly DirectionsEntry[]
  readonly projections: readonly ProjectionEntry[]
  readonly components: readonly ComponentsEntry[]
}

const folders = ["sweeps", "directions", "projections", "components"] as const

export type StoredKind = (typeof folders)[number]

/**
 * Reads them.
 *
 * @throws {LitmusError} naming the file, if one is not what it should be
 */
export async function readStoredFigures(store: string): Promise<StoredFigures> {
  const read = async <T>(kind: StoredKind, parse: (fields: Fields) => T): Promise<T[]> => {
    const entries: T[] = []
    for (const model of await namesIn(join(store, kind))) {
      for (const file of await namesIn(join(store, kind, model))) {
        if (!file.endsWith(".json")) continue
        const path = join(store, kind, model, file)
        entries.push(parse(new Fields(await readJson(path), path)))
      }
    }
    return entries
  }
  return {
    sweeps: await read("sweeps", parseSweep),
    directions: await read("directions", parseDirections),
    projections: await read("projections", parseProjection),
    components: await read("components", parseComponents),
  }
}

/**
 * Writes one, under its model and a name.
 *
 * @param value - as `litmus sweep --json` prints it, with the model's name
 * @returns the file's path
 * @throws {LitmusError} if a name cannot be part of a path, or writing fails
 */
export async function writeStoredFigure(
  store: string,
  { kind, model, name }: { kind: StoredKind; model: string; name: string },
  value: object,
): Promise<string> {
  for (const part of [model, name]) {
    if (!/^\w[\w.+%-]*$/.test(part)) {
      throw new LitmusError(`name "${part}": expected letters, digits and _ . + % - to name a file by`)
    }
  }
  const folder = join(store, kind, model)
  await makeFolder(folder)
  const path = join(folder, `${name}.json`)
  await writeFileAtomic(path, `${JSON.stringify({ model, ...value })}\n`)
  return path
}

/** The fields of a JSON object, each read with a check. */
class Fields {
  readonly values: Readonly<Record<string, unknown>>
  readonly where: string

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new LitmusError(
        `${where}: expected an object, got ${Array.isArray(value) ? "a list" : String(value)}`,
      )
    }
    this.values = value as Record<string, unknown>
    this.where = where
  }

  fail(name: string, expected: string): never {
    throw new LitmusError(
      `${this.where} .${name}: expected ${expected}, got ${JSON.stringify(this.values[name])}`,
    )
  }

  text(name: string): string {
    const value = this.values[name]
    return typeof value === "string" ? value : this.fail(name, "a text")
  }

  number(name: string): number {
    const value = this.values[name]
    return typeof value === "number" && Number.isFinite(value) ? value : this.fail(name, "a number")
  }

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null
  }

  list(name: string): Fields[] {
    const value = this.values[name]
    if (!Array.isArray(value)) return this.fail(name, "a list")
    return value.map((entry, i) => new Fields(entry, `${this.where} .${name}[${i}]`))
  }

  object(name: string): Fields {
    return new Fields(this.values[name], `${this.where} .${name}`)
  }

  /** Finite numbers, so many of them unless `size` is left out. */
  numbers(name: string, size?: number): number[] {
    const value = this.values[name]
    const isRow = isNumbers(value) && (size === undefined || value.length === size)
    return isRow ? value : this.fail(name, `${size ?? "some"} numbers`)
  }

  matrix(name: string, size: number): (number | null)[][] {
    const value = this.values[name]
    const isRow = (row: unknown): row is (number | null)[] =>
      Array.isArray(row) &&
      row.length === size &&
      row.every((entry) => entry === null || (typeof entry === "number" && Number.isFinite(entry)))
    if (Array.isArray(value) && value.length === size && value.every(isRow)) return value
    return this.fail(name, `${size} rows of ${size} numbers`)
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number" && Number.isFinite(entry))
}

function parseSweep(fields: Fields): SweepEntry {
  return {
    model: fields.text("model"),
    probe: fields.text("probe"),
    source: fields.text("source"),
    ...(fields.has("target") ? { target: fields.text("target") } : {}),
    points: fields.list("points").map(parsePoint),
  }
}

function parsePoint(point: Fields): SweepEntryPoint {
  const estimate = (interval: Fields): SweepEntryPoint["source"] => ({
    value: interval.number("estimate"),
    overPrompts: [interval.number("low"), interval.number("high")],
  })
  return {
    unit: point.text("unit"),
    source: estimate(point.object("source")),
    ...(point.has("target") ? { target: estimate(point.object("target")) } : {}),
  }
}

function parseDirections(fields: Fields): DirectionsEntry {
  const names = fields.list("probes").map((probe) => probe.text("name"))
  return {
    model: fields.text("model"),
    names,
    cosine: fields.matrix("cosine", names.length),
    mahalanobis: fields.matrix("mahalanobis", names.length),
  }
}

function parseProjection(fields: Fields): ProjectionEntry {
  return {
    model: fields.text("model"),
    probe: fields.text("probe"),
    place: fields.text("place"),
    sets: fields.list("sets").map((set) => ({
      distribution: set.text("distribution"),
      split: set.text("split"),
      points: pointsOf(set),
    })),
  }
}

function parseComponents(fields: Fields): ComponentsEntry {
  const shares = fields.numbers("shares")
  if (shares.length < 2 || shares.length > 3) return fields.fail("shares", "2 or 3 numbers")
  return {
    model: fields.text("model"),
    probe: fields.text("probe"),
    source: fields.text("source"),
    place: fields.text("place"),
    shares,
    direction: fields.numbers("direction", shares.length),
    sets: fields.list("sets").map((set) => ({
      distribution: set.text("distribution"),
      split: set.text("split"),
      ...coordinatesOf(set, shares.length),
    })),
  }
}

function coordinatesOf(set: Fields, k: number): Pick<ComponentsEntry["sets"][number], "points" | "labels"> {
  const { points } = set.values
  const isPoint = (point: unknown): point is number[] => isNumbers(point) && point.length === k
  if (!Array.isArray(points) || !points.every(isPoint))
    return set.fail("points", `a list of ${k} coordinates each`)
  const labels = set.numbers("labels", points.length)
  const isLabel = (label: number): label is 0 | 1 => label === 0 || label === 1
  return labels.every(isLabel) ? { points, labels } : set.fail("labels", "labels of 0 and 1")
}

function pointsOf(set: Fields): ProjectionEntry["sets"][number]["points"] {
  const value = set.values.points
  const isPoint = (point: unknown): point is [number, number, 0 | 1] =>
    Array.isArray(point) &&
    point.length === 3 &&
    point.every((entry) => typeof entry === "number" && Number.isFinite(entry)) &&
    (point[2] === 0 || point[2] === 1)
  if (Array.isArray(value) && value.every(isPoint)) return value
  return set.fail("points", "a list of [x, y, label]")
}

async function namesIn(folder: string): Promise<string[]> {
  const names = (await ifThere(listFolder(folder))) ?? []
  return names.filter((name) => !name.startsWith(".")).sort()
}
