// Probes of contrast pairs (CCS, CRC-TPC, VINC, cluster-norm): each response stands once with "Yes, it follows the
// instruction" and once with "No" after it. They look for a truth without labels; a source's labels decide the sign and
// the calibration, nothing else.
//
//   score(response) = sign · ½ (z(x̃⁺) − z(x̃⁻)),   x̃ normalised with the fit set's statistics

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { LitmusError } from "../../src/base/errors.ts"
import { readCalibrator } from "../contract/calibrator.ts"
import { checkFinite, type Contrasts, type Normalisation } from "../math/contrasts.ts"
import { networkLogits } from "../math/network-logits.ts"
import type { Direction, FittedProbe, ProbeNeeds, ProbeRecord } from "../contract/probe.ts"
import {
  fitAndCalibrate,
  oneSiteOption,
  pairDifferences,
  readTensor,
  readUnit,
  responseProbe,
  responsesOf,
  singleUnit,
  unitRows,
  type ResponseKey,
  type ScoreResponses,
} from "./response-probe.ts"
import { sitesOf, type Unit } from "./selection.ts"
import { unitName } from "../../src/base/sites.ts"
import { sourcePairs, type SourcePairs } from "./source-pairs.ts"

/** A network z and the normalisation before it. */
export interface ContrastModel {
  /** w `[1, width]` and b `[1]`, or the four arrays of a hidden layer. */
  readonly parameters: readonly Float32Array[]
  readonly normalisation: Normalisation
  /** One line on how the fit went, for the summary. */
  readonly note?: string
  /** What is to be recorded of the fit: plain JSON. */
  readonly report?: Readonly<Record<string, unknown>>
}

/** A model that knows which end is up: 1, −1, or 0 where the source cannot tell. */
export interface OrientedModel extends ContrastModel {
  readonly sign: -1 | 0 | 1
}

/** What all probes of contrast pairs need. */
export function contrastNeeds({ on }: { readonly on: string }): ProbeNeeds {
  return { stimulus: "ccs-yes-no", positions: { kind: "last" }, sites: sitesOf(on) }
}

export const contrastOn = oneSiteOption

interface ContrastFit {
  readonly probe: string
  readonly on: string
  readonly seed: number
  /** Fit the sign alone on the source's labels, and no probability; defaults to false. */
  readonly accuracyOnly?: boolean | undefined
}

/**
 * Fits a probe of contrast pairs.
 *
 * One seeded pair per prompt, both responses as contrasts. The model is fitted on all of them; the calibrator on scores
 * of the 30 % of the prompts that a second fit did not see.
 *
 * @param fit - from contrasts, without labels, to a model
 * @throws {LitmusError} if an activation is not finite, or fewer than two prompts can be scored
 */
export async function fitContrastProbe(
  source: ActivationSet,
  { probe, on, seed, accuracyOnly }: ContrastFit,
  fit: (contrasts: Contrasts) => Promise<ContrastModel>,
): Promise<FittedProbe> {
  const unit = singleUnit(source, probe, on)
  const scoreWith = (model: OrientedModel): ScoreResponses => contrastScore(unit, model)
  const { model, calibrator, heldOutAccuracy } = await fitAndCalibrate(
    source,
    contrastPairs(source, seed),
    async (pairs) => {
      const contrasts = await readContrasts(source, unit, responsesOf(pairs))
      checkFinite(probe, contrasts.positive, unit.width)
      checkFinite(probe, contrasts.negative, unit.width)
      return await oriented(source, unit, await fit(contrasts), pairs)
    },
    scoreWith,
    { accuracyOnly },
  )
  const note = model.note === undefined ? "" : `, ${model.note}`
  return contrastProbe({
    probe,
    unit,
    model,
    calibrator,
    summary:
      `${unitName(unit)}${note}; ${signNames[model.sign]}; ` +
      `accuracy on held-out prompts of the source ${heldOutAccuracy.toFixed(3)}`,
  })
}

/** The source's pairs, one a prompt, both of whose responses have both endings. */
export function contrastPairs(source: ActivationSet, seed: number): SourcePairs {
  const scorable: ActivationSet["scorable"] = (pairs) =>
    source
      .scorable(pairs)
      .filter((pair) => responsesOf([pair]).every((response) => hasBothEndings(source, response)))
  return sourcePairs({ ...source, scorable }, seed)
}

/** Whether neither ending of a response was too long for the model. */
export function hasBothEndings(target: ActivationSet, { example, response }: ResponseKey): boolean {
  return endings.every((ending) => target.rowsOf(example, response, ending).length > 0)
}

const endings = ["yes", "no"] as const

const signNames = {
  [-1]: "sign turned by the source's labels",
  0: "the source's labels do not decide the sign: every score is 0",
  1: "sign kept by the source's labels",
}

/** The sign under which more pairs of the source come out right; in a tie that of the sum of their scores. */
async function oriented(
  source: ActivationSet,
  unit: Unit,
  model: ContrastModel,
  pairs: readonly Pair[],
): Promise<OrientedModel> {
  const raw = await pairDifferences(source, pairs, contrastScore(unit, { ...model, sign: 1 }))
  const won = raw.reduce((sum, difference) => sum + Math.sign(difference), 0)
  const sign = Math.sign(won) || Math.sign(raw.reduce((sum, difference) => sum + difference, 0))
  return { ...model, sign: sign as -1 | 0 | 1 }
}

/** Activations of responses with each end. */
export async function readContrasts(
  target: ActivationSet,
  unit: Pick<Unit, "site" | "begin" | "width">,
  responses: readonly ResponseKey[],
): Promise<Contrasts> {
  const rowsWith = (variant: (typeof endings)[number]): number[] =>
    responses.map(({ example, response }) => {
      const row = target.rowsOf(example, response, variant)[0]
      if (row !== undefined) return row
      throw new LitmusError(
        `${target.distribution.id} ${target.distribution.split}, example ${example}: response ${response} has no activations with the ending "${variant}"`,
      )
    })
  return {
    positive: await unitRows(target, unit, rowsWith("yes")),
    negative: await unitRows(target, unit, rowsWith("no")),
    count: responses.length,
    width: unit.width,
  }
}

/** The score that a model gives to responses. */
export function contrastScore(unit: Unit, model: OrientedModel): ScoreResponses {
  return async (target, responses) => {
    const { positive, negative, count } = await readContrasts(target, unit, responses)
    const { meanPositive, meanNegative, scalePositive, scaleNegative } = model.normalisation
    const { parameters, sign } = model
    const yes = networkLogits(parameters, positive, { mean: meanPositive, scale: scalePositive })
    const no = networkLogits(parameters, negative, { mean: meanNegative, scale: scaleNegative })
    // A sign of 0 makes a tie of every number; what is not a number stays visible.
    return Float64Array.from({ length: count }, (_, i) => sign * 0.5 * (yes[i]! - no[i]!))
  }
}

interface FittedContrast {
  readonly probe: string
  readonly unit: Unit
  readonly model: OrientedModel
  readonly calibrator: FittedProbe["calibrator"]
  readonly summary: string
}

function contrastProbe({ probe, unit, model, calibrator, summary }: FittedContrast): FittedProbe {
  const { parameters, normalisation, sign, note, report = {} } = model
  const { meanPositive, meanNegative, scalePositive, scaleNegative } = normalisation
  const all = [...parameters, meanPositive, meanNegative]
  const names = [...parameters.keys()].map((k) => `parameter.${k}`).concat("mean.positive", "mean.negative")
  return responseProbe({
    probe,
    sites: [unit.site],
    directions: linearDirections(unit, model),
    calibrator,
    summary,
    score: contrastScore(unit, model),
    isComplete: hasBothEndings,
    fields: { unit, sign, ...(note === undefined ? {} : { note }), scalePositive, scaleNegative, report },
    tensors: new Map(names.map((name, k) => [name, { shape: [all[k]!.length], data: all[k]! }])),
  })
}

/** A linear model's direction, pointing to the better response; a hidden layer has none. */
function linearDirections({ site, head, begin }: Unit, { parameters, sign }: OrientedModel): Direction[] {
  if (parameters.length !== 2) return []
  const values = parameters[0]!.map((value) => (sign < 0 ? -value : value))
  return [{ site, ...(head === undefined ? {} : { head }), begin, values }]
}

/** Reads a probe of contrast pairs back. */
export function restoreContrastProbe(record: ProbeRecord): FittedProbe {
  const { probe, fields, tensors } = record
  const { sign, scalePositive, scaleNegative, summary, note, report } = fields as Record<string, unknown>
  if (
    !(sign === -1 || sign === 0 || sign === 1) ||
    !(Number(scalePositive) > 0 && Number(scaleNegative) > 0)
  ) {
    throw new LitmusError(`${probe}: expected a sign of −1, 0 or 1 and positive scales`)
  }
  const nParameters = [...tensors.keys()].filter((name) => name.startsWith("parameter.")).length
  return contrastProbe({
    probe,
    unit: readUnit(probe, fields.unit),
    calibrator: readCalibrator(fields.calibrator),
    summary: String(summary),
    model: {
      parameters: Array.from({ length: nParameters }, (_, k) => readTensor(record, `parameter.${k}`)),
      normalisation: {
        meanPositive: Float32Array.from(readTensor(record, "mean.positive")),
        meanNegative: Float32Array.from(readTensor(record, "mean.negative")),
        scalePositive: Number(scalePositive),
        scaleNegative: Number(scaleNegative),
      },
      sign,
      ...(typeof note === "string" ? { note } : {}),
      report: (report ?? {}) as Record<string, unknown>,
    },
  })
}
