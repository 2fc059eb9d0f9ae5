// A checkpoint as the rest of the toolkit sees it: architecture, compiled weights, tokenizer, fingerprints.

import { fingerprint } from "../base/files.ts"
import { existsSync } from "node:fs"
import type { Device } from "../graph/device.ts"
import type { Adapter } from "./decoder/adapter.ts"
import { readEndToken } from "./architectures/config.ts"
import { openBundle, type BundleOptions } from "./bundle/bundle.ts"
import type { Bundle } from "./bundle/format.ts"
import { parseHubModel } from "./checkpoint/hub-id.ts"
import { quantizationErrorOf, type QuantizationError } from "./quantization-error.ts"
import type { ModelSource, SourceOptions } from "./checkpoint/source.ts"
import { hasGgufName, openSource } from "./open-source.ts"
import { loadTokenizer, tokenizerFingerprint, type Tokenizer } from "./tokenizer/tokenizer.ts"

export interface Model {
  /** What it was read from. */
  readonly source: ModelSource
  readonly bundle: Bundle
  /** Covers the weights, the architecture and the adapter. */
  readonly fingerprint: string
  /** Changes what the checkpoint computes; none by default. */
  readonly adapter?: Adapter
  readonly tokenizerFingerprint: string
  /** Id of the end-of-sequence token, where its configuration or the tokenizer names one. */
  readonly endToken: number | undefined
  /** Where it runs; by default on the CPU. */
  readonly device?: Device | undefined
  /** How far a quantised model's residual stream is from the plain model's. */
  readonly quantizationError?: QuantizationError
  /** Loaded on first use. */
  tokenizer(): Promise<Tokenizer>
}

/** A model with an adapter on it. */
export function withAdapter(model: Model, adapter: Adapter): Model {
  return { ...model, adapter, fingerprint: fingerprint([model.fingerprint, adapter.fingerprint]) }
}

/** The folder or file of a checkpoint: the one of that name, or where the hub's cache has the model of that id. */
export async function modelPath(
  place: string,
  { onProgress }: { onProgress?: ((done: number, total: number) => void) | undefined } = {},
): Promise<string> {
  const onHub = existsSync(place) || hasGgufName(place) ? undefined : parseHubModel(place)
  if (!onHub) return place
  // Loaded late: most commands never ask the hub.
  const { hubFolder } = await import("./checkpoint/hub.ts")
  return await hubFolder(onHub, { onProgress })
}

export interface ModelOptions extends BundleOptions, SourceOptions {
  /** Where it runs; defaults to the CPU. */
  readonly device?: Device | undefined
}

/**
 * Opens a checkpoint; compiles its weights into the cache, and measures what they lose by it, on first use.
 *
 * @param place - its folder, its GGUF file, or its id on the Hugging Face hub, `org/name` or `org/name@revision`
 */
export async function openModel(place: string, options: ModelOptions): Promise<Model> {
  const source = await openSource(await modelPath(place, options), options)
  // The small files first: what is missing there should not cost the compiling of the weights.
  const endToken = await readEndToken(source)
  const tokenizerKey = await tokenizerFingerprint(source)
  const bundle = await openBundle(source, options)
  let loaded: Promise<Tokenizer> | undefined
  const tokenizer = (): Promise<Tokenizer> => (loaded ??= loadTokenizer(source))
  const quantizationError =
    bundle.quantization && (await quantizationErrorOf(source, bundle, { tokenizer, tokenizerKey }, options))
  return {
    source,
    bundle,
    fingerprint: bundle.fingerprint,
    tokenizerFingerprint: tokenizerKey,
    endToken,
    device: options.device,
    ...(quantizationError ? { quantizationError } : {}),
    tokenizer,
  }
}
