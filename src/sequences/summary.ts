// A plan in numbers, for people: what is run, and what packing saves.

import { rowTotals, type RowSpan } from "../rows/packing.ts"
import type { Sequence, SkippedSequence } from "./sequences.ts"

/** The plan in numbers; kept with the cache. */
export interface PlanSummary {
  readonly sequences: number
  /** Pairs of a better and a worse response that both fit the context. */
  readonly pairs: number
  /** Tokens run: every shared prefix of a row once. */
  readonly tokensRun: number
  /** Tokens that one sequence for each member of each pair would run, as the GENIES release does. */
  readonly tokensSeparate: number
  readonly rows: number
  readonly longestSequence: number
  readonly skipped: readonly SkippedSequence[]
}

/** Sums up which sequences are run in which rows. */
export function summarizePlan(
  { sequences, skipped }: { sequences: readonly Sequence[]; skipped: readonly SkippedSequence[] },
  rows: readonly RowSpan[],
): PlanSummary {
  return {
    sequences: sequences.length,
    ...countPairs(sequences),
    tokensRun: rowTotals(rows).tokens,
    rows: rows.length,
    longestSequence: sequences.reduce((longest, { tokens }) => Math.max(longest, tokens.length), 0),
    skipped,
  }
}

function countPairs(sequences: readonly Sequence[]): { pairs: number; tokensSeparate: number } {
  const groups = new Map<string, Sequence[]>()
  for (const sequence of sequences) {
    const key = `${sequence.example} ${sequence.variant}`
    const group = groups.get(key)
    if (group) group.push(sequence)
    else groups.set(key, [sequence])
  }
  const variants = new Set(sequences.map(({ variant }) => variant)).size
  let members = 0
  let tokensSeparate = 0
  for (const group of groups.values()) {
    const better = group.filter(({ label }) => label === 1)
    const worse = group.filter(({ label }) => label === 0)
    members += better.length * worse.length
    for (const { tokens } of better) tokensSeparate += tokens.length * worse.length
    for (const { tokens } of worse) tokensSeparate += tokens.length * better.length
  }
  return { pairs: members / Math.max(1, variants), tokensSeparate }
}
