// The planner: the cheapest of all cuts (against trying every one), within its limit, the same whatever the order of
// its input. And what it is for: how many fewer tokens run than with one sequence per pair member.

import { describe, expect, test } from "vitest"
import { planRows, rowTokenLimit, type CostModel } from "../../src/rows/packing.ts"
import { forwardCost } from "../../src/model/decoder/cost.ts"
import { planExtraction } from "../../activations/plan.ts"
import { makeSequences } from "../../src/sequences/sequences.ts"
import { buildTrie, packedLength, packRow, type TokenTrie } from "../../src/rows/trie.ts"
import { readDistribution, stimulus } from "../../src/data/index.ts"
import { readLlama } from "../../src/model/architectures/llama.ts"
import { ConfigFields } from "../../src/model/checkpoint/config-fields.ts"
import { expandSites } from "../../src/model/decoder/sites.ts"
import { random } from "../../src/base/random.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { loadTokenizer } from "../support/model-files.ts"

const architecture = readLlama(
  new ConfigFields("config.json", {
    vocab_size: 32000,
    max_position_embeddings: 4096,
    hidden_size: 64,
    num_hidden_layers: 5,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    intermediate_size: 172,
    tie_word_embeddings: true,
  }),
)

function randomSequences(seed: number, longest = 9): Int32Array[] {
  const draw = random(seed, "packing")
  return Array.from({ length: 1 + draw.integer(10) }, () =>
    Int32Array.from({ length: 1 + draw.integer(longest) }, () => draw.integer(2)),
  )
}

/** Cost of the cheapest of the 2ⁿ⁻¹ cuts into runs of neighbours, rows of several sequences within the limit. */
function cheapest(trie: TokenTrie, cost: CostModel, maxRowTokens: number): number {
  const n = trie.sequences.length
  let best = Infinity
  for (let cuts = 0; cuts < 2 ** (n - 1); cuts++) {
    let total = 0
    let begin = 0
    for (let end = 1; end <= n; end++) {
      if (end < n && (cuts & (1 << (end - 1))) === 0) continue
      const tokens = packedLength(trie, begin, end)
      if (tokens > maxRowTokens && end - begin > 1) total = Infinity
      total += cost.perRow + cost.perToken * tokens + cost.perPair * tokens ** 2
      begin = end
    }
    best = Math.min(best, total)
  }
  return best
}

describe("planRows", () => {
  // Small whole numbers: sums are exact in float64 and costs can be compared for equality.
  test("finds the cheapest of all cuts, under 400 random tries, costs and limits", () => {
    const rowCounts = new Set<number>()
    for (let seed = 0; seed < 400; seed++) {
      const draw = random(seed, "costs")
      const cost = { perRow: draw.integer(60), perToken: draw.integer(4), perPair: draw.integer(3) }
      const maxRowTokens = draw.uniform() < 0.5 ? Infinity : 4 + draw.integer(16)
      const trie = buildTrie(randomSequences(seed))
      const rows = planRows(trie, cost, { maxRowTokens })
      rowCounts.add(rows.length)
      let next = 0
      for (const { begin, end, tokens, cost: stated } of rows) {
        expect(begin).toBe(next)
        expect(end).toBeGreaterThan(begin)
        expect(tokens).toBe(packedLength(trie, begin, end))
        expect(stated).toBe(cost.perRow + cost.perToken * tokens + cost.perPair * tokens ** 2)
        next = end
      }
      expect(next).toBe(trie.sequences.length)
      const total = rows.reduce((sum, { cost: stated }) => sum + stated, 0)
      expect(total).toBe(cheapest(trie, cost, maxRowTokens))
    }
    // The cases are not all one row, or all single sequences.
    expect(rowCounts.size).toBeGreaterThan(5)
  })

  test("exceeds the limit only with a single sequence that is longer itself", () => {
    let longer = 0
    for (let seed = 0; seed < 200; seed++) {
      const trie = buildTrie(randomSequences(seed, 20))
      const rows = planRows(trie, { perRow: 1000, perToken: 1, perPair: 0 }, { maxRowTokens: 12 })
      for (const { begin, end, tokens } of rows) {
        if (tokens <= 12) continue
        expect(end - begin).toBe(1)
        longer++
      }
    }
    expect(longer).toBeGreaterThan(50)
  })

  test("of no sequences is no rows", () => {
    expect(planRows(buildTrie([]), forwardCost(architecture))).toEqual([])
  })

  test.each([0, -1, Number.NaN])("refuses a limit of %s tokens", (maxRowTokens) => {
    expect(() => planRows(buildTrie([]), forwardCost(architecture), { maxRowTokens })).toThrow(
      `maxRowTokens: expected a positive number, got ${maxRowTokens}`,
    )
  })

  test("does not depend on the order of the sequences: the same rows, token by token", () => {
    const cost = { perRow: 40, perToken: 2, perPair: 1 }
    const rowsOf = (sequences: Int32Array[]): unknown => {
      const trie = buildTrie(sequences)
      return planRows(trie, cost).map(({ begin, end }) => packRow(trie, begin, end))
    }
    for (let seed = 0; seed < 100; seed++) {
      const sequences = randomSequences(seed)
      const shuffled = random(seed, "order").shuffle([...sequences])
      expect(rowsOf(shuffled)).toEqual(rowsOf(sequences))
      expect(rowsOf(sequences)).toEqual(rowsOf(sequences))
    }
  })
})

describe("the cost model", () => {
  test("counts the products of a pass and of attention, two operations a multiplication", () => {
    const { perRow, perToken, perPair } = forwardCost(architecture)
    const perLayer = 64 * 8 * (8 + 4 + 4 + 8) + 3 * 64 * 172
    expect(perToken).toBe(2 * 5 * perLayer + 1000 * 64 * 5)
    expect(perRow).toBe(3e7 + 30 * 2 * 5 * perLayer)
    expect(perPair).toBe(5 * 8 * (4 * 8 + 50))
    expect(forwardCost(architecture, { nLayers: 1 }).perPair).toBe(perPair / 5)
  })

  test("limits a row to what a few seconds allow: short for a large model, never below 256 or above 1024", () => {
    const large = {
      ...architecture,
      dModel: 4096,
      nLayers: 32,
      nHeads: 32,
      nKvHeads: 32,
      dHead: 128,
      dMlp: 11008,
    }
    expect(rowTokenLimit(forwardCost(architecture))).toBe(1024)
    expect(rowTokenLimit(forwardCost(large))).toBe(256)
    const middle = forwardCost({
      ...architecture,
      dModel: 2048,
      nLayers: 24,
      nHeads: 16,
      nKvHeads: 16,
      dHead: 128,
      dMlp: 5632,
    })
    const limit = rowTokenLimit(middle)
    expect(limit).toBeGreaterThan(256)
    expect(limit).toBeLessThan(1024)
    const rowCost = (tokens: number): number =>
      middle.perRow + middle.perToken * tokens + middle.perPair * tokens ** 2
    expect(rowCost(limit)).toBeLessThanOrEqual(1.5e12)
    expect(rowCost(limit + 1)).toBeGreaterThan(1.5e12)
  })
})

describe.skipIf(!hasShared)(`the pairs of alpaca_easy test${needsShared}`, () => {
  test.each([
    ["stories260K", shared("models", "stories260K"), 512],
    ["LLaMA-2", shared("tokenizers", "llama2"), 4096],
  ])(
    "in tokens of %s run at least 4 times fewer than one sequence per pair member",
    async (_, folder, contextLength) => {
      const distribution = await readDistribution(shared("genies"), "alpaca_easy", "test")
      const context = { ...architecture, contextLength }
      const made = makeSequences(distribution, stimulus("plain"), await loadTokenizer(folder), context)
      const plan = planExtraction(made, context, {
        sites: expandSites(["final"], context),
        positions: { kind: "last" },
      })
      // The numerator, counted here: both members of each pair of responses that fit, as GENIES runs them.
      let separate = 0
      let pairs = 0
      for (const { index, responses } of distribution.examples) {
        const of = responses.map((_, k) =>
          made.sequences.find(({ example, response }) => example === index && response === k),
        )
        const better = of[responses.findIndex(({ label }) => label === 1)]
        for (const [k, { label }] of responses.entries()) {
          const worse = of[k]
          if (label === 1 || !better || !worse) continue
          separate += better.tokens.length + worse.tokens.length
          pairs++
        }
      }
      expect(plan.summary).toMatchObject({ pairs, tokensSeparate: separate })
      const run = plan.rows.reduce(
        (sum, { begin, end }) => sum + packRow(plan.trie, begin, end).tokens.length,
        0,
      )
      expect(plan.summary.tokensRun).toBe(run)
      expect(separate / run).toBeGreaterThanOrEqual(4)
      if (process.env.LITMUS_REPORT)
        console.log(`${contextLength}: ${pairs} pairs, ${separate} / ${run} = ${separate / run}`)
    },
  )
})
