// What tests of training share: pairs of a model's tokens, losses and gradients of rows, and rows without any sharing.

import type { Distribution } from "../../src/data/index.ts"
import { onePairPerExample } from "../../src/data/index.ts"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import type { Model } from "../../src/model/model.ts"
import { random } from "../../src/base/random.ts"
import { rewardSequences, tokenPairs, type TokenPair } from "../../src/tuning/batches.ts"
import { createTrainingStep, type RewardRow } from "../../src/tuning/reward-graph.ts"
import type { Tunable } from "../../src/tuning/tunable.ts"

type Parameters = Map<string, ParameterArray>

/** One pair a prompt, as training draws them. */
export async function pairsOf(model: Model, distribution: Distribution): Promise<TokenPair[]> {
  const { sequences } = rewardSequences(distribution, await model.tokenizer(), {
    contextLength: model.bundle.architecture.contextLength,
    endToken: model.endToken,
  })
  const pairs = onePairPerExample(distribution.examples, { seed: 0, distribution: distribution.id })
  return tokenPairs(pairs, sequences)
}

/** Pairs as a row of sequences, one after the other, that share nothing. */
export function separateRow(...pairs: readonly TokenPair[]): RewardRow {
  const sequences = pairs.flatMap(({ better, worse }) => [better, worse])
  let length = 0
  const reads = sequences.map((tokens) => (length += tokens.length) - 1)
  return {
    row: {
      tokens: Int32Array.from(sequences.flatMap((tokens) => [...tokens])),
      positions: Int32Array.from(sequences.flatMap((tokens) => Array.from(tokens, (_, i) => i))),
      ends: Int32Array.from(sequences.flatMap((tokens, k) => Array.from(tokens, () => reads[k]! + 1))),
    },
    reads: Int32Array.from(reads),
    better: Int32Array.from(pairs, (_, k) => 2 * k),
    worse: Int32Array.from(pairs, (_, k) => 2 * k + 1),
  }
}

/** Initial parameters with noise on all: LoRA's B, zero at the start, would hide A's gradient. */
export function withNoise(tunable: Tunable, deviation: number): Tunable {
  const initial = new Map(
    [...tunable.initial].map(([name, { shape, data }]) => {
      const { normal } = random(0, "noise", name)
      return [name, { shape, data: data.map((value) => value + deviation * normal()) }]
    }),
  )
  return { ...tunable, initial }
}

/** Loss and gradients of rows that together are one batch. */
export async function lossAndGradientsOf(
  model: Model,
  tunable: Tunable,
  rows: readonly RewardRow[],
  { nLabels = 1, threads = 1 }: { nLabels?: number; threads?: number } = {},
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const nPairs = rows.reduce((sum, { better }) => sum + better.length, 0)
  const maxRowTokens = Math.max(...rows.map(({ row }) => row.tokens.length))
  const step = await createTrainingStep(model.bundle, tunable, { maxRowTokens, threads })
  const gradients = new Map<string, Float32Array>()
  let loss = 0
  for (const [k, row] of rows.entries()) {
    const result = await step.run(row, tunable.initial, 1 / (nPairs * nLabels), [0, k])
    loss += result.loss
    for (const [name, gradient] of result.gradients) {
      const before = gradients.get(name)
      gradients.set(name, before ? before.map((value, i) => value + gradient[i]!) : gradient.slice())
    }
  }
  await step.release()
  return { loss, gradients }
}

/** Largest difference of any gradient, relative to the largest entry of its parameter's. */
export function relativeDifference(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): number {
  let worst = 0
  for (const [name, gradient] of a) {
    const other = b.get(name)!
    let [difference, size] = [0, 0]
    gradient.forEach((value, i) => {
      difference = Math.max(difference, Math.abs(value - other[i]!))
      size = Math.max(size, Math.abs(other[i]!))
    })
    const relative = difference / size
    worst = Math.max(worst, Number.isNaN(relative) ? Infinity : relative)
  }
  return worst
}

/** The parameters' bytes, for comparison. */
export function bytesOf(
  parameters: Parameters | ReadonlyMap<string, ParameterArray>,
): Record<string, string> {
  return Object.fromEntries(
    [...parameters].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
    ]),
  )
}
