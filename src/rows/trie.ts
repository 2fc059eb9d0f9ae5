// Token tries. Sequences in lexicographic order are a trie in depth-first order: neighbours share their longest
// common prefix, and a run of neighbours, written without what each shares with the one before it, is the trie of
// exactly these sequences. A packed row is such a run: every shared prefix is there, and is computed, once.

import type { Row } from "./row.ts"

/** Sequences in lexicographic order of their tokens. */
export interface TokenTrie {
  readonly sequences: readonly Int32Array[]
  /** Place of `sequences[k]` in what the trie was made of; equal sequences keep their order. */
  readonly order: Int32Array
  /** `shared[k]`: tokens that `sequences[k]` has in common with the one before it; 0 for the first. */
  readonly shared: Int32Array
}

/** Sorts sequences into a trie. */
export function buildTrie(sequences: readonly Int32Array[]): TokenTrie {
  const order = Int32Array.from(sequences, (_, k) => k)
  order.sort((a, b) => compareTokens(sequences[a]!, sequences[b]!) || a - b)
  const sorted = Array.from(order, (k) => sequences[k]!)
  const shared = Int32Array.from(sorted, (tokens, k) => (k === 0 ? 0 : commonPrefix(sorted[k - 1]!, tokens)))
  return { sequences: sorted, order, shared }
}

/** Number of tokens at the start that two sequences have in common. */
export function commonPrefix(a: Int32Array, b: Int32Array): number {
  const limit = Math.min(a.length, b.length)
  let k = 0
  while (k < limit && a[k] === b[k]) k++
  return k
}

function compareTokens(a: Int32Array, b: Int32Array): number {
  const k = commonPrefix(a, b)
  return k < a.length && k < b.length ? a[k]! - b[k]! : a.length - b.length
}

/** Tokens that the sequences `begin` to `end` (exclusive) take when packed into one row. */
export function packedLength(trie: TokenTrie, begin: number, end: number): number {
  let length = 0
  for (let k = begin; k < end; k++) length += trie.sequences[k]!.length - (k === begin ? 0 : trie.shared[k]!)
  return length
}

/** A packed row and where its sequences lie in it. */
export interface PackedRow extends Row {
  /** For every sequence of the row, the place of each of its tokens, int32 `[nTokens]`. */
  readonly paths: readonly Int32Array[]
}

/** Lays the sequences `begin` to `end` (exclusive) of a trie out as one row. */
export function packRow(trie: TokenTrie, begin: number, end: number): PackedRow {
  const length = packedLength(trie, begin, end)
  const tokens = new Int32Array(length)
  const positions = new Int32Array(length)
  const ends = new Int32Array(length)
  const path: number[] = []
  const paths: Int32Array[] = []
  let next = 0
  for (let k = begin; k < end; k++) {
    const sequence = trie.sequences[k]!
    const shared = k === begin ? 0 : trie.shared[k]!
    // The subtrees that the path leaves here end here.
    while (path.length > shared) ends[path.pop()!] = next
    for (let depth = shared; depth < sequence.length; depth++) {
      tokens[next] = sequence[depth]!
      positions[next] = depth
      path.push(next++)
    }
    paths.push(Int32Array.from(path))
  }
  for (const place of path) ends[place] = next
  return { tokens, positions, ends, paths }
}
