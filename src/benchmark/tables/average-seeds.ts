// Results of several seeds on the same shifts, averaged.

import { meanOf } from "../../numbers/lists.ts"
import { areOfSameExamples, type StoredEvaluation } from "../store/evaluation.ts"
import type { InterventionResults, ShiftResult } from "./suite-results.ts"

/**
 * The results of the first seed, with those of the others on the same shifts averaged in. A seed's result on other
 * examples of the target is left from an earlier run, and is passed over.
 */
export function averageOverSeeds([
  first = [],
  ...others
]: readonly (readonly InterventionResults[])[]): InterventionResults[] {
  return first.map((row) => {
    const same = others.flatMap(
      (results) => results.find(({ intervention }) => intervention === row.intervention) ?? [],
    )
    const shifts = row.shifts.map((shift, i) => {
      if (!shift) return undefined
      const further = same
        .flatMap((other) => other.shifts[i] ?? [])
        .filter((one) => areOfSameExamples([...ownOf(shift), ...ownOf(one)]) && !isSameRun(shift, one))
      return further.length > 0 ? averageOf(shift, [shift, ...further]) : shift
    })
    return { ...row, shifts }
  })
}

function ownOf({ bySeed }: ShiftResult): StoredEvaluation[] {
  return bySeed.flatMap(({ evaluations: { own } }) => own ?? [])
}

/** Whether the store's first seed is now this one's: the same evaluation must not count twice. */
function isSameRun(one: ShiftResult, other: ShiftResult): boolean {
  const [a, b] = [ownOf(one)[0]?.run, ownOf(other)[0]?.run]
  return a !== undefined && a === b
}

function averageOf(first: ShiftResult, all: readonly ShiftResult[]): ShiftResult {
  const bySeed = all.flatMap((one) => one.bySeed)
  const mean = (name: "zeroShot" | "capability" | "sourceAccuracy"): { [key: string]: number } => {
    const values = bySeed.flatMap((seed) => seed[name] ?? [])
    return values.length === bySeed.length ? { [name]: meanOf(values) } : {}
  }
  const { zeroShot: _, capability: _c, sourceAccuracy: _s, ...rest } = first
  return {
    ...rest,
    bySeed,
    accuracy: meanOf(bySeed.map(({ accuracy }) => accuracy)),
    ...mean("zeroShot"),
    ...mean("capability"),
    ...mean("sourceAccuracy"),
  }
}
