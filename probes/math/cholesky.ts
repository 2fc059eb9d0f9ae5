// Cholesky factorisation of a symmetric positive definite matrix, and solving with it.

/**
 * The lower triangle L of A = L Lᵀ, `[n, n]` row by row; undefined where A is singular to rounding, or not finite.
 *
 * @param matrix - `[n, n]`; only its lower triangle is read
 */
export function choleskyFactor(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!
      if (i !== j) factor[i * n + j] = sum / factor[j * n + j]!
      else if (sum > matrix[i * n + i]! * n * Number.EPSILON) factor[i * n + i] = Math.sqrt(sum)
      else return undefined
    }
  }
  return factor
}

/** Overwrites the first `n` entries of `vector` with A⁻¹ of them. */
export function solveCholesky(factor: Float64Array, n: number, vector: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = vector[i]!
    for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * vector[k]!
    vector[i] = sum / factor[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = (vector[i]! /= factor[i * n + i]!)
    for (let k = 0; k < i; k++) vector[k]! -= value * factor[i * n + k]!
  }
}
