// Extraction: a distribution's responses through a model, into the activation cache. Whatever the cache already holds
// is not computed again: a complete cache of these sites, or of more, is used as it is, and an interrupted
// one is resumed at its first missing part.

import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../src/data/distribution.ts"
import { stimulus as findStimulus } from "../src/data/stimulus.ts"
import { LitmusError, UnusableDataError } from "../src/base/errors.ts"
import { canonicalJson, fingerprint, isMissing } from "../src/base/files.ts"
import { createForward, type Forward, type Reads } from "../src/model/decoder/forward.ts"
import type { Model } from "../src/model/model.ts"
import { expandSites, type SiteInfo } from "../src/model/decoder/sites.ts"
import { engineName, packageVersion } from "../src/base/version.ts"
import { inShard, type Shard } from "../src/base/shards.ts"
import { completeCache, openCache, openCacheForWriting } from "./cache/index.ts"
import type { ActivationCache, CacheDescription, Part, StoredDtype } from "./cache/index.ts"
import { planExtraction, type ExtractionPlan, type PlanSummary } from "./plan.ts"
import { describePositions, positionsName, type Positions } from "./positions.ts"
import { responseStartKey, sharedStarts } from "../src/sequences/response-start-key.ts"
import { makeSequences, type Sequence } from "../src/sequences/sequences.ts"
import { packRow, type PackedRow } from "../src/rows/trie.ts"

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
  const positions = options.positions ?? { kind: "last" }
  const reads = plan.rows.reduce((sum, row) => sum + readsOfRow(plan, row, positions).length, 0)
  const width = description.sites.reduce((sum, site) => sum + site.width, 0)
  return {
    held: false,
    summary: plan.summary,
    operations: plan.rows.reduce((sum, { cost }) => sum + cost, 0),
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
  const held = await findHeld(parent, stem, input, sites, options.shard)
  if (held) return held

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
    key: { ...input, sites: sites.map(({ site }) => site) },
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

/** A complete cache of the same input that has these sites, or more. */
async function findHeld(
  parent: string,
  stem: string,
  input: Readonly<Record<string, unknown>>,
  sites: readonly SiteInfo[],
  shard: Shard | undefined,
): Promise<Extraction | undefined> {
  let names: string[]
  try {
    names = await readdir(parent)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const wanted = fingerprint(input)
  for (const name of names.filter((candidate) => candidate.startsWith(stem)).sort()) {
    const folder = join(parent, name)
    // One that was killed before its manifest was there, or is damaged: not what we look for. If it stands where this
    // extraction will write, the writer goes on from it or says what is wrong.
    const cache = await openCache(folder).catch(() => undefined)
    if (!cache?.complete) continue
    const { sites: _, ...key } = cache.manifest.key
    if (fingerprint(key) !== wanted) continue
    const present = new Set(cache.manifest.sites.map(({ site }) => site))
    if (sites.every(({ site }) => present.has(site)) && (await allPartsThere(folder, cache))) {
      // Shards that were copied together have their parts, and no manifest that says so.
      if (shard === undefined) await completeCache(folder)
      const summary = cache.manifest.summary as PlanSummary
      return { folder, cache, summary, partsComputed: 0, partsMissing: 0 }
    }
  }
  return undefined
}

/** False where someone deleted a part or cut it short: the writer will make it again. */
async function allPartsThere(folder: string, { manifest }: ActivationCache): Promise<boolean> {
  const sizes = await Promise.all(
    manifest.parts.map(({ file }) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  )
  return manifest.parts.every(({ bytes }, k) => sizes[k] === bytes)
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
  if (missing.length === 0) return 0
  const tokensOf = (part: number): number => {
    const { begin, end } = plan.parts[part]!
    return plan.rows.slice(begin, end).reduce((sum, { tokens }) => sum + tokens, 0)
  }
  const total = missing.reduce((sum, part) => sum + tokensOf(part), 0)
  let done = 0
  onProgress?.(done, total)
  const forward = await createForward(model.bundle, {
    sites: description.sites.map(({ site }) => site),
    reads: positions.kind === "mean" ? "sums" : "tokens",
    maxRowTokens: plan.longestRow,
    threads,
    device: model.device,
    adapter: model.adapter,
  })
  try {
    for (const index of missing) {
      const part = await computePart(forward, plan, index, description, positions, (tokens) => {
        done += tokens
        onProgress?.(done, total)
      })
      await writer.writePart(index, part)
    }
  } finally {
    await forward.release()
  }
  return missing.length
}

/** Which position of which sequence a row of the cache is. */
interface Read {
  readonly sequence: Sequence
  /** −1 for a mean. */
  readonly position: number
  /** Place of the sequence in its packed row. */
  readonly inRow: number
}

async function computePart(
  forward: Forward,
  plan: ExtractionPlan,
  index: number,
  description: CacheDescription,
  positions: Positions,
  onRow: (tokens: number) => void,
): Promise<Part> {
  const { begin, end } = plan.parts[index]!
  const spans = plan.rows.slice(begin, end)
  const reads = spans.map((span) => readsOfRow(plan, span, positions))
  const all = reads.flat()
  const values = new Map(
    description.sites.map(({ site, width }) => [site, new Float32Array(all.length * width)]),
  )
  let first = 0
  for (const [k, span] of spans.entries()) {
    const row = packRow(plan.trie, span.begin, span.end)
    const rowReads = reads[k]!
    if (rowReads.length > 0) {
      const places = new Map(
        description.sites.map(({ site, width }) => {
          return [site, values.get(site)!.subarray(first * width, (first + rowReads.length) * width)]
        }),
      )
      await forward.run(row, feedOf(row, rowReads, positions), places)
      for (const { site, width } of description.sites) {
        checkFinite(places.get(site)!, width, site, rowReads, description)
      }
    }
    first += rowReads.length
    onRow(span.tokens)
  }
  return {
    values,
    rows: {
      example: Int32Array.from(all, ({ sequence }) => sequence.example),
      response: Int32Array.from(all, ({ sequence }) => sequence.response),
      variant: all.map(({ sequence }) => sequence.variant),
      position: Int32Array.from(all, ({ position }) => position),
      label: Int8Array.from(all, ({ sequence }) => sequence.label),
      nTokens: Int32Array.from(all, ({ sequence }) => sequence.tokens.length),
      textHash: all.map(({ sequence }) => sequence.textHash),
    },
  }
}

function readsOfRow(
  plan: ExtractionPlan,
  span: { begin: number; end: number },
  positions: Positions,
): Read[] {
  const reads: Read[] = []
  for (let k = span.begin; k < span.end; k++) {
    const sequence = plan.sequences[plan.trie.order[k]!]!
    const inRow = k - span.begin
    for (const position of positionsOf(sequence, positions)) reads.push({ sequence, position, inRow })
  }
  return reads
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

function feedOf(row: PackedRow, reads: readonly Read[], positions: Positions): Reads {
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

function checkFinite(
  data: Float32Array,
  width: number,
  site: string,
  reads: readonly Read[],
  { key }: CacheDescription,
): void {
  const limit = key.dtype === "float16" ? 65504 : 3.4028234663852886e38
  for (let k = 0; k < data.length; k++) {
    // Written so that NaN fails too.
    if (Math.abs(data[k]!) <= limit) continue
    const { example, response } = reads[Math.floor(k / width)]!.sequence
    const { id, split } = key.distribution as { id: string; split: string }
    const finite = Number.isFinite(data[k])
    throw new LitmusError(
      `${id} ${split}, example ${example}, response ${response}: activation ${data[k]} at ${site} ` +
        (finite
          ? "is too large for float16 (use --dtype float32 or bfloat16)"
          : "is not finite (are the checkpoint's weights sound?)"),
    )
  }
}
