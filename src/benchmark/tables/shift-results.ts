// The rows of a model's tables as results on the shifts of a suite, with the evaluations behind them.

import { shiftKey, turnsLabels, type Shift, type View } from "../../data/index.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import { nullRunOf, type StoredNull } from "../store/null-band.ts"
import { interventionOf, type EvaluationKey } from "../store/places.ts"
import type { SkippedRow, SuiteRow } from "../store/suite-rows.ts"
import { isLeaky, random, type InterventionResults, type ShiftResult } from "./suite-results.ts"

/** Rows by intervention and by the shift's key. */
export type Rows = ReadonlyMap<string, ReadonlyMap<string, SuiteRow>>
export type Skipped = ReadonlyMap<string, readonly SkippedRow[]>
export type ReadEvaluation = (
  intervention: string,
  source: string,
  target: string,
) => Promise<StoredEvaluation | undefined>

export type ReadNull = (key: Omit<EvaluationKey, "model">) => Promise<StoredNull | undefined>

/** Every intervention's results on the shifts of a suite; those without any are left out. */
export async function resultsOf({
  model,
  published,
  seed,
  rows,
  skipped: allSkipped,
  shifts,
  view,
  evaluation,
  nullBand = async () => undefined,
}: {
  model: string
  published: boolean
  seed?: number | undefined
  rows: Rows
  skipped: Skipped
  shifts: readonly Shift[]
  view: View
  evaluation: ReadEvaluation
  nullBand?: ReadNull
}): Promise<InterventionResults[]> {
  const results: InterventionResults[] = []
  for (const [intervention, ofShift] of withRandom(rows)) {
    const found: (ShiftResult | undefined)[] = []
    for (const shift of shifts) {
      const row = ofShift.get(shiftKey(shift))
      found.push(row && (await resultOf(row, { shift, view, intervention, seed, evaluation, nullBand })))
    }
    const reasons = new Map((allSkipped.get(intervention) ?? []).map((row) => [shiftKey(row), row.reason]))
    const skipped = shifts.flatMap((shift, i) => {
      const reason = found[i] ? undefined : reasons.get(shiftKey(shift))
      return reason === undefined ? [] : [{ shift, reason }]
    })
    if (found.some((result) => result) || skipped.length > 0) {
      results.push({ model, intervention, published, shifts: found, skipped })
    }
  }
  return results
}

async function resultOf(
  row: SuiteRow,
  {
    shift,
    view,
    intervention,
    seed,
    evaluation,
    nullBand,
  }: {
    shift: Shift
    view: View
    intervention: string
    seed: number | undefined
    evaluation: ReadEvaluation
    nullBand: ReadNull
  },
): Promise<ShiftResult> {
  const { source, target, targetReference } = shift
  const inverted = turnsLabels(view, target)
  // max(acc, 1 − acc) is the same whichever way the labels stand; the paper's figures turned it all the same.
  const turned = inverted && !(isLeaky(intervention) && view === "corrected")
  const { differentialElicitation: _, ...figures } = row
  const own = await evaluation(intervention, source, target)
  const zeroShot = await evaluation(interventionNamed(row.zeroShotBy), source, target)
  const capability = await evaluation(interventionNamed(row.capabilityBy), targetReference, targetReference)
  const targetTuned = target === targetReference ? await evaluation("lora", target, target) : undefined
  const evaluations = {
    ...(own && near(own, row.accuracy) ? { own } : {}),
    ...(zeroShot && near(zeroShot, row.zeroShot) ? { zeroShot } : {}),
    ...(capability && near(capability, row.capability) ? { capability } : {}),
    ...(targetTuned ? { targetTuned } : {}),
  }
  const turnedRound = {
    ...figures,
    accuracy: turned ? 1 - row.accuracy : row.accuracy,
    ...(row.zeroShot === undefined ? {} : { zeroShot: inverted ? 1 - row.zeroShot : row.zeroShot }),
  }
  const run = evaluations.own?.run
  const band = run === undefined ? undefined : await nullBand({ intervention, source, target })
  const draws = band && run !== undefined && band.run === nullRunOf(run) ? band.accuracies : undefined
  const isReplaced = own?.run !== undefined && !near(own, row.accuracy)
  const one = {
    ...turnedRound,
    ...(seed === undefined ? {} : { seed }),
    evaluations,
    ...(isReplaced ? { isReplaced } : {}),
    ...(draws ? { nullAccuracies: turned ? draws.map((share) => 1 - share) : draws } : {}),
  }
  return { ...turnedRound, shift, inverted, turned, bySeed: [one] }
}

/** The interventions, and `random` with the zero-shot accuracies and capabilities that they are measured against. */
function withRandom(rows: Rows): Rows {
  if (rows.has(random) || rows.size === 0) return rows
  const ofShift = new Map<string, SuiteRow>()
  for (const list of rows.values()) {
    for (const [key, row] of list) {
      if (ofShift.has(key)) continue
      const { rmsCalibrationErrorGenies2023: _, differentialElicitation: __, ...rest } = row
      ofShift.set(key, { ...rest, accuracy: 0.5, sourceAccuracy: 0.5 })
    }
  }
  return new Map([...rows, [random, ofShift]])
}

/** The intervention that a table names; the release calls LoRA's capability `classify_lora`. */
function interventionNamed(name: string | undefined): string {
  return name === "classify_lora" ? "lora" : interventionOf(name ?? "")
}

function near({ accuracy }: StoredEvaluation, figure: number | undefined): boolean {
  return figure !== undefined && Math.abs(accuracy - figure) <= 1e-12
}
