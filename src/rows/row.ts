// A packed row: what a model runs in one pass.

/** A token trie in depth-first order (see trie.ts), int32 `[T]` each. */
export interface Row {
  readonly tokens: Int32Array
  /** Depth of every token: its position in its sequences. */
  readonly positions: Int32Array
  /** One past the last token of every token's subtree. */
  readonly ends: Int32Array
}

/** The row of one plain sequence. */
export function plainRow(tokens: Int32Array): Row {
  return {
    tokens,
    positions: Int32Array.from(tokens, (_, i) => i),
    ends: new Int32Array(tokens.length).fill(tokens.length),
  }
}
