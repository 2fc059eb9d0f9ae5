// What an extraction will run: a pure function of sequences, architecture and sites. Rows of the plan are grouped into
// parts, the unit of resuming: a killed extraction loses at most the part it was computing.

import type { Architecture } from "../src/model/architectures/architecture.ts"
import type { SiteInfo } from "../src/model/decoder/sites.ts"
import { forwardCost } from "../src/model/decoder/cost.ts"
import { planPacking, type RowPlan, type RowSpan } from "../src/rows/packing.ts"
import type { Sequence, SkippedSequence } from "../src/sequences/sequences.ts"
import { summarizePlan, type PlanSummary } from "../src/sequences/summary.ts"
import type { Positions } from "./positions.ts"

/** Rows `begin` to `end` (exclusive) of the plan. */
export interface PartSpan {
  readonly begin: number
  readonly end: number
}

export interface ExtractionPlan extends RowPlan {
  readonly sequences: readonly Sequence[]
  readonly parts: readonly PartSpan[]
  readonly summary: PlanSummary
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
  const packing = planPacking(
    sequences.map(({ tokens }) => tokens),
    forwardCost(architecture),
    maxRowTokens === undefined ? {} : { maxRowTokens },
  )
  const { trie, rows } = packing
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
  return { ...packing, sequences, parts, summary: summarizePlan({ sequences, skipped }, rows) }
}
