import { expect, test } from "vitest"
import { auroc } from "../../src/metrics/auroc.ts"
import { random } from "../../src/base/random.ts"

/** The definition: the share of (label 1, label 0) couples in order, ties counting a half. */
function byDefinition(scores: readonly number[], labels: readonly number[]): number {
  let right = 0
  let couples = 0
  for (const [i, a] of scores.entries()) {
    for (const [j, b] of scores.entries()) {
      if (labels[i] !== 1 || labels[j] !== 0) continue
      couples++
      right += a > b ? 1 : a === b ? 0.5 : 0
    }
  }
  return right / couples
}

const stream = random(4)
const labels = Array.from({ length: 151 }, () => stream.integer(2))
const tied = labels.map((label) => stream.integer(6) + label)
const smooth = labels.map((label) => stream.normal() + label)

test("the area equals the share of ordered couples, with and without ties", () => {
  expect(auroc(smooth, labels)).toBeCloseTo(byDefinition(smooth, labels), 12)
  expect(auroc(tied, labels)).toBeCloseTo(byDefinition(tied, labels), 12)
})

test("small cases have their closed form", () => {
  expect(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75) // the example of scikit-learn's roc_auc_score
  expect(auroc([1, 1, 1], [0, 1, 1])).toBe(0.5)
  expect(auroc([-Infinity, -Infinity, 3, Infinity], [0, 1, 0, 1])).toBe(0.625)
})

test("turning scores or labels around turns the area a into 1 - a, a monotone map leaves it", () => {
  const area = auroc(tied, labels)!
  expect(
    auroc(
      tied.map((score) => -score),
      labels,
    ),
  ).toBeCloseTo(1 - area, 12)
  expect(
    auroc(
      tied,
      labels.map((label) => 1 - label),
    ),
  ).toBeCloseTo(1 - area, 12)
  expect(
    auroc(
      tied.map((score) => Math.exp(score)),
      labels,
    ),
  ).toBe(area)
})

test("the order of the responses does not matter", () => {
  const order = random(5).shuffle(labels.map((_, i) => i))
  expect(
    auroc(
      order.map((i) => tied[i]!),
      order.map((i) => labels[i]!),
    ),
  ).toBe(auroc(tied, labels))
})

test("the area is undefined where only one class occurs", () => {
  expect(auroc([1, 2], [1, 1])).toBeUndefined()
  expect(auroc([1, 2], [0, 0])).toBeUndefined()
})

test("labels other than 0 and 1, NaN scores and unequal lengths are refused", () => {
  expect(() => auroc([1, 2], [0, 2])).toThrow("labels: expected labels 0 or 1, got 2 at index 1")
  expect(() => auroc([Number.NaN], [0])).toThrow("scores of responses: expected numbers, got NaN at index 0")
  expect(() => auroc([1, 2], [0])).toThrow(
    "labels: expected as many values as scores of responses (2), got 1",
  )
})
