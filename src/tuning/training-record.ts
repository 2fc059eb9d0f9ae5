// What a training came to: the figures that its adapter, its evaluations and the tables keep of it.

import { canonicalJson } from "../base/files.ts"
import type { RungEntry } from "./choose-rate.ts"
import type { TuningKind } from "./options.ts"
import type { TrainConfig, TrainingResult } from "./train.ts"
import { trainingCurve, type CurvePoint } from "./training-curve.ts"

/** Shares are between 0 and 1, losses in nats a pair. */
export interface TrainingRecord {
  readonly kind: TuningKind
  /** Trained on. */
  readonly pairs: number
  /** A fingerprint of which those are. */
  readonly pairSet: string
  /** Held out to choose the step, and the rate where none was given. */
  readonly heldOutPairs: number
  /** Held out from every choice. */
  readonly reportPairs: number
  readonly steps: number
  /** Step whose parameters were kept. */
  readonly step: number
  /** Mean over the last tenth of the steps. */
  readonly loss: number
  readonly trainingAccuracy: number
  /** Of the kept parameters, on the pairs held out from every choice; null where there are none. */
  readonly heldOutAccuracy: number | null
  /** Likewise; null also where it is not finite. */
  readonly heldOutLoss: number | null
  /** Whether that loss is below ln 2, a coin's; null where no pair was held out from every choice. */
  readonly lossFell: boolean | null
  readonly learningRate: number
  /** Rates that were tried, where none was given; empty where there were no pairs to choose by. */
  readonly tried?: readonly RungEntry[]
  readonly curve: readonly CurvePoint[]
}

/** The record of a training, and the margins on the pairs held out from every choice, which calibrate probabilities. */
export interface TuneSummary extends TrainingRecord {
  readonly heldOutMargins: readonly number[]
}

/** What a training gives to sum up. */
export type Trained = Pick<TrainingResult, "log" | "step" | "trainedOn" | "heldOutPairs" | "reported">

type SummaryConfig = { readonly options: Pick<TrainConfig["options"], "learningRate" | "evaluateEvery"> }

/** Sums a training up. */
export function summarise(
  kind: TuningKind,
  { log, step, trainedOn, heldOutPairs, reported }: Trained,
  { options: { learningRate, evaluateEvery } }: SummaryConfig,
  tried?: readonly RungEntry[],
): TuneSummary {
  const last = log.slice(-Math.max(1, Math.ceil(log.length / 10)))
  const heldOutLoss = meanOf(
    reported,
    (margin) => Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin),
  )
  return {
    kind,
    pairs: trainedOn.pairs,
    pairSet: trainedOn.fingerprint,
    heldOutPairs,
    reportPairs: reported.length,
    steps: log.length,
    step,
    loss: meanOf(last, (entry) => entry.loss) ?? Number.NaN,
    trainingAccuracy: meanOf(last, (entry) => entry.accuracy) ?? Number.NaN,
    heldOutAccuracy: meanOf(reported, (margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0)),
    heldOutLoss: heldOutLoss !== null && Number.isFinite(heldOutLoss) ? heldOutLoss : null,
    lossFell: heldOutLoss === null ? null : heldOutLoss < Math.LN2,
    learningRate: Number(learningRate),
    ...(tried ? { tried } : {}),
    curve: trainingCurve(log, evaluateEvery),
    heldOutMargins: reported,
  }
}

/**
 * The record alone: what evaluations keep. Its keys stand in the order of an adapter's note, so that an evaluation has the
 * same bytes whether the model was trained just now or is read back.
 */
export function recordOf(summary: TuneSummary): TrainingRecord {
  const { heldOutMargins: _, ...record } = summary
  return JSON.parse(canonicalJson(record)) as TrainingRecord
}

function meanOf<T>(values: readonly T[], of: (value: T) => number): number | null {
  if (values.length === 0) return null
  return values.reduce((sum, value) => sum + of(value), 0) / values.length
}
