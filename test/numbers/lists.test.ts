import { expect, test } from "vitest"
import { addScaled, dot, meanOf, meanOfAll, meanOfKnown, medianOf } from "../../src/numbers/lists.ts"

test("a mean is the sum over the count, and NaN of nothing", () => {
  expect(meanOf([1, 2, 6])).toBe(3)
  expect(meanOf(Float32Array.of(0.5, 1))).toBe(0.75)
  expect(meanOf([])).toBeNaN()
})

test("a mean of what is known passes over gaps; a mean of all has none where there is a gap", () => {
  expect(meanOfKnown([1, undefined, 2])).toBe(1.5)
  expect(meanOfKnown([undefined])).toBeUndefined()
  expect(meanOfAll([1, 2])).toBe(1.5)
  expect(meanOfAll([1, undefined, 2])).toBeUndefined()
  expect(meanOfAll([])).toBeUndefined()
})

test("a median is the middle, or the mean of the middle two, and leaves the list as it is", () => {
  const values = [9, 1, 10, 2]
  expect(medianOf(values)).toBe(5.5)
  expect(medianOf([9, 1, 10])).toBe(9)
  expect(values).toEqual([9, 1, 10, 2])
})

test("an inner product and a scaled sum", () => {
  expect(dot([1, 2, 3], [4, -5, 6])).toBe(12)
  const target = Float64Array.of(1, 1)
  addScaled(target, -2, [3, 0.5])
  expect([...target]).toEqual([-5, 0])
})
