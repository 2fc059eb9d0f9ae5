// How likely a language model finds the responses of a distribution. Sequences are packed as for extraction, and a
// row scores each token of its trie once, however many responses share it. The last token of a sequence is scored but
// never run: nothing follows it. Scores are kept in the cache: asked again, they are read.

import { dirname, join } from "node:path"
import { planPacking, rowTokenLimit, rowTotals, type CostModel, type RowPlan } from "../rows/packing.ts"
import { runRows } from "../rows/run.ts"
import type { PackedRow } from "../rows/trie.ts"
import { responseStartKey, sharedStarts } from "../sequences/response-start-key.ts"
import { summarizePlan, type PlanSummary } from "../sequences/summary.ts"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, fingerprint, makeFolder, readKeptJson, writeFileAtomic } from "../base/files.ts"
import type { Architecture } from "../model/architectures/architecture.ts"
import { forwardCost, forwardCostWithHead } from "../model/decoder/cost.ts"
import {
  createLogProbabilities,
  type LogProbabilities,
  type ScoredTokens,
} from "../model/decoder/log-probabilities.ts"
import type { Model } from "../model/model.ts"
import { engineName } from "../graph/engine.ts"
import { scoredSequences, type ScoredPart, type ScoredSequence } from "./scored-sequences.ts"

export interface LikelihoodOptions {
  /** Cache folder; scores lie in `scores/` below it. */
  readonly cache: string
  readonly part: ScoredPart
  /** Defaults to one per core. */
  readonly threads?: number
  /** Called with tokens run so far and in all (never when the cache answers). */
  readonly onProgress?: (done: number, total: number) => void
}

/** The log-probability of one response (or text). */
export interface ResponseLikelihood {
  /** `Example.index`. */
  readonly example: number
  /** Place of the response in its example. */
  readonly response: number
  readonly label: 0 | 1
  /** Sum over the scored tokens. */
  readonly logProbability: number
  /** Scored tokens, at least 1. */
  readonly nTokens: number
}

export interface Likelihoods {
  /** In the distribution's order; responses that do not fit the context, or have no token to score, are missing. */
  readonly responses: readonly ResponseLikelihood[]
  readonly summary: PlanSummary
}

/**
 * The log-probabilities of a distribution's responses, from the cache where it has them.
 *
 * @throws {LitmusError} if a log-probability is not a number, or the cache cannot be written
 */
export async function scoreLikelihoods(
  model: Model,
  distribution: Distribution,
  options: LikelihoodOptions,
): Promise<Likelihoods> {
  const { path, key } = await placeOf(model, distribution, options)
  const held = await readScores(path, key)
  if (held) return held
  const likelihoods = await compute(model, distribution, options)
  await makeFolder(dirname(path))
  await writeFileAtomic(path, canonicalJson({ key, ...likelihoods }))
  return likelihoods
}

/**
 * Says what {@link scoreLikelihoods} would do, and does nothing.
 *
 * @returns whether the cache answers; tokens and floating-point operations to run
 */
export async function forecastLikelihoods(
  model: Model,
  distribution: Distribution,
  options: LikelihoodOptions,
): Promise<{ held: boolean; tokens: number; operations: number }> {
  const { path, key } = await placeOf(model, distribution, options)
  if (await readScores(path, key)) return { held: true, tokens: 0, operations: 0 }
  const { plan } = await planLikelihoods(model, distribution, options.part)
  const { tokens, operations } = rowTotals(plan.rows)
  return { held: false, tokens, operations }
}

/** Where the cache keeps the scores, and what they depend on. */
async function placeOf(
  model: Model,
  distribution: Distribution,
  { cache, part }: LikelihoodOptions,
): Promise<{ path: string; key: Readonly<Record<string, unknown>> }> {
  const { id, split, fingerprint: content } = distribution
  // The other parts are scored from the first token on.
  const { nSplit, nUnpreceded } =
    part === "response given prompt"
      ? await sharedStarts(model, distribution, { cache })
      : { nSplit: 0, nUnpreceded: 0 }
  const key = {
    model: model.fingerprint,
    tokenizer: model.tokenizerFingerprint,
    endToken: model.endToken ?? null,
    context: model.bundle.architecture.contextLength,
    distribution: { id, split, fingerprint: content },
    part,
    engine: engineName(model.device),
    format: 1,
    ...responseStartKey(nSplit > 0 || (nUnpreceded > 0 && model.endToken !== undefined)),
  }
  const file = `${id}.${split}.${part}.${fingerprint(key)}.json`
  return { path: join(cache, "scores", model.fingerprint, file), key }
}

/** Undefined for scores that are not there, are of something else or are damaged: they are made again. */
async function readScores(path: string, key: unknown): Promise<Likelihoods | undefined> {
  const content = (await readKeptJson(path)) as (Likelihoods & { key: unknown }) | undefined
  if (!content || canonicalJson(content.key) !== canonicalJson(key)) return undefined
  const { responses, summary } = content
  return Array.isArray(responses) ? { responses, summary } : undefined
}

async function planLikelihoods(
  model: Model,
  distribution: Distribution,
  part: ScoredPart,
): Promise<ReturnType<typeof scoredSequences> & { plan: RowPlan }> {
  const { architecture } = model.bundle
  const made = scoredSequences(distribution, await model.tokenizer(), part, {
    contextLength: architecture.contextLength - (model.adapter?.form.prefixLength ?? 0),
    endToken: model.endToken,
  })
  const texts = made.sequences.map(({ tokens }) => tokens.subarray(0, -1))
  const maxRowTokens = rowTokenLimit(forwardCostWithHead(architecture))
  return { ...made, plan: planPacking(texts, scoringCost(architecture, part), { maxRowTokens }) }
}

/** The head is run on the tokens before scored ones alone: a shared prompt that is not scored passes the layers only. */
function scoringCost(architecture: Architecture, part: ScoredPart): CostModel {
  const withHead = forwardCostWithHead(architecture)
  return part === "response given prompt"
    ? { ...withHead, perToken: forwardCost(architecture).perToken }
    : withHead
}

async function compute(
  model: Model,
  distribution: Distribution,
  { part, threads = 0, onProgress }: LikelihoodOptions,
): Promise<Likelihoods> {
  const { sequences, skipped, plan } = await planLikelihoods(model, distribution, part)
  const sums = new Float64Array(sequences.length)
  await runRows(
    plan,
    (maxRowTokens) =>
      createLogProbabilities(model.bundle, {
        maxRowTokens,
        threads,
        device: model.device,
        adapter: model.adapter,
      }),
    async (engine, row, inRow) => {
      const scores = await scoreRow(
        engine,
        row,
        Array.from(inRow, (k) => sequences[k]!),
      )
      inRow.forEach((k, i) => (sums[k] = scores[i]!))
    },
    { onProgress },
  )
  checkScores(distribution, sequences, sums)
  const responses = sequences.map(({ example, response, label, tokens, scoredFrom }, k) => ({
    example,
    response,
    label,
    logProbability: sums[k]!,
    nTokens: tokens.length - scoredFrom,
  }))
  return { responses, summary: summarizePlan({ sequences, skipped }, plan.rows) }
}

/** The sum of the log-probabilities of the scored tokens of every sequence of a row. */
async function scoreRow(
  engine: LogProbabilities,
  row: PackedRow,
  sequences: readonly ScoredSequence[],
): Promise<number[]> {
  const parents: number[] = []
  const targets: number[] = []
  // A parent and a token name an edge of the trie.
  const known = new Map<string, number>()
  const edges = row.paths.map((path, k) => {
    const { tokens, scoredFrom } = sequences[k]!
    return Int32Array.from({ length: tokens.length - scoredFrom }, (_, i) => {
      const parent = path[scoredFrom + i - 1]!
      const target = tokens[scoredFrom + i]!
      const name = `${parent} ${target}`
      let edge = known.get(name)
      if (edge === undefined) {
        edge = parents.push(parent) - 1
        targets.push(target)
        known.set(name, edge)
      }
      return edge
    })
  })
  const scored: ScoredTokens = { parents: Int32Array.from(parents), targets: Int32Array.from(targets) }
  const logProbabilities = await engine.run(row, scored)
  return edges.map((places) => places.reduce((sum, edge) => sum + logProbabilities[edge]!, 0))
}

function checkScores(
  { id, split }: Distribution,
  sequences: readonly ScoredSequence[],
  sums: Float64Array,
): void {
  const at = sums.findIndex((sum) => !Number.isFinite(sum))
  if (at === -1) return
  const { example, response } = sequences[at]!
  throw new LitmusError(
    `${id} ${split}, example ${example}, response ${response}: log-probability ${sums[at]} is not finite ` +
      "(are the checkpoint's weights sound?)",
  )
}
