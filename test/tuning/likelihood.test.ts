// Likelihoods of responses against the forward pass's logits of each sequence alone; what is scored, what is left out,
// and that the cache answers.

import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import type { Distribution } from "../../src/data/index.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import type { Tokenizer } from "../../src/model/tokenizer/tokenizer.ts"
import { scoreLikelihoods, type Likelihoods } from "../../src/tuning/likelihood.ts"
import { scoredSequences, type ScoredPart } from "../../src/tuning/scored-sequences.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const end = 2
let model: Model

beforeAll(async () => {
  const config = { eos_token_id: end, max_position_embeddings: 64 }
  await writeRandomModel(join(root, "model"), { deviation: 0.3, config })
  model = await openModel(join(root, "model"), { cache: join(root, "cache") })
})

// The byte tokenizer writes <s> and one token a byte.
const distribution: Distribution = {
  id: "facts",
  split: "test",
  fingerprint: "facts",
  examples: [
    {
      index: 0,
      prompt: "The sky is ",
      responses: [answer("blue", 1), answer("blueish", 0), answer("red", 0)],
    },
    { index: 3, prompt: "The sky at night is ", responses: [answer("black", 1), answer("", 0)] },
    { index: 4, prompt: "", responses: [answer("A text.", 1), answer("B text.", 0)] },
  ],
}

function answer(text: string, label: 0 | 1): { text: string; label: 0 | 1 } {
  return { text, label }
}

let calls = 0
async function score(
  part: ScoredPart,
  of = distribution,
  cache = join(root, `cache-${calls++}`),
): Promise<Likelihoods> {
  return await scoreLikelihoods(model, of, { cache, part, threads: 1 })
}

/** Sum of log p of the tokens from `begin` on, from the logits of the sequence alone. */
async function expected(text: string, { begin, ended }: { begin: number; ended: boolean }): Promise<number> {
  const tokens = Int32Array.from([
    1,
    ...[...Buffer.from(text)].map((byte) => byte + 3),
    ...(ended ? [end] : []),
  ])
  const forward = await createForward(model.bundle, {
    sites: ["final"],
    reads: "tokens",
    logits: true,
    threads: 1,
  })
  const row = plainRow(tokens)
  const logits = (await forward.run(row, { kind: "tokens", at: row.positions })).get("logits")!.data
  await forward.release()
  let sum = 0
  for (let k = begin; k < tokens.length; k++) {
    const before = logits.subarray((k - 1) * 259, k * 259)
    sum += before[tokens[k]!]! - Math.log(before.reduce((total, x) => total + Math.exp(x), 0))
  }
  return sum
}

describe("scoreLikelihoods", () => {
  it("adds up the response and its end given the prompt, each sequence as if it were alone", async () => {
    const { responses } = await score("response given prompt")
    expect(responses.map(({ example, response, nTokens }) => [example, response, nTokens])).toEqual([
      [0, 0, 5],
      [0, 1, 8],
      [0, 2, 4],
      [3, 0, 6],
      [3, 1, 1],
      [4, 0, 8],
      [4, 1, 8],
    ])
    for (const { example, response, label, logProbability } of responses) {
      const { prompt, responses: all } = distribution.examples.find(({ index }) => index === example)!
      expect(label).toBe(all[response]!.label)
      const alone = await expected(prompt + all[response]!.text, { begin: 1 + prompt.length, ended: true })
      expect(Math.abs(logProbability - alone)).toBeLessThan(1e-4)
    }
  })

  it("scores a response alone without its prompt and without an end; an empty one has no score", async () => {
    const { responses, summary } = await score("response alone")
    expect(responses).toHaveLength(6)
    expect(summary.skipped).toMatchObject([{ example: 3, response: 1, nTokens: 1 }])
    const { logProbability, nTokens } = responses[1]!
    expect(nTokens).toBe("blueish".length)
    expect(logProbability).toBeCloseTo(await expected("blueish", { begin: 1, ended: false }), 4)
  })

  it("scores prompt and response as one text", async () => {
    const { responses } = await score("whole text")
    const { logProbability, nTokens } = responses[2]!
    expect(nTokens).toBe("The sky is red".length)
    expect(logProbability).toBeCloseTo(await expected("The sky is red", { begin: 1, ended: false }), 4)
    expect(responses).toHaveLength(7)
  })

  it("leaves out what does not fit the context with its end, and counts it", async () => {
    const lengths = [62, 63].map((length) => "x".repeat(length))
    const long: Distribution = {
      ...distribution,
      fingerprint: "long",
      examples: [
        { index: 0, prompt: "", responses: lengths.map((text, k) => answer(text, k === 0 ? 1 : 0)) },
      ],
    }
    const { responses, summary } = await score("response given prompt", long)
    // <s>, 62 bytes and </s> are 64 tokens.
    expect(responses.map(({ response }) => response)).toEqual([0])
    expect(summary.skipped).toMatchObject([{ response: 1, nTokens: 65 }])
    expect((await score("response alone", long)).responses).toHaveLength(2)
  })

  it("returns nothing where nothing fits", async () => {
    const none: Distribution = {
      ...distribution,
      fingerprint: "none",
      examples: [{ index: 0, prompt: "x".repeat(70), responses: [answer("a", 1), answer("b", 0)] }],
    }
    const { responses, summary } = await score("response given prompt", none)
    expect(responses).toEqual([])
    expect(summary).toMatchObject({ sequences: 0, rows: 0, tokensRun: 0 })
  })

  it("runs every shared prefix once, and the last token never", async () => {
    const { summary } = await score("response given prompt")
    // A trie of <s>, "The sky ", "is ", "blueish" (holds "blue"), "red", "at night is ", "black", "A text.", "B text.".
    expect(summary.tokensRun).toBe(1 + 8 + 3 + 7 + 3 + 12 + 5 + 7 + 7)
    expect(summary.tokensSeparate).toBe(2 * 17 + 20 + 16 + 27 + 22 + 2 * 9)
  })

  it("gives the scores of a selection as those of the whole", async () => {
    const { responses } = await score("response given prompt")
    const [, second] = distribution.examples
    const part = await score("response given prompt", {
      ...distribution,
      fingerprint: "part",
      examples: [second!],
    })
    part.responses.forEach(({ logProbability }, k) =>
      expect(logProbability).toBeCloseTo(responses[3 + k]!.logProbability, 4),
    )
  })
})

describe("the cache of likelihoods", () => {
  const cache = join(root, "held")
  const options = (more: object = {}): Parameters<typeof scoreLikelihoods>[2] => ({
    cache,
    part: "response given prompt",
    threads: 1,
    ...more,
  })
  const silent = {
    onProgress: () => {
      throw new Error("computed again")
    },
  }
  const file = (): string => {
    const folder = join(cache, "scores", model.fingerprint)
    const names = readdirSync(folder)
    expect(names).toHaveLength(1)
    return join(folder, names[0]!)
  }

  it("answers the second time, with the same scores", async () => {
    const first = await scoreLikelihoods(model, distribution, options())
    expect(await scoreLikelihoods(model, distribution, options(silent))).toEqual(first)
  })

  it("does not answer for other examples, parts or end tokens", async () => {
    const elsewhere = { ...distribution, fingerprint: "other" }
    await expect(scoreLikelihoods(model, elsewhere, options(silent))).rejects.toThrow("computed again")
    const part = options({ ...silent, part: "whole text" })
    await expect(scoreLikelihoods(model, distribution, part)).rejects.toThrow("computed again")
    const endless = { ...model, endToken: undefined }
    await expect(scoreLikelihoods(endless, distribution, options(silent))).rejects.toThrow("computed again")
  })

  it.each(["", "{}", "{"])("computes again what was damaged to %j", async (content) => {
    const first = readFileSync(file(), "utf8")
    writeFileSync(file(), content)
    await scoreLikelihoods(model, distribution, options())
    expect(readFileSync(file(), "utf8")).toBe(first)
  })
})

describe("scoredSequences", () => {
  const plain: Tokenizer = {
    vocabSize: 259,
    specialTokens: new Set<number>(),
    encode: (text) => Int32Array.from(Buffer.from(text), (byte) => byte + 3),
    decode: () => "",
  }
  const options = { contextLength: 64, endToken: end }

  it("puts the end token before a text scored alone where the tokenizer writes no start token", () => {
    const { sequences, skipped } = scoredSequences(distribution, plain, "response alone", options)
    expect(skipped).toMatchObject([{ example: 3, response: 1 }])
    expect(Array.from(sequences[0]!.tokens)).toEqual([end, ...plain.encode("blue")])
    expect(sequences[0]!.scoredFrom).toBe(1)
    const given = scoredSequences(distribution, plain, "response given prompt", options).sequences
    expect(Array.from(given[0]!.tokens)).toEqual([...plain.encode("The sky is blue"), end])
    expect(given[0]!.scoredFrom).toBe("The sky is ".length)
  })

  it("scores no end where the model has none", () => {
    const { sequences } = scoredSequences(distribution, plain, "response given prompt", {
      ...options,
      endToken: undefined,
    })
    expect(Array.from(sequences[0]!.tokens)).toEqual([...plain.encode("The sky is blue")])
  })
})
