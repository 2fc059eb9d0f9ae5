// What an activation cache holds: rows (which sequence, which position), one matrix per site, and the manifest
// that says what determined them.

/** How values are stored; they are always handed out as float32. */
export type StoredDtype = "float32" | "float16" | "bfloat16"

/** One site of the model whose activations are stored: a column of every part. */
export interface SiteColumn {
  /** The column's name: `resid.3`, `heads.0`, `mlp.2`, `final`. */
  readonly site: string
  /** Values in a row. */
  readonly width: number
  /** What exactly was read: "residual stream after block 3, not normalised". */
  readonly convention: string
}

/** What each row is: one position read of one sequence. All arrays have one entry per row. */
export interface Rows {
  readonly example: Int32Array
  readonly response: Int32Array
  /** The stimulus's named variant. */
  readonly variant: readonly string[]
  /** The token position that was read; -1 for a mean over positions. */
  readonly position: Int32Array
  /** 0 or 1. */
  readonly label: Int8Array
  readonly nTokens: Int32Array
  /** 16 hexadecimal digits. */
  readonly textHash: readonly string[]
}

/** One part's worth of rows and, for every site, their values, shape `[nRows, width]`. */
export interface Part {
  readonly rows: Rows
  readonly values: ReadonlyMap<string, Float32Array>
}

/** Everything about a cache but its parts. Equal descriptions (and inputs) give equal bytes. */
export interface CacheDescription {
  /** All that determines the content, as JSON holds it; a cache with another key is never touched. */
  readonly key: Readonly<Record<string, unknown>>
  /** What was planned, as JSON holds it: token counts, skipped sequences. A function of the key. */
  readonly summary: unknown
  readonly sites: readonly SiteColumn[]
  readonly dtype: StoredDtype
  /** What positions were read, in words: "last token", "mean over the response". */
  readonly positions: string
  /** Parts of the whole plan. */
  readonly nParts: number
  /** Schema metadata of every part: fingerprints of model, adapter, tokenizer and template, version. */
  readonly metadata: Readonly<Record<string, string>>
}

/** A finished part, as the manifest records it. */
export interface PartEntry {
  readonly file: string
  readonly rows: number
  readonly bytes: number
  /** Of the whole file. */
  readonly sha256: string
  /** SHA-256 of the footer's and the record batch's metadata, which say where the columns lie. */
  readonly metadata: { readonly footer: string; readonly batch: string }
  /** Per column: of its Arrow buffers, in order, without padding. */
  readonly columns: Readonly<Record<string, { readonly sha256: string }>>
}

/** `manifest.json`. */
export interface Manifest extends CacheDescription {
  readonly format: "litmus-activations"
  readonly version: 1
  /** In the plan's order; all `nParts` of them once the cache is complete. */
  readonly parts: readonly PartEntry[]
}
