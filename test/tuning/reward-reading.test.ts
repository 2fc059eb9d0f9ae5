// Where a reward model is read and what its outputs mean: rules, and checkpoints of the public with the figures that
// transformers gives.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { transfer } from "../../src/benchmark/transfer.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { openWorkbench } from "../../src/benchmark/workbench.ts"
import { hasEnded, readingPlace, rewardMeaning } from "../../src/tuning/reward-reading.ts"
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

  it("of two outputs without names is their mean, as GENIES trains them", () => {
    expect(rewardMeaning(2, { path }).reward([1, 4])).toBe(2.5)
  })
})

describe("the place", () => {
  const textOf = (id: number): string => ["<s>", "a", "\n", "</s>"][id]!
  const isSpecial = (id: number): boolean => id === 3 || id === 0

  it("is the last token that is not padding", () => {
    expect(readingPlace([0, 1, 1, 3], 3)).toBe(2)
    expect(readingPlace([0, 1, 3, 1], 3)).toBe(3)
    expect(readingPlace([0, 1, 3], undefined)).toBe(2)
    expect(readingPlace([3, 3], 3)).toBe(1)
  })

  it("of a text that has ended is known by its last special token, white space apart", () => {
    expect(hasEnded([0, 1, 3], isSpecial, textOf)).toBe(true)
    expect(hasEnded([0, 1, 3, 2, 2], isSpecial, textOf)).toBe(true)
    expect(hasEnded([0, 1, 3, 1], isSpecial, textOf)).toBe(false)
    // The token that starts a text does not end it.
    expect(hasEnded([0, 2], isSpecial, textOf)).toBe(false)
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
