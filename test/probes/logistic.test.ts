// Logistic regression against scikit-learn's optimum, closed forms and the conditions of an optimum.

import { Matrix } from "ml-matrix"
import MlLogisticRegression from "ml-logistic-regression"
import { describe, expect, it, test } from "vitest"
import { fitLogistic, type LogisticModel } from "../../probes/math/logistic.ts"
import { random } from "../../src/base/random.ts"
import { normals, readTensors, viewOf } from "../support/matrices.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))

function decisions({ weights, intercept }: LogisticModel, x: ArrayLike<number>): number[] {
  const width = weights.length
  return Array.from({ length: x.length / width }, (_, i) =>
    weights.reduce((sum, weight, j) => sum + weight * x[i * width + j]!, intercept),
  )
}

/** scikit-learn's objective. */
function objective(
  { weights, intercept }: LogisticModel,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  C: number,
): number {
  const model = { weights, intercept, iterations: 0, converged: true }
  const penalty = weights.reduce((sum, weight) => sum + weight ** 2, 0) / 2
  return decisions(model, x).reduce(
    (sum, z, i) => sum + C * Math.log1p(Math.exp(y[i] === 1 ? -z : z)),
    penalty,
  )
}

/** ml-logistic-regression has neither penalty nor intercept, and takes a fixed number of gradient steps. */
interface MlTwoClasses {
  readonly weights: Matrix
}

/** Noisy labels: the two classes overlap. */
function overlapping(n: number, width: number): { x: Float64Array; y: number[] } {
  const x = normals(n * width, "logistic", n, width)
  const { uniform } = random(2, "labels")
  const y = Array.from({ length: n }, (_, i) => (uniform() < sigmoid(2 * x[i * width]!) ? 1 : 0))
  return { x, y }
}

describe.skipIf(!hasShared)(`against scikit-learn 1.2.1, newton-cholesky, tol 1e-12${needsShared}`, () => {
  it.each(["main", "hard"])(
    "reaches the same optimum on the %s data set, 800 samples of width 96",
    async (name) => {
      const [xPos, xNeg, y] = (await readTensors(shared("golden", "probes", name, "data.safetensors"), [
        "x_pos",
        "x_neg",
        "y",
      ])) as [number[], number[], number[]]
      const [coef, intercept, decision] = (await readTensors(
        shared("golden", "probes", name, "goldens.safetensors"),
        ["lr.converged.coef", "lr.converged.intercept", "lr.converged.decision"],
      )) as [number[], number[], number[]]
      const x = [...xPos, ...xNeg]
      const labels = [...y, ...y.map((label) => 1 - label)]
      const model = fitLogistic(viewOf(x, 96), labels)
      expect(model.converged).toBe(true)
      // Relative to the largest entry, as the goldens' README suggests for two solvers stopped at gradients ≤ 1e-8.
      const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs))
      expect(maxAbsDifference(model.weights, coef) / largest(coef)).toBeLessThan(1e-6)
      expect(maxAbsDifference(decisions(model, x), decision) / largest(decision)).toBeLessThan(1e-6)
      // The intercept may be small against the sums that it balances: relative to the decisions.
      expect(Math.abs(model.intercept - intercept[0]!) / largest(decision)).toBeLessThan(1e-6)
    },
  )
})

describe("closed forms", () => {
  // Two values of one feature, without a penalty: the fit passes through the log-odds of both.
  it("gives the log-odds of a two-by-two table", () => {
    const x = [...Array.from({ length: 20 }, () => 0), ...Array.from({ length: 20 }, () => 1)]
    const y = x.map((value, i) => (i % 20 < (value === 0 ? 5 : 15) ? 1 : 0))
    const { weights, intercept } = fitLogistic(viewOf(x, 1), y, { C: Infinity })
    expect(intercept).toBeCloseTo(-Math.log(3), 8)
    expect(weights[0]).toBeCloseTo(2 * Math.log(3), 8)
  })

  it("gives the log-odds of the labels as intercept where no feature says anything", () => {
    const { weights, intercept, converged } = fitLogistic(viewOf([4, 4, 4, 4], 1), [1, 1, 1, 0])
    expect(converged).toBe(true)
    expect([...weights]).toEqual([0])
    expect(intercept).toBeCloseTo(Math.log(3), 8)
  })

  // Samples ±1 with labels 1 and 0: the optimum satisfies w = 2C σ(−w).
  it("separates two points as far as the penalty lets it", () => {
    for (const C of [0.1, 1, 10]) {
      const { weights, intercept } = fitLogistic(viewOf([1, -1], 1), [1, 0], { C })
      expect(weights[0]).toBeCloseTo(2 * C * sigmoid(-weights[0]!), 7)
      expect(intercept).toBeCloseTo(0, 8)
    }
  })
})

describe("at the optimum", () => {
  const width = 5
  const { x, y } = overlapping(60, width)

  it.each([
    { C: 1, intercept: true },
    { C: 0.01, intercept: true },
    { C: 100, intercept: false },
  ])("the objective has no slope in any parameter ($C, intercept $intercept)", ({ C, intercept }) => {
    const model = fitLogistic(viewOf(x, width), y, { C, intercept })
    const step = 1e-5
    const slope = (change: (by: number) => LogisticModel): number =>
      (objective(change(step), x, y, C) - objective(change(-step), x, y, C)) / (2 * step)
    for (let j = 0; j < width; j++) {
      const along = slope((by) => ({
        ...model,
        weights: model.weights.map((weight, k) => (k === j ? weight + by : weight)),
      }))
      // Central differences of sums of order C · 40 carry about 1e-15 · 4000 / 1e-5.
      expect(Math.abs(along)).toBeLessThan(2e-6)
    }
    const up = slope((by) => ({ ...model, intercept: model.intercept + by }))
    // Without an intercept the slope there is not asked for, but the intercept is 0.
    expect(Math.abs(intercept ? up : model.intercept)).toBeLessThan(intercept ? 2e-6 : Number.MIN_VALUE)
  })

  it("a smaller C gives smaller weights", () => {
    const norms = [10, 1, 0.1, 0.01].map((C) =>
      Math.hypot(...fitLogistic(viewOf(x, width), y, { C }).weights),
    )
    expect(norms).toEqual(norms.toSorted((a, b) => b - a))
    expect(norms[3]! / norms[0]!).toBeLessThan(0.5)
  })

  // Stops at gradients of 1e-8; the curvature of 60 samples with C = 1 is at least 1 (the penalty): 1e-6 is ample.
  it("the order of the samples does not matter", () => {
    const order = random(3, "order").shuffle(Array.from({ length: 60 }, (_, i) => i))
    const plain = fitLogistic(viewOf(x, width), y)
    const view = { ...viewOf(x, width), rows: order }
    const other = fitLogistic(
      view,
      order.map((row) => y[row]!),
    )
    expect(maxAbsDifference(other.weights, plain.weights)).toBeLessThan(1e-6)
    expect(Math.abs(other.intercept - plain.intercept)).toBeLessThan(1e-6)
  })

  it("shifting the features moves the intercept and nothing else", () => {
    const shift = [100, -3, 0, 0.5, 1000]
    const moved = x.map((value, i) => value + shift[i % width]!)
    const plain = fitLogistic(viewOf(x, width), y)
    const other = fitLogistic(viewOf(moved, width), y)
    expect(maxAbsDifference(other.weights, plain.weights)).toBeLessThan(1e-6)
    const absorbed = shift.reduce((sum, by, j) => sum - by * plain.weights[j]!, plain.intercept)
    // The weights' 1e-6 times a shift of 1000.
    expect(Math.abs(other.intercept - absorbed)).toBeLessThan(1e-3)
  })

  it("a constant feature gets no weight and changes no other", () => {
    const wider = Float64Array.from({ length: 60 * (width + 1) }, (_, i) =>
      i % (width + 1) === width ? 7 : x[Math.floor(i / (width + 1)) * width + (i % (width + 1))]!,
    )
    const plain = fitLogistic(viewOf(x, width), y)
    const { weights } = fitLogistic(viewOf(wider, width + 1), y)
    expect(weights[width]).toBe(0)
    expect(maxAbsDifference(weights.subarray(0, width), plain.weights)).toBeLessThan(1e-6)
  })

  it("columns and rows of a larger matrix are read where they lie", () => {
    const stride = width + 3
    const data = new Float64Array(120 * stride).fill(Number.NaN)
    for (let i = 0; i < 60; i++) data.set(x.subarray(i * width, (i + 1) * width), 2 * i * stride + 2)
    const rows = Array.from({ length: 60 }, (_, i) => 2 * i)
    expect(fitLogistic({ data, stride, begin: 2, width, rows }, y)).toEqual(fitLogistic(viewOf(x, width), y))
  })
})

test("separable samples, more columns than samples, still have a finite optimum that is right everywhere", () => {
  const x = normals(10 * 40, "separable")
  const y = Array.from({ length: 10 }, (_, i) => i % 2)
  const model = fitLogistic(viewOf(x, 40), y)
  expect(model.converged).toBe(true)
  expect(decisions(model, x).map((z) => (z > 0 ? 1 : 0))).toEqual(y)
  // w = C Σ (yᵢ − pᵢ) xᵢ at the optimum, so that |w| is at most Σ |xᵢ|.
  expect(Math.hypot(...model.weights)).toBeLessThan(10 * Math.sqrt(40) * 2)
})

test("separable samples without a penalty stop at finite weights that are right everywhere", () => {
  const model = fitLogistic(viewOf([-2, -1, 1, 2], 1), [0, 0, 1, 1], { C: Infinity, maxIterations: 200 })
  expect(Number.isFinite(model.weights[0])).toBe(true)
  expect(model.weights[0]).toBeGreaterThan(5)
})

describe("refuses", () => {
  const x = viewOf([1, 2, 3, 4], 1)
  it.each([
    ["labels of one class", x, [1, 1, 1, 1], {}, "logistic regression: expected both classes, got one"],
    ["as many labels as it has no rows for", x, [1, 0], {}, "logistic regression: expected 4 labels, got 2"],
    ["a label that is neither", x, [1, 0, 2, 0], {}, "logistic regression: expected labels 0 or 1, got 2"],
    ["a label NaN", x, [1, 0, Number.NaN, 0], {}, "logistic regression: expected labels 0 or 1, got NaN"],
    ["C = 0", x, [1, 0, 1, 0], { C: 0 }, "logistic regression: C: expected a positive number, got 0"],
    ["C < 0", x, [1, 0, 1, 0], { C: -1 }, "logistic regression: C: expected a positive number, got -1"],
    [
      "C = NaN",
      x,
      [1, 0, 1, 0],
      { C: Number.NaN },
      "logistic regression: C: expected a positive number, got NaN",
    ],
    [
      "a feature NaN",
      viewOf([1, Number.NaN, 3, 4], 1),
      [1, 0, 1, 0],
      {},
      "logistic regression: expected finite features, got NaN in row 1, column 0",
    ],
    [
      "an infinite feature",
      viewOf([1, 2, 3, -Infinity], 2),
      [1, 0],
      {},
      "logistic regression: expected finite features, got -Infinity in row 1, column 1",
    ],
  ])("%s", (_, view, y, options, message) => {
    expect(() => fitLogistic(view, y, options)).toThrow(message)
  })
})

test("reaches the optimum of ml-logistic-regression, which has neither intercept nor penalty", () => {
  const [n, width] = [80, 4]
  const { x, y } = overlapping(n, width)
  const other = new MlLogisticRegression({ numSteps: 20_000, learningRate: 5e-3 })
  other.train(Matrix.from1DArray(n, width, x), Matrix.columnVector(y))
  // Of its classifiers, one against all others, the first tells 0 from 1.
  const [{ weights }] = other.classifiers as [MlTwoClasses]
  const own = fitLogistic(viewOf(x, width), y, { C: Infinity, intercept: false })
  expect(own.converged).toBe(true)
  expect(maxAbsDifference(own.weights, weights.to1DArray())).toBeLessThan(1e-6)
})
