// Which positions of a packed row's sequences are read, and how the graph is asked for them.

import type { Reads } from "../src/model/decoder/forward.ts"
import type { PackedRow } from "../src/rows/trie.ts"
import type { Sequence } from "../src/sequences/sequences.ts"
import type { Positions } from "./positions.ts"

/** Which position of which sequence a row of the cache is. */
export interface Read {
  readonly sequence: Sequence
  /** −1 for a mean. */
  readonly position: number
  /** Which of the packed row's sequences it is. */
  readonly inRow: number
}

/** What is read of the sequences of a row, in their order. */
export function readsOf(sequences: readonly Sequence[], positions: Positions): Read[] {
  return sequences.flatMap((sequence, inRow) =>
    positionsOf(sequence, positions).map((position) => ({ sequence, position, inRow })),
  )
}

function positionsOf({ tokens: { length } }: Sequence, positions: Positions): number[] {
  switch (positions.kind) {
    case "last":
      return [length - 1]
    case "mean":
      return [-1]
    case "all":
      return Array.from({ length }, (_, position) => position)
    case "offsets":
      // Offsets beyond a short sequence are not there to be read.
      return positions.offsets
        .map((offset) => (offset < 0 ? length + offset : offset))
        .filter((position) => position >= 0 && position < length)
  }
}

/** The reads as the forward pass takes them. */
export function feedOf(row: PackedRow, reads: readonly Read[], positions: Positions): Reads {
  if (positions.kind !== "mean") {
    return {
      kind: "tokens",
      at: Int32Array.from(reads, ({ inRow, position }) => row.paths[inRow]![position]!),
    }
  }
  const length = row.tokens.length
  const weights = new Float32Array(reads.length * length)
  reads.forEach(({ sequence: { tokens, responseBegin, responseEnd }, inRow }, k) => {
    // An empty response has no token of its own: its mean is the last token before its end.
    const begin = Math.min(responseBegin, responseEnd - 1, tokens.length - 1)
    const path = row.paths[inRow]!.subarray(begin, responseEnd)
    for (const place of path) weights[k * length + place] = 1 / path.length
  })
  return { kind: "sums", weights, count: reads.length }
}
