// Running a plan: its rows one after the other, packed, on a session that is opened for them and released afterwards.

import { rowTotals, type RowPlan } from "./packing.ts"
import { packRow, type PackedRow } from "./trie.ts"

/** What rows run on. */
export interface RowSession {
  release(): Promise<void>
}

/**
 * Runs the rows of a plan.
 *
 * @param plan.rows - the rows to run, all of the trie's or some
 * @param open - opens the session, given the longest row's tokens; not called when there are no rows
 * @param onRow - runs one row; `sequences[k]` is the index, among the sequences that were planned, of the one whose path
 *   is `row.paths[k]`
 * @param options.onProgress - called with tokens run so far and in all, first before the session opens
 * @throws whatever `open` and `onRow` throw; the session is released all the same
 */
export async function runRows<S extends RowSession>(
  { trie, rows }: RowPlan,
  open: (longestRow: number) => Promise<S>,
  onRow: (session: S, row: PackedRow, sequences: Int32Array) => Promise<void>,
  { onProgress }: { onProgress?: ((done: number, total: number) => void) | undefined } = {},
): Promise<void> {
  if (rows.length === 0) return
  const { tokens: total, longest } = rowTotals(rows)
  let done = 0
  onProgress?.(done, total)
  const session = await open(longest)
  try {
    for (const { begin, end, tokens } of rows) {
      await onRow(session, packRow(trie, begin, end), trie.order.subarray(begin, end))
      done += tokens
      onProgress?.(done, total)
    }
  } finally {
    await session.release()
  }
}
