// The metrics of scores written by hand.

import { describe, expect, it } from "vitest"
import type { Scores } from "../../src/benchmark/interventions/contract.ts"
import { evaluateScores } from "../../src/benchmark/evaluate.ts"
import { allPairs, truthfulnessTask, type Distribution } from "../../src/data/index.ts"

/** Three prompts; of the second one there are two worse responses; of the third, the better is the longer. */
const distribution: Distribution = {
  id: "hand",
  split: "test",
  fingerprint: "hand",
  examples: [
    { index: 0, prompt: "a", responses: [respond("x", 1), respond("yy", 0)] },
    { index: 1, prompt: "b", responses: [respond("x", 0), respond("yy", 1), respond("zz", 0)] },
    { index: 2, prompt: "c", responses: [respond("xxx", 1), respond("yy", 0)] },
  ],
}

function respond(text: string, label: 0 | 1): { text: string; label: 0 | 1 } {
  return { text, label }
}

const pairs = allPairs(distribution.examples)
const logit = (p: number): number => Math.log(p / (1 - p))

function scoresOf(probabilities: readonly number[], more: Partial<Scores> = {}): Scores {
  return { pairs, logits: probabilities.map(logit), probabilities, ...more }
}

describe("evaluateScores", () => {
  const probabilities = [0.95, 0.85, 0.5, 0.25]
  const evaluation = evaluateScores(distribution, scoresOf(probabilities), { asked: 4 })

  it("counts a tie as half a pair, and as half a prompt where nothing else is lost", () => {
    expect(evaluation).toMatchObject({ distribution: "hand", split: "test", pairs: 4, skippedPairs: 0 })
    expect(evaluation.accuracy.estimate).toBe((1 + 1 + 0.5 + 0) / 4)
    expect(evaluation.promptAccuracy).toBe((1 + 0.5 + 0) / 3)
  })

  it("says what chance gets: a half of the pairs, of each prompt one in so many responses", () => {
    expect(evaluation.chance).toEqual({ pairs: 0.5, prompts: (1 / 2 + 1 / 3 + 1 / 2) / 3 })
    // What is not scored is not beaten either.
    const two = evaluateScores(
      distribution,
      { ...scoresOf([0.9, 0.8]), pairs: pairs.slice(0, 2) },
      { asked: 4 },
    )
    expect(two.chance).toEqual({ pairs: 0.5, prompts: 0.5 })
    // Of one prompt with two worse responses, No is right on two of three questions.
    const asked = truthfulnessTask({ ...distribution, examples: [distribution.examples[1]!] })
    const questions = allPairs(asked.examples)
    const answers = { ...scoresOf([0.2, 0.3, 0.4]), pairs: questions }
    expect(evaluateScores(asked, answers, { asked: 3 }).chance.pairs).toBeCloseTo(2 / 3, 12)
  })

  it("has the mean of (1 − p)² as its Brier score", () => {
    expect(evaluation.brierScore).toBeCloseTo((0.0025 + 0.0225 + 0.25 + 0.5625) / 4, 12)
  })

  it("has the calibration error of both orders", () => {
    // (p, label) of both orders; only the two of the tie share a bin, and balance there.
    const alone = [
      [0.95, 1],
      [0.05, 0],
      [0.85, 1],
      [0.15, 0],
      [0.25, 1],
      [0.75, 0],
    ] as const
    const square = alone.reduce((sum, [p, label]) => sum + (p - label) ** 2 / 8, 0)
    expect(evaluation.rmsCalibrationError).toBeCloseTo(Math.sqrt(square), 12)
  })

  it("leaves out the 2023 figure where no bin holds 20 probabilities, and AUROC without scores of responses", () => {
    expect(evaluation.rmsCalibrationErrorGenies2023).toBeNull()
    // Of pairs in both orders, since responses have no scores of their own.
    expect(evaluation.aurocOf).toBe("pairs")
    expect(evaluation.auroc).toBeGreaterThan(0.5)
  })

  // Longer is right on no pair of a, on (b, x) and not (b, zz: equal, a tie), on c.
  it("compares with choosing the longer response", () => {
    const agree = [0, 1, 0.5, 0]
    expect(evaluation.agreementWithLonger).toBe(agree.reduce((sum, a) => sum + a, 0) / 4)
  })

  it("pools single responses for AUROC", () => {
    const responses = { scores: [3, 1, 2, 2, 0], labels: [1, 0, 0, 1, 0], examples: [0, 0, 1, 1, 2] }
    const { auroc } = evaluateScores(distribution, scoresOf(probabilities, { responses }), {
      asked: 4,
    })
    // Of 2 · 3 comparisons: 3 beats all three; 2 beats 1 and 0 and ties with 2.
    expect(auroc).toBe(5.5 / 6)
  })

  it("says how many pairs were asked for and not scored, and drops them from the prompts", () => {
    const some = { pairs: pairs.slice(0, 1), logits: [1], probabilities: [0.7] }
    expect(evaluateScores(distribution, some, { asked: 4 })).toMatchObject({
      pairs: 1,
      skippedPairs: 3,
      promptAccuracy: 1,
    })
  })

  it("refuses a distribution none of whose pairs could be scored", () => {
    const none = { pairs: [], logits: [], probabilities: [] }
    expect(() => evaluateScores(distribution, none, { asked: 4 })).toThrow(
      "hand test: none of its 4 pairs fits the model's context",
    )
  })

  it("refuses a logit that is not a number", () => {
    const scores = { ...scoresOf(probabilities), logits: [1, Number.NaN, 0, 0] }
    expect(() => evaluateScores(distribution, scores, { asked: 4 })).toThrow(
      "scores of pairs: expected numbers, got NaN at index 1",
    )
  })
})

describe("the interval of an accuracy", () => {
  const many: Distribution = {
    ...distribution,
    examples: Array.from({ length: 40 }, (_, index) => ({
      index,
      prompt: `prompt ${index % 35}`,
      responses: [respond("x", 1), respond("y", 0)],
    })),
  }
  const scores: Scores = {
    pairs: allPairs(many.examples),
    logits: many.examples.map((_, i) => (i % 4 === 0 ? -1 : 1)),
    probabilities: many.examples.map((_, i) => (i % 4 === 0 ? 0.3 : 0.7)),
  }

  it("is over prompts, and says what a test split of this size could have shown", () => {
    const { accuracy, detectable } = evaluateScores(many, scores, { asked: 40 })
    expect(accuracy).toMatchObject({ estimate: 0.75, unit: "cluster", nItems: 40, nClusters: 35 })
    expect(accuracy.low).toBeLessThan(0.62)
    expect(accuracy.high).toBeGreaterThan(0.84)
    // 2.8 standard errors of a coin on some 38 pairs.
    expect(detectable).toBeCloseTo(0.23, 1)
  })

  it("takes pairs for independent, and says so, where all are of one prompt", () => {
    const one = { ...many, examples: many.examples.map((example) => ({ ...example, prompt: "p" })) }
    expect(evaluateScores(one, scores, { asked: 40 }).accuracy.unit).toBe("item")
  })
})
