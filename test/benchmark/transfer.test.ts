// Transfer from end to end: a small model with random weights, sums as data.

import { existsSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { probes } from "../../probes/registry.ts"
import { interventions, makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { fitProbe, fittedProbe, probeIntervention } from "../../src/benchmark/interventions/probe.ts"
import { evaluateCell } from "../../src/benchmark/run/cells.ts"
import { transfer, transferFitted } from "../../src/benchmark/transfer.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { sums, writeDistribution, writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const data = writeSums(join(root, "data"))
const model = join(root, "model")
const cache = join(root, "cache")
const mms = makeIntervention("mms")

const open = (more: Partial<Parameters<typeof openWorkbench>[0]> = {}): Promise<Workbench> =>
  openWorkbench({ model, data, cache, threads: 1, ...more })

beforeAll(async () => {
  await writeRandomModel(model)
})

describe("transfer", () => {
  it("evaluates the source's test split and every target, in the order asked for", async () => {
    const result = await transfer(await open(), mms, { source: "sums", targets: ["more", "few", "sums"] })
    expect(result).toMatchObject({ intervention: "mms", source: "sums" })
    expect(result.fitted).toMatch(/^2 of 8 heads/)
    expect(result.targets.map(({ distribution, split }) => `${distribution} ${split}`)).toEqual([
      "more test",
      "few test",
      "sums test",
    ])
    expect(result.sourceEvaluation).toMatchObject({
      distribution: "sums",
      split: "test",
      pairs: 40,
      skippedPairs: 0,
    })
    expect(result.targets[2]).toEqual(result.sourceEvaluation)
    for (const { accuracy, auroc, brierScore } of result.targets) {
      expect(accuracy.estimate).toBeGreaterThanOrEqual(accuracy.low)
      expect(accuracy.estimate).toBeLessThanOrEqual(accuracy.high)
      expect(auroc).toBeGreaterThan(0)
      expect(brierScore).toBeLessThan(1)
    }
  })

  it("counts the pairs that are too long for the context, and leaves them out", async () => {
    const { targets } = await transfer(await open(), mms, { source: "sums", targets: ["few"] })
    expect(targets[0]).toMatchObject({ pairs: 16, skippedPairs: 2 })
  })

  it("gives the same result from the cache and from another, byte for byte, whatever the threads", async () => {
    const ask = { source: "sums", targets: ["more", "few"] }
    const first = JSON.stringify(await transfer(await open(), mms, ask))
    expect(JSON.stringify(await transfer(await open(), mms, ask))).toBe(first)
    const elsewhere = await open({ cache: join(root, "other-cache"), threads: 2 })
    expect(JSON.stringify(await transfer(elsewhere, mms, ask))).toBe(first)
  })

  it("fits the same whatever the targets are: nothing of them is seen before", async () => {
    const alone = await transfer(await open(), mms, { source: "sums", targets: ["sums"] })
    const others = await transfer(await open(), mms, { source: "sums", targets: ["more", "few"] })
    expect(others.fitted).toBe(alone.fitted)
    expect(others.sourceEvaluation).toEqual(alone.sourceEvaluation)
  })

  it("hands a probe the source's training split and nothing else to fit on", async () => {
    const seen: ActivationSet[] = []
    const spy = probeIntervention({
      ...probes[0]!,
      fit: (source, options) => {
        seen.push(source)
        return probes[0]!.fit(source, options)
      },
    })
    const intervention = spy.make(resolveOptions(spy.name, spy.options))
    await transfer(await open(), intervention, { source: "sums", targets: ["more"] })
    expect(seen.map(({ distribution: { id, split } }) => `${id} ${split}`)).toEqual(["sums train"])
  })

  it("is another with another seed", async () => {
    const ask = { source: "sums", targets: ["more"] }
    const [a, b] = [await transfer(await open(), mms, ask), await transfer(await open({ seed: 1 }), mms, ask)]
    expect(b.fitted).not.toBe(a.fitted)
  })

  it("with at most n examples scores the pairs of n", async () => {
    const bench = await open({ maxExamples: 5 })
    const { targets, sourceEvaluation } = await transfer(bench, mms, { source: "sums", targets: ["more"] })
    expect([sourceEvaluation.pairs, targets[0]!.pairs]).toEqual([10, 10])
  })

  it("computes nothing where a target is unknown, fitted anew or before", async () => {
    const bench = await open({ cache: join(root, "unused") })
    const ask = { source: "sums", targets: ["more", "mroe"] }
    const message = 'unknown distribution "mroe": did you mean "more"? known: few, more, sums'
    await expect(transfer(bench, mms, ask)).rejects.toThrow(message)
    const fitted = { summary: "", score: () => Promise.reject(new Error("was asked to score")) }
    await expect(transferFitted(bench, fitted, { name: "x", options: {}, ...ask })).rejects.toThrow(message)
    expect(existsSync(join(root, "unused", "activations"))).toBe(false)
  })

  it("refuses a source of one prompt and a target that is too long as a whole", async () => {
    const one = sums(6).map((item) => ({ ...item, prompt: "0 + 0 =" }))
    const long = [{ prompt: "x".repeat(300), responses: { a: 1, b: 0 } }]
    writeDistribution(data, "one", { train: one, test: one })
    writeDistribution(data, "long", { test: long })
    await expect(transfer(await open(), mms, { source: "one", targets: ["more"] })).rejects.toThrow(
      "one train: expected at least 2 distinct prompts with a usable pair to fit on, got 1 (6 examples)",
    )
    await expect(transfer(await open(), mms, { source: "sums", targets: ["long"] })).rejects.toThrow(
      "long test: no example fits the model's context of 256 tokens (the shortest has 302)",
    )
  })
})

describe("CCS as published", () => {
  it("has its accuracy of single responses, and is kept without pairs, as in the release", async () => {
    const bench = await open()
    const leaky = makeIntervention("ccs-leaky", { epochs: 50, restarts: 2 })
    const { targets } = await transfer(bench, leaky, { source: "sums", targets: ["more"] })
    expect(targets[0]).toMatchObject({ accuracyOf: "responses", detectable: null })
    expect(targets[0]!.accuracy.estimate).toBeGreaterThanOrEqual(0.5)
    const [source, target] = [
      await bench.distribution("sums", "train"),
      await bench.distribution("more", "test"),
    ]
    const fitted = await leaky.fit(bench, source)
    const fields = await evaluateCell(bench, leaky, fitted, { model: "m", source, target })
    expect(fields).toMatchObject({ eval_accuracy: targets[0]!.accuracy.estimate })
    expect(Object.keys(fields)).not.toContain("eval_probabilities")
    expect(fields.litmus).not.toHaveProperty("logits")
    const mmsFields = await evaluateCell(bench, mms, await mms.fit(bench, source), {
      model: "m",
      source,
      target,
    })
    expect(Object.keys(mmsFields)).toContain("eval_probabilities")
  })
})

describe("a workbench", () => {
  it("extracts what is asked for twice only once", async () => {
    const bench = await open()
    const sumsTrain = await bench.distribution("sums", "train")
    expect(await bench.distribution("sums", "train")).toBe(sumsTrain)
    const needs = { stimulus: "plain", positions: { kind: "last" }, sites: ["heads"] } as const
    const set = await bench.activations(sumsTrain, needs)
    const once = bench.tokens()
    expect(await bench.activations(sumsTrain, needs)).toBe(set)
    expect(bench.tokens()).toEqual(once)
    expect(once.tokensRun).toBeGreaterThan(0)
    // Each of 60 pairs has two members of 9 bytes or more.
    expect(once.tokensSeparate).toBeGreaterThan(60 * 2 * 9)
  })

  it("scores pairs of a fitted probe as the probe itself does", async () => {
    const bench = await open()
    const probe = probes[0]!
    const options = resolveOptions(probe.name, probe.options)
    const fitted = await fitProbe(bench, await bench.distribution("sums", "train"), probe, options)
    const target = await bench.distribution("more", "test")
    const activations = await bench.activations(target, probe.needs(options))
    const pairs = [
      { example: 3, better: 0, worse: 2 },
      { example: 0, better: 0, worse: 1 },
    ]
    const scores = await fittedProbe(fitted, probe.needs(options)).score(bench, target, pairs)
    expect(scores.pairs).toEqual(pairs)
    const { logits, probabilities } = await fitted.scorePairs(activations, pairs)
    expect(scores).toMatchObject({ logits, probabilities })
    // A cosine of the difference is not a difference of scores: single responses have none that ranks the pairs.
    expect(scores.responses).toBeUndefined()
  })
})

describe("an intervention by its name", () => {
  it("has its options checked and filled in", () => {
    expect(makeIntervention("mms", { k: "3" }).options).toMatchObject({
      on: "heads",
      k: 3,
      calibrator: "antisymmetric",
    })
    // @ts-expect-error: misspelt.
    expect(() => makeIntervention("mms", { kk: 1 })).toThrow('unknown option of mms "kk": did you mean "k"?')
    expect(() => makeIntervention("mms", { k: 0 })).toThrow("mms.k: expected a positive integer, got 0")
  })

  it("is suggested where it is misspelt", () => {
    expect(() => makeIntervention("random-directions")).toThrow(
      'unknown intervention "random-directions": did you mean "random-direction"? known: mms,',
    )
  })

  it("has a name of its own and a description of one line", () => {
    const names = interventions.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { description } of interventions) expect(description).toMatch(/^[^\n]{10,120}$/)
  })
})
