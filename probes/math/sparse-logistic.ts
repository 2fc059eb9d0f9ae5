// Logistic regression with an L2 penalty on sparse rows: the objective of logistic.ts, minimised without standardising.

import { UnusableDataError } from "../../src/base/errors.ts"
import { minimise } from "./lbfgs.ts"
import type { SparseRow } from "./tf-idf.ts"

/** P(y = 1 | x) = σ(x · weights + intercept). */
export interface SparseLogisticModel {
  /** float64 `[width]` */
  readonly weights: Float64Array
  readonly intercept: number
}

/**
 * Minimises ½‖w‖² + C Σ log-loss, the intercept free, until no entry of the gradient divided by n exceeds 1e-8.
 *
 * @param rows - samples, `[nSamples, width]`; meant for entries of order 1
 * @param labels - 0 or 1, `[nSamples]`
 * @param options.C - inverse strength of the penalty; defaults to 1
 * @throws {UnusableDataError} if only one class occurs
 * Source: scikit-learn, LogisticRegression
 */
export function fitSparseLogistic(
  rows: readonly SparseRow[],
  labels: readonly (0 | 1)[],
  width: number,
  { C = 1 }: { C?: number } = {},
): SparseLogisticModel {
  if (new Set(labels).size < 2) {
    throw new UnusableDataError("logistic regression: expected both classes, got one")
  }
  const n = rows.length
  const objective = (parameters: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0)
    let value = 0
    for (let j = 0; j < width; j++) {
      value += (0.5 * parameters[j]! ** 2) / (C * n)
      gradient[j] = parameters[j]! / (C * n)
    }
    rows.forEach((row, i) => {
      const sign = labels[i] === 1 ? 1 : -1
      const margin = sign * (parameters[width]! + dot(row, parameters))
      const e = Math.exp(-Math.abs(margin))
      value += ((margin > 0 ? 0 : -margin) + Math.log1p(e)) / n
      const slope = (-sign * (margin > 0 ? e : 1)) / (1 + e) / n
      gradient[width]! += slope
      row.columns.forEach((column, at) => (gradient[column]! += slope * row.values[at]!))
    })
    return value
  }
  const { solution } = minimise(objective, new Float64Array(width + 1), {
    tolerance: 1e-8,
    maxIterations: 1000,
  })
  return { weights: solution.subarray(0, width), intercept: solution[width]! }
}

/** x · weights. */
export function dot({ columns, values }: SparseRow, weights: Float64Array): number {
  let sum = 0
  for (let at = 0; at < columns.length; at++) sum += values[at]! * weights[columns[at]!]!
  return sum
}
