// Sums, means and products of lists of numbers, added up from the first to the last.

/** The inner product of two lists; of the second as many entries as the first has. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}

/** Adds `factor · source` to `target`. */
export function addScaled(target: Float64Array, factor: number, source: ArrayLike<number>): void {
  for (let j = 0; j < target.length; j++) target[j]! += factor * source[j]!
}

/** The mean; NaN of an empty list. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** The mean of the values that are there; undefined where none is. */
export function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : meanOf(known)
}

/** The mean; undefined where a value is missing, or all are. */
export function meanOfAll(values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined) ? undefined : meanOfKnown(values)
}

/** The median, the mean of the middle two of an even number; NaN of an empty list. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
