// How much does an average hang on a single entry: one shift, one source?

import { LitmusError } from "../base/errors.ts"
import { requireFinite } from "./checks.ts"

/** The range of a mean as each value in turn is left out. */
export interface LeaveOneOutRange {
  readonly low: number
  readonly high: number
  /** Index of the value without which the mean is lowest. */
  readonly lowWithout: number
  /** Index of the value without which the mean is highest. */
  readonly highWithout: number
}

/**
 * The lowest and the highest mean of all values but one.
 *
 * @param values - one per shift, shape `[n]`, n ≥ 2; of equal values the first is named
 * @throws {LitmusError} if there are fewer than two values or one is not finite
 */
export function leaveOneOutRange(values: ArrayLike<number>): LeaveOneOutRange {
  requireFinite("values", values)
  const n = values.length
  if (n < 2) throw new LitmusError(`leaveOneOutRange: expected at least two values, got ${n}`)
  let least = 0
  let greatest = 0
  let sum = 0
  for (let i = 0; i < n; i++) {
    sum += values[i]!
    if (values[i]! < values[least]!) least = i
    if (values[i]! > values[greatest]!) greatest = i
  }
  const without = (i: number): number => (sum - values[i]!) / (n - 1)
  return { low: without(greatest), high: without(least), lowWithout: greatest, highWithout: least }
}
