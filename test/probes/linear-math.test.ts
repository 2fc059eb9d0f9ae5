// Eigenvectors and principal components: closed forms, what defines them, and ml-pca.

import { PCA } from "ml-pca"
import { describe, expect, it } from "vitest"
import { choleskyFactor, solveCholesky } from "../../probes/math/cholesky.ts"
import { topComponent } from "../../probes/math/pca.ts"
import { columnProducts, rowProducts } from "../../probes/math/products.ts"
import { symmetricEigen, topOfTridiagonal } from "../../probes/math/symmetric-eigen.ts"
import { normals } from "../support/matrices.ts"
import { maxAbsDifference } from "../support/numbers.ts"

describe("symmetricEigen", () => {
  it.each([1, 2, 5, 40])("of order %i satisfies A v = λ v with orthonormal v, in ascending order", (n) => {
    const matrix = rowProducts(normals(n * n, "eigen", n), n)
    const { values, vectors } = symmetricEigen(matrix, n)
    const row = (i: number): Float64Array => vectors.subarray(i * n, (i + 1) * n)
    for (let i = 0; i < n; i++) {
      const product = Float64Array.from({ length: n }, (_, r) =>
        dot(matrix.subarray(r * n, (r + 1) * n), row(i)),
      )
      // Rounding: n · 1e-16 of the largest eigenvalue, which is below 4 n.
      expect(
        maxAbsDifference(
          product,
          row(i).map((entry) => entry * values[i]!),
        ),
      ).toBeLessThan(1e-11)
      for (let j = 0; j <= i; j++) expect(dot(row(i), row(j))).toBeCloseTo(i === j ? 1 : 0, 12)
    }
    expect(values).toEqual(values.toSorted())
  })

  it("knows diagonal, repeated and zero eigenvalues", () => {
    expect([...symmetricEigen(Float64Array.of(3, 0, 0, 0, 1, 0, 0, 0, 3), 3).values]).toEqual([1, 3, 3])
    expect([...symmetricEigen(new Float64Array(16), 4).values]).toEqual([0, 0, 0, 0])
  })

  it("refuses what is not square, and what is not a number", () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow(
      "symmetricEigen: expected 2 × 2 numbers, got 5",
    )
    const spoilt = Float64Array.of(1, Number.NaN, Number.NaN, 1)
    expect(() => symmetricEigen(spoilt, 2)).toThrow("symmetricEigen: no convergence (is every entry finite?)")
  })

  it("of a second difference matrix is known: 2 − 2 cos(π k / (n + 1))", () => {
    const { value, vector } = topOfTridiagonal(new Float64Array(9).fill(2), new Float64Array(8).fill(-1))
    expect(value).toBeCloseTo(2 - 2 * Math.cos((9 * Math.PI) / 10), 12)
    const expected = Array.from({ length: 9 }, (_, j) => Math.sin((9 * (j + 1) * Math.PI) / 10))
    expect(Math.abs(dot(vector, expected)) / Math.sqrt(dot(expected, expected))).toBeCloseTo(1, 12)
  })
})

describe("products", () => {
  it.each([
    [1, 3],
    [4, 1030],
    [5, 7],
  ])("of %i rows of %i are the inner products", (n, width) => {
    const x = normals(n * width, "products")
    const row = (i: number): Float64Array => x.subarray(i * width, (i + 1) * width)
    const rows = rowProducts(x, width)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) expect(rows[i * n + j]).toBeCloseTo(dot(row(i), row(j)), 9)
    const columns = columnProducts(x, width)
    const expected = Float64Array.from({ length: width }, (_, j) => {
      let sum = 0
      for (let i = 0; i < n; i++) sum += x[i * width]! * x[i * width + j]!
      return sum
    })
    expect(maxAbsDifference(columns.subarray(0, width), expected)).toBeLessThan(1e-12)
    expect(columns[width - 1]).toBe(columns[(width - 1) * width])
  })
})

describe("choleskyFactor and solveCholesky", () => {
  it.each([1, 3, 30])("solve a system of %i, and leave what follows alone", (n) => {
    const matrix = rowProducts(normals(2 * n * n, "cholesky"), 2 * n)
    const expected = normals(n, "solution")
    const right = Float64Array.from({ length: n + 1 }, (_, i) =>
      i === n ? 7 : dot(matrix.subarray(i * n, (i + 1) * n), expected),
    )
    solveCholesky(choleskyFactor(matrix, n)!, n, right)
    // Condition below 40: of 1e-16 little is lost.
    expect(maxAbsDifference(right.subarray(0, n), expected)).toBeLessThan(1e-12)
    expect(right[n]).toBe(7)
  })

  it("say so where the matrix is singular or not finite", () => {
    expect(choleskyFactor(Float64Array.of(1, 1, 1, 1), 2)).toBeUndefined()
    expect(choleskyFactor(Float64Array.of(0), 1)).toBeUndefined()
    expect(choleskyFactor(Float64Array.of(Number.NaN), 1)).toBeUndefined()
  })
})

describe("topComponent", () => {
  const [n, width] = [60, 20]
  const x = normals(n * width, "component").map((value, i) => value * (1 + (i % width)) + 5)
  const rows = Array.from({ length: n }, (_, i) => [...x.subarray(i * width, (i + 1) * width)])

  it.each([true, false])("is ml-pca's first, centred: %s", (centre) => {
    const pca = new PCA(rows, { center: centre, method: "SVD" })
    const { direction, variance } = topComponent(x, width, { centre })
    // Converged to 1e-9; the second eigenvalue is at .9 of the first.
    expect(Math.abs(dot(direction, pca.getLoadings().getRow(0)))).toBeGreaterThan(1 - 1e-10)
    // ml-pca divides by n − 1 whether it centres or not.
    const divisor = centre ? 1 : (n - 1) / n
    expect(variance / (pca.getEigenvalues()[0]! * divisor)).toBeCloseTo(1, 9)
  })

  it("is ml-pca's first where there are fewer rows than columns", () => {
    const few = x.subarray(0, 8 * width)
    const pca = new PCA(rows.slice(0, 8), { method: "SVD" })
    expect(Math.abs(dot(topComponent(few, width).direction, pca.getLoadings().getRow(0)))).toBeGreaterThan(
      1 - 1e-9,
    )
  })

  it("takes fewer steps from a good start, to the same end", () => {
    const wide = normals(100 * 300, "wide").map((value, i) => value * (i % 300 === 7 ? 3 : 1))
    const cold = topComponent(wide, 300)
    const warm = topComponent(wide, 300, { start: cold.direction })
    expect(warm.steps).toBeLessThan(cold.steps)
    expect(Math.abs(dot(warm.direction, cold.direction))).toBeGreaterThan(1 - 1e-10)
  })

  it("is zero where the rows do not vary, and leaves them as they were", () => {
    const same = new Float64Array(12).fill(3)
    expect(topComponent(same, 4)).toEqual({ direction: new Float64Array(4), variance: 0, steps: 0 })
    expect([...same]).toEqual(Array.from({ length: 12 }, () => 3))
  })

  it("refuses parts of rows and what is not finite", () => {
    expect(() => topComponent(new Float64Array(7), 2)).toThrow(
      "topComponent: expected rows of 2 numbers, got 7 numbers",
    )
    expect(() => topComponent(Float64Array.of(1, Number.NaN), 1)).toThrow(
      "topComponent: expected finite numbers",
    )
  })
})

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}
