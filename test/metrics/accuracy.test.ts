import { expect, test } from "vitest"
import { agreement, cohenKappa, pairAgreements } from "../../src/metrics/agreement.ts"
import { pairAccuracy, pairOutcomes, promptAccuracy, promptOutcomes } from "../../src/metrics/accuracy.ts"
import { random } from "../../src/base/random.ts"

test("a pair is right above 0, wrong below and a half at 0, of either sign", () => {
  expect([...pairOutcomes([2, -1e-300, 0, -0, Infinity, -Infinity, 5e-324])]).toEqual([
    1, 0, 0.5, 0.5, 1, 0, 1,
  ])
  expect(pairAccuracy([2, -1, 0, 3])).toBe(0.625)
  expect(pairAccuracy(Float32Array.of(0, 0, 0))).toBe(0.5)
})

test("swapping the responses of every pair turns an accuracy a into 1 - a", () => {
  const stream = random(1)
  const scores = Array.from({ length: 200 }, () => stream.integer(5) - 2)
  expect(pairAccuracy(scores.map((score) => -score))).toBe(1 - pairAccuracy(scores))
})

test("a prompt is right only if its better response beats all others", () => {
  const outcomes = [1, 1, 1, 1, 0.5, 0, 1]
  const examples = [7, 3, 7, 5, 9, 3, 9]
  const { examples: order, outcomes: prompts } = promptOutcomes(outcomes, examples)
  expect(order).toEqual([7, 3, 5, 9])
  expect([...prompts]).toEqual([1, 0, 1, 0.5])
  expect(promptAccuracy(outcomes, examples)).toBe(0.625)
})

test("a prompt that loses once is wrong even if it ties elsewhere", () => {
  expect(promptAccuracy([0.5, 0, 1], [0, 0, 0])).toBe(0)
  expect(promptAccuracy([0.5, 0.5, 0.5], [0, 0, 0])).toBe(0.5)
})

test("prompt accuracy is pair accuracy where each prompt has one pair, whatever the order", () => {
  const stream = random(2)
  const scores = Array.from({ length: 99 }, () => stream.integer(3) - 1)
  const examples = stream.shuffle(scores.map((_, i) => i))
  expect(promptAccuracy(pairOutcomes(scores), examples)).toBe(pairAccuracy(scores))
})

test("two rankings agree on all pairs, none, or half of those on which either ties", () => {
  expect([...pairAgreements([1, 1, 0, 0, 0.5, 0.5, 1], [1, 0, 1, 0, 1, 0.5, 0.5])]).toEqual([
    1, 0, 0, 1, 0.5, 0.5, 0.5,
  ])
  expect(agreement([1, 0, 1, 1], [1, 0, 0, 0.5])).toBe(0.625)
})

test("agreement is symmetric and needs no labels: swapping responses for both rankings leaves it as it is", () => {
  const stream = random(3)
  const draw = (): number[] => Array.from({ length: 101 }, () => stream.integer(3) / 2)
  const [a, b, swaps] = [draw(), draw(), draw()]
  const swap = (outcome: number, i: number): number => (swaps[i] === 1 ? 1 - outcome : outcome)
  expect(agreement(b, a)).toBe(agreement(a, b))
  expect(agreement(a.map(swap), b.map(swap))).toBe(agreement(a, b))
})

test("agreement with the labels is accuracy", () => {
  const scores = [1, -1, 0, 2, -3]
  expect(agreement(pairOutcomes(scores), [1, 1, 1, 1, 1])).toBe(pairAccuracy(scores))
})

test("Cohen's kappa is 1 for equal outcomes, -1 for opposite balanced ones and 0 for independent ones", () => {
  expect(cohenKappa([1, 0, 1, 1], [1, 0, 1, 1])).toBe(1)
  expect(cohenKappa([1, 0, 1, 0], [0, 1, 0, 1])).toBe(-1)
  expect(cohenKappa([1, 1, 0, 0], [1, 0, 1, 0])).toBe(0)
})

test("Cohen's kappa of the 2 by 2 table 20, 5, 10, 15 is .4, the textbook case", () => {
  const table = [
    [1, 1, 20],
    [1, 0, 5],
    [0, 1, 10],
    [0, 0, 15],
  ] as const
  const a = table.flatMap(([outcome, , times]) => Array.from({ length: times }, () => outcome))
  const b = table.flatMap(([, outcome, times]) => Array.from({ length: times }, () => outcome))
  expect(cohenKappa(a, b)).toBeCloseTo(0.4, 12)
})

test("Cohen's kappa is undefined where both are right everywhere", () => {
  expect(cohenKappa([1, 1], [1, 1])).toBeUndefined()
})

test("scores, outcomes and lists that do not fit are refused with what was expected", () => {
  expect(() => pairAccuracy([])).toThrow("scores of pairs: expected at least one value, got none")
  expect(() => pairAccuracy([1, Number.NaN])).toThrow("scores of pairs: expected numbers, got NaN at index 1")
  expect(() => promptAccuracy([1, 0.7], [0, 0])).toThrow(
    "outcomes of pairs: expected outcomes (1, 0.5 or 0), got 0.7 at index 1",
  )
  expect(() => promptAccuracy([1, 0], [0])).toThrow(
    "examples: expected as many values as outcomes of pairs (2), got 1",
  )
  expect(() => promptAccuracy([1], [Number.NaN])).toThrow("examples: expected numbers, got NaN at index 0")
  expect(() => agreement([1, 0], [1])).toThrow(
    "outcomes of the first ranking: expected as many values as the second's (1), got 2",
  )
  expect(() => cohenKappa([1], [Number.NaN])).toThrow(
    "outcomes of the second ranking: expected outcomes (1, 0.5 or 0), got NaN at index 0",
  )
})
