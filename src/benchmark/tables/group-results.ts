// The results of a suite, by groups of its shifts.

import type { SuiteResults } from "./suite-results.ts"

/** What shifts can be grouped by. */
export const groupings = ["label", "category", "source", "shift"] as const

export type Grouping = (typeof groupings)[number]

/** The results of each group of shifts, in the order in which the groups first occur. */
export function groupResults(results: SuiteResults, by: Grouping): Map<string, SuiteResults> {
  const names = results.shifts.map((shift) =>
    by === "shift" ? `${shift.source} → ${shift.target}` : (shift[by] ?? `no ${by}`),
  )
  const groups = new Map<string, SuiteResults>()
  for (const name of new Set(names)) {
    const pick = <T>(list: readonly T[]): T[] => list.filter((_, i) => names[i] === name)
    const inGroup = results.results
      .map((row) => ({
        ...row,
        shifts: pick(row.shifts),
        skipped: row.skipped.filter(({ shift }) => names[results.shifts.indexOf(shift)] === name),
      }))
      .filter(({ shifts, skipped }) => skipped.length > 0 || shifts.some((shift) => shift))
    groups.set(name, { ...results, shifts: pick(results.shifts), results: inGroup })
  }
  return groups
}
