// What every metric checks on entry. The conditions are written so that NaN fails them too.

import { LitmusError, ShapeError } from "../base/errors.ts"

/** Throws unless the list holds at least one entry and every entry passes. */
export function requireEach(
  what: string,
  values: ArrayLike<number>,
  expected: string,
  passes: (value: number) => boolean,
): void {
  if (!(values.length > 0)) throw new LitmusError(`${what}: expected at least one value, got none`)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!passes(value)) throw new LitmusError(`${what}: expected ${expected}, got ${value} at index ${i}`)
  }
}

/** Throws unless every value is a number, possibly infinite. */
export function requireNumbers(what: string, values: ArrayLike<number>): void {
  requireEach(what, values, "numbers", (value) => !Number.isNaN(value))
}

/** Throws unless every value is finite. */
export function requireFinite(what: string, values: ArrayLike<number>): void {
  requireEach(what, values, "finite numbers", Number.isFinite)
}

/** Throws unless every value lies in [0, 1]. */
export function requireProbabilities(what: string, values: ArrayLike<number>): void {
  requireEach(what, values, "probabilities in [0, 1]", (value) => value >= 0 && value <= 1)
}

/** Throws unless every value is an outcome of a pair: 1, ½ or 0. */
export function requireOutcomes(what: string, values: ArrayLike<number>): void {
  requireEach(what, values, "outcomes (1, 0.5 or 0)", (value) => value === 0 || value === 0.5 || value === 1)
}

/** Throws unless two lists that belong together are equally long. */
export function requireSameLength(
  what: string,
  length: number,
  otherWhat: string,
  otherLength: number,
): void {
  if (length !== otherLength) {
    throw new ShapeError(`${what}: expected as many values as ${otherWhat} (${otherLength}), got ${length}`)
  }
}

/** Throws unless an option is an integer that is not below a least value. */
export function requireInteger(what: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least)) {
    throw new LitmusError(`${what}: expected an integer of at least ${least}, got ${value}`)
  }
}
