// Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then the implicit QL
// iteration. Source: Bowdler, Martin, Reinsch and Wilkinson 1968 (EISPACK tred2 and tql2), written for row-major
// float64 with all inner loops along rows.

import { LitmusError, ShapeError } from "../../src/base/errors.ts"

export interface Eigen {
  /** In ascending order, `[n]`. */
  readonly values: Float64Array
  /** One eigenvector a row, of length 1, `[n, n]`. */
  readonly vectors: Float64Array
}

/**
 * Decomposes a symmetric matrix.
 *
 * @param matrix - `[n, n]`, row by row; only its lower triangle is read
 * @throws {ShapeError} if it is not square
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n) {
    throw new ShapeError(`symmetricEigen: expected ${n} × ${n} numbers, got ${matrix.length}`)
  }
  const vectors = matrix.slice()
  const values = new Float64Array(n)
  const below = new Float64Array(n)
  tridiagonalise(vectors, values, below, n)
  rotateToDiagonal(vectors, values, below, n)
  return ascending(vectors, values, n)
}

/** The largest eigenvalue of a symmetric tridiagonal matrix and its eigenvector, `[n]`. */
export function topOfTridiagonal(
  diagonal: ArrayLike<number>,
  below: ArrayLike<number>,
): { value: number; vector: Float64Array } {
  const n = diagonal.length
  const vectors = new Float64Array(n * n)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  const values = Float64Array.from(diagonal)
  const shifted = Float64Array.from({ length: n }, (_, i) => (i === 0 ? 0 : below[i - 1]!))
  rotateToDiagonal(vectors, values, shifted, n)
  let top = 0
  for (let i = 1; i < n; i++) if (values[i]! > values[top]!) top = i
  return { value: values[top]!, vector: vectors.slice(top * n, (top + 1) * n) }
}

/** Overwrites `a` with the rows of Q of A = Qᵀ T Q, and writes T's diagonal and, from index 1, what is below it. */
function tridiagonalise(a: Float64Array, diagonal: Float64Array, below: Float64Array, n: number): void {
  const p = new Float64Array(n)
  const scales = new Float64Array(n)
  for (let i = n - 1; i > 0; i--) {
    const row = a.subarray(i * n, i * n + i)
    let squares = 0
    for (let k = 0; k < i - 1; k++) squares += row[k]! ** 2
    diagonal[i] = a[i * n + i]!
    if (squares === 0) {
      below[i] = row[i - 1]!
      continue
    }
    const last = row[i - 1]!
    const length = Math.sqrt(squares + last * last)
    below[i] = last > 0 ? -length : length
    row[i - 1] = last - below[i]!
    // The reflection is I − u uᵀ / h, with u in place of the row.
    const h = length * length - last * below[i]!
    scales[i] = h
    p.fill(0, 0, i)
    for (let j = 0; j < i; j++) {
      const from = j * n
      const u = row[j]!
      let sum = 0
      for (let k = 0; k < j; k++) {
        sum += a[from + k]! * row[k]!
        p[k]! += a[from + k]! * u
      }
      p[j]! += sum + a[from + j]! * u
    }
    let along = 0
    for (let j = 0; j < i; j++) along += (p[j]! /= h) * row[j]!
    const half = along / (2 * h)
    for (let j = 0; j < i; j++) p[j]! -= half * row[j]!
    for (let j = 0; j < i; j++) {
      const from = j * n
      const f = row[j]!
      const g = p[j]!
      for (let k = 0; k <= j; k++) a[from + k]! -= f * p[k]! + g * row[k]!
    }
  }
  diagonal[0] = a[0]!
  accumulateReflections(a, scales, p, n)
}

/** Turns the vectors of the reflections, which lie in the rows of `a`, into Q. */
function accumulateReflections(a: Float64Array, scales: Float64Array, p: Float64Array, n: number): void {
  // Row i of the result, for i from the top: Q_i = Q_{i−1} bordered by one, times the reflection.
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, i * n + i)
    if (scales[i]! !== 0) {
      // Rows 0 … i − 1 hold Q (rows are eigenvector coordinates): Q ← Q (I − u uᵀ / h).
      for (let j = 0; j < i; j++) {
        const from = j * n
        let sum = 0
        for (let k = 0; k < i; k++) sum += a[from + k]! * row[k]!
        p[j] = sum / scales[i]!
      }
      for (let j = 0; j < i; j++) {
        const from = j * n
        const f = p[j]!
        for (let k = 0; k < i; k++) a[from + k]! -= f * row[k]!
      }
    }
    row.fill(0)
    a[i * n + i] = 1
    for (let j = 0; j < i; j++) a[j * n + i] = 0
  }
}

/** The QL iteration: rotates rows of `vectors` until T is diagonal. */
function rotateToDiagonal(vectors: Float64Array, values: Float64Array, below: Float64Array, n: number): void {
  for (let i = 1; i < n; i++) below[i - 1] = below[i]!
  below[n - 1] = 0
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l
      while (m < n - 1) {
        const size = Math.abs(values[m]!) + Math.abs(values[m + 1]!)
        if (Math.abs(below[m]!) <= Number.EPSILON * size) break
        m++
      }
      if (m === l) break
      if (iteration === 60) throw new LitmusError("symmetricEigen: no convergence (is every entry finite?)")
      chase(vectors, values, below, l, m, n)
    }
  }
}

/** One implicit QL step on rows l … m. */
function chase(
  vectors: Float64Array,
  values: Float64Array,
  below: Float64Array,
  l: number,
  m: number,
  n: number,
): void {
  let g = (values[l + 1]! - values[l]!) / (2 * below[l]!)
  let r = Math.hypot(g, 1)
  g = values[m]! - values[l]! + below[l]! / (g + (g >= 0 ? r : -r))
  let s = 1
  let c = 1
  let p = 0
  for (let i = m - 1; i >= l; i--) {
    const f = s * below[i]!
    const b = c * below[i]!
    r = Math.hypot(f, g)
    below[i + 1] = r
    if (r === 0) {
      values[i + 1]! -= p
      below[m] = 0
      return
    }
    s = f / r
    c = g / r
    g = values[i + 1]! - p
    r = (values[i]! - g) * s + 2 * c * b
    p = s * r
    values[i + 1] = g + p
    g = c * r - b
    const low = i * n
    const high = low + n
    for (let k = 0; k < n; k++) {
      const h = vectors[high + k]!
      const v = vectors[low + k]!
      vectors[high + k] = s * v + c * h
      vectors[low + k] = c * v - s * h
    }
  }
  values[l]! -= p
  below[l] = g
  below[m] = 0
}

function ascending(vectors: Float64Array, values: Float64Array, n: number): Eigen {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const sorted = new Float64Array(n * n)
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n))
  return { values: Float64Array.from(order, (i) => values[i]!), vectors: sorted }
}
