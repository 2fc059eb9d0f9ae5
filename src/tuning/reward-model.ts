// Rewards: what a score head reads at the last token of prompt + response + end token. The head is an adapter's or the
// checkpoint's own.

import { forwardCost, planRows, type RowSpan } from "../../activations/packing.ts"
import { countPairs } from "../../activations/plan.ts"
import type { Sequence, SkippedSequence } from "../../activations/sequences.ts"
import { buildTrie, packRow, type TokenTrie } from "../../activations/trie.ts"
import type { Distribution } from "../data/index.ts"
import { LitmusError, UnusableDataError } from "../errors.ts"
import type { ParameterArray } from "../model/adapter.ts"
import { readBundleTensor } from "../model/bundle-tensors.ts"
import { createForward } from "../model/forward.ts"
import type { Model } from "../model/model.ts"
import { rewardSequences } from "./batches.ts"
import { scoreHead } from "./tunable.ts"

export interface Rewards {
  readonly sequences: readonly Sequence[]
  /** Mean over the head's labels, float64 `[nSequences]`. */
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
  { threads = 0, onProgress }: { threads?: number; onProgress?: (done: number, total: number) => void } = {},
): Promise<Rewards> {
  const head = await scoreHeadOf(model)
  const { sequences, skipped, trie, rows } = await planRewards(
    model,
    distribution,
    model.adapter?.form.prefixLength ?? 0,
  )
  const tokensRun = rows.reduce((sum, { tokens }) => sum + tokens, 0)
  const forward = await createForward(model.bundle, {
    sites: ["final"],
    reads: "tokens",
    maxRowTokens: Math.max(...rows.map(({ tokens }) => tokens)),
    threads,
    device: model.device,
    adapter: model.adapter,
  })
  const rewards = new Float64Array(sequences.length)
  let done = 0
  try {
    for (const { begin, end, tokens } of rows) {
      const row = packRow(trie, begin, end)
      const at = Int32Array.from(row.paths, (path) => path.at(-1)!)
      const final = (await forward.run(row, { kind: "tokens", at })).get("final")!.data
      for (let k = begin; k < end; k++) rewards[trie.order[k]!] = meanReward(final, k - begin, head)
      done += tokens
      onProgress?.(done, tokensRun)
    }
  } finally {
    await forward.release()
  }
  return { sequences, rewards, skipped, tokensRun, ...countPairs(sequences) }
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
): Promise<{
  sequences: readonly Sequence[]
  skipped: readonly SkippedSequence[]
  trie: TokenTrie
  rows: RowSpan[]
}> {
  const contextLength = architecture.contextLength - prefixLength
  const made = rewardSequences(distribution, await tokenizer(), { contextLength, endToken })
  if (made.sequences.length === 0) {
    throw new UnusableDataError(
      `${distribution.id} ${distribution.split}: no example fits the model's context of ${contextLength} tokens`,
    )
  }
  const trie = buildTrie(made.sequences.map(({ tokens }) => tokens))
  return { ...made, trie, rows: planRows(trie, forwardCost(architecture)) }
}

function meanReward(final: Float32Array, index: number, { shape, data }: ParameterArray): number {
  const [nLabels, width] = shape as [number, number]
  let sum = 0
  for (let label = 0; label < nLabels; label++) {
    for (let j = 0; j < width; j++) sum += data[label * width + j]! * final[index * width + j]!
  }
  return sum / nLabels
}
