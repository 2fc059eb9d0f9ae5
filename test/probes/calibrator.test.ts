// Calibrators against direct minimisation of their losses in one dimension, and their invariances.

import { describe, expect, it, test } from "vitest"
import {
  calibratedLogits,
  fitAntisymmetric,
  fitGenies,
  readCalibrator,
  sigmoid,
} from "../../probes/contract/calibrator.ts"
import { normals } from "../support/matrices.ts"

/** Where a convex function of one variable is least, by golden section. */
function argmin(loss: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  for (let i = 0; i < 200; i++) {
    const a = high - ratio * (high - low)
    const b = low + ratio * (high - low)
    if (loss(a) < loss(b)) high = b
    else low = a
  }
  return (low + high) / 2
}

function slopeOf(scores: ArrayLike<number>): number {
  const calibrator = fitAntisymmetric(scores)
  if (calibrator.kind !== "antisymmetric") throw new Error("not antisymmetric")
  return calibrator.slope
}

/** Scores of better against worse: mostly, not always, positive. */
const scores = normals(80, "calibrator").map((z) => 0.3 * z + 0.1)

describe("the antisymmetric calibrator", () => {
  // ½u² + ½ Σ over both orders of log(1 + exp(−u·s/rms)) = ½u² + Σ log(1 + exp(−u·s/rms)); k = u / rms.
  it("minimises the log loss plus a penalty, on scores in units of their root mean square", () => {
    const rms = Math.sqrt(scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length)
    const loss = (u: number): number =>
      scores.reduce((sum, score) => sum + Math.log1p(Math.exp((-u * score) / rms)), 0.5 * u * u)
    const found = slopeOf(scores)
    // A function value tells its argument to about the root of its own rounding: 1e-7.
    expect(found * rms).toBeCloseTo(argmin(loss, -20, 20), 6)
    expect(found).toBeGreaterThan(0.1)
  })

  it("is one about scale: scores three times as large get a third of the slope", () => {
    // The solver stops at gradients of 1e-8, not at equal bits.
    expect(slopeOf(scores.map((score) => 3 * score)) * 3).toBeCloseTo(slopeOf(scores), 6)
    expect(slopeOf(scores.map((score) => 1e-6 * score)) * 1e-6).toBeCloseTo(slopeOf(scores), 6)
  })

  it("does not depend on the order of the pairs", () => {
    expect(slopeOf(scores.toReversed())).toBeCloseTo(slopeOf(scores), 6)
  })

  it("never turns a probe round: scores that speak against it leave a slope just above 0", () => {
    const against = slopeOf(scores.map((score) => -Math.abs(score)))
    expect(against).toBeGreaterThan(0)
    expect(sigmoid(against)).toBeLessThan(0.51)
  })

  it("gives scores without a difference, or none at all, the slope 1", () => {
    expect(fitAntisymmetric([0, 0, 0])).toEqual({ kind: "antisymmetric", slope: 1 })
    expect(fitAntisymmetric([])).toEqual({ kind: "antisymmetric", slope: 1 })
  })

  it("stays finite where every score is right, and surer with more of them", () => {
    const few = slopeOf([0.5, 0.5])
    const many = slopeOf(Array.from({ length: 200 }, () => 0.5))
    expect(many).toBeGreaterThan(few)
    expect(sigmoid(many * 0.5)).toBeLessThan(1)
  })

  it("turns p into 1 − p when the responses are swapped, and the logit into its negative exactly", () => {
    const calibrator = fitAntisymmetric(scores)
    const logits = calibratedLogits(calibrator, scores)
    const other = calibratedLogits(
      calibrator,
      scores.map((score) => -score),
    )
    expect(other.every((logit, i) => logit === -logits[i]!)).toBe(true)
  })
})

describe("GENIES' calibrator", () => {
  it("has an intercept: where the better response stands changes the probability", () => {
    const calibrator = fitGenies([0.5, 0.1, 0.4, -0.1, 0.3, 0.05, -0.2])
    const [first, second] = calibratedLogits(calibrator, [0.2, -0.2])
    expect(first! + second!).not.toBeCloseTo(0, 3)
  })

  it("solves the two conditions of its optimum: mean residual 0, alone and times the score", () => {
    const found = fitGenies(scores)
    if (found.kind !== "genies") throw new Error("not genies")
    let residuals = 0
    let products = 0
    scores.forEach((score, i) => {
      const shown = 0.5 * (1 + (i % 2 ? -score : score))
      const residual = sigmoid(found.coefficient * shown + found.intercept) - (i % 2 ? 0 : 1)
      residuals += residual
      products += residual * shown
    })
    expect(Math.abs(residuals)).toBeLessThan(1e-6)
    expect(Math.abs(products)).toBeLessThan(1e-6)
  })

  it("stays finite where every score is right", () => {
    const logits = calibratedLogits(fitGenies([0.5, 0.4, 0.6, 0.5]), [0.5, -0.5])
    expect(logits.every(Number.isFinite)).toBe(true)
    expect(logits[0]).toBeGreaterThan(3)
  })
})

test("a calibrator reads back as it was, and anything else is refused", () => {
  for (const calibrator of [fitAntisymmetric(scores), fitGenies(scores)]) {
    expect(readCalibrator(JSON.parse(JSON.stringify(calibrator)))).toEqual(calibrator)
  }
  expect(() => readCalibrator({ kind: "antisymmetric", slope: "1" })).toThrow(
    'calibrator: expected one of antisymmetric, genies, got {"kind":"antisymmetric","slope":"1"}',
  )
  expect(() => readCalibrator(undefined)).toThrow(
    "calibrator: expected one of antisymmetric, genies, got undefined",
  )
})
