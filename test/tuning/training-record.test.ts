// What is kept of a training: whether it learned, by pairs that no choice has seen, and its curve.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readDistribution, splitByPrompt } from "../../src/data/index.ts"
import { trainingCurve } from "../../src/tuning/training-curve.ts"
import type { LogEntry } from "../../src/tuning/training-log.ts"
import { withoutReport } from "../../src/tuning/training-data.ts"
import { summarise, type Trained } from "../../src/tuning/training-record.ts"
import { writeSums } from "../support/data-folder.ts"
import { temporaryFolder } from "../support/temporary.ts"

const entry = (step: number, loss: number, heldOut?: number): LogEntry => ({
  step,
  loss,
  accuracy: 0.75,
  learningRate: 1e-3,
  gradientNorm: 1,
  tokens: 10,
  ...(heldOut === undefined ? {} : { validation: { accuracy: 0.75, loss: heldOut } }),
})
const config = { options: { learningRate: 1e-3, evaluateEvery: 2 } }
const resultOf = (log: readonly LogEntry[], reported: readonly number[]): Trained => ({
  log,
  step: log.length,
  trainedOn: { pairs: 10, fingerprint: "0123456789abcdef" },
  heldOutPairs: 2,
  reported,
})

describe("the record of a training", () => {
  it("says that it did not learn where pairs that no choice has seen say so, whatever those say that chose", () => {
    const log = [entry(0, 0.7), entry(1, 0.5, 0.3)]
    // −ln σ of 1 and of −2: 0.3133 and 2.1269.
    const lost = summarise("full", resultOf(log, [1, -2]), config)
    expect(lost.heldOutLoss).toBeCloseTo(1.2201, 4)
    expect(lost).toMatchObject({ lossFell: false, heldOutAccuracy: 0.5, reportPairs: 2, heldOutPairs: 2 })
    const won = summarise("full", resultOf([entry(0, 0.7), entry(1, 0.5, 2)], [1, 2]), config)
    expect(won.heldOutLoss).toBeCloseTo(0.2201, 4)
    expect(won).toMatchObject({ lossFell: true, heldOutAccuracy: 1 })
    // A head that gives every response one reward is a coin.
    const coin = summarise("full", resultOf(log, [0, 0]), config)
    expect(coin).toMatchObject({ heldOutLoss: Math.LN2, lossFell: false, heldOutAccuracy: 0.5 })
    expect(summarise("full", resultOf(log, []), config)).toMatchObject({ lossFell: null, heldOutLoss: null })
    expect(summarise("full", resultOf(log, [-Infinity, 1]), config)).toMatchObject({
      lossFell: false,
      heldOutLoss: null,
    })
  })

  it("has a point of the curve at every look, with the mean training loss since the one before", () => {
    const log = [
      entry(0, 0.8),
      entry(1, 0.6, 0.69),
      entry(2, 0.5),
      entry(3, 0.3, Infinity),
      entry(4, 0.2, 0.4),
    ]
    expect(trainingCurve(log, 2)).toEqual([
      { step: 2, loss: 0.7, heldOut: { accuracy: 0.75, loss: 0.69 } },
      { step: 4, loss: 0.4, heldOut: { accuracy: 0.75, loss: null } },
      { step: 5, loss: 0.2, heldOut: { accuracy: 0.75, loss: 0.4 } },
    ])
    const unseen = [entry(0, 0.8), entry(1, 0.6), entry(2, 0.5)]
    expect(trainingCurve(unseen, 2)).toEqual([
      { step: 2, loss: 0.7, heldOut: null },
      { step: 3, loss: 0.5, heldOut: null },
    ])
  })

  it("is thinned where there were many looks, and ends with the last", () => {
    const log = Array.from({ length: 1000 }, (_, step) => entry(step, step, 0.5))
    const curve = trainingCurve(log, 1)
    expect(curve).toHaveLength(40)
    expect(curve.at(-1)).toMatchObject({ step: 1000, loss: 987 })
    const steps = curve.map(({ step }) => step)
    expect(new Set(steps.slice(1).map((step, k) => step - steps[k]!))).toEqual(new Set([25]))
  })
})

it("a sweep of rates leaves out the prompts that the training to come reports on", async () => {
  const source = await readDistribution(writeSums(join(temporaryFolder(), "data")), "sums", "train")
  for (const seed of [0, 1, 2]) {
    const seen = new Set(withoutReport(source, 1 / 6, seed).examples.map(({ index }) => index))
    const [, held] = splitByPrompt(source.examples, { seed, share: 5 / 6 })
    const [, report] = splitByPrompt(held, { seed, share: 0.5 })
    expect(report).toHaveLength(2)
    expect(report.filter(({ index }) => seen.has(index))).toEqual([])
    expect(seen.size).toBe(28)
  }
  expect(withoutReport(source, 0, 0)).toBe(source)
})
