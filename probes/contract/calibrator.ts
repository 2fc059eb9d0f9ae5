// From a probe's raw pair score to a probability. The default keeps antisymmetry: p = σ(k·s) has no intercept, so that
// swapping the responses turns p into 1 − p. GENIES' own calibrator has one and keeps its name.

import { LitmusError, UnusableDataError } from "../../src/base/errors.ts"
import { fitLogistic } from "../math/logistic.ts"

export type Calibrator =
  | { readonly kind: "antisymmetric"; readonly slope: number }
  /** p = σ(coefficient · ½(1 + s) + intercept), as the release does; not antisymmetric. */
  | { readonly kind: "genies"; readonly coefficient: number; readonly intercept: number }

/** p = σ(s), of a score that nothing was calibrated on. */
export const uncalibrated: Calibrator = { kind: "antisymmetric", slope: 1 }

export const calibratorKinds = ["antisymmetric", "genies"] as const

// The calibrator scales a score; which response it prefers is the probe's word. Held-out scores that speak against the
// probe make it say "I hardly know" rather than turn it round.
const leastSlope = 1e-3

/**
 * Fits p = σ(k·s): ridge-penalised logistic regression without intercept.
 *
 * @param scores - s of better against worse, from probes that did not see these pairs, `[nPairs]`
 * @returns k; the penalty is that of one pair, on scores in units of their root mean square
 */
export function fitAntisymmetric(scores: ArrayLike<number>): Calibrator {
  const n = scores.length
  let squares = 0
  for (let i = 0; i < n; i++) squares += scores[i]! ** 2
  const scale = Math.sqrt(squares / n)
  if (!(scale > 0)) return { kind: "antisymmetric", slope: 1 }
  // Each pair is given in both orders, so that neither class is empty and the optimum has no intercept.
  const both = Float64Array.from({ length: 2 * n }, (_, i) => (i < n ? scores[i]! : -scores[i - n]!) / scale)
  const labels = Float64Array.from(both, (_, i) => (i < n ? 1 : 0))
  const { weights } = fitLogistic(column(both), labels, { C: 0.5, intercept: false })
  return { kind: "antisymmetric", slope: Math.max(leastSlope, weights[0]!) / scale }
}

/**
 * GENIES' calibrator: unpenalised logistic regression with intercept on ½(1 + s), the pairs presented in turn with the
 * better response second and first.
 *
 * @param scores - s of better against worse on the validation pairs, `[nPairs]`
 * @throws {LitmusError} if there are fewer than two
 * Source: GENIES, interventions/mms/train.py, post_hoc_calibration
 */
export function fitGenies(scores: ArrayLike<number>): Calibrator {
  if (scores.length < 2) {
    throw new UnusableDataError(
      `genies calibrator: expected at least 2 validation pairs, got ${scores.length} (give more examples, or use the antisymmetric one)`,
    )
  }
  const presented = Float64Array.from(
    { length: scores.length },
    (_, i) => 0.5 * (1 + (i % 2 ? -1 : 1) * scores[i]!),
  )
  const labels = Float64Array.from(presented, (_, i) => (i % 2 ? 0 : 1))
  const { weights, intercept } = fitLogistic(column(presented), labels, { C: Infinity, maxIterations: 200 })
  return { kind: "genies", coefficient: weights[0]!, intercept }
}

/** The calibrated logits of raw pair scores, `[nPairs]`. */
export function calibratedLogits(calibrator: Calibrator, scores: ArrayLike<number>): Float64Array {
  const logit =
    calibrator.kind === "antisymmetric"
      ? (score: number): number => calibrator.slope * score
      : (score: number): number => calibrator.coefficient * 0.5 * (1 + score) + calibrator.intercept
  return Float64Array.from({ length: scores.length }, (_, i) => logit(scores[i]!))
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/** A calibrator read back from JSON. */
export function readCalibrator(value: unknown): Calibrator {
  const { kind, slope, coefficient, intercept } = (value ?? {}) as Record<string, unknown>
  if (kind === "antisymmetric" && Number.isFinite(slope)) return { kind, slope: slope as number }
  if (kind === "genies" && Number.isFinite(coefficient) && Number.isFinite(intercept)) {
    return { kind, coefficient: coefficient as number, intercept: intercept as number }
  }
  throw new LitmusError(
    `calibrator: expected one of ${calibratorKinds.join(", ")}, got ${JSON.stringify(value)}`,
  )
}

function column(data: Float64Array): Parameters<typeof fitLogistic>[0] {
  return { data, stride: 1, begin: 0, width: 1, rows: Int32Array.from(data, (_, i) => i) }
}
