// log P(a | prompt) − log P(b | prompt) = log P(prompt + a) − log P(prompt + b), however prompt and response are
// tokenised: on random tokenizers and texts, and on pairs whose prompts end in a space. Tolerance 1e-4, the project's
// for sums of log-probabilities.

import { existsSync, readFileSync, readdirSync, renameSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { findResponseStarts } from "../../src/sequences/response-start.ts"
import { sharedStarts } from "../../src/sequences/response-start-key.ts"
import { perTokenRanking, zeroShotRanking } from "../../src/benchmark/interventions/likelihood.ts"
import { rankPairs } from "../../src/benchmark/interventions/ranking.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { allPairs, stimulus, withDemonstrations, type Distribution } from "../../src/data/index.ts"
import { fingerprint } from "../../src/base/files.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { scoreLikelihoods } from "../../src/tuning/likelihood.ts"
import { engineName } from "../../src/graph/engine.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { randomTexts, randomTokenizer, writeTokenizer } from "../support/random-tokenizer.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const end = 2
const seeds = [0, 1, 2, 3]
const models: Model[] = []

beforeAll(async () => {
  for (const seed of seeds) {
    const folder = await writeRandomModel(join(root, `model-${seed}`), {
      deviation: 0.3,
      config: { eos_token_id: end },
    })
    writeTokenizer(folder, randomTokenizer(seed, { nMerges: 40, start: seed % 2 === 0 }))
    models.push(await openModel(folder, { cache: join(root, "models") }))
  }
})

type LogProbability = (text: string, ended: boolean) => Promise<{ value: number; nTokens: number }>

/**
 * The log-probability of a text and its end by the logits of the sequence alone, from its first token on; from its
 * second on where nothing precedes the first, unless `ended` puts the end of another text before it.
 */
async function withWholeTexts(model: Model, use: (of: LogProbability) => Promise<void>): Promise<void> {
  const tokenizer = await model.tokenizer()
  const hasStart = tokenizer.encode("").length > 0
  const forward = await createForward(model.bundle, {
    sites: ["final"],
    reads: "tokens",
    logits: true,
    threads: 1,
  })
  await use(async (text, ended) => {
    const tokens = Int32Array.from([...(ended && !hasStart ? [end] : []), ...tokenizer.encode(text), end])
    const row = plainRow(tokens)
    const logits = (await forward.run(row, { kind: "tokens", at: row.positions })).get("logits")!.data
    const width = logits.length / tokens.length
    let value = 0
    for (let k = 1; k < tokens.length; k++) {
      const before = logits.subarray((k - 1) * width, k * width)
      value += before[tokens[k]!]! - Math.log(before.reduce((sum, x) => sum + Math.exp(x), 0))
    }
    return { value, nTokens: tokens.length }
  })
  await forward.release()
}

/** Largest differences, of log-probabilities and of token counts, between responses of one prompt and whole texts. */
async function largestErrors(model: Model, distribution: Distribution): Promise<[number, number]> {
  const cache = join(root, "cache")
  const part = "response given prompt"
  const { responses } = await scoreLikelihoods(model, distribution, { cache, part, threads: 1 })
  const { startOf } = findResponseStarts(distribution, stimulus("plain"), await model.tokenizer())
  const errors: [number, number] = [0, 0]
  await withWholeTexts(model, async (whole) => {
    for (const { index, prompt, responses: texts } of distribution.examples) {
      const own = responses.filter(({ example }) => example === index)
      expect(own).toHaveLength(texts.length)
      const [first] = own
      const isUnpreceded = startOf(index, "plain") === 0
      const { value, nTokens } = await whole(prompt + texts[0]!.text, isUnpreceded)
      for (const { response, logProbability, nTokens: scored } of own) {
        const other = await whole(prompt + texts[response]!.text, isUnpreceded)
        errors[0] = Math.max(
          errors[0],
          Math.abs(first!.logProbability - logProbability - (value - other.value)),
        )
        errors[1] = Math.max(errors[1], Math.abs(first!.nTokens - scored - (nTokens - other.nTokens)))
      }
    }
  })
  return errors
}

describe("log-probabilities of a prompt's responses", () => {
  it.each(seeds)(
    "differ as those of the whole texts do, and so do their tokens (tokenizer %i)",
    async (seed) => {
      const model = models[seed]!
      const distribution = randomTexts(seed, 20)
      const { nSplit } = await sharedStarts(model, distribution, { cache: join(root, "starts") })
      expect(nSplit).toBeGreaterThan(3)
      const [error, miscounted] = await largestErrors(model, distribution)
      expect(error).toBeLessThan(1e-4)
      expect(miscounted).toBe(0)
    },
  )

  it("do so after demonstrations too", async () => {
    const distribution = withDemonstrations(randomTexts(0, 10), randomTexts(5, 10), { shots: 2, seed: 0 })
    const [error, miscounted] = await largestErrors(models[0]!, distribution)
    expect(error).toBeLessThan(1e-4)
    expect(miscounted).toBe(0)
  })

  it("count every token where nothing precedes the response and the tokenizer writes no start", async () => {
    const [model, other] = [models[1]!, models[0]!]
    const responses = [
      { text: "abc", label: 1 as const },
      { text: "c.a", label: 0 as const },
    ]
    const examples = [{ index: 0, prompt: "", responses }]
    const bare: Distribution = { id: "bare", split: "test", examples, fingerprint: fingerprint(examples) }
    for (const of of [model, other]) {
      const tokenizer = await of.tokenizer()
      const scored = await scoreLikelihoods(of, bare, {
        cache: join(root, "cache"),
        part: "response given prompt",
        threads: 1,
      })
      expect(scored.responses.map(({ nTokens }) => nTokens)).toEqual(
        responses.map(({ text }) => tokenizer.encode(text, { special: false }).length + 1),
      )
    }
    expect((await largestErrors(model, bare))[0]).toBeLessThan(1e-4)
  })
})

describe("the cache of likelihoods", () => {
  const part = "response given prompt"
  const silent = (cache: string): Parameters<typeof scoreLikelihoods>[2] => ({
    cache,
    part,
    threads: 1,
    onProgress: () => {
      throw new Error("computed again")
    },
  })

  /** Puts the scores in a cache where versions before the rule kept and looked for them. */
  async function heldByFormerVersion(model: Model, distribution: Distribution): Promise<string> {
    const cache = join(root, `former-${distribution.id}`)
    await scoreLikelihoods(model, distribution, { cache, part, threads: 1 })
    const folder = join(cache, "scores", model.fingerprint)
    const [name] = readdirSync(folder)
    const { id, split, fingerprint: content } = distribution
    const formerKey = {
      model: model.fingerprint,
      tokenizer: model.tokenizerFingerprint,
      endToken: end,
      context: 256,
      distribution: { id, split, fingerprint: content },
      part,
      engine: engineName(),
      format: 1,
    }
    renameSync(join(folder, name!), join(folder, `${id}.${split}.${part}.${fingerprint(formerKey)}.json`))
    return cache
  }

  it("answers with what a former version kept where no token spans a join, and else computes again", async () => {
    const model = models[0]!
    const split = randomTexts(0, 10)
    const responses = [
      { text: "<s>a", label: 1 as const },
      { text: "<s>b.", label: 0 as const },
    ]
    const examples = [{ index: 0, prompt: "ab c", responses }]
    const whole: Distribution = { id: "whole", split: "test", examples, fingerprint: fingerprint(examples) }
    const held = await scoreLikelihoods(model, whole, silent(await heldByFormerVersion(model, whole)))
    expect(held.responses).toHaveLength(2)
    const cache = await heldByFormerVersion(model, split)
    await expect(scoreLikelihoods(model, split, silent(cache))).rejects.toThrow("computed again")
  })

  it("keeps how many joins are split, and finds it out again where that is damaged", async () => {
    const cache = join(root, "kept")
    const distribution = randomTexts(1, 10)
    const first = await sharedStarts(models[1]!, distribution, { cache })
    const unread = {
      ...models[1]!,
      tokenizer: () => Promise.reject(new Error("tokenised again")),
    }
    expect(await sharedStarts(unread, distribution, { cache })).toEqual(first)
    const others = { ...distribution, fingerprint: "another" }
    await expect(sharedStarts(unread, others, { cache })).rejects.toThrow("tokenised again")
  })
})

const folder = shared("cases", "14-prompt-ending-in-space")
const hasCase = hasShared && existsSync(folder)

describe.skipIf(!hasCase)(`prompts that end in a space${hasCase ? "" : needsShared}`, () => {
  it("rank as the same texts do whose responses begin with the space, by transformers' differences", async () => {
    const bench = await openWorkbench({
      model: shared("models", "stories260K"),
      data: join(folder, "data"),
      cache: join(root, "stories"),
    })
    // log P(prompt + better) − log P(prompt + worse) by transformers, texts and their ends, over all tokens.
    const name = "difference of log P of the whole texts"
    const expected = (
      JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<typeof name, number>[]
    ).map((pair) => pair[name])
    const perToken: number[] = []
    for (const id of ["space", "moved"]) {
      const distribution = await bench.distribution(id, "test")
      const asked = allPairs(distribution.examples)
      const { logits } = rankPairs(await zeroShotRanking.score(bench, distribution), asked)
      expect(maxAbsDifference(logits, expected)).toBeLessThan(1e-4)
      expect(pairAccuracy(logits)).toBeCloseTo(0.8472, 4)
      perToken.push(pairAccuracy(rankPairs(await perTokenRanking.score(bench, distribution), asked).logits))
    }
    expect(perToken[0]).toBe(perToken[1])
  })
})
