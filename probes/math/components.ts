// The first few principal components of a matrix, by ml-pca. The smaller of the two Gram matrices is decomposed, so that
// some hundred rows of some thousand dimensions take seconds. For the first component alone, pca.ts is faster.

import { PCA } from "ml-pca"
import { LitmusError, ShapeError } from "../../src/base/errors.ts"

export interface Components {
  /** Of length 1 and orthogonal, the largest variance first, float64 `[k][width]`. Signs are arbitrary. */
  readonly directions: readonly Float64Array[]
  /** Share of the variance along each, in [0, 1], `[k]`. */
  readonly shares: readonly number[]
}

/**
 * The first principal components of rows whose mean is 0.
 *
 * @param rows - `[nRows, width]`, row by row, centred
 * @param k - how many, at least 1
 * @throws {ShapeError} if `rows` is not of whole rows
 * @throws {LitmusError} if the rows vary in fewer than `k` directions
 */
export function principalComponents(rows: Float64Array, width: number, k: number): Components {
  const nRows = rows.length / width
  if (!Number.isInteger(nRows))
    throw new ShapeError(`rows: expected whole rows of ${width}, got ${rows.length} values`)
  const byRows = nRows < width
  const pca = new PCA(byRows ? gramOfRows(rows, width) : gramOfColumns(rows, width), {
    isCovarianceMatrix: true,
  })
  const variances = pca.getEigenvalues()
  const vectors = pca.getEigenvectors()
  const total = variances.reduce((sum, value) => sum + Math.max(0, value), 0)
  if (!(variances.length >= k && variances[k - 1]! > 1e-12 * total)) {
    throw new LitmusError(`components: expected rows that vary in at least ${k} directions`)
  }
  const directions = Array.from({ length: k }, (_, c) => {
    const vector = Float64Array.from(vectors.getColumn(c))
    return byRows ? combine(rows, width, vector, Math.sqrt(variances[c]!)) : vector
  })
  return { directions, shares: directions.map((_, c) => variances[c]! / total) }
}

/** `[nRows, nRows]`: products of rows. */
function gramOfRows(rows: Float64Array, width: number): number[][] {
  const nRows = rows.length / width
  const gram = Array.from({ length: nRows }, () => Array.from<number>({ length: nRows }).fill(0))
  for (let a = 0; a < nRows; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0
      for (let j = 0; j < width; j++) sum += rows[a * width + j]! * rows[b * width + j]!
      gram[a]![b] = sum
      gram[b]![a] = sum
    }
  }
  return gram
}

/** `[width, width]`: products of columns. */
function gramOfColumns(rows: Float64Array, width: number): number[][] {
  const sums = new Float64Array(width * width)
  for (let row = 0; row < rows.length; row += width) {
    for (let a = 0; a < width; a++) {
      const value = rows[row + a]!
      for (let b = 0; b <= a; b++) sums[a * width + b]! += value * rows[row + b]!
    }
  }
  return Array.from({ length: width }, (_, a) =>
    Array.from({ length: width }, (__, b) => sums[a >= b ? a * width + b : b * width + a]!),
  )
}

/** A component from its coefficients on the rows. */
function combine(
  rows: Float64Array,
  width: number,
  coefficients: Float64Array,
  length: number,
): Float64Array {
  const direction = new Float64Array(width)
  coefficients.forEach((coefficient, row) => {
    for (let j = 0; j < width; j++) direction[j]! += (coefficient * rows[row * width + j]!) / length
  })
  return direction
}
