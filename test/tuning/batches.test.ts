// Batches: which pairs a step trains on, and how they are packed into rows.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { commonPrefix } from "../../src/rows/trie.ts"
import { readDistribution, onePairPerExample } from "../../src/data/index.ts"
import { openModel } from "../../src/model/model.ts"
import { random } from "../../src/base/random.ts"
import { batchAt, packPairs, rewardSequences, tokenPairs, type TokenPair } from "../../src/tuning/batches.ts"
import type { RewardRow } from "../../src/tuning/reward-graph.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()

const cost = { perRow: 1e4, perToken: 100, perPair: 1 }

/** Pairs whose members share prompts of all lengths, with one another and with other pairs; some twice. */
function randomPairs(n: number, seed: number): TokenPair[] {
  const { integer } = random(seed, "pairs of tokens")
  const tokens = (length: number, alphabet: number): number[] =>
    Array.from({ length }, () => integer(alphabet))
  const preamble = tokens(10, 50)
  const made = Array.from({ length: n }, () => {
    const prompt = [...preamble, ...tokens(integer(20), 2)]
    return {
      better: Int32Array.from([...prompt, ...tokens(1 + integer(30), 2)]),
      worse: Int32Array.from([...prompt, ...tokens(1 + integer(30), 2)]),
    }
  })
  return [...made, ...made.slice(0, 3)]
}

/** The tokens of a sequence, read from the row by the rule of the attention mask: j ≤ i < ends[j]. */
function sequenceOf({ row, reads }: RewardRow, k: number): number[] {
  const at = reads[k]!
  const places = Array.from(row.tokens, (_, j) => j).filter((j) => j <= at && at < row.ends[j]!)
  expect(places.map((j) => row.positions[j]!)).toEqual(places.map((_, depth) => depth))
  return places.map((j) => row.tokens[j]!)
}

const nameOf = (better: ArrayLike<number>, worse: ArrayLike<number>): string =>
  `${Array.from(better).join(" ")} > ${Array.from(worse).join(" ")}`

const aloneIn = ({ better, worse }: TokenPair): number =>
  better.length + worse.length - commonPrefix(better, worse)

describe("packPairs", () => {
  it.each([30, 60, 200, 5000])(
    "puts every pair in one row, once, and fills rows of at most %i tokens unless one pair is longer",
    (maxRowTokens) => {
      for (let seed = 0; seed < 10; seed++) {
        const pairs = randomPairs(25, seed)
        const rows = packPairs(pairs, cost, { maxRowTokens })
        const found = rows.flatMap((row) =>
          Array.from(row.better, (better, k) =>
            nameOf(sequenceOf(row, better), sequenceOf(row, row.worse[k]!)),
          ),
        )
        expect(found.sort()).toEqual(pairs.map(({ better, worse }) => nameOf(better, worse)).sort())
        for (const row of rows) {
          expect(row.reads.length).toBe(2 * row.better.length)
          const fits = row.row.tokens.length <= maxRowTokens
          expect(fits || row.better.length === 1).toBe(true)
        }
        const longest = Math.max(...pairs.map(aloneIn))
        const most = Math.max(...rows.map(({ row }) => row.tokens.length))
        expect(most).toBeLessThanOrEqual(Math.max(maxRowTokens, longest))
      }
    },
  )

  it("runs shared prompts once: equal pairs cost the tokens of one", () => {
    const [pair] = randomPairs(1, 0) as [TokenPair]
    const [row, ...others] = packPairs([pair, pair, pair], cost, { maxRowTokens: 1000 })
    expect(others).toEqual([])
    expect(row!.row.tokens.length).toBe(aloneIn(pair))
    expect(row!.better.length).toBe(3)
  })

  it("keeps a response that begins like the other, or is equal to it, readable", () => {
    const prompt = [1, 5, 6]
    const pairs = [
      { better: Int32Array.from([...prompt, 7]), worse: Int32Array.from([...prompt, 7, 8]) },
      { better: Int32Array.from([...prompt, 9]), worse: Int32Array.from([...prompt, 9]) },
    ]
    const [row] = packPairs(pairs, cost, { maxRowTokens: 100 }) as [RewardRow]
    const found = Array.from(row.better, (better, k) =>
      nameOf(sequenceOf(row, better), sequenceOf(row, row.worse[k]!)),
    )
    expect(found.sort()).toEqual(["1 5 6 7 > 1 5 6 7 8", "1 5 6 9 > 1 5 6 9"])
    expect(row.row.tokens.length).toBe(6)
  })
})

describe("batchAt", () => {
  it("goes through all pairs before it takes one again, each epoch in another order", () => {
    const drawn = Array.from({ length: 7 }, (_, step) => batchAt(10, step, 3, 5)).flat()
    const epochs = [drawn.slice(0, 10), drawn.slice(10, 20)]
    for (const epoch of epochs) {
      expect(epoch.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i))
    }
    expect(epochs[0]).not.toEqual(epochs[1])
  })

  it("is a function of step and seed: any step can be asked for first", () => {
    const asked = [40, 3, 41, 0].map((step) => batchAt(10, step, 4, 1))
    expect([0, 3, 40, 41].map((step) => batchAt(10, step, 4, 1))).toEqual([
      asked[3],
      asked[1],
      asked[0],
      asked[2],
    ])
    expect(batchAt(10, 3, 4, 2)).not.toEqual(asked[1])
  })

  it("takes pairs more than once where a batch is larger than the source", () => {
    expect(batchAt(2, 0, 5, 0).toSorted((a, b) => a - b).length).toBe(5)
    expect(new Set(batchAt(2, 0, 5, 0))).toEqual(new Set([0, 1]))
  })
})

describe("rewardSequences", () => {
  const contextLength = 256

  it("end with the end-of-sequence token, once, and count it against the context", async () => {
    const model = await openModel(await writeRandomModel(join(root, "model")), { cache: join(root, "cache") })
    const tokenizer = await model.tokenizer()
    const data = writeSums(join(root, "data"))
    const distribution = await readDistribution(data, "few", "test")
    const plain = rewardSequences(distribution, tokenizer, { contextLength, endToken: undefined })
    const ended = rewardSequences(distribution, tokenizer, { contextLength, endToken: 2 })
    expect(plain.skipped.length).toBeGreaterThan(0)
    expect(ended.skipped.map(({ example }) => example)).toEqual(plain.skipped.map(({ example }) => example))
    for (const [k, { tokens }] of ended.sequences.entries()) {
      expect([...tokens]).toEqual([...plain.sequences[k]!.tokens, 2])
    }
    // A tokenizer that ends texts itself.
    const ending = { ...tokenizer, encode: (text: string) => Int32Array.of(...tokenizer.encode(text), 2) }
    const same = rewardSequences(distribution, ending, { contextLength, endToken: 2 })
    expect(same.sequences.map(({ tokens }) => [...tokens])).toEqual(
      ended.sequences.map(({ tokens }) => [...tokens]),
    )
    const longest = Math.max(...plain.sequences.map(({ tokens }) => tokens.length))
    const tight = rewardSequences(distribution, tokenizer, { contextLength: longest, endToken: 2 })
    expect(tight.skipped.length).toBeGreaterThan(plain.skipped.length)
    expect(Math.max(...tight.sequences.map(({ tokens }) => tokens.length))).toBeLessThanOrEqual(longest)

    // A pair one of whose responses is too long is no pair.
    const pairs = onePairPerExample(distribution.examples, { seed: 0, distribution: distribution.id })
    expect(tokenPairs(pairs, ended.sequences).length).toBe(pairs.length - 1)
  })
})
