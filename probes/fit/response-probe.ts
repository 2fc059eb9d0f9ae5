// The fitted form of probes that give a single response a score: a pair's raw score is score(better) − score(worse),
// and σ(k · raw score) its probability. Both are antisymmetric by construction.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { LitmusError, ShapeError } from "../../src/base/errors.ts"
import {
  calibratedLogits,
  fitAntisymmetric,
  sigmoid,
  uncalibrated,
  type Calibrator,
} from "../contract/calibrator.ts"
import type { Direction, FittedProbe, ProbeRecord } from "../contract/probe.ts"
import { onOption, sitesOf, type Unit, unitsAt } from "./selection.ts"
import { means, unitName } from "../../src/base/sites.ts"
import type { SourcePairs } from "./source-pairs.ts"

/** A response of an example. */
export interface ResponseKey {
  readonly example: number
  readonly response: number
}

/** Scores of responses, float64 `[nResponses]`; a response without the activations that it takes is an error. */
export type ScoreResponses = (
  target: ActivationSet,
  responses: readonly ResponseKey[],
) => Promise<Float64Array>

export interface ResponseProbe {
  readonly probe: string
  readonly sites: readonly string[]
  readonly directions: readonly Direction[]
  readonly calibrator: Calibrator
  readonly summary: string
  readonly score: ScoreResponses
  /** Whether a response has all the activations that `score` takes; by default those with a row have. */
  readonly isComplete?: (target: ActivationSet, response: ResponseKey) => boolean
  /** What `score` is made of; calibrator and summary are added. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly tensors: ProbeRecord["tensors"]
}

/** A fitted probe from a score of responses and a calibrator. */
export function responseProbe(parts: ResponseProbe): FittedProbe {
  const { probe, sites, directions, calibrator, summary, score, fields, tensors } = parts
  const { isComplete = () => true } = parts
  return {
    probe,
    sites,
    directions,
    calibrator,
    summary,
    async scoreResponses(target) {
      // Rows of one response, its tokens or its variants, share the response's score; one that cannot be scored, a
      // variant being too long for the model, has none: NaN.
      const places = new Map<string, number>()
      const responses: ResponseKey[] = []
      const { example, response } = target.rows
      const placeOfRow = Array.from(example, (of, row) => {
        const key = `${of} ${response[row]}`
        const known = places.get(key)
        if (known !== undefined) return known
        const asked = { example: of, response: response[row]! }
        const place = isComplete(target, asked) ? responses.push(asked) - 1 : -1
        places.set(key, place)
        return place
      })
      const scores = await score(target, responses)
      return Float64Array.from(placeOfRow, (place) => scores[place] ?? Number.NaN)
    },
    async scorePairs(target, pairs) {
      const logits = calibratedLogits(calibrator, await pairDifferences(target, pairs, score))
      return { logits, probabilities: logits.map(sigmoid) }
    },
    record: () => ({ probe, fields: { ...fields, calibrator, summary }, tensors }),
  }
}

/** score(better) − score(worse), float64 `[nPairs]`. */
export async function pairDifferences(
  target: ActivationSet,
  pairs: readonly Pair[],
  score: ScoreResponses,
): Promise<Float64Array> {
  for (const { example, better, worse } of pairs) {
    const found = [better, worse].every((response) => target.rowsOf(example, response).length > 0)
    if (!found) {
      throw new LitmusError(
        `${target.distribution.id} ${target.distribution.split}, example ${example}: responses ${better} and ${worse} do not both have activations`,
      )
    }
  }
  const scores = await score(target, responsesOf(pairs))
  return Float64Array.from(pairs, (_, k) => scores[2 * k]! - scores[2 * k + 1]!)
}

/** Both responses of every pair, the better one first. */
export function responsesOf(pairs: readonly Pair[]): ResponseKey[] {
  return pairs.flatMap(({ example, better, worse }) => [
    { example, response: better },
    { example, response: worse },
  ])
}

/**
 * Fits on all pairs of a source and calibrates on the 30 % of its prompts held out from a second fit on the others.
 *
 * @param options.accuracyOnly - no second fit and no calibration; the accuracy held out is NaN
 * @param fit - from pairs of the source to a score; sign and selection must be decided in it, on those pairs
 */
export async function fitAndCalibrate<Model>(
  source: ActivationSet,
  { pairs, fitPairs, heldOutPairs }: SourcePairs,
  fit: (pairs: readonly Pair[]) => Promise<Model>,
  score: (model: Model) => ScoreResponses,
  { accuracyOnly = false }: { readonly accuracyOnly?: boolean | undefined } = {},
): Promise<{ model: Model; calibrator: Calibrator; heldOutAccuracy: number }> {
  if (accuracyOnly) return { model: await fit(pairs), calibrator: uncalibrated, heldOutAccuracy: Number.NaN }
  const raw = await pairDifferences(source, heldOutPairs, score(await fit(fitPairs)))
  const right = raw.reduce((sum, difference) => sum + (Math.sign(difference) + 1) / 2, 0)
  return {
    model: await fit(pairs),
    calibrator: fitAntisymmetric(raw),
    heldOutAccuracy: right / heldOutPairs.length,
  }
}

/** The one site or head that a probe of one place reads. */
export function singleUnit(source: ActivationSet, probe: string, on: string): Unit {
  const asked = sitesOf(on)
  if (!source.sites.some((site) => asked.some((name) => means(name, site)))) {
    throw new LitmusError(`${probe}: expected activations at ${on} sites, got none`)
  }
  const units = unitsAt(source, on)
  if (units.length !== 1) {
    throw new LitmusError(
      `${probe}.on: expected one site or head, got ${units.length} (${on}): name one, as ${unitName(units.at(-1)!)}`,
    )
  }
  return units[0]!
}

/** The `on` option of a probe of one place. */
export const oneSiteOption = onOption(
  "final",
  "one site or head to read: final, the state after the last norm",
)

/** The rows of a unit's columns, float32 `[rows.length, width]`. */
export async function unitRows(
  target: ActivationSet,
  { site, begin, width }: Pick<Unit, "site" | "begin" | "width">,
  rows: readonly number[],
): Promise<Float32Array<ArrayBuffer>> {
  const { data, width: stride } = await target.matrix(site)
  checkColumns(site, begin + width, stride)
  return columnsOf(data, { stride, begin, width }, rows)
}

/** @throws {ShapeError} if a site has fewer columns than are asked for */
export function checkColumns(site: string, asked: number, stride: number): void {
  if (asked <= stride) return
  throw new ShapeError(
    `${site}: expected at least ${asked} columns, got ${stride} (the probe was fitted on another model)`,
  )
}

/** Some columns of some rows of a row-major matrix, float32 `[rows.length, width]`. */
export function columnsOf(
  data: Float32Array,
  { stride, begin, width }: { stride: number; begin: number; width: number },
  rows: readonly number[],
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(rows.length * width)
  rows.forEach((row, i) => {
    values.set(data.subarray(row * stride + begin, row * stride + begin + width), i * width)
  })
  return values
}

/** A unit read back from JSON. */
export function readUnit(probe: string, value: unknown): Unit {
  const { site, head, begin, width } = (value ?? {}) as Record<string, unknown>
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0
  if (typeof site !== "string" || !isCount(begin) || !isCount(width)) {
    throw new LitmusError(
      `${probe}: expected a site with its first column and width, got ${JSON.stringify(value)}`,
    )
  }
  return {
    site,
    ...(isCount(head) ? { head: head as number } : {}),
    begin: begin as number,
    width: width as number,
  }
}

/** A tensor of a record. */
export function readTensor({ probe, tensors }: ProbeRecord, name: string): Float32Array {
  const tensor = tensors.get(name)
  if (!tensor) throw new LitmusError(`${probe}: tensor ${name} is missing`)
  return tensor.data
}
