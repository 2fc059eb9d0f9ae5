// Notes under a table: elicitations that are withheld, null bands, and what other seeds would change.

import type { SuiteSummary } from "../benchmark/tables/suite-summary.ts"

/** How many elicitations are withheld, by the reason; a shift counts once for each row that it is in. */
export function describeWithheld(summaries: readonly SuiteSummary[]): string[] {
  const counts = new Map<string, { rows: number; most: number }>()
  for (const { withheld } of summaries) {
    for (const [reason, n] of Object.entries(withheld)) {
      const { rows, most } = counts.get(reason) ?? { rows: 0, most: 0 }
      counts.set(reason, { rows: rows + 1, most: Math.max(most, n) })
    }
  }
  return [...counts].map(
    ([reason, { rows, most }]) =>
      `Elicitation of each kind is withheld, and left out of averages, on up to ${most} of the shifts of ${rows} ` +
      `${rows === 1 ? "row" : "rows"}: ${reason}.`,
  )
}

export function describeBands(summaries: readonly SuiteSummary[]): string[] {
  const draws = [...new Set(summaries.flatMap(({ nullBand }) => nullBand?.draws ?? []))].sort((a, b) => a - b)
  if (draws.length === 0) return []
  return [
    "Null band: where 95 % of the average accuracies lie when the sources' labels are shuffled and everything is fitted on " +
      `them again, selection included (${draws.join(" or ")} times). An accuracy within it shows nothing that was learned ` +
      "from the labels.",
  ]
}

export function describeSeeds(summaries: readonly SuiteSummary[]): string[] {
  const isAlone = summaries.every(({ nSeeds, published }) => published || nSeeds === 1)
  return isAlone && summaries.some(({ published }) => !published)
    ? ["One seed: the intervals leave out how much another seed of training or selection would change."]
    : []
}
