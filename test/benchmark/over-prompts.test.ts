// Intervals over prompts of one shift's quotients and differences, against their closed form. How often they hold the
// truth is measured by npm run bench -- coverage.

import { describe, expect, it } from "vitest"
import { averageOverPrompts } from "../../src/benchmark/tables/over-prompts.ts"
import { combined, promptDraws, type Draw } from "../../src/benchmark/tables/prompt-draws.ts"
import { studentQuantile } from "../../src/metrics/index.ts"

/** Prompts of one pair each. */
const n = 40
const singly = Array.from({ length: n }, (_, i) => i)
const rightOn = (right: number): Float64Array => Float64Array.from(singly, (i) => (i < right ? 1 : 0))
const quotient = (a: Draw, c: Draw): Draw => combined([a, c], ([of, by]) => of! / by!)

function drawsOn(...distributions: string[]): ReturnType<typeof promptDraws> {
  return promptDraws(new Map(distributions.map((name) => [name, singly])), { nResamples: 4000 })
}

/** Wilson's interval with the variance of 39 items, and Student's t. */
function wilson(p: number, df: number): { low: number; high: number } {
  const k = studentQuantile(0.975, df) ** 2 / (n - 1)
  const half = Math.sqrt(k * p * (1 - p) + k ** 2 / 4)
  return { low: (p + k / 2 - half) / (1 + k), high: (p + k / 2 + half) / (1 + k) }
}

/** Satterthwaite's degrees of freedom of the sum of two variances of 39 each. */
function satterthwaite(one: number, other: number): number {
  return (one + other) ** 2 / ((one ** 2 + other ** 2) / (n - 1))
}

describe("the interval of one shift", () => {
  it("of a quotient adds the squared distances of both accuracies, each with its slope", () => {
    const draws = drawsOn("target", "reference")
    const figure = quotient(draws.add("target", rightOn(30)), draws.add("reference", rightOn(36)))
    const { low, high } = averageOverPrompts([figure], { mean: 0.75 / 0.9 }).overPrompts!
    const df = satterthwaite((0.75 * 0.25) / 39 / 0.9 ** 2, ((0.75 / 0.9 ** 2) ** 2 * 0.9 * 0.1) / 39)
    const [a, c] = [wilson(0.75, df), wilson(0.9, df)]
    const end = (ofA: number, ofC: number): number => Math.hypot(ofA / 0.9, (0.75 * ofC) / 0.9 ** 2)
    // The slopes are taken over steps of 1e-4.
    expect(low).toBeCloseTo(0.75 / 0.9 - end(0.75 - a.low, c.high - 0.9), 4)
    expect(high).toBeCloseTo(0.75 / 0.9 + end(a.high - 0.75, 0.9 - c.low), 4)
  })

  it("does not reckon with a capability above 1", () => {
    const draws = drawsOn("target", "reference")
    const figure = quotient(draws.add("target", rightOn(30)), draws.add("reference", rightOn(n)))
    const { low, high } = averageOverPrompts([figure], { mean: 0.75 }).overPrompts!
    // All of 40: 40 / (40 + 1.96²), Wilson's lower end.
    const below = 1 - n / (n + 1.959963984540054 ** 2)
    const a = wilson(0.75, satterthwaite((0.75 * 0.25) / 39, (0.75 * (below / (2 * 1.959963984540054))) ** 2))
    expect(low).toBeCloseTo(a.low, 4)
    expect(high).toBeCloseTo(0.75 + Math.hypot(a.high - 0.75, 0.75 * below), 4)
  })

  it("of a difference is narrower where both are right on the same prompts, and 0 for an accuracy less itself", () => {
    const draws = drawsOn("target")
    const first = draws.add("target", rightOn(30))
    const less = (other: Draw): number => {
      const figure = combined([first, other], ([a, b]) => a! - b!)
      const { low, high } = averageOverPrompts([figure], { mean: 0 }).overPrompts!
      return high - low
    }
    const same = less(draws.add("target", rightOn(28)))
    const others = less(draws.add("target", rightOn(28).reverse()))
    expect(same).toBeLessThan(0.4 * others)
    expect(less(first)).toBe(0)
  })

  it("is inverted with the labels", () => {
    const draws = drawsOn("target")
    const a = draws.add("target", rightOn(36))
    const half = combined([a], ([accuracy]) => accuracy! / 2)
    const turned = combined([a], ([accuracy]) => (1 - accuracy!) / 2)
    const one = averageOverPrompts([half], { mean: 0.45 }).overPrompts!
    const other = averageOverPrompts([turned], { mean: 0.05 }).overPrompts!
    expect(other.low).toBeCloseTo(0.5 - one.high, 9)
    expect(other.high).toBeCloseTo(0.5 - one.low, 9)
    // Skewed as the accuracy is: more room towards ½.
    expect(0.45 - one.low).toBeGreaterThan(1.2 * (one.high - 0.45))
  })

  it("holds what varies from seed to seed", () => {
    const draws = drawsOn("target", "reference")
    const figure = quotient(draws.add("target", rightOn(30)), draws.add("reference", rightOn(36)))
    const mean = 0.75 / 0.9
    const without = averageOverPrompts([figure], { mean }).overPrompts!
    const seeds = { variance: 0.01, df: Infinity }
    const { overPrompts, promptError } = averageOverPrompts([figure], { mean, seeds })
    expect(promptError!.variance).toBeGreaterThan(0.01)
    // More degrees of freedom than 39, so that the share of the prompts is at most as wide as before.
    const added = (mean - overPrompts!.low) ** 2 - (mean - without.low) ** 2
    expect(added).toBeGreaterThan(0.9 * 1.96 ** 2 * 0.01)
    expect(added).toBeLessThan(2.03 ** 2 * 0.01)
  })
})
