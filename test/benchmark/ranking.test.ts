// Rankings and controls as interventions, from end to end on a small model with random weights.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { rankPairs } from "../../src/benchmark/interventions/ranking.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { transfer } from "../../src/benchmark/transfer.ts"
import type { Scores } from "../../src/benchmark/interventions/contract.ts"
import {
  openWorkbench,
  type Workbench,
  type WorkbenchOptions,
} from "../../src/benchmark/workbench/workbench.ts"
import { allPairs, chooseLonger } from "../../src/data/index.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { sums, writeDistribution, writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const data = writeSums(join(root, "data"))
const model = join(root, "model")
beforeAll(() => writeRandomModel(model, { deviation: 0.2, config: { eos_token_id: 2 } }))

const open = (more: Partial<WorkbenchOptions> = {}): Promise<Workbench> =>
  openWorkbench({ model, data, cache: join(root, "cache"), threads: 1, ...more })

async function scoresOf(name: string, options = {}, target = "more"): Promise<Scores> {
  const bench = await open()
  const fitted = await makeIntervention(name, options).fit(bench, await bench.distribution("sums", "train"))
  const test = await bench.distribution(target, "test")
  return await fitted.score(bench, test, allPairs(test.examples))
}

describe("rankPairs", () => {
  it("takes the better response's score less the worse one's, and leaves out what has none", () => {
    const scored = [3, 5, -1].map((score, response) => ({ example: 4, response, label: 0, score }) as const)
    const asked = [
      { example: 4, better: 0, worse: 1 },
      { example: 4, better: 0, worse: 3 },
      { example: 9, better: 0, worse: 1 },
      { example: 4, better: 2, worse: 0 },
    ]
    const { pairs, logits } = rankPairs(scored, asked)
    expect(pairs).toEqual([asked[0], asked[3]])
    expect(Array.from(logits)).toEqual([-2, -4])
  })
})

describe.each(["zero-shot", "per-token-likelihood", "perplexity", "few-shot", "longer"])("%s", (name) => {
  it("says the opposite of swapped responses, and p = σ(k · difference) with k > 0 from the source", async () => {
    const bench = await open()
    const fitted = await makeIntervention(name).fit(bench, await bench.distribution("sums", "train"))
    const test = await bench.distribution("more", "test")
    const asked = allPairs(test.examples)
    const forth = await fitted.score(bench, test, asked)
    const back = await fitted.score(
      bench,
      test,
      asked.map(({ example, better, worse }) => ({ example, better: worse, worse: better })),
    )
    expect(forth.pairs).toHaveLength(32)
    expect(
      maxAbsDifference(
        forth.logits,
        Array.from(back.logits, (x) => -x),
      ),
    ).toBe(0)
    expect(
      maxAbsDifference(
        forth.probabilities,
        Array.from(back.probabilities, (p) => 1 - p),
      ),
    ).toBeLessThan(1e-12)
    const k = Number(
      /k = (\S+) from 60 pairs|k = (\S+) from 52 pairs/.exec(fitted.summary)!.slice(1).find(Boolean),
    )
    expect(k).toBeGreaterThan(0)
    const p = Array.from(forth.logits, (x) => 1 / (1 + Math.exp(-k * x)))
    // k is printed with three digits.
    expect(maxAbsDifference(forth.probabilities, p)).toBeLessThan(5e-3)
  })
})

describe("likelihood interventions", () => {
  it("rank by different things", async () => {
    const total = await scoresOf("zero-shot")
    const mean = await scoresOf("per-token-likelihood")
    const alone = await scoresOf("perplexity")
    const text = await scoresOf("perplexity", { of: "text" })
    const all = [total, mean, alone, text].map(({ logits }) => Array.from(logits))
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) expect(maxAbsDifference(a, b)).toBeGreaterThan(1e-3)
    }
    // Prompt and response as one text: the same prompt on both sides, so differences are smaller.
    const size = (logits: readonly number[]): number => logits.reduce((sum, x) => sum + Math.abs(x), 0)
    expect(size(all[3]!)).toBeLessThan(size(all[2]!))
  })

  it("count the pairs that are too long", async () => {
    const { targets } = await transfer(await open(), makeIntervention("zero-shot"), {
      source: "sums",
      targets: ["few"],
    })
    expect(targets[0]).toMatchObject({ pairs: 16, skippedPairs: 2 })
    expect(targets[0]!.auroc).toBeGreaterThan(0)
  })

  it("say so where no pair of the source fits the context, and what to do", async () => {
    const long = sums(8).map((item) => ({ ...item, prompt: item.prompt.repeat(12) }))
    writeDistribution(data, "wide", { train: long, test: long })
    const bench = await open()
    const ask = { source: "wide", targets: ["wide"] }
    const failure = "wide train: none of its 16 pairs can be scored by total log-probability"
    await expect(transfer(bench, makeIntervention("few-shot"), ask)).rejects.toThrow(failure)
    await expect(transfer(bench, makeIntervention("few-shot"), ask)).rejects.toThrow("--set few-shot.shots=1")
    const one = await transfer(bench, makeIntervention("few-shot", { shots: 1 }), ask)
    expect(one.targets[0]!.pairs).toBe(16)
  })

  it("give few-shot other scores for other seeds and when redrawn, the same for the same", async () => {
    const scores = async (seed: number, redraw: boolean): Promise<number[]> => {
      const bench = await open({ seed, cache: join(root, `cache ${seed} ${redraw}`) })
      const fitted = await makeIntervention("few-shot", { redraw }).fit(
        bench,
        await bench.distribution("sums", "train"),
      )
      const test = await bench.distribution("more", "test")
      return Array.from((await fitted.score(bench, test, allPairs(test.examples))).logits)
    }
    const first = await scores(0, false)
    expect(await scores(0, false)).toEqual(first)
    expect(maxAbsDifference(await scores(1, false), first)).toBeGreaterThan(1e-3)
    expect(maxAbsDifference(await scores(0, true), first)).toBeGreaterThan(1e-3)
  })
})

describe("controls", () => {
  it("random has no preference: p = ½, accuracy ½, no score of a single response", async () => {
    const { targets } = await transfer(await open(), makeIntervention("random"), {
      source: "sums",
      targets: ["few"],
    })
    // It needs no model: nothing is too long.
    expect(targets[0]).toMatchObject({ pairs: 18, skippedPairs: 0, promptAccuracy: 0.5, auroc: 0.5 })
    expect(targets[0]!.accuracy.estimate).toBe(0.5)
  })

  it("bag-of-words learns the words of the better responses, and reads no activations", async () => {
    const item = (i: number) => ({
      prompt: `${i}?`,
      responses: { [`good ${i}`]: 1, [`poor ${i}`]: 0 } as const,
    })
    const items = Array.from({ length: 12 }, (_, i) => item(i))
    writeDistribution(data, "words", { train: items.slice(0, 8), test: items.slice(8) })
    const bench = await open()
    const intervention = makeIntervention("bag-of-words")
    expect(intervention.needs).toBeUndefined()
    const { targets } = await transfer(bench, intervention, { source: "words", targets: ["words"] })
    expect(targets[0]).toMatchObject({ pairs: 4, skippedPairs: 0, auroc: 1 })
    expect(targets[0]!.accuracy.estimate).toBe(1)
    expect(bench.tokens().tokensRun).toBe(0)
  })

  it("longer prefers what chooseLonger does, in code points", async () => {
    const bench = await open()
    const test = await bench.distribution("few", "test")
    const { pairs, logits } = await scoresOf("longer", {}, "few")
    expect(Array.from(logits)).toEqual(chooseLonger(test, pairs))
    expect(pairs).toHaveLength(18)
  })
})

describe("the truthfulness task", () => {
  it("turns source and targets alike, for probes and rankings, and reports the bias towards Yes", async () => {
    const bench = await open({ task: "truthfulness" })
    // Of Yes and No the longer one is Yes: right where Yes is, and no better than one answer to everything.
    const always = { preferred: 1, right: 1 / 3, balancedAccuracy: 0.5 }
    for (const [name, yes] of [["mms"], ["zero-shot"], ["longer", always]] as const) {
      const ask = { source: "sums", targets: ["more"] }
      const { sourceEvaluation, targets } = await transfer(bench, makeIntervention(name), ask)
      expect(sourceEvaluation.pairs).toBe(60)
      expect(targets[0]).toMatchObject({ pairs: 48, skippedPairs: 0, yes: yes ?? { right: 1 / 3 } })
    }
  })
})
