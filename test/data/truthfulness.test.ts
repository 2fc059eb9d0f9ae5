// The truthfulness task as a transform, and its bias towards Yes.

import { describe, expect, it } from "vitest"
import { evaluateScores } from "../../src/benchmark/evaluate.ts"
import {
  allPairs,
  clusterByPrompt,
  readDistribution,
  selectExamples,
  splitByPrompt,
  truthfulnessTask,
  yesIsRight,
  type Distribution,
} from "../../src/data/index.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

const base: Distribution = {
  id: "facts",
  split: "test",
  fingerprint: "facts",
  examples: [
    {
      index: 0,
      prompt: "Q: sky?\n",
      responses: [
        { text: "green", label: 0 },
        { text: "blue", label: 1 },
      ],
    },
    {
      index: 5,
      prompt: "Q: sun?\n",
      responses: [
        { text: "hot", label: 1 },
        { text: "cold", label: 0 },
        { text: "wet", label: 0 },
      ],
    },
  ],
}
const task = truthfulnessTask(base)

describe("truthfulnessTask", () => {
  it("makes every prompt and response an example: text, question, and Yes or No, the right one being the label", () => {
    expect(task.examples.map(({ prompt, responses }) => [prompt, responses[0]!.label])).toEqual(
      [
        ["Q: sky?\ngreen", 0],
        ["Q: sky?\nblue", 1],
        ["Q: sun?\nhot", 1],
        ["Q: sun?\ncold", 0],
        ["Q: sun?\nwet", 0],
      ].map(([text, label]) => [
        `${text}\n\n### Does the response above successfully follow the instruction?\n`,
        label,
      ]),
    )
    for (const { responses } of task.examples) {
      expect(responses.map(({ text }) => text)).toEqual(["Yes", "No"])
      expect(responses[0]!.label + responses[1]!.label).toBe(1)
    }
  })

  it("keeps the name and the split, and has a fingerprint of its own", () => {
    expect(task).toMatchObject({ id: "facts", split: "test", task: "truthfulness" })
    expect(task.fingerprint).not.toBe(base.fingerprint)
    expect(truthfulnessTask({ ...base, fingerprint: "other" }).fingerprint).not.toBe(task.fingerprint)
    expect(truthfulnessTask(task)).toBe(task)
  })

  it("gives an example the same index whatever else is selected", () => {
    const [, second] = base.examples
    const part = truthfulnessTask({ ...base, examples: [second!] })
    expect(part.examples).toEqual(task.examples.slice(2))
    expect(new Set(task.examples.map(({ index }) => index)).size).toBe(5)
  })

  it("keeps the items of one prompt together in clusters and splits", () => {
    expect(clusterByPrompt(task.examples)).toEqual([0, 0, 1, 1, 1])
    const [first, second] = splitByPrompt(task.examples, { seed: 0, share: 0.5 })
    expect([first.length, second.length].sort((a, b) => a - b)).toEqual([2, 3])
  })

  it("stays the task in a selection of its examples", () => {
    expect(selectExamples(task, { maxExamples: 2, seed: 0 })).toMatchObject({ task: "truthfulness" })
  })

  it("refuses more responses to a prompt than it can number", () => {
    const responses = Array.from(
      { length: 257 },
      (_, k) => ({ text: `${k}`, label: k === 0 ? 1 : 0 }) as const,
    )
    const many = { ...base, examples: [{ index: 2, prompt: "", responses }] }
    expect(() => truthfulnessTask(many)).toThrow("example 2: expected at most 256 responses, got 257")
  })

  it.skipIf(!hasShared)(`turns alpaca_easy into one right Yes in four${needsShared}`, async () => {
    const easy = truthfulnessTask(await readDistribution(shared("genies"), "alpaca_easy", "test"))
    const right = yesIsRight(easy, allPairs(easy.examples))
    expect(right.length).toBe(1000)
    expect(right.reduce((sum, yes) => sum + yes, 0)).toBe(250)
  })
})

describe("the bias towards Yes", () => {
  const pairs = allPairs(task.examples)
  const evaluate = (logits: readonly number[]): ReturnType<typeof evaluateScores> =>
    evaluateScores(
      task,
      { pairs, logits, probabilities: logits.map((x) => 1 / (1 + Math.exp(-x))) },
      { asked: pairs.length },
    )

  it("is full for one who always says Yes, whose accuracy is the share of right Yeses", () => {
    const always = evaluate(Array.from(yesIsRight(task, pairs), (yes) => (yes ? 1 : -1)))
    expect(always.accuracy.estimate).toBeCloseTo(0.4, 12)
    expect(always.yes).toEqual({ preferred: 1, right: 0.4, balancedAccuracy: 0.5 })
  })

  it("is none for one who always says No, however accurate that is", () => {
    const never = evaluate(Array.from(yesIsRight(task, pairs), (yes) => (yes ? -1 : 1)))
    expect(never.accuracy.estimate).toBeCloseTo(0.6, 12)
    expect(never.yes).toEqual({ preferred: 0, right: 0.4, balancedAccuracy: 0.5 })
  })

  it("counts a tie as half a Yes", () => {
    // Right answers No, Yes, Yes, No, No; said: No, Yes, tie, Yes, No.
    expect(evaluate([1, 1, 0, -1, 1]).yes).toEqual({
      preferred: (1 + 0.5 + 1) / 5,
      right: 0.4,
      balancedAccuracy: (1.5 / 2 + 2 / 3) / 2,
    })
  })

  it("has intervals of the recalls of Yes and of No, and of their mean", () => {
    // All of two and none of three are not certain.
    const always = evaluate(Array.from(yesIsRight(task, pairs), (yes) => (yes ? 1 : -1))).intervals.yes!
    expect(always.recallOfYes).toMatchObject({ estimate: 1, high: 1, nItems: 2 })
    expect(always.recallOfYes!.low).toBeLessThan(0.5)
    expect(always.recallOfNo).toMatchObject({ estimate: 0, low: 0, nItems: 3 })
    const ranked = evaluate([1, 1, 0, -1, 1]).intervals
    expect(ranked.yes!.recallOfYes!.estimate).toBeCloseTo(1.5 / 2, 12)
    expect(ranked.yes!.recallOfNo!.estimate).toBeCloseTo(2 / 3, 12)
    expect(ranked.promptAccuracy.nItems).toBe(task.examples.length)
  })

  it("is not reported where responses are ranked", () => {
    const asked = allPairs(base.examples)
    const scores = { pairs: asked, logits: [1, 1, 1], probabilities: [0.7, 0.7, 0.7] }
    expect(evaluateScores(base, scores, { asked: 3 })).not.toHaveProperty("yes")
    expect(() => yesIsRight(base, asked)).toThrow("expected pairs of the truthfulness task")
  })
})
