// Principal components: planted axes, both Gram matrices, and the Lanczos iteration that finds the first alone.

import { describe, expect, it } from "vitest"
import { principalComponents } from "../../probes/math/components.ts"
import { topComponent } from "../../probes/math/pca.ts"
import { random } from "../../src/base/random.ts"

/** Centred rows whose standard deviations fall from axis to axis. */
function cloud(nRows: number, width: number): Float64Array {
  const { normal } = random(1, "cloud", nRows, width)
  const rows = Float64Array.from({ length: nRows * width }, (_, i) => normal() / (1 + (i % width)))
  for (let j = 0; j < width; j++) {
    let mean = 0
    for (let row = 0; row < nRows; row++) mean += rows[row * width + j]! / nRows
    for (let row = 0; row < nRows; row++) rows[row * width + j]! -= mean
  }
  return rows
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, j) => sum + value * b[j]!, 0)

describe("principalComponents", () => {
  it("finds planted axes and their shares of the variance", () => {
    // Two orthogonal axes, variances 9 : 1.
    const axes = [
      [0.6, 0.8, 0],
      [0.8, -0.6, 0],
    ]
    const rows = Float64Array.from(
      [
        [3, 1],
        [-3, 1],
        [3, -1],
        [-3, -1],
      ].flatMap(([a, b]) => [0, 1, 2].map((j) => a! * axes[0]![j]! + b! * axes[1]![j]!)),
    )
    const { directions, shares } = principalComponents(rows, 3, 2)
    expect(Math.abs(dot(directions[0]!, axes[0]!))).toBeCloseTo(1, 12)
    expect(Math.abs(dot(directions[1]!, axes[1]!))).toBeCloseTo(1, 12)
    expect(shares[0]).toBeCloseTo(0.9, 12)
    expect(shares[1]).toBeCloseTo(0.1, 12)
  })

  it.each([
    [12, 30],
    [30, 12],
  ])(
    "of %i rows of %i dimensions are orthonormal, and the first is that of the iteration",
    (nRows, width) => {
      const rows = cloud(nRows, width)
      const { directions } = principalComponents(rows, width, 3)
      for (const [i, a] of directions.entries()) {
        for (const [j, b] of directions.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 9)
      }
      const { direction } = topComponent(rows, width)
      expect(Math.abs(dot(directions[0]!, direction))).toBeCloseTo(1, 9)
    },
  )

  it("refuses rows that vary in too few directions", () => {
    expect(() => principalComponents(Float64Array.of(1, 2, -1, -2), 2, 2)).toThrow(
      "components: expected rows that vary in at least 2 directions",
    )
  })
})
