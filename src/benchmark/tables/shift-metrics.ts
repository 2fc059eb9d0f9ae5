// The other metrics of a shift: from the probabilities of its pairs where they are there, else what the evaluation
// kept. Where a view turns the labels round, so do they.

import { brierScore, rmsCalibrationError, rmsCalibrationErrorGenies2023 } from "../../metrics/index.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import type { ShiftResult } from "./suite-results.ts"

/** Names of the metrics, in the order of the tables. */
export const shiftMetricNames = [
  "promptAccuracy",
  "promptChance",
  "auroc",
  "brierScore",
  "rmsCalibrationError",
  "rmsCalibrationErrorGenies2023",
  "agreementWithLonger",
  "contamination",
] as const

export type ShiftMetric = (typeof shiftMetricNames)[number]

/** A metric of a shift, the mean over seeds; undefined where it is not known. */
export function shiftMetric(metric: ShiftMetric, shift: ShiftResult): number | undefined {
  if (metric === "contamination") return shift.contamination
  const values = shift.bySeed.map(({ evaluations: { own } }) => own && metricOf(metric, own, shift))
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0 || known.length < values.length) return undefined
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

function metricOf(
  metric: Exclude<ShiftMetric, "contamination">,
  { probabilities: given, metrics = {} }: StoredEvaluation,
  { turned, rmsCalibrationErrorGenies2023: tabled }: ShiftResult,
): number | undefined {
  const probabilities = given && (turned ? given.map((p) => 1 - p) : given)
  switch (metric) {
    case "promptAccuracy":
      return turned ? undefined : metrics.promptAccuracy
    case "promptChance":
      return turned ? undefined : metrics.promptChance
    case "auroc":
      return metrics.auroc === undefined ? undefined : turned ? 1 - metrics.auroc : metrics.auroc
    case "brierScore":
      return probabilities && brierScore(probabilities)
    case "rmsCalibrationError":
      return probabilities && rmsCalibrationError(probabilities)
    case "rmsCalibrationErrorGenies2023":
      return probabilities ? rmsCalibrationErrorGenies2023(probabilities) : turned ? undefined : tabled
    case "agreementWithLonger":
      // Which response is longer does not depend on the labels.
      return metrics.agreementWithLonger
  }
}
