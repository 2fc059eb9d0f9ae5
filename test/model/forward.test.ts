// The engine on small random models, without any file but its own: every site and the logits against a LLaMA in
// float64 and plain loops, and packed rows against the same sequences one at a time.
// Bound 1e-4 everywhere, the project's; float32 noise measured here is up to 5e-5 where values reach some ten.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { planRows, rowTokenLimit } from "../../src/rows/packing.ts"
import { forwardCost } from "../../src/model/decoder/cost.ts"
import { makeSequences } from "../../src/sequences/sequences.ts"
import { buildTrie, packRow } from "../../src/rows/trie.ts"
import { readDistribution, stimulus } from "../../src/data/index.ts"
import { createForward, type Forward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { random } from "../../src/base/random.ts"
import { smallArchitectures } from "../support/architectures.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { smallConfig, writeRandomModel } from "../support/random-model.ts"
import { referenceLlama, type ReferenceConfig } from "../support/reference-llama.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const bound = 1e-4
const report = (line: string): void => {
  if (process.env.LITMUS_REPORT) console.log(line)
}

function allForward(
  model: Model,
  options: { logits?: boolean; maxRowTokens?: number } = {},
): Promise<Forward> {
  const sites = allSites(model.bundle.architecture).map(({ site }) => site)
  return createForward(model.bundle, { sites, reads: "tokens", threads: 2, ...options })
}

describe("against a float64 LLaMA written from the definition", () => {
  const llama3 = {
    rope_type: "llama3",
    factor: 4,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 100,
  }
  const cases: [name: string, config: Record<string, unknown>][] = [
    ["grouped queries, untied head", {}],
    ["tied head", { tie_word_embeddings: true }],
    ["biases in attention", { attention_bias: true }],
    ["biases in the MLP", { mlp_bias: true }],
    ["biases everywhere, one layer", { attention_bias: true, mlp_bias: true, num_hidden_layers: 1 }],
    ["heads wider than their share", { head_dim: 14 }],
    ["heads narrower than their share", { head_dim: 2, attention_bias: true }],
    ["one key/value head", { num_key_value_heads: 1 }],
    ["as many key/value heads as query heads", { num_key_value_heads: 4 }],
    ["one head, three layers", { num_attention_heads: 1, num_key_value_heads: 1, num_hidden_layers: 3 }],
    ["another rotation base and epsilon", { rope_theta: 500, rms_norm_eps: 0.3 }],
    ["positions stretched evenly", { rope_scaling: { rope_type: "linear", factor: 3 } }],
    ["positions stretched as in Llama 3.1", { rope_scaling: llama3 }],
  ]
  test.each(cases)("%s: every site and the logits", async (name, config) => {
    const seed = cases.findIndex(([other]) => other === name)
    // Weights this large make attention pick single tokens: an error of a mask or an angle is then no small one.
    const folder = await writeRandomModel(join(root, `reference-${seed}`), { config, seed, deviation: 0.25 })
    const model = await openModel(folder, { cache: join(root, "cache") })
    const file = await openSafetensors(join(folder, "model.safetensors"))
    const tensors = new Map<string, Float32Array>()
    for (const tensor of file.tensors.keys()) tensors.set(tensor, await file.readFloat32(tensor))
    await file.close()
    const draw = random(seed, "tokens")
    const tokens = Array.from({ length: 45 }, () => draw.integer(smallConfig.vocab_size))
    const fields = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as ReferenceConfig
    const expected = referenceLlama(fields, (tensor) => tensors.get(tensor), tokens)
    const forward = await allForward(model, { logits: true })
    const row = plainRow(Int32Array.from(tokens))
    const found = await forward.run(row, { kind: "tokens", at: row.positions })
    await forward.release()
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
    let worst = 0
    for (const [site, values] of expected) {
      const { data, shape } = found.get(site)!
      expect(shape).toEqual([tokens.length, values[0]!.length])
      const difference = maxAbsDifference(data, values.flat())
      expect(difference, `at ${site}`).toBeLessThanOrEqual(bound)
      worst = Math.max(worst, difference)
    }
    // Not a comparison of zeros.
    expect(Math.max(...expected.get("heads.0")!.flat().map(Math.abs))).toBeGreaterThan(0.3)
    const largest = Math.max(...[...expected.values()].flat(2).map(Math.abs))
    report(`reference, ${name}: ${worst.toExponential(1)} of values up to ${largest.toFixed(1)}`)
  })
})

/** Values at every token of a sequence, by site. */
type Values = ReadonlyMap<string, Float32Array>

async function runPlain(forward: Forward, sequences: readonly Int32Array[]): Promise<Values[]> {
  const all: Values[] = []
  for (const tokens of sequences) {
    const row = plainRow(tokens)
    const outputs = await forward.run(row, { kind: "tokens", at: row.positions })
    all.push(new Map(Array.from(outputs, ([site, { data }]) => [site, data])))
  }
  return all
}

/** Packs sequences and runs the rows: the largest difference, at any site and token, to what each gets alone. */
async function packedDifference(
  forward: Forward,
  model: Model,
  sequences: readonly Int32Array[],
  alone: readonly Values[],
  options: { maxRowTokens?: number },
): Promise<{ worst: number; rows: number; compared: number }> {
  const trie = buildTrie(sequences)
  const rows = planRows(trie, forwardCost(model.bundle.architecture), options)
  let worst = 0
  let compared = 0
  for (const { begin, end } of rows) {
    const row = packRow(trie, begin, end)
    const outputs = await forward.run(row, { kind: "tokens", at: row.tokens.map((_, place) => place) })
    row.paths.forEach((path, k) => {
      const expected = alone[trie.order[begin + k]!]!
      expect(outputs.size).toBe(expected.size)
      for (const [site, { data, shape }] of outputs) {
        const width = shape[1]!
        const values = expected.get(site)!
        expect(values.length).toBe(path.length * width)
        for (let i = 0; i < values.length; i++) {
          const difference = Math.abs(data[path[Math.floor(i / width)]! * width + (i % width)]! - values[i]!)
          // Written so that NaN fails too.
          if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
        }
        compared += values.length
      }
    })
  }
  return { worst, rows: rows.length, compared }
}

/** Largest difference to the sequences run alone, for every way of packing them that must not matter. */
async function packingDifferences(
  model: Model,
  sequences: readonly Int32Array[],
  where: string,
): Promise<Record<string, number>> {
  const longest = Math.max(...sequences.map(({ length }) => length))
  const limit = Math.max(longest, rowTokenLimit(forwardCost(model.bundle.architecture)))
  const forward = await allForward(model, { maxRowTokens: limit })
  const plain = await runPlain(forward, sequences)
  const order = random(1, "order").shuffle(sequences.map((_, k) => k))
  const ways: Record<string, { indices: number[]; maxRowTokens?: number }> = {
    // The rows are the same for every order (packing.test.ts), so one order is enough here.
    "the default plan, the sequences in any order": { indices: order },
    "rows of at most 512 tokens": { indices: order, maxRowTokens: 512 },
    "rows hardly longer than the longest sequence": { indices: order, maxRowTokens: longest },
    "every third sequence, in other company": { indices: order.filter((k) => k % 3 === 0) },
  }
  const differences: Record<string, number> = {}
  for (const [name, { indices, ...limits }] of Object.entries(ways)) {
    const chosen = indices.map((k) => sequences[k]!)
    const alone = indices.map((k) => plain[k]!)
    const { worst, rows, compared } = await packedDifference(forward, model, chosen, alone, limits)
    expect(compared).toBe(
      alone.flatMap((values) => [...values.values()]).reduce((sum, { length }) => sum + length, 0),
    )
    // Something was packed with something.
    expect(rows).toBeLessThan(indices.length)
    differences[name] = worst
    report(`${where}, ${name}: ${worst.toExponential(1)}`)
  }
  await forward.release()
  return differences
}

describe("a packed row gives each sequence what it gets alone, at every site and token", () => {
  test("on a random model, with shared prefixes, prefixes of others and repeats", async () => {
    const folder = await writeRandomModel(join(root, "packed"), { deviation: 0.3, seed: 3 })
    const model = await openModel(folder, { cache: join(root, "cache") })
    const tokenizer = await model.tokenizer()
    const draw = random(2, "texts")
    const words = ["why ", "is it ", "so? ", "yes.", "no, ", "because "]
    const texts = Array.from({ length: 12 }, () =>
      Array.from({ length: 3 + draw.integer(9) }, () => words[draw.integer(words.length)]!),
    ).flatMap((parts) => [2, parts.length - 1, parts.length].map((end) => parts.slice(0, end).join("")))
    const sequences = [...texts, texts[0]!, texts[1]!].map((text) => tokenizer.encode(text))
    const differences = await packingDifferences(model, sequences, "random model")
    expect(Math.max(...Object.values(differences))).toBeLessThanOrEqual(bound)
  })

  test.each(Object.entries(smallArchitectures))("on a random %s", async (name, config) => {
    const folder = await writeRandomModel(join(root, `packed-${name}`), { config, deviation: 0.3, seed: 4 })
    const model = await openModel(folder, { cache: join(root, "cache") })
    const draw = random(3, "tokens")
    // A trunk, branches that part at every depth, and prefixes of others; all longer than any window.
    const trunk = Array.from({ length: 12 }, () => draw.integer(259))
    const sequences = Array.from({ length: 14 }, (_, k) =>
      Int32Array.from([
        ...trunk.slice(0, 1 + (k % trunk.length)),
        ...Array.from({ length: 1 + draw.integer(14) }, () => draw.integer(259)),
      ]),
    ).flatMap((tokens) => [tokens, tokens.slice(0, -1)])
    const differences = await packingDifferences(model, sequences, name)
    expect(Math.max(...Object.values(differences))).toBeLessThanOrEqual(bound)
  })

  describe.skipIf(!hasShared)(`on real distributions${needsShared}`, () => {
    let model: Model
    beforeAll(async () => {
      model = await openModel(shared("models", "stories260K"), { cache: join(root, "cache") })
    })

    // Short answers; long prompts and answers; code; multiple choice; a sentence each.
    test.each(["alpaca_easy", "us_history", "code_easy", "arc_easy", "truthful_qa"])(
      "50 prompts of %s",
      async (id) => {
        const distribution = await readDistribution(shared("genies"), id, "test")
        const examples = random(0, id).shuffle([...distribution.examples])
        const made = makeSequences(
          { ...distribution, examples },
          stimulus("plain"),
          await model.tokenizer(),
          model.bundle.architecture,
        )
        // 50 of those that fit the context of 512 tokens.
        const chosen = new Set([...new Set(made.sequences.map(({ example }) => example))].slice(0, 50))
        expect(chosen.size).toBe(50)
        const tokens = made.sequences.flatMap((one) => (chosen.has(one.example) ? [one.tokens] : []))
        const differences = await packingDifferences(model, tokens, id)
        expect(Math.max(...Object.values(differences))).toBeLessThanOrEqual(bound)
      },
    )
  })
})
