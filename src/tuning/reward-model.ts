// Rewards: what a score head says of prompt + response + end token. The head is an adapter's or the checkpoint's own; where
// it is read and what its outputs mean: reward-reading.ts.

import { finalSite } from "../base/sites.ts"
import { planPacking, type RowPlan } from "../rows/packing.ts"
import { runRows } from "../rows/run.ts"
import type { Sequence, SkippedSequence } from "../sequences/sequences.ts"
import { summarizePlan } from "../sequences/summary.ts"
import type { Distribution } from "../data/index.ts"
import { LitmusError, UnusableDataError } from "../base/errors.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import { readBundleTensor } from "../model/bundle/tensors.ts"
import { forwardCost } from "../model/decoder/cost.ts"
import { createForward } from "../model/decoder/forward.ts"
import type { Model } from "../model/model.ts"
import { resolveOptions } from "../base/options.ts"
import { rewardSequences } from "./batches.ts"
import { readNote } from "./peft.ts"
import {
  readingPlace,
  rewardMeaning,
  rewardOptions,
  type EndPolicy,
  type RewardMeaning,
  type RewardOptions,
} from "./reward-reading.ts"
import { scoreHead } from "./tunable.ts"

export interface Rewards {
  readonly sequences: readonly Sequence[]
  /** float64 `[nSequences]` */
  readonly rewards: Float64Array
  readonly skipped: readonly SkippedSequence[]
  readonly tokensRun: number
  /** Tokens of one sequence for each member of each pair. */
  readonly tokensSeparate: number
}

/** The score head of a model, `[nLabels, dModel]`. */
export async function scoreHeadOf({ bundle, adapter, source }: Model): Promise<ParameterArray> {
  if (adapter?.scoreHead) return adapter.scoreHead
  const tensor = bundle.tensors[scoreHead]
  if (!tensor) {
    throw new LitmusError(
      `${source.path}: not a reward model: it has no score head (give --adapter, or a …ForSequenceClassification checkpoint)`,
    )
  }
  return { shape: tensor.shape, data: await readBundleTensor(bundle, scoreHead) }
}

/**
 * Rewards of every response of a distribution.
 *
 * @throws {LitmusError} if the model has no score head, or no sequence fits its context
 */
export async function rewardsOf(
  model: Model,
  distribution: Distribution,
  {
    threads = 0,
    onProgress,
    options = resolveOptions("reward", rewardOptions),
  }: {
    threads?: number
    onProgress?: (done: number, total: number) => void
    options?: RewardOptions
  } = {},
): Promise<Rewards> {
  const head = await scoreHeadOf(model)
  const { meaning, padToken, end } = await readingOf(model, head.shape[0]!, options)
  const prefixLength = model.adapter?.form.prefixLength ?? 0
  const { sequences, skipped, plan } = await planRewards(model, distribution, prefixLength, { end })
  const rewards = new Float64Array(sequences.length)
  await runRows(
    plan,
    (maxRowTokens) =>
      createForward(model.bundle, {
        sites: [finalSite],
        reads: "tokens",
        maxRowTokens,
        threads,
        device: model.device,
        adapter: model.adapter,
      }),
    async (forward, row, inRow) => {
      const at = Int32Array.from(
        inRow,
        (k, i) => row.paths[i]![readingPlace(sequences[k]!.tokens, padToken)]!,
      )
      const final = (await forward.run(row, { kind: "tokens", at })).get(finalSite)!.data
      inRow.forEach((k, i) => (rewards[k] = rewardAt(final, i, head, meaning)))
    },
    { onProgress },
  )
  const { tokensRun, tokensSeparate } = summarizePlan({ sequences, skipped }, plan.rows)
  return { sequences, rewards, skipped, tokensRun, tokensSeparate }
}

/**
 * Which output is read at which token, in words, as found on a distribution's texts. Nothing is run but the tokenizer.
 *
 * @throws {LitmusError} as {@link rewardsOf}
 */
export async function describeRewards(
  model: Model,
  distribution: Distribution,
  options: RewardOptions = resolveOptions("reward", rewardOptions),
): Promise<string> {
  const { shape } = await scoreHeadOf(model)
  const { meaning, padToken, end } = await readingOf(model, shape[0]!, options)
  const prefixLength = model.adapter?.form.prefixLength ?? 0
  const { sequences } = await planRewards(model, distribution, prefixLength, { end })
  return `${meaning.describe}, read at ${await describePlaces(model, sequences, padToken)}`
}

/**
 * For fingerprints: everything that rewards depend on besides weights, tokenizer and texts.
 *
 * @throws {LitmusError} as {@link rewardsOf}
 */
export async function rewardReadingKey(model: Model, options: RewardOptions): Promise<unknown> {
  const { shape } = await scoreHeadOf(model)
  const { meaning, padToken = null, end } = await readingOf(model, shape[0]!, options)
  const { describe, index = null } = meaning
  return { outputs: describe, index, padToken, end, endToken: model.endToken ?? null }
}

interface Reading {
  readonly meaning: RewardMeaning
  /** Passed over when looking for the token to read. */
  readonly padToken: number | undefined
  readonly end: EndPolicy
}

/** What the outputs of a model's head mean, which token is padding to it, and how its texts end. */
async function readingOf(model: Model, nLabels: number, { at, end, label }: RewardOptions): Promise<Reading> {
  const config = await model.source.config()
  const isOurs = await isTrainedHere(model)
  // The base's labels are those of its own head; an adapter's may be another one.
  const isForeignHead = model.adapter?.scoreHead !== undefined && config.scoreLabels().scoreLabels !== nLabels
  const fields = isOurs || isForeignHead ? {} : config.content
  const pad = config.raw("pad_token_id")
  const padding = isOurs || typeof pad !== "number" || pad < 0 ? undefined : pad
  return {
    meaning: rewardMeaning(nLabels, { path: config.path, ...fields }, label?.join(",")),
    padToken: at === "auto" ? padding : at === "before-end" ? model.endToken : undefined,
    end: end === "auto" && isOurs ? "always" : end,
  }
}

/** Whether Litmus trained the head: it trains and reads at the last token, an end token that is always there. */
async function isTrainedHere({ adapter, source }: Model): Promise<boolean> {
  if (adapter?.scoreHead) return adapter.isOurs === true
  return source.path === source.tokenizerFolder && (await readNote(source.path))?.run !== undefined
}

/** The tokens that rewards were read at, the most frequent first, for a summary. */
async function describePlaces(
  { tokenizer }: Pick<Model, "tokenizer">,
  sequences: readonly Sequence[],
  padToken: number | undefined,
): Promise<string> {
  const counts = new Map<number, number>()
  for (const { tokens } of sequences) {
    const id = tokens[readingPlace(tokens, padToken)]!
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const [most, ...others] = [...counts].sort(([, a], [, b]) => b - a)
  const text = JSON.stringify((await tokenizer()).decode([most![0]]))
  const share = others.length === 0 ? "" : ` (${most![1]} of ${sequences.length} texts)`
  const padded = padToken === undefined ? "" : ", the last that is not padding"
  return `the token ${text}${share}${padded}`
}

/**
 * What scoring a distribution's responses runs.
 *
 * @param prefixLength - virtual tokens before every sequence
 * @throws {LitmusError} if no sequence fits the model's context
 */
export async function planRewards(
  { bundle: { architecture }, endToken, tokenizer }: Model,
  distribution: Distribution,
  prefixLength: number,
  { end }: Pick<RewardOptions, "end"> = { end: "auto" },
): Promise<{
  sequences: readonly Sequence[]
  skipped: readonly SkippedSequence[]
  plan: RowPlan
}> {
  const contextLength = architecture.contextLength - prefixLength
  const made = rewardSequences(distribution, await tokenizer(), { contextLength, endToken, end })
  if (made.sequences.length === 0) {
    throw new UnusableDataError(
      `${distribution.id} ${distribution.split}: no example fits the model's context of ${contextLength} tokens`,
    )
  }
  const texts = made.sequences.map(({ tokens }) => tokens)
  return { ...made, plan: planPacking(texts, forwardCost(architecture)) }
}

function rewardAt(
  final: Float32Array,
  index: number,
  { shape, data }: ParameterArray,
  meaning: RewardMeaning,
): number {
  const [nLabels, width] = shape as [number, number]
  const outputs = new Float64Array(nLabels)
  for (let label = 0; label < nLabels; label++) {
    for (let j = 0; j < width; j++) outputs[label]! += data[label * width + j]! * final[index * width + j]!
  }
  return meaning.reward(outputs)
}
