// Training data: pairs of token sequences, drawn in seeded order, and batches cut into packed rows. The better and the
// worse response of a prompt always share a row, and with it their prompt.

import { makeSequences, type Sequence, type SkippedSequence } from "../sequences/sequences.ts"
import { planRuns, type CostModel } from "../rows/packing.ts"
import { buildTrie, commonPrefix, packRow } from "../rows/trie.ts"
import { stimulus, type Distribution, type Pair } from "../data/index.ts"
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts"
import { random } from "../base/random.ts"
import type { RewardRow } from "./reward-graph.ts"
import { hasEnded, type EndPolicy } from "./reward-reading.ts"

/**
 * The sequences of a distribution's responses as a reward model reads them: prompt and response as one text, then the
 * end-of-sequence token, unless the text has ended.
 *
 * @param options.contextLength - longest sequence, the end token included
 * @param options.endToken - id of the end-of-sequence token; none is appended where the model has none
 * @param options.end - defaults to `auto`: not behind a text that has ended
 */
export function rewardSequences(
  distribution: Distribution,
  tokenizer: Tokenizer,
  {
    contextLength,
    endToken,
    end = "auto",
  }: { contextLength: number; endToken: number | undefined; end?: EndPolicy },
): { sequences: Sequence[]; skipped: SkippedSequence[] } {
  const nEnd = endToken === undefined || end === "never" ? 0 : 1
  const texts = new Map<number, string>()
  const textOf = (id: number): string => {
    const text = texts.get(id) ?? tokenizer.decode([id])
    texts.set(id, text)
    return text
  }
  const isSpecial = (id: number): boolean => id === endToken || tokenizer.specialTokens.has(id)
  const made = makeSequences(distribution, stimulus("plain"), tokenizer, {
    contextLength: contextLength - nEnd,
  })
  const sequences = made.sequences.map((sequence) => {
    const { tokens } = sequence
    if (endToken === undefined || end === "never") return sequence
    const isThere = end === "auto" ? hasEnded(tokens, isSpecial, textOf) : tokens.at(-1) === endToken
    if (isThere) return sequence
    return { ...sequence, tokens: Int32Array.of(...tokens, endToken) }
  })
  return { sequences, skipped: made.skipped }
}

/** A pair to train on. */
export interface TokenPair {
  readonly better: Int32Array
  readonly worse: Int32Array
}

/** The token sequences of pairs; those of which one response is too long are left out. */
export function tokenPairs(pairs: readonly Pair[], sequences: readonly Sequence[]): TokenPair[] {
  const tokensOf = new Map(
    sequences.map(({ example, response, tokens }) => [`${example} ${response}`, tokens]),
  )
  return pairs.flatMap(({ example, better, worse }) => {
    const first = tokensOf.get(`${example} ${better}`)
    const second = tokensOf.get(`${example} ${worse}`)
    return first && second ? [{ better: first, worse: second }] : []
  })
}

/** The pairs of a step: all in seeded order, again and again, each epoch in another. */
export function batchAt(nPairs: number, step: number, batchSize: number, seed: number): number[] {
  const batch: number[] = []
  for (let k = step * batchSize; k < (step + 1) * batchSize; k++) {
    const epoch = Math.floor(k / nPairs)
    batch.push(epochOrder(nPairs, epoch, seed)[k % nPairs]!)
  }
  return batch
}

const orders = new Map<string, number[]>()

function epochOrder(nPairs: number, epoch: number, seed: number): number[] {
  const key = `${nPairs} ${epoch} ${seed}`
  let order = orders.get(key)
  if (!order) {
    order = random(seed, "batches", epoch).shuffle(Array.from({ length: nPairs }, (_, i) => i))
    if (orders.size > 16) orders.clear()
    orders.set(key, order)
  }
  return order
}

/** Cuts pairs into packed rows, the cheapest way under the cost model. */
export function packPairs(
  pairs: readonly TokenPair[],
  cost: CostModel,
  { maxRowTokens }: { maxRowTokens: number },
): RewardRow[] {
  // Neighbours in the trie's order share the most.
  const { order } = buildTrie(pairs.map(({ better }) => better))
  const sorted = Array.from(order, (k) => pairs[k]!)
  const lengths = sorted.map(
    ({ better, worse }) => better.length + worse.length - commonPrefix(better, worse),
  )
  const shared = sorted.map((pair, k) => (k === 0 ? 0 : sharedPrefix(sorted[k - 1]!, pair)))
  return planRuns({ lengths, shared }, cost, { maxRowTokens }).map(({ begin, end }) =>
    packTogether(sorted.slice(begin, end)),
  )
}

function sharedPrefix(a: TokenPair, b: TokenPair): number {
  // What both members of b share with a is there once; what only one shares is saved besides, and not counted.
  return Math.min(
    Math.max(commonPrefix(a.better, b.better), commonPrefix(a.worse, b.better)),
    commonPrefix(b.better, b.worse),
  )
}

function packTogether(pairs: readonly TokenPair[]): RewardRow {
  const trie = buildTrie(pairs.flatMap(({ better, worse }) => [better, worse]))
  const packed = packRow(trie, 0, trie.sequences.length)
  const placeOf = new Int32Array(trie.order.length)
  trie.order.forEach((original, k) => (placeOf[original] = k))
  return {
    row: packed,
    reads: Int32Array.from(packed.paths, (path) => path.at(-1)!),
    better: Int32Array.from(pairs, (_, k) => placeOf[2 * k]!),
    worse: Int32Array.from(pairs, (_, k) => placeOf[2 * k + 1]!),
  }
}
