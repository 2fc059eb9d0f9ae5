// Logistic regression with an L2 penalty, to convergence: scikit-learn's objective, minimised by L-BFGS.
//
//   ½‖w‖² + C · Σᵢ log(1 + exp(−sᵢ (xᵢ·w + b))),  sᵢ = ±1, the intercept b not penalised
//
// The features are centred and scaled first, which changes the path and not the optimum: the intercept absorbs the
// centre, and the penalty is carried over to the scaled weights exactly.

import { LitmusError, ShapeError, UnusableDataError } from "../../src/base/errors.ts"
import { choleskyFactor, solveCholesky } from "./cholesky.ts"
import { minimise } from "./lbfgs.ts"
import { columnProducts } from "./products.ts"

export interface LogisticOptions {
  /** Inverse strength of the penalty, scikit-learn's C; defaults to 1. Infinity for no penalty. */
  readonly C?: number
  /** Without an intercept the decision is x·w; defaults to true. */
  readonly intercept?: boolean
  /** Stop once the largest gradient entry, in scaled features, is below this; defaults to 1e-8. */
  readonly tolerance?: number
  readonly maxIterations?: number
}

/** A fitted logistic regression: P(y = 1 | x) = σ(x · weights + intercept). */
export interface LogisticModel {
  /** float64 `[width]` */
  readonly weights: Float64Array
  readonly intercept: number
  readonly iterations: number
  readonly converged: boolean
}

/** Columns `begin` to `begin + width` of a row-major matrix with `stride` columns, at some of its rows. */
export interface FeatureView {
  readonly data: ArrayLike<number>
  readonly stride: number
  readonly begin: number
  readonly width: number
  readonly rows: ArrayLike<number>
}

/**
 * Fits P(y = 1 | x) = σ(x·w + b).
 *
 * @param x - samples, a view of `[nSamples, width]`
 * @param y - labels, 0 or 1, shape `[nSamples]`; both must occur
 * @throws {ShapeError} if `y` has not as many entries as `x` has rows
 * @throws {LitmusError} if only one class occurs, a label is neither 0 nor 1, or a feature is not finite
 * Source: scikit-learn, LogisticRegression (penalty l2); checked against its newton-cholesky solver
 */
export function fitLogistic(
  x: FeatureView,
  y: ArrayLike<number>,
  options: LogisticOptions = {},
): LogisticModel {
  const { C = 1, intercept = true, tolerance = 1e-8, maxIterations = 1000 } = options
  const n = x.rows.length
  const { width } = x
  if (y.length !== n) throw new ShapeError(`logistic regression: expected ${n} labels, got ${y.length}`)
  if (!(C > 0)) throw new LitmusError(`logistic regression: C: expected a positive number, got ${C}`)
  const signs = Float64Array.from({ length: n }, (_, i) => signOf(y[i]!))
  if (signs.every((sign) => sign === signs[0])) {
    throw new UnusableDataError("logistic regression: expected both classes, got one")
  }
  const { values, means, scales } = standardise(x, intercept)
  // With w = u / scale the penalty ½ Σ w² is ½ Σ (u / scale)². Everything is divided by C n to keep steps of order 1.
  const unit = 1 / n
  const penalty = Float64Array.from(scales, (scale) => unit / (C * scale * scale))
  const decisions = new Float64Array(n)
  const objective = (parameters: Float64Array, gradient: Float64Array): number => {
    const bias = intercept ? parameters[width]! : 0
    let value = 0
    let biasGradient = 0
    gradient.fill(0)
    for (let i = 0, at = 0; i < n; i++, at += width) {
      let decision = bias
      for (let j = 0; j < width; j++) decision += values[at + j]! * parameters[j]!
      decisions[i] = decision
      const margin = signs[i]! * decision
      // log(1 + exp(−m)) and its derivative, without overflow at either end.
      const e = Math.exp(-Math.abs(margin))
      value += (margin > 0 ? 0 : -margin) + Math.log1p(e)
      const slope = (-signs[i]! * (margin > 0 ? e : 1)) / (1 + e)
      biasGradient += slope
      for (let j = 0; j < width; j++) gradient[j]! += slope * values[at + j]!
    }
    value *= unit
    for (let j = 0; j < width; j++) {
      value += 0.5 * penalty[j]! * parameters[j]! ** 2
      gradient[j] = gradient[j]! * unit + penalty[j]! * parameters[j]!
    }
    if (intercept) gradient[width] = biasGradient * unit
    return value
  }
  const precondition = hessianBound(values, penalty)
  const start = new Float64Array(width + (intercept ? 1 : 0))
  const { solution, iterations, converged } = minimise(objective, start, {
    tolerance: tolerance * unit,
    maxIterations,
    ...(precondition ? { precondition } : {}),
  })
  const weights = Float64Array.from({ length: width }, (_, j) => solution[j]! / scales[j]!)
  let bias = intercept ? solution[width]! : 0
  if (intercept) for (let j = 0; j < width; j++) bias -= weights[j]! * means[j]!
  return { weights, intercept: bias, iterations, converged }
}

// The Hessian is XᵀSX / n + the penalty, every entry of S at most ¼: with ¼ throughout, it is a bound and a good guess. Up
// to this width it costs less than the steps that it saves.
const widestBound = 256

/** Multiplies by the inverse of that bound; undefined where it is too wide or singular. An intercept comes last. */
function hessianBound(
  values: Float64Array,
  penalty: Float64Array,
): ((vector: Float64Array) => void) | undefined {
  const width = penalty.length
  const n = values.length / width
  if (width > widestBound || n < width) return undefined
  const bound = columnProducts(values, width)
  for (let i = 0; i < bound.length; i++) bound[i]! /= 4 * n
  for (let j = 0; j < width; j++) bound[j * width + j]! += penalty[j]!
  const factor = choleskyFactor(bound, width)
  if (!factor) return undefined
  return (vector) => {
    solveCholesky(factor, width, vector)
    if (vector.length > width) vector[width]! *= 4
  }
}

function signOf(label: number): 1 | -1 {
  if (label === 1) return 1
  if (label === 0) return -1
  throw new LitmusError(`logistic regression: expected labels 0 or 1, got ${label}`)
}

function standardise(
  { data, stride, begin, width, rows }: FeatureView,
  centre: boolean,
): { values: Float64Array; means: Float64Array; scales: Float64Array } {
  const n = rows.length
  const values = new Float64Array(n * width)
  const means = new Float64Array(width)
  for (let i = 0; i < n; i++) {
    const from = rows[i]! * stride + begin
    for (let j = 0; j < width; j++) {
      const value = data[from + j]!
      if (!Number.isFinite(value)) {
        throw new LitmusError(
          `logistic regression: expected finite features, got ${value} in row ${rows[i]}, column ${begin + j}`,
        )
      }
      values[i * width + j] = value
      means[j]! += value / n
    }
  }
  if (!centre) means.fill(0)
  const scales = new Float64Array(width)
  for (let i = 0, at = 0; i < n; i++, at += width) {
    for (let j = 0; j < width; j++) {
      values[at + j]! -= means[j]!
      scales[j]! += values[at + j]! ** 2 / n
    }
  }
  // A constant feature has nothing to say: its scaled column is 0 and so is its weight. What is left of it is the
  // rounding of its mean, far below the differences that float32 values can have.
  const constant = new Uint8Array(width)
  for (let j = 0; j < width; j++) {
    const scale = Math.sqrt(scales[j]!)
    constant[j] = scale <= 1e-12 * Math.abs(means[j]!) ? 1 : 0
    scales[j] = constant[j] ? 1 : scale
  }
  for (let i = 0, at = 0; i < n; i++, at += width) {
    for (let j = 0; j < width; j++) values[at + j] = constant[j] ? 0 : values[at + j]! / scales[j]!
  }
  return { values, means, scales }
}
