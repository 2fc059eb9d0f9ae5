// What a report says of single pairs: the probabilities that interventions give them, who agrees with whom, and
// whether the probabilities mean what they say.

import { pairedOutcomes } from "../benchmark/tables/paired-outcomes.ts"
import type { StoredEvaluation } from "../benchmark/store/evaluation.ts"
import { isLeaky, random, type ShiftResult, type SuiteResults } from "../benchmark/tables/suite-results.ts"
import { agreement } from "../metrics/index.ts"
import { binPairs } from "./reliability.ts"
import { longerName, type PersonaEntry, type ReliabilityEntry, type ShiftPairs } from "./site-data.ts"

/** The probabilities of a shift's pairs; undefined where no intervention has any. */
export function shiftPairs(
  { results, shifts, prompts }: SuiteResults,
  place: number,
): ShiftPairs | undefined {
  const evaluations = results.flatMap(({ shifts: list }, row): ShiftPairs["evaluations"] => {
    const own = evaluationOf(list[place])
    if (!own?.probabilities) return []
    const { probabilities, logits, pairs, tieValue } = own
    return [
      {
        row,
        tieValue,
        probabilities: base64(Float32Array.from(probabilities, (p, i) => sided(p, logits?.[i] ?? p - 0.5))),
        ...(pairs ? { pairs: base64(Uint32Array.from(pairs)) } : {}),
      },
    ]
  })
  if (evaluations.length === 0) return undefined
  const known = prompts.get(shifts[place]!.target)
  return { evaluations, ...(known ? { prompts: known } : {}) }
}

/** The evaluation that a shift is opened to: that of the first seed, where there are several. */
function evaluationOf(shift: ShiftResult | undefined): StoredEvaluation | undefined {
  return shift?.bySeed[0]?.evaluations.own
}

/** A probability on the side of ½ that its margin says, in 32 bits, too: no pair may become a tie that is none. */
function sided(p: number, margin: number): number {
  if (margin > 0) return Math.max(p, 0.5 + 2 ** -24)
  return margin < 0 ? Math.min(p, 0.5 - 2 ** -25) : p
}

function base64(values: Float32Array | Uint32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64")
}

/**
 * Who agrees with whom, shift by shift, for each model with evaluations.
 *
 * @param longer - whether the better response is the longer, pair by pair of a distribution's test split, where known
 */
export function personas(
  { results, shifts }: SuiteResults,
  longer: (distribution: string) => readonly number[] | undefined = () => undefined,
): PersonaEntry[] {
  const entries: PersonaEntry[] = []
  for (const model of new Set(results.map((row) => row.model))) {
    const rows = results.filter(
      (row) =>
        row.model === model &&
        !row.published &&
        !isLeaky(row.intervention) &&
        row.intervention !== random &&
        row.shifts.some((shift) => evaluationOf(shift)?.probabilities),
    )
    if (rows.length === 0) continue
    const lengths = shifts.map(({ target }) => longer(target))
    // A run of one's own may have the ranking among its interventions.
    const hasLengths =
      lengths.some((known) => known) && rows.every(({ intervention }) => intervention !== "longer")
    const ofShifts = shifts.flatMap((_, shift) => {
      const own = rows.map((row) => evaluationOf(row.shifts[shift]))
      const rankings = hasLengths ? [...own, lengthRanking(lengths[shift])] : own
      return own.some((one) => one) ? [{ shift, share: agreements(rankings) }] : []
    })
    const names = rows.map(({ intervention }) => intervention)
    entries.push({
      model,
      published: false,
      names: hasLengths ? [...names, longerName] : names,
      shifts: ofShifts,
    })
  }
  return entries
}

function lengthRanking(outcomes: readonly number[] | undefined): StoredEvaluation | undefined {
  return outcomes && { accuracy: 0, tieValue: 0.5, probabilities: outcomes }
}

function agreements(rankings: readonly (StoredEvaluation | undefined)[]): (number | null)[][] {
  const shares = rankings.map(() => rankings.map((): number | null => null))
  for (const [i, one] of rankings.entries()) {
    for (const [j, other] of rankings.slice(0, i).entries()) {
      const common = one && other && pairedOutcomes(one, other, 0.5)
      if (common) shares[i]![j] = shares[j]![i] = agreement(common.first, common.second)
    }
  }
  return shares
}

/** Bins of every intervention's probabilities, shift by shift, labels as released. */
export function reliability({ results }: SuiteResults): ReliabilityEntry[] {
  return results.flatMap(({ intervention, shifts }, row) => {
    const known = shifts.flatMap((shift, place) => {
      const probabilities = evaluationOf(shift)?.probabilities
      return probabilities ? [{ shift: place, bins: binPairs(probabilities) }] : []
    })
    return known.length === 0 || isLeaky(intervention) ? [] : [{ row, shifts: known }]
  })
}
