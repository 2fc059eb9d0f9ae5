// What an extraction will run: a pure function of sequences, architecture and sites. Rows of the plan are grouped into
// parts, the unit of resuming: a killed extraction loses at most the part it was computing.

import type { Architecture } from "../src/model/architectures/architecture.ts"
import type { SiteInfo } from "../src/model/decoder/sites.ts"
import { forwardCost, planRows, type RowSpan } from "../src/rows/packing.ts"
import type { Positions } from "./positions.ts"
import type { Sequence, SkippedSequence } from "../src/sequences/sequences.ts"
import { buildTrie, type TokenTrie } from "../src/rows/trie.ts"

/** Rows `begin` to `end` (exclusive) of the plan. */
export interface PartSpan {
  readonly begin: number
  readonly end: number
}

export interface ExtractionPlan {
  readonly sequences: readonly Sequence[]
  readonly trie: TokenTrie
  readonly rows: readonly RowSpan[]
  readonly parts: readonly PartSpan[]
  readonly longestRow: number
  readonly summary: PlanSummary
}

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

// A part is some ten seconds of work, or this much memory.
const partOperations = 3e12
const defaultPartBytes = 48 << 20

/** Plans the extraction of sites. */
export function planExtraction(
  { sequences, skipped }: { sequences: readonly Sequence[]; skipped: readonly SkippedSequence[] },
  architecture: Architecture,
  {
    sites,
    positions,
    maxRowTokens,
    partBytes = defaultPartBytes,
  }: {
    sites: readonly SiteInfo[]
    positions: Positions
    maxRowTokens?: number | undefined
    partBytes?: number | undefined
  },
): ExtractionPlan {
  const trie = buildTrie(sequences.map(({ tokens }) => tokens))
  const rows = planRows(trie, forwardCost(architecture), maxRowTokens === undefined ? {} : { maxRowTokens })
  const bytesPerRead = 4 * sites.reduce((sum, { width }) => sum + width, 0)
  const readsOf = (row: RowSpan): number => {
    if (positions.kind === "offsets") return (row.end - row.begin) * positions.offsets.length
    if (positions.kind !== "all") return row.end - row.begin
    return trie.sequences.slice(row.begin, row.end).reduce((sum, tokens) => sum + tokens.length, 0)
  }
  const parts: PartSpan[] = []
  let begin = 0
  let cost = 0
  let bytes = 0
  rows.forEach((row, k) => {
    const rowBytes = readsOf(row) * bytesPerRead
    if (k > begin && (cost + row.cost > partOperations || bytes + rowBytes > partBytes)) {
      parts.push({ begin, end: k })
      begin = k
      cost = bytes = 0
    }
    cost += row.cost
    bytes += rowBytes
  })
  if (begin < rows.length) parts.push({ begin, end: rows.length })
  const { pairs, tokensSeparate } = countPairs(sequences)
  return {
    sequences,
    trie,
    rows,
    parts,
    longestRow: Math.max(0, ...rows.map(({ tokens }) => tokens)),
    summary: {
      sequences: sequences.length,
      pairs,
      tokensRun: rows.reduce((sum, { tokens }) => sum + tokens, 0),
      tokensSeparate,
      rows: rows.length,
      longestSequence: sequences.reduce((longest, { tokens }) => Math.max(longest, tokens.length), 0),
      skipped,
    },
  }
}

export function countPairs(sequences: readonly Sequence[]): { pairs: number; tokensSeparate: number } {
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
