// Elicitation of one shift in closed form, and averages over shifts.

import { describe, expect, test } from "vitest"
import {
  averageOverShifts,
  compareOverShifts,
  conditionalElicitation,
  differentialElicitation,
  elicitation,
  intervalOverPrompts,
} from "../../src/metrics/index.ts"

describe("elicitation", () => {
  test("is a / c, neither clipped nor corrected for chance", () => {
    expect(elicitation(0.6, 0.8)).toBeCloseTo(0.75, 15)
    expect(elicitation(0.9, 0.6)).toBeCloseTo(1.5, 15)
    expect(elicitation(0, 0.5)).toBe(0)
  })

  test("has a differential form, (a - b) / c, which turning labels round negates", () => {
    expect(differentialElicitation(0.6, 0.5, 0.8)).toBeCloseTo(0.125, 15)
    expect(differentialElicitation(1 - 0.6, 1 - 0.5, 0.8)).toBeCloseTo(-0.125, 15)
  })

  test("has no figure where the capability is 0", () => {
    expect(elicitation(0.5, 0)).toBeUndefined()
    expect(differentialElicitation(0.5, 0.5, 0)).toBeUndefined()
    expect(conditionalElicitation([1, 0], [0, 0])).toBeUndefined()
  })

  test("refuses what is no share", () => {
    expect(() => elicitation(1.2, 0.5)).toThrow("accuracy: expected a share in [0, 1], got 1.2")
    expect(() => differentialElicitation(0.5, Number.NaN, 1)).toThrow("zeroShot: expected a share")
    expect(() => elicitation(0.5, -0.1)).toThrow("capability: expected a share in [0, 1], got -0.1")
  })
})

describe("conditional elicitation", () => {
  test("counts what the intervention gets right of what the tuned model gets right", () => {
    expect(conditionalElicitation([1, 0, 1, 1], [1, 1, 1, 0])).toBeCloseTo(2 / 3, 15)
  })

  test("takes ties for coins: a half each, a quarter where both have one", () => {
    // right together: ½ + ¼ + 1; the tuned model alone: 1 + ½ + 1
    expect(conditionalElicitation([0.5, 0.5, 1], [1, 0.5, 1])).toBeCloseTo(1.75 / 2.5, 15)
  })

  test("refuses lists of different pairs", () => {
    expect(() => conditionalElicitation([1], [1, 0])).toThrow("expected as many values as the target-tuned")
  })
})

describe("an average over shifts", () => {
  const values = [0.1, 0.3, 0.2, 0.2]
  const sources = ["a", "a", "b", "c"]

  test("weighs shifts alike and has intervals over shifts and over sources", () => {
    const average = averageOverShifts(values, sources)!
    expect(average.mean).toBeCloseTo(0.2, 15)
    expect(average).toMatchObject({ n: 4, leftOut: 0 })
    const { overShifts, overSources } = average.bootstrap
    expect(overShifts).toMatchObject({ nClusters: 4, unit: "cluster" })
    expect(overSources).toMatchObject({ nClusters: 3, unit: "cluster" })
    // Each source has mean 0.2, so that drawing whole sources changes nothing.
    expect(overSources!.low).toBeCloseTo(0.2, 12)
    expect(overSources!.high).toBeCloseTo(0.2, 12)
    expect(overShifts!.low).toBeLessThan(0.17)
  })

  test("has Student's interval over sources from six sources on, and their range below", () => {
    const few = averageOverShifts(values, sources)!
    expect(few).not.toHaveProperty("overSources")
    expect(few).toMatchObject({ nSources: 3 })
    expect(few.sourceRange!.low).toBeCloseTo(0.2, 15)
    // One shift each: the textbook's interval of a mean. t(0.975, 5) = 2.5706.
    const six = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    const average = averageOverShifts(six, ["a", "b", "c", "d", "e", "f"])!
    const half = 2.5705818366147 * Math.sqrt(0.035 / 6)
    expect(average.overSources!.low).toBeCloseTo(0.35 - half, 9)
    expect(average.overSources!.high).toBeCloseTo(0.35 + half, 9)
    expect(average).not.toHaveProperty("sourceRange")
  })

  test("flips the signs of all shifts of a source together", () => {
    const shifts = [1, 1, 1, 1, 1, 1, 1, 1].map((value, i) => value + i / 100)
    const many = ["a", "a", "a", "b", "c", "d", "e", "f"]
    // Six sources, all of one sign: 2 of 2⁶ patterns.
    expect(compareOverShifts(shifts, many)!.signFlip!.p).toBe(2 / 64)
    expect(compareOverShifts(shifts, many)!.signFlipSingly.p).toBe(2 / 256)
    expect(compareOverShifts(shifts, ["a", "a", "a", "a", "b", "c", "d", "e"])!.signFlip).toBeUndefined()
  })

  test("leaves out shifts without a figure and counts them", () => {
    expect(averageOverShifts([0.5, undefined, 0.7], ["a", "b", "c"])).toMatchObject({ n: 2, leftOut: 1 })
    expect(averageOverShifts([undefined], ["a"])).toBeUndefined()
    expect(averageOverShifts([], [])).toBeUndefined()
  })

  test("has no interval where there is one shift, or one source", () => {
    expect(averageOverShifts([0.5], ["a"])).toEqual({
      mean: 0.5,
      n: 1,
      leftOut: 0,
      nSources: 1,
      bootstrap: {},
    })
    expect(averageOverShifts([0.5, 0.6], ["a", "a"])).not.toHaveProperty("overSources")
  })

  test("does not depend on the seed but for its intervals", () => {
    const one = averageOverShifts(values, sources, { seed: 1 })!
    const other = averageOverShifts(values, sources, { seed: 2 })!
    expect(one.mean).toBe(other.mean)
    expect(averageOverShifts(values, sources, { seed: 1 })).toEqual(one)
  })

  test("refuses figures without their sources", () => {
    expect(() => averageOverShifts([1], [])).toThrow("expected as many values as sources (0), got 1")
    expect(() => averageOverShifts([Number.NaN], ["a"])).toThrow("expected finite numbers, got NaN")
  })
})

describe("a comparison over shifts", () => {
  test("has sign-flip p, wins, median and the leave-one-out range by the given places", () => {
    const comparison = compareOverShifts([undefined, 0.3, -0.1, 0, 0.2], ["a", "b", "c", "d", "e"])!
    expect(comparison).toMatchObject({ n: 4, leftOut: 1, wins: 2, draws: 1 })
    expect(comparison.mean).toBeCloseTo(0.1, 15)
    expect(comparison.median).toBeCloseTo(0.1, 15)
    // |±.3 ± .1 ± .2| ≥ .4 for 4 of 8 patterns; the difference of 0 changes nothing.
    expect(comparison.signFlipSingly).toMatchObject({ p: 0.5, method: "exact", n: 4 })
    expect(comparison.leaveOneOut).toMatchObject({ lowWithout: 1, highWithout: 2 })
    expect(comparison.leaveOneOut!.low).toBeCloseTo(0.1 / 3, 15)
  })

  test("needs a difference", () => {
    expect(compareOverShifts([undefined], ["a"])).toBeUndefined()
    expect(compareOverShifts([0.1], ["a"])).not.toHaveProperty("leaveOneOut")
  })
})

describe("an interval over prompts", () => {
  test("is that of the shifts' mean in each resample", () => {
    const first = Float64Array.from({ length: 101 }, (_, r) => r / 100)
    const second = first.map((value) => value + 1)
    const { low, high } = intervalOverPrompts([first, second])!
    expect(low).toBeCloseTo(0.525, 12)
    expect(high).toBeCloseTo(1.475, 12)
    // Opposite shifts leave no spread: they are drawn jointly.
    const still = intervalOverPrompts([first, first.map((value) => -value)])!
    expect([still.low, still.high]).toEqual([0, 0])
  })

  test("leaves out resamples with a capability of 0", () => {
    expect(intervalOverPrompts([[0.5, Infinity, 0.5]])).toEqual({ low: 0.5, high: 0.5 })
    expect(intervalOverPrompts([[Number.NaN]])).toBeUndefined()
  })

  test("needs shifts with equally many resamples", () => {
    expect(() => intervalOverPrompts([])).toThrow("expected at least one shift, got none")
    expect(() => intervalOverPrompts([[1, 2], [1]])).toThrow("expected 2 resamples of every shift, got 1")
  })
})
