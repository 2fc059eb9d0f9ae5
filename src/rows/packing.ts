// Cutting a trie into rows. A longer row shares more prefixes and spreads the fixed cost of a pass over the weights,
// but pays attention for every pair of its tokens. Among all ways to cut the trie's leaves into runs of neighbours,
// dynamic programming finds the cheapest under a cost model.

import { LitmusError } from "../base/errors.ts"
import { buildTrie, type TokenTrie } from "./trie.ts"

/** What a row of T tokens costs, in floating-point operations: perRow + perToken·T + perPair·T². */
export interface CostModel {
  readonly perRow: number
  readonly perToken: number
  readonly perPair: number
}

// A row runs for a few seconds at most: the process answers nothing meanwhile.
const longestRowOperations = 1.5e12
const shortestLimit = 256
// Attention scores take memory by the square of the row: 64 MiB for 16 heads here. Longer rows gain little speed.
const longestLimit = 1024

/** The longest row that keeps a run within a few seconds; a longer sequence still gets a row of its own. */
export function rowTokenLimit({ perRow, perToken, perPair }: CostModel): number {
  const room = Math.max(0, longestRowOperations - perRow)
  const limit = (Math.sqrt(perToken ** 2 + 4 * perPair * room) - perToken) / (2 * perPair)
  return Math.max(shortestLimit, Math.min(longestLimit, Math.floor(limit)))
}

/** A run of neighbouring sequences of a trie: `begin` to `end` (exclusive), and the tokens they take in one row. */
export interface RowSpan {
  readonly begin: number
  readonly end: number
  readonly tokens: number
  readonly cost: number
}

/** Sequences sorted into a trie and cut into rows. */
export interface RowPlan {
  readonly trie: TokenTrie
  readonly rows: readonly RowSpan[]
}

/** Plans the rows of sequences; options as for {@link planRows}. */
export function planPacking(
  sequences: readonly Int32Array[],
  cost: CostModel,
  options: { maxRowTokens?: number } = {},
): RowPlan {
  const trie = buildTrie(sequences)
  return { trie, rows: planRows(trie, cost, options) }
}

/** Tokens and operations of rows in all, and the tokens of the longest; 0 for no rows. */
export function rowTotals(rows: readonly RowSpan[]): { tokens: number; operations: number; longest: number } {
  let [tokens, operations, longest] = [0, 0, 0]
  for (const row of rows) {
    tokens += row.tokens
    operations += row.cost
    longest = Math.max(longest, row.tokens)
  }
  return { tokens, operations, longest }
}

/**
 * The cheapest cut of a trie into rows.
 *
 * @param options.maxRowTokens - a row is longer only where a single sequence is; defaults to what a few seconds allow
 */
export function planRows(
  { sequences, shared }: TokenTrie,
  cost: CostModel,
  options: { maxRowTokens?: number } = {},
): RowSpan[] {
  return planRuns({ lengths: Int32Array.from(sequences, ({ length }) => length), shared }, cost, options)
}

/**
 * The cheapest cut of a list of things that are run together into runs of neighbours.
 *
 * @param things.lengths - tokens of each alone
 * @param things.shared - tokens that each shares with the one before it, and that a run has once
 */
export function planRuns(
  { lengths, shared }: { lengths: ArrayLike<number>; shared: ArrayLike<number> },
  cost: CostModel,
  { maxRowTokens = rowTokenLimit(cost) }: { maxRowTokens?: number } = {},
): RowSpan[] {
  if (!(maxRowTokens > 0)) {
    throw new LitmusError(`maxRowTokens: expected a positive number, got ${maxRowTokens}`)
  }
  const n = lengths.length
  // best[k]: cost of the first k; cut[k]: where their last row begins, and tokens[k] what it takes.
  const best = new Float64Array(n + 1)
  const cut = new Int32Array(n + 1)
  const taken = new Int32Array(n + 1)
  for (let end = 1; end <= n; end++) {
    best[end] = Infinity
    let tokens = 0
    for (let begin = end - 1; begin >= 0; begin--) {
      tokens += lengths[begin]! - (begin + 1 < end ? shared[begin + 1]! : 0)
      if (tokens > maxRowTokens && begin < end - 1) break
      const total = best[begin]! + rowCost(cost, tokens)
      if (total < best[end]!) {
        best[end] = total
        cut[end] = begin
        taken[end] = tokens
      }
    }
  }
  const rows: RowSpan[] = []
  for (let end = n; end > 0; end = cut[end]!) {
    const tokens = taken[end]!
    rows.push({ begin: cut[end]!, end, tokens, cost: rowCost(cost, tokens) })
  }
  return rows.reverse()
}

/** What a row of so many tokens costs. */
export function rowCost({ perRow, perToken, perPair }: CostModel, tokens: number): number {
  return perRow + perToken * tokens + perPair * tokens * tokens
}
