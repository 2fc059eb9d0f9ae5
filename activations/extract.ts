// Extraction: a distribution's responses through a model, into the activation cache. Whatever the cache already holds
// is not computed again: a complete cache of these sites, or of more, is used as it is, and an interrupted
// one is resumed at its first missing part.

import { join } from "node:path"
import { LitmusError, UnusableDataError } from "../src/base/errors.ts"
import { canonicalJson, fingerprint } from "../src/base/files.ts"
import { inShard, type Shard } from "../src/base/shards.ts"
import { packageVersion } from "../src/base/version.ts"
import { engineName } from "../src/graph/engine.ts"
import type { Distribution } from "../src/data/distribution.ts"
import { stimulus as findStimulus } from "../src/data/stimulus.ts"
import { expandSites } from "../src/model/decoder/sites.ts"
import type { Model } from "../src/model/model.ts"
import { rowTotals } from "../src/rows/packing.ts"
import { responseStartKey, sharedStarts } from "../src/sequences/response-start-key.ts"
import { makeSequences } from "../src/sequences/sequences.ts"
import type { PlanSummary } from "../src/sequences/summary.ts"
import { openCache, openCacheForWriting } from "./cache/index.ts"
import type { ActivationCache, CacheDescription, StoredDtype } from "./cache/index.ts"
import { computeParts } from "./compute-parts.ts"
import { findHeld } from "./held.ts"
import { planExtraction, type ExtractionPlan } from "./plan.ts"
import { describePositions, positionsName, type Positions } from "./positions.ts"
import { readsOf } from "./reads.ts"

export interface ExtractOptions {
  /** Cache folder; activations lie in `activations/` below it. */
  readonly cache: string
  /** Sites or kinds of sites, as `resid.3`, `heads`. */
  readonly sites: readonly string[]
  /** Defaults to `plain`: prompt and response as they are. */
  readonly stimulus?: string
  /** Defaults to the last token. */
  readonly positions?: Positions
  /** Defaults to float32. */
  readonly dtype?: StoredDtype
  /** Defaults to one per core. */
  readonly threads?: number
  /** Bytes of values in a part, the unit of resuming; the default is right unless a kill must lose less. */
  readonly partBytes?: number
  /** Compute this share of the parts alone; several machines' shares, copied into one cache, are the whole. */
  readonly shard?: Shard | undefined
  /** Called with tokens run so far and in all (none when the cache answers). */
  readonly onProgress?: (done: number, total: number) => void
}

export interface Extraction {
  readonly folder: string
  readonly cache: ActivationCache
  readonly summary: PlanSummary
  /** Parts computed now; 0 when the cache held them all. */
  readonly partsComputed: number
  /** Parts that are still to be made: by other shards. */
  readonly partsMissing: number
}

/**
 * Makes sure that a distribution's activations are in the cache.
 *
 * @throws {LitmusError} if no sequence fits the model's context, or an activation is not finite
 */
export async function extract(
  model: Model,
  distribution: Distribution,
  options: ExtractOptions,
): Promise<Extraction> {
  const prepared = await prepare(model, distribution, options)
  if ("cache" in prepared) return prepared
  const { folder, plan, description } = prepared
  const positions = options.positions ?? { kind: "last" }
  const partsComputed = await runPlan(model, plan, folder, description, { ...options, positions })
  const cache = await openCache(folder)
  const partsMissing = cache.manifest.nParts - cache.manifest.parts.length
  return { folder, cache, summary: plan.summary, partsComputed, partsMissing }
}

/** What an extraction would run and keep. */
export interface ExtractionForecast {
  /** Whether a complete cache answers. */
  readonly held: boolean
  readonly summary: PlanSummary
  /** Floating-point operations, by the cost model of the plan. */
  readonly operations: number
  /** Bytes of activations. */
  readonly bytes: number
}

/**
 * Says what {@link extract} would do, and does nothing.
 *
 * @throws {LitmusError} as {@link extract}
 */
export async function forecastExtraction(
  model: Model,
  distribution: Distribution,
  options: ExtractOptions,
): Promise<ExtractionForecast> {
  const prepared = await prepare(model, distribution, options)
  if ("cache" in prepared) return { held: true, summary: prepared.summary, operations: 0, bytes: 0 }
  const { plan, description } = prepared
  const reads = readsOf(plan.sequences, options.positions ?? { kind: "last" }).length
  const width = description.sites.reduce((sum, site) => sum + site.width, 0)
  return {
    held: false,
    summary: plan.summary,
    operations: rowTotals(plan.rows).operations,
    bytes: reads * width * (description.dtype === "float32" ? 4 : 2),
  }
}

/** The cache that answers, or what is to be run for it. */
async function prepare(
  model: Model,
  distribution: Distribution,
  options: ExtractOptions,
): Promise<Extraction | { folder: string; plan: ExtractionPlan; description: CacheDescription }> {
  const { architecture } = model.bundle
  const contextLength = architecture.contextLength - (model.adapter?.form.prefixLength ?? 0)
  const {
    stimulus: stimulusName = "plain",
    positions = { kind: "last" },
    dtype = "float32",
    partBytes,
  } = options
  if (partBytes !== undefined && !(Number.isSafeInteger(partBytes) && partBytes > 0)) {
    throw new LitmusError(`partBytes: expected a positive integer, got ${partBytes}`)
  }
  const sites = expandSites(options.sites, architecture)
  const shown = findStimulus(stimulusName)
  // The other positions are counted from the sequence's ends.
  const { nSplit } =
    positions.kind === "mean"
      ? await sharedStarts(model, distribution, { cache: options.cache, stimulus: stimulusName })
      : { nSplit: 0 }
  const input = {
    model: model.fingerprint,
    tokenizer: model.tokenizerFingerprint,
    distribution: { id: distribution.id, split: distribution.split, fingerprint: distribution.fingerprint },
    stimulus: { name: shown.name, fingerprint: shown.fingerprint },
    context: contextLength,
    positions: positionsName(positions),
    dtype,
    engine: engineName(model.device),
    ...(partBytes === undefined ? {} : { partBytes }),
    ...responseStartKey(nSplit > 0),
  }
  const parent = join(options.cache, "activations", model.fingerprint)
  const stem = `${distribution.id}.${distribution.split}.${shown.name}.`
  const names = sites.map(({ site }) => site)
  const held = await findHeld(parent, { stem, input, sites: names, isShard: options.shard !== undefined })
  if (held) {
    const summary = held.cache.manifest.summary as PlanSummary
    return { ...held, summary, partsComputed: 0, partsMissing: 0 }
  }

  const tokenizer = await model.tokenizer()
  const made = makeSequences(distribution, shown, tokenizer, { contextLength })
  if (made.sequences.length === 0) {
    const longest = Math.min(...made.skipped.map(({ nTokens }) => nTokens))
    throw new UnusableDataError(
      `${distribution.id} ${distribution.split}: no example fits the model's context of ${contextLength} tokens (the shortest has ${longest})`,
    )
  }
  const plan = planExtraction(made, architecture, { sites, positions, partBytes })
  const description: CacheDescription = {
    key: { ...input, sites: names },
    summary: plan.summary,
    sites,
    dtype,
    positions: describePositions(positions),
    nParts: plan.parts.length,
    metadata: {
      "litmus:version": packageVersion(),
      "litmus:engine": input.engine,
      "litmus:model": input.model,
      "litmus:adapter": model.adapter?.fingerprint ?? "none",
      "litmus:tokenizer": input.tokenizer,
      "litmus:stimulus": `${shown.name} ${shown.fingerprint}`,
      ...(model.quantizationError ? { "litmus:quantization": canonicalJson(model.quantizationError) } : {}),
      "litmus:distribution": `${distribution.id} ${distribution.split} ${distribution.fingerprint}`,
    },
  }
  return { folder: join(parent, stem + fingerprint(description.key)), plan, description }
}

async function runPlan(
  model: Model,
  plan: ExtractionPlan,
  folder: string,
  description: CacheDescription,
  { positions, threads = 0, shard, onProgress }: ExtractOptions & { positions: Positions },
): Promise<number> {
  const writer = await openCacheForWriting(folder, description, { complete: shard === undefined })
  // Where one begins to deal depends on the cache: many small ones would otherwise all fall to the first shard.
  const first = Number.parseInt(fingerprint(description.key).slice(0, 8), 16)
  const missing = writer.missing.filter((part) => inShard(shard, first + part))
  await computeParts(model, plan, missing, {
    description,
    positions,
    threads,
    onProgress,
    write: (index, part) => writer.writePart(index, part),
  })
  return missing.length
}
