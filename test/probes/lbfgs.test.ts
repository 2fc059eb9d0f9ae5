// L-BFGS on functions whose minimum is known.

import { expect, test } from "vitest"
import { minimise, type Objective } from "../../probes/math/lbfgs.ts"
import { maxAbsDifference } from "../support/numbers.ts"

/** Rosenbrock's valley in n dimensions: least, 0, at (1, …, 1). */
const rosenbrock: Objective = (x, gradient) => {
  gradient.fill(0)
  let value = 0
  for (let i = 0; i + 1 < x.length; i++) {
    const valley = x[i + 1]! - x[i]! ** 2
    value += 100 * valley ** 2 + (1 - x[i]!) ** 2
    gradient[i]! += -400 * x[i]! * valley - 2 * (1 - x[i]!)
    gradient[i + 1]! += 200 * valley
  }
  return value
}

// A gradient of 1e-9 bounds the distance by 1e-9 over the least curvature there, about 0.4: 1e-8 leaves room.
test.each([2, 10])("Rosenbrock's valley in %i dimensions is followed to its end", (n) => {
  const start = Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1.2))
  const { solution, value, converged, iterations } = minimise(rosenbrock, start, {
    tolerance: 1e-9,
    maxIterations: 500,
  })
  expect(converged).toBe(true)
  expect(maxAbsDifference(solution, new Float64Array(n).fill(1))).toBeLessThan(1e-8)
  expect(value).toBeLessThan(1e-16)
  expect(iterations).toBeLessThan(n * 30)
})

test("a quadratic with curvatures from 1e-4 to 1e4 is solved, and the start is left as it was", () => {
  const curvatures = Float64Array.from({ length: 9 }, (_, i) => 10 ** (i - 4))
  const start = new Float64Array(9).fill(3)
  const { solution, converged } = minimise(
    (x, gradient) => {
      let value = 0
      for (let i = 0; i < x.length; i++) {
        gradient[i] = curvatures[i]! * (x[i]! - i)
        value += 0.5 * curvatures[i]! * (x[i]! - i) ** 2
      }
      return value
    },
    start,
    { tolerance: 1e-12, maxIterations: 1000 },
  )
  expect(converged).toBe(true)
  // The gradient's bound over the least curvature: 1e-12 / 1e-4.
  expect(maxAbsDifference(solution, [0, 1, 2, 3, 4, 5, 6, 7, 8])).toBeLessThan(1e-8)
  expect([...start]).toEqual(Array.from({ length: 9 }, () => 3))
})

test("a start at the minimum takes no step", () => {
  const found = minimise(rosenbrock, Float64Array.of(1, 1), { tolerance: 1e-9, maxIterations: 5 })
  expect(found).toEqual({ solution: Float64Array.of(1, 1), value: 0, iterations: 0, converged: true })
})

test("it says so when the iterations do not suffice", () => {
  const found = minimise(rosenbrock, Float64Array.of(-1.2, 1), { tolerance: 1e-9, maxIterations: 3 })
  expect(found).toMatchObject({ iterations: 3, converged: false })
})

test("a function that is not a number is never called converged", () => {
  const nowhere: Objective = (x, gradient) => {
    gradient.fill(0)
    gradient[0] = Number.NaN
    return x[0]! * Number.NaN
  }
  expect(minimise(nowhere, Float64Array.of(1, 1), { tolerance: 1, maxIterations: 5 }).converged).toBe(false)
})
