// Tests of several differences: sign flips, leaving one out, Holm's correction.

import { describe, expect, test } from "vitest"
import { holmAdjusted } from "../../src/metrics/holm.ts"
import { leaveOneOutRange } from "../../src/metrics/leave-one-out.ts"
import { signFlipTest } from "../../src/metrics/sign-flip.ts"
import { random } from "../../src/base/random.ts"

/** The definition: every sign pattern, one after the other. */
function byEnumeration(differences: readonly number[]): number {
  const observed = Math.abs(differences.reduce((a, b) => a + b, 0))
  let count = 0
  for (let pattern = 0; pattern < 2 ** differences.length; pattern++) {
    const total = differences.reduce((sum, value, i) => sum + ((pattern >> i) & 1 ? value : -value), 0)
    if (Math.abs(total) >= observed - 1e-12) count++
  }
  return count / 2 ** differences.length
}

describe("the sign-flip test", () => {
  test("gives 2 / 2ⁿ where all differences point one way", () => {
    for (const n of [1, 2, 5, 20, 32]) {
      const differences = Array.from({ length: n }, (_, i) => 0.1 + i)
      const result = signFlipTest(differences)
      expect(result).toMatchObject({ p: 2 / 2 ** n, n, method: "exact", nDraws: 0 })
      expect(result.mean).toBeCloseTo(0.1 + (n - 1) / 2, 12)
    }
  })

  test("is the sign test where all differences have one size", () => {
    // 8 of 10 up: P(|X - 5| ≥ 3), X binomial(10, ½) = 2 (1 + 10 + 45) / 1024, ties by rounding (.1) included.
    expect(signFlipTest([...Array<number>(8).fill(0.1), -0.1, -0.1]).p).toBe(112 / 1024)
  })

  test("equals the enumeration of all patterns, with ties and zeros, for even and odd n", () => {
    const stream = random(10)
    for (const n of [1, 2, 3, 7, 12, 13]) {
      const smooth = Array.from({ length: n }, () => stream.normal() + 0.5)
      const coarse = Array.from({ length: n }, () => (stream.integer(7) - 2) / 750)
      expect(signFlipTest(smooth).p).toBe(byEnumeration(smooth))
      expect(signFlipTest(coarse).p).toBe(byEnumeration(coarse))
    }
  })

  test("gives 1 where the differences cancel or are all 0", () => {
    expect(signFlipTest([0.3, -0.3]).p).toBe(1)
    expect(signFlipTest([0, 0, 0]).p).toBe(1)
    expect(signFlipTest(Array<number>(50).fill(0)).p).toBe(1)
  })

  test("does not depend on order, sign, scale or added zeros", () => {
    const stream = random(11)
    const differences = Array.from({ length: 15 }, () => stream.normal() + 0.4)
    const { p } = signFlipTest(differences)
    expect(signFlipTest(differences.toReversed()).p).toBe(p)
    expect(signFlipTest(differences.map((value) => -3e-9 * value)).p).toBe(p)
    expect(signFlipTest([0, ...differences, 0]).p).toBe(p)
  })

  test("draws patterns above maxExact, says so, is seeded, and comes close to the exact value", () => {
    const stream = random(12)
    const differences = Array.from({ length: 18 }, () => stream.normal() + 0.3)
    const exact = signFlipTest(differences)
    const drawn = signFlipTest(differences, { maxExact: 17 })
    expect(drawn).toMatchObject({ method: "monte carlo", nDraws: 100_000, n: 18, mean: exact.mean })
    // four standard errors of a share of 100 000 draws
    expect(Math.abs(drawn.p - exact.p)).toBeLessThan(4 * Math.sqrt((exact.p * (1 - exact.p)) / 100_000))
    expect(signFlipTest(differences, { maxExact: 17 }).p).toBe(drawn.p)
    expect(signFlipTest(differences, { maxExact: 17, seed: 1 }).p).not.toBe(drawn.p)
  })

  test("never gives 0 by drawing: the observed pattern counts", () => {
    const differences = Array<number>(60).fill(1)
    expect(signFlipTest(differences, { nDraws: 999 }).p).toBe(0.001)
  })

  test("refuses NaN, no differences and options out of range", () => {
    expect(() => signFlipTest([])).toThrow("differences: expected at least one value, got none")
    expect(() => signFlipTest([1, Number.NaN])).toThrow(
      "differences: expected finite numbers, got NaN at index 1",
    )
    expect(() => signFlipTest([1], { nDraws: 0 })).toThrow("nDraws: expected an integer of at least 1, got 0")
    expect(() => signFlipTest([1], { maxExact: 41 })).toThrow(
      "maxExact: expected an integer from 0 to 40, got 41",
    )
  })
})

describe("the leave-one-out range", () => {
  test("runs from the mean without the greatest to the mean without the least", () => {
    expect(leaveOneOutRange([3, 0, 9, 4])).toEqual({
      low: 7 / 3,
      high: 16 / 3,
      lowWithout: 2,
      highWithout: 1,
    })
    expect(leaveOneOutRange([2, 2])).toEqual({ low: 2, high: 2, lowWithout: 0, highWithout: 0 })
  })

  test("refuses fewer than two values and NaN", () => {
    expect(() => leaveOneOutRange([1])).toThrow("leaveOneOutRange: expected at least two values, got 1")
    expect(() => leaveOneOutRange([1, Number.NaN])).toThrow(
      "values: expected finite numbers, got NaN at index 1",
    )
  })
})

describe("Holm's correction", () => {
  test("multiplies by the number of hypotheses not yet rejected and never falls", () => {
    // by hand: 4 · .005, 3 · .01, 2 · .03, then 1 · .04, which may not fall below .06
    const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005])
    for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[i]).toBeCloseTo(p, 12)
  })

  test("lies between the raw p and Bonferroni's, at most 1, and leaves a single p as it is", () => {
    const pValues = [0.2, 0.001, 0.7, 0.04, 0.04]
    for (const [i, adjusted] of holmAdjusted(pValues).entries()) {
      expect(adjusted).toBeGreaterThanOrEqual(pValues[i]!)
      expect(adjusted).toBeLessThanOrEqual(Math.min(1, 5 * pValues[i]!))
    }
    expect([...holmAdjusted([0.3])]).toEqual([0.3])
  })

  test("refuses a p-value outside [0, 1]", () => {
    expect(() => holmAdjusted([0.1, Number.NaN])).toThrow(
      "p-values: expected probabilities in [0, 1], got NaN at index 1",
    )
  })
})
