// What an evaluation says of what it was trained on, and one of a tuned model of how that went.

import { LitmusError } from "../../base/errors.ts"
import type { PairSet } from "../../data/index.ts"
import { tuningKinds } from "../../tuning/options.ts"
import type { RungEntry } from "../../tuning/choose-rate.ts"
import type { CurvePoint } from "../../tuning/training-curve.ts"
import type { TrainingRecord } from "../../tuning/training-record.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the record of a training.
 *
 * @param where - what errors call it
 * @throws {LitmusError} naming the field, if anything is missing or not as it should be
 */
export function parseTraining(json: unknown, where: string): TrainingRecord {
  const fields = objectOf(json, where)
  const { number, orNull } = readerOf(fields, where)
  const kind = tuningKinds.find((known) => known === fields.kind)
  if (!kind) {
    throw new LitmusError(
      `${where}.kind: expected one of ${tuningKinds.join(", ")}, got ${JSON.stringify(fields.kind)}`,
    )
  }
  const { lossFell } = fields
  if (lossFell !== null && typeof lossFell !== "boolean") {
    throw new LitmusError(`${where}.lossFell: expected true, false or null, got ${JSON.stringify(lossFell)}`)
  }
  const trials = fields.tried === undefined ? undefined : listOf(fields.tried, `${where}.tried`)
  return {
    kind,
    pairs: number("pairs"),
    pairSet: textOf(fields.pairSet, `${where}.pairSet`),
    heldOutPairs: number("heldOutPairs"),
    reportPairs: number("reportPairs"),
    steps: number("steps"),
    step: number("step"),
    loss: number("loss"),
    trainingAccuracy: number("trainingAccuracy"),
    heldOutAccuracy: orNull("heldOutAccuracy"),
    heldOutLoss: orNull("heldOutLoss"),
    lossFell,
    learningRate: number("learningRate"),
    ...(trials ? { tried: trials.map((trial, i) => parseTrial(trial, `${where}.tried[${i}]`)) } : {}),
    curve: listOf(fields.curve, `${where}.curve`).map((point, i) =>
      parsePoint(point, `${where}.curve[${i}]`),
    ),
  }
}

function parseTrial(json: unknown, where: string): RungEntry {
  const { number, orNull } = readerOf(objectOf(json, where), where)
  return {
    learningRate: number("learningRate"),
    steps: number("steps"),
    loss: orNull("loss"),
    accuracy: orNull("accuracy"),
  }
}

function parsePoint(json: unknown, where: string): CurvePoint {
  const fields = objectOf(json, where)
  const { number } = readerOf(fields, where)
  const point = { step: number("step"), loss: number("loss") }
  if (fields.heldOut === null) return { ...point, heldOut: null }
  const look = readerOf(objectOf(fields.heldOut, `${where}.heldOut`), `${where}.heldOut`)
  return { ...point, heldOut: { accuracy: look.number("accuracy"), loss: look.orNull("loss") } }
}

/** Reads numbers by their names. */
function readerOf(
  fields: Fields,
  where: string,
): { number: (name: string) => number; orNull: (name: string) => number | null } {
  const number = (name: string): number => numberOf(fields[name], `${where}.${name}`)
  return { number, orNull: (name) => (fields[name] === null ? null : number(name)) }
}

/** Reads which pairs something was trained on. Errors as in {@link parseTraining}. */
export function parsePairSet(json: unknown, where: string): PairSet {
  const { pairs, fingerprint } = objectOf(json, where)
  return {
    pairs: numberOf(pairs, `${where}.pairs`),
    fingerprint: textOf(fingerprint, `${where}.fingerprint`),
  }
}

function objectOf(json: unknown, where: string): Fields {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Fields
  throw new LitmusError(`${where}: expected an object, got ${JSON.stringify(json)}`)
}

function listOf(json: unknown, where: string): readonly unknown[] {
  if (Array.isArray(json)) return json
  throw new LitmusError(`${where}: expected a list, got ${JSON.stringify(json)}`)
}

function textOf(json: unknown, where: string): string {
  if (typeof json === "string") return json
  throw new LitmusError(`${where}: expected a text, got ${JSON.stringify(json)}`)
}

function numberOf(json: unknown, where: string): number {
  if (typeof json === "number") return json
  throw new LitmusError(`${where}: expected a number, got ${JSON.stringify(json)}`)
}
