// A file of named tensors, whatever its format: what safetensors and GGUF files have in common.

import { LitmusError } from "../base/errors.ts"

/** Where a tensor lies and how: byte offsets count from the start of the file. */
export interface TensorEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
  /**
   * Rows lie in groups of this many (a head's), the two halves of a group interleaved: 0, n/2, 1, n/2 + 1, … Reading
   * undoes it.
   */
  readonly interleaved?: number
}

/** An open file of tensors, by the names that Hugging Face gives them. */
export interface TensorFile {
  readonly path: string
  /** What says which tensors there should be: config.json, or the file itself. */
  readonly describedBy: string
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /**
   * A tensor as float32, in pieces of whole rows; a row is what the last axis spans.
   *
   * @param onBytes - sees the stored bytes of every piece, rows in their right order
   */
  readRows(name: string, onBytes?: (bytes: Uint8Array) => void): AsyncIterable<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

/** Throws where the byte ranges of two tensors overlap. */
export function checkDisjoint(tensors: ReadonlyMap<string, TensorEntry>, path: string): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  ordered.forEach(([name, entry], k) => {
    const next = ordered[k + 1]
    if (next && next[1].begin < entry.end) {
      throw new LitmusError(`${path}: the bytes of tensors ${name} and ${next[0]} overlap`)
    }
  })
}
