// Where responses begin, on random tokenizers whose tokens span the join of prompt and response in every way.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { extract, type Extraction } from "../../activations/extract.ts"
import { findResponseStarts } from "../../src/sequences/response-start.ts"
import { makeSequences } from "../../src/sequences/sequences.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { defineStimulus, keepExamples, stimulus, type Distribution } from "../../src/data/index.ts"
import { fingerprint } from "../../src/base/files.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { type Tokenizer } from "../../src/model/tokenizer/tokenizer.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { randomTexts, randomTokenizer, writeTokenizer } from "../support/random-tokenizer.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { loadTokenizer } from "../support/model-files.ts"

const root = temporaryFolder()
const plain = stimulus("plain")
const seeds = [0, 1, 2, 3]
const tokenizers: Tokenizer[] = []

beforeAll(async () => {
  for (const seed of seeds) {
    const folder = await writeRandomModel(join(root, `model-${seed}`), { deviation: 0.3 })
    writeTokenizer(folder, randomTokenizer(seed, { nMerges: 40, start: seed % 2 === 0 }))
    tokenizers.push(await loadTokenizer(folder))
  }
})

function distributionOf(prompt: string, ...texts: string[]): Distribution {
  const responses = texts.map((text, k) => ({ text, label: k === 0 ? (1 as const) : (0 as const) }))
  const examples = [{ index: 7, prompt, responses }]
  return { id: "one", split: "test", examples, fingerprint: fingerprint(examples) }
}

describe("the start of a prompt's responses", () => {
  /** "was " + "happy" is [was, _happy], "was " + "3" is [was, _, 3]. */
  const words = ["was", " happy", " ", "3", "happy"]
  const tokenizer: Tokenizer = {
    vocabSize: words.length,
    specialTokens: new Set<number>(),
    encode(text) {
      const ids: number[] = []
      for (let at = 0; at < text.length; at += words[ids.at(-1)!]!.length) {
        ids.push(words.findIndex((word) => text.startsWith(word, at)))
      }
      return Int32Array.from(ids)
    },
    decode: () => "",
  }
  const startsOf = (prompt: string, ...texts: string[]): readonly [number, number, number] => {
    const { startOf, nSplit, nUnpreceded } = findResponseStarts(
      distributionOf(prompt, ...texts),
      plain,
      tokenizer,
    )
    return [startOf(7, "plain"), nSplit, nUnpreceded]
  }

  it("is the first token after the prompt where no token spans the join", () => {
    expect(startsOf("was", " happy", " 3")).toEqual([1, 0, 0])
    expect(startsOf("was ", "3", " happy")).toEqual([2, 0, 0])
  })

  it("is the earliest token that spans the join with any of them", () => {
    expect(startsOf("was ", "happy", "3")).toEqual([1, 1, 0])
    expect(startsOf("was ", "3", "happy", "3")).toEqual([1, 1, 0])
    // All of them span it alike: nothing is split.
    expect(startsOf("was ", "happy", "happy3")).toEqual([1, 0, 0])
  })

  it("is the first token where the prompt is empty or all of it is in the token that spans the join", () => {
    expect(startsOf("", "happy", "3")).toEqual([0, 0, 1])
    expect(startsOf(" ", "happy", "3")).toEqual([0, 1, 1])
  })
})

describe("on random tokenizers and texts", () => {
  it("all responses of an example have the same tokens up to their start, which lies in the prompt's tokens", () => {
    let split = 0
    for (const [k, tokenizer] of tokenizers.entries()) {
      const distribution = randomTexts(k, 60)
      split += findResponseStarts(distribution, plain, tokenizer).nSplit
      const { sequences } = makeSequences(distribution, plain, tokenizer, { contextLength: 99 })
      for (const { index, prompt } of distribution.examples) {
        const own = sequences.filter(({ example }) => example === index)
        const alone = tokenizer.encode(prompt)
        const start = own[0]!.responseBegin
        expect(own.every(({ responseBegin }) => responseBegin === start)).toBe(true)
        for (const { tokens } of own) expect(tokens.slice(0, start)).toEqual(alone.slice(0, start))
        // It is the last such place.
        const next = new Set([alone, ...own.map(({ tokens }) => tokens)].map((tokens) => tokens[start]))
        expect(next.size > 1 || next.has(undefined)).toBe(true)
      }
    }
    expect(split).toBeGreaterThan(40)
  })

  it("the start depends neither on the selected examples nor on the responses that fit the context", () => {
    for (const [k, tokenizer] of tokenizers.entries()) {
      const distribution = randomTexts(k, 60)
      const startsIn = (of: Distribution, contextLength = 99): string[] =>
        makeSequences(of, plain, tokenizer, { contextLength }).sequences.map(
          ({ example, response, responseBegin }) => `${example} ${response} ${responseBegin}`,
        )
      const all = startsIn(distribution)
      const some = keepExamples(distribution, new Set([3, 10, 11, 40]))
      expect(startsIn(some)).toEqual(all.filter((line) => /^(3|10|11|40) /.test(line)))
      const short = startsIn(distribution, 6)
      expect(short.length).toBeGreaterThan(0)
      expect(short.length).toBeLessThan(all.length)
      for (const line of short) expect(all).toContain(line)
    }
  })
})

describe("what a template adds", () => {
  const framed = defineStimulus("framed", "text on both sides", { only: "a {prompt}b{response} abc.cab" })

  it("shares the response's last token, which is the response's; all after it are not", () => {
    let split = 0
    for (const [k, tokenizer] of tokenizers.entries()) {
      const distribution = randomTexts(k, 60)
      const { sequences } = makeSequences(distribution, framed, tokenizer, { contextLength: 99 })
      for (const { example, response, tokens, responseEnd } of sequences) {
        const { prompt, responses } = distribution.examples[example]!
        const spoken = `a ${prompt}b${responses[response]!.text}`.length
        // Each token's text, of the special ones none.
        const lengths = Array.from(tokens, (id) => (id < 3 ? 0 : tokenizer.decode([id]).length))
        const upTo = (end: number): number => lengths.slice(0, end).reduce((sum, length) => sum + length, 0)
        expect(upTo(responseEnd)).toBeGreaterThanOrEqual(spoken)
        expect(upTo(responseEnd - 1)).toBeLessThan(spoken)
        if (upTo(responseEnd) > spoken) split++
      }
    }
    expect(split).toBeGreaterThan(40)
  })

  it("ends at the token before where the tokenizer ends every text", () => {
    const ending: Tokenizer = {
      ...tokenizers[1]!,
      encode: (text) => Int32Array.of(...tokenizers[1]!.encode(text), 2),
    }
    const distribution = randomTexts(1, 60)
    const endsBy = (tokenizer: Tokenizer): number[] =>
      makeSequences(distribution, framed, tokenizer, { contextLength: 99 }).sequences.map(
        ({ responseEnd }) => responseEnd,
      )
    expect(endsBy(ending)).toEqual(endsBy(tokenizers[1]!))
    expect(findResponseStarts(distribution, framed, ending).nSplit).toBe(
      findResponseStarts(distribution, framed, tokenizers[1]!).nSplit,
    )
  })
})

describe("activations", () => {
  let model: Model
  const distribution = randomTexts(0, 12)
  const options = { cache: join(root, "cache"), sites: ["resid.1"], threads: 1 }

  beforeAll(async () => {
    model = await openModel(join(root, "model-0"), { cache: join(root, "models") })
  })

  it("averaged over a response are those from its start on", async () => {
    const { cache } = await extract(model, distribution, { ...options, positions: { kind: "mean" } })
    const { data, width } = await cache.site("resid.1")
    const rows = await cache.rows()
    const { startOf, nSplit } = findResponseStarts(distribution, plain, await model.tokenizer())
    expect(nSplit).toBeGreaterThan(0)
    const forward = await createForward(model.bundle, { sites: ["resid.1"], reads: "tokens", threads: 1 })
    for (const { index, prompt, responses } of distribution.examples) {
      for (const [response, { text }] of responses.entries()) {
        const row = plainRow((await model.tokenizer()).encode(prompt + text))
        const outputs = await forward.run(row, { kind: "tokens", at: row.positions })
        const values = outputs.get("resid.1")!.data
        const from = Math.min(startOf(index, "plain"), row.tokens.length - 1)
        const mean = Float64Array.from({ length: width }, (_, j) => {
          let sum = 0
          for (let t = from; t < row.tokens.length; t++) sum += values[t * width + j]!
          return sum / (row.tokens.length - from)
        })
        const at = rows.example.findIndex((of, k) => of === index && rows.response[k] === response)
        expect(maxAbsDifference(data.subarray(at * width, (at + 1) * width), mean)).toBeLessThan(1e-4)
      }
    }
    await forward.release()
  })

  const keyOf = (extraction: Extraction): Record<string, unknown> =>
    (
      JSON.parse(readFileSync(join(extraction.folder, "manifest.json"), "utf8")) as {
        key: Record<string, unknown>
      }
    ).key

  it("have a key that names the rule only where it changes them", async () => {
    const at = async (of: Distribution, kind: "mean" | "last" | "all"): Promise<unknown> =>
      keyOf(await extract(model, of, { ...options, positions: { kind } })).responseStart
    expect(await at(distribution, "mean")).toBe("earliest common token 1")
    expect(await at(distribution, "last")).toBeUndefined()
    expect(await at(distribution, "all")).toBeUndefined()
    // Each response begins with a token of its own: no merge makes more than four characters.
    expect(await at(distributionOf("<s>", "<s>a", "<s>b"), "mean")).toBeUndefined()
  })

  it("of a workbench know where the responses begin", async () => {
    const bench = await openWorkbench({ model: join(root, "model-0"), data: root, cache: options.cache })
    const set = await bench.activations(distribution, {
      stimulus: "yes-no",
      positions: { kind: "last" },
      sites: ["resid.1"],
    })
    const starts = findResponseStarts(distribution, stimulus("yes-no"), await model.tokenizer())
    for (const { index } of distribution.examples) {
      expect(await set.responseStart(index)).toBe(starts.startOf(index, "yes"))
      expect(await set.responseStart(index, "no")).toBe(starts.startOf(index, "no"))
    }
  })
})
