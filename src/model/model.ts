// A checkpoint as the rest of the toolkit sees it: architecture, compiled weights, tokenizer, fingerprints.

import { openBundle, type Bundle, type BundleOptions } from "./bundle.ts"
import { loadTokenizer, tokenizerFingerprint, type Tokenizer } from "./tokenizer.ts"

export interface Model {
  /** The checkpoint's folder, as the user named it. */
  readonly folder: string
  readonly bundle: Bundle
  /** Covers the weights and the architecture. */
  readonly fingerprint: string
  readonly tokenizerFingerprint: string
  /** Loaded on first use. */
  tokenizer(): Promise<Tokenizer>
}

/** Opens a checkpoint folder; compiles its weights into the cache on first use. */
export async function openModel(folder: string, options: BundleOptions): Promise<Model> {
  const bundle = await openBundle(folder, options)
  let tokenizer: Promise<Tokenizer> | undefined
  return {
    folder,
    bundle,
    fingerprint: bundle.fingerprint,
    tokenizerFingerprint: await tokenizerFingerprint(folder),
    tokenizer: () => (tokenizer ??= loadTokenizer(folder)),
  }
}
