// What an evaluation of a tuned model says of its training.

import { LitmusError } from "../../base/errors.ts"
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
  const number = (name: string, of: Fields = fields): number => numberOf(of[name], `${where}.${name}`)
  const orNull = (name: string, of: Fields = fields): number | null =>
    of[name] === null ? null : number(name, of)
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
    ...(trials
      ? {
          tried: trials.map((trial): RungEntry => {
            const of = objectOf(trial, `${where}.tried`)
            return {
              learningRate: number("learningRate", of),
              steps: number("steps", of),
              loss: orNull("loss", of),
              accuracy: orNull("accuracy", of),
            }
          }),
        }
      : {}),
    curve: listOf(fields.curve, `${where}.curve`).map((point): CurvePoint => {
      const of = objectOf(point, `${where}.curve`)
      const look = of.heldOut === null ? null : objectOf(of.heldOut, `${where}.curve`)
      return {
        step: number("step", of),
        loss: number("loss", of),
        heldOut: look && { accuracy: number("accuracy", look), loss: orNull("loss", look) },
      }
    }),
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

function numberOf(json: unknown, where: string): number {
  if (typeof json === "number") return json
  throw new LitmusError(`${where}: expected a number, got ${JSON.stringify(json)}`)
}
