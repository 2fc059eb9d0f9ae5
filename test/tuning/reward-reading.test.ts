// Where a reward model is read and what its outputs mean: rules, and checkpoints of the public with the figures that
// transformers gives.

import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { transfer } from "../../src/benchmark/transfer.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { runOf } from "../../src/benchmark/run/cells.ts"
import { readDistribution, type Distribution } from "../../src/data/index.ts"
import { openModel, withAdapter, type Model } from "../../src/model/model.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { tuningOptions } from "../../src/tuning/options.ts"
import { readAdapter, writeAdapter } from "../../src/tuning/peft.ts"
import { describeRewards, rewardsOf } from "../../src/tuning/reward-model.ts"
import { hasEnded, readingPlace, rewardMeaning, rewardOptions } from "../../src/tuning/reward-reading.ts"
import { trainingData } from "../../src/tuning/training-data.ts"
import { makeTunable } from "../../src/tuning/tunable.ts"
import { trainConfig, tune } from "../../src/tuning/tune.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

describe("rewardMeaning", () => {
  const path = "config.json"
  const named = (...names: string[]): Record<string, string> => Object.fromEntries(names.entries())

  it("of one output is the output", () => {
    expect(rewardMeaning(1, { path }).reward([3])).toBe(3)
  })

  it("of classes is the log-odds of the good one, whichever it is", () => {
    const classes = { path, problem_type: "single_label_classification" }
    expect(rewardMeaning(2, { ...classes, id2label: named("bad", "good") }).reward([1, 4])).toBeCloseTo(3, 12)
    expect(
      rewardMeaning(2, { ...classes, id2label: named("chosen", "rejected") }).reward([1, 4]),
    ).toBeCloseTo(-3, 12)
    // log σ-odds of one of three classes: x − log Σ exp(others).
    const three = { ...classes, id2label: named("a", "b", "c") }
    const meaning = rewardMeaning(3, three, "b")
    expect(meaning.reward([1, 2, 3])).toBeCloseTo(2 - Math.log(Math.exp(1) + Math.exp(3)), 12)
    expect(meaning.describe).toBe('the log-odds of "b" against "a", "c"')
  })

  it("does not change when a constant is added to all logits of classes", () => {
    const fields = { path, id2label: named("negative", "positive") }
    expect(rewardMeaning(2, fields).reward([1001, 1004])).toBeCloseTo(3, 9)
  })

  it("of several rewards is one by its name, and without a name a refusal that lists them", () => {
    const fields = { path, problem_type: "regression", id2label: named("helpfulness", "safety", "length") }
    expect(rewardMeaning(3, fields, "safety").reward([1, 2, 3])).toBe(2)
    expect(() => rewardMeaning(3, fields)).toThrow(
      "config.json: the head has 3 outputs: say which is the reward with --set reward.label=NAME: helpfulness, safety, length",
    )
    expect(() => rewardMeaning(3, fields, "safty")).toThrow(/unknown label "safty".*did you mean "safety"/)
    const unnamed = { path, problem_type: "single_label_classification" }
    expect(() => rewardMeaning(2, unnamed)).toThrow("LABEL_0, LABEL_1")
  })

  it("of two rewards that are no classes is never a difference or a mean, whatever they are called", () => {
    for (const problem of ["regression", "multi_label_classification"]) {
      const fields = { path, problem_type: problem, id2label: named("unsafe", "safe") }
      expect(() => rewardMeaning(2, fields)).toThrow("reward.label=NAME: unsafe, safe")
      expect(rewardMeaning(2, fields, "safe").reward([1, 4])).toBe(4)
      expect(() => rewardMeaning(2, { path, problem_type: problem })).toThrow("LABEL_0, LABEL_1")
    }
  })

  it("of two outputs without names is their mean, as GENIES trains them, and says so", () => {
    const meaning = rewardMeaning(2, { path })
    expect(meaning.reward([1, 4])).toBe(2.5)
    expect(meaning.describe).toBe("the mean of its two outputs, as GENIES trains them")
  })
})

describe("the place", () => {
  const textOf = (id: number): string => ["<s>", "a", "\n", "</s>"][id]!
  const isSpecial = (id: number): boolean => id === 3 || id === 0

  it("is the last token that is not padding", () => {
    expect(readingPlace([0, 1, 1, 3], 3)).toBe(2)
    expect(readingPlace([0, 1, 3, 1], 3)).toBe(3)
    expect(readingPlace([0, 1, 3], undefined)).toBe(2)
    // transformers 5.18, modeling_layers.py: argmax of 0, 0.
    expect(readingPlace([3, 3], 3)).toBe(0)
  })

  it("of a text that has ended is known by its last special token, white space apart", () => {
    expect(hasEnded([0, 1, 3], isSpecial, textOf)).toBe(true)
    expect(hasEnded([0, 1, 3, 2, 2], isSpecial, textOf)).toBe(true)
    expect(hasEnded([0, 1, 3, 1], isSpecial, textOf)).toBe(false)
    // The token that starts a text does not end it.
    expect(hasEnded([0, 2], isSpecial, textOf)).toBe(false)
  })
})

describe("a model whose pad token is its end token", () => {
  const root = temporaryFolder()
  const cache = join(root, "cache")
  const lora = { kind: "lora", rank: 2, alpha: 4, dropout: 0, targets: ["q_proj"] } as const
  const config = { eos_token_id: 2, pad_token_id: 2 }
  let base: Model
  let data: Distribution
  beforeAll(async () => {
    base = await openModel(await writeRandomModel(join(root, "base"), { config }), { cache })
    data = await readDistribution(writeSums(join(root, "data")), "sums", "train")
  })

  const read = async (model: Model, options: Record<string, unknown> = {}): Promise<string> =>
    await describeRewards(model, data, resolveOptions("reward", rewardOptions, options))

  async function adapter(name: string): Promise<string> {
    const folder = join(root, name)
    const { initial } = await makeTunable(base.bundle, lora, { nLabels: 1, seed: 0 })
    const note = { base: base.fingerprint, run: "test" }
    await writeAdapter(folder, lora, initial, { model: base, note })
    return folder
  }

  it("is read before the end token by an adapter from elsewhere, and at it by one that was trained here", async () => {
    const folder = await adapter("adapter")
    const ours = withAdapter(base, await readAdapter(folder, base))
    rmSync(join(folder, "litmus.json"))
    const foreign = withAdapter(base, await readAdapter(folder, base))
    expect(await read(ours)).toMatch(/read at the token "<\/s>"$/)
    expect(await read(foreign)).toMatch(/the last that is not padding$/)
    expect(await read(foreign)).not.toContain("</s>")
    // Either can be told.
    expect(await read(foreign, { at: "last" })).toBe(await read(ours))
    expect(await read(ours, { at: "before-end" })).toBe(await read(foreign))
  })

  it("gives its rewards where its training step read them", async () => {
    const chats = data.examples.map((example) => ({
      ...example,
      responses: example.responses.map((response) => ({ ...response, text: `${response.text}</s>\n` })),
    }))
    const ended = { ...data, examples: chats }
    const ours = withAdapter(base, await readAdapter(await adapter("chats"), base))
    const { sequences } = await rewardsOf(ours, ended, { threads: 1 })
    const trained = await trainingData(
      base,
      ended,
      trainConfig(base, "lora", resolveOptions("lora", tuningOptions.lora, { validation: 0 }), 0),
      await makeTunable(base.bundle, lora, { nLabels: 1, seed: 0 }),
    )
    const scored = new Set(sequences.map(({ tokens }) => tokens.join()))
    expect(trained.pairs.length).toBeGreaterThan(0)
    for (const { better, worse } of trained.pairs) {
      expect(scored.has(better.join()) && scored.has(worse.join())).toBe(true)
    }
  })

  it("tuned as a whole is read at the end token, here and by transformers, which then knows no padding", async () => {
    const values = resolveOptions("full", tuningOptions.full, { steps: 1, batch: 2, validation: 0 })
    const folder = join(root, "full")
    const { model } = await tune(base, data, "full", values, { folder, seed: 0, cache, threads: 1 })
    expect(await read(model)).toMatch(/read at the token "<\/s>"$/)
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toHaveProperty("pad_token_id", null)
  })

  it("is scored by one label: several are refused, and a label may have a comma in its name", async () => {
    const id2label = { 0: "help, not harm", 1: "style" }
    const fields = { architectures: ["LlamaForSequenceClassification"], id2label, problem_type: "regression" }
    const folder = await writeRandomModel(join(root, "labels"), { config: { ...config, ...fields } })
    const model = await openModel(folder, { cache })
    expect(await read(model, { label: "style" })).toMatch(/^its output "style", read at/)
    expect(await read(model, { label: "help, not harm" })).toMatch(/^its output "help, not harm"/)
    await expect(read(model, { label: ["style", "help"] })).rejects.toThrow(/unknown label "style,help"/)
    await expect(read(model)).rejects.toThrow(/reward\.label=NAME: help, not harm, style$/)
  })

  it("has evaluations of its own: pad token, labels and options count in their fingerprint", async () => {
    const runs: string[] = []
    const score = { architectures: ["LlamaForSequenceClassification"], id2label: { 0: "bad", 1: "good" } }
    for (const [i, fields] of [
      { eos_token_id: 2 },
      { eos_token_id: 2, pad_token_id: 2 },
      {
        eos_token_id: 2,
        pad_token_id: 2,
        problem_type: "single_label_classification",
        id2label: { 0: "good", 1: "bad" },
      },
    ].entries()) {
      const model = await writeRandomModel(join(root, `fields ${i}`), { config: { ...score, ...fields } })
      const bench = await openWorkbench({ model, data: root, cache })
      for (const options of [{}, { at: "last" }, { end: "never" }, { label: "bad" }] as const) {
        runs.push(await runOf(bench, makeIntervention("reward", options), data, data))
      }
    }
    // Where the last token is read the pad token does not matter: the first two agree there.
    expect(new Set(runs).size).toBe(11)
  })
})

describe.runIf(hasShared)(`reward models of the public${needsShared}`, () => {
  const cache = temporaryFolder()

  it.each([
    // transformers 5.18: 60 of 60; at the end token 0.35.
    [
      "02-reward-pad-equals-eos",
      "park",
      {},
      1,
      /its one output, read at the token .*, the last that is not padding/,
    ],
    ["02-reward-pad-equals-eos", "park", { at: "last" }, 0.35, /read at the token "<\/s>"$/],
    // log-odds of the classes bad and good; by the mean of both logits 0.617.
    ["03-two-class-head", "park", {}, 59 / 60, /the log-odds of "good" against "bad"/],
    // The texts end in "</s>\n"; with a second end token 0.467.
    ["16-chat-template-ends-in-newline", "chat", {}, 1, /read at the token "\\n"/],
    ["16-chat-template-ends-in-newline", "chat", { end: "always" }, 0.4667, /read at the token "<\/s>"/],
  ] as const)("%s on %s with %j: accuracy %d", async (name, data, options, accuracy, summary) => {
    const folder = shared("cases", name)
    const bench = await openWorkbench({
      model: join(folder, "model"),
      data: join(folder, "data"),
      cache,
      threads: 1,
    })
    const reward = makeIntervention("reward", options)
    const { targets, fitted } = await transfer(bench, reward, { source: data, targets: [data] })
    expect(targets[0]!.accuracy.estimate).toBeCloseTo(accuracy, 3)
    expect(fitted).toMatch(summary)
  })
})
