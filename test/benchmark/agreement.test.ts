// The matrix of agreements: by hand, and of interventions on a small model with random weights.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import {
  agreementMatrix,
  compareInterventions,
  type AgreementMatrix,
  type PairRanking,
} from "../../src/benchmark/agreement.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { allPairs, type Pair } from "../../src/data/index.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const pair = (example: number, worse = 1): Pair => ({ example, better: 0, worse })

function ranking(name: string, said: Readonly<Record<number, number>>): PairRanking {
  return {
    name,
    pairs: Object.keys(said).map((example) => pair(Number(example))),
    logits: Object.values(said),
  }
}

const at = (
  { names, share, kappa }: AgreementMatrix,
  a: string,
  b: string,
): [share: number | null, kappa: number | null] => {
  const [i, j] = [names.indexOf(a), names.indexOf(b)]
  return [share[i]![j]!, kappa[i]![j]!]
}

describe("agreementMatrix", () => {
  // Right, right, wrong, right; right, wrong, wrong, wrong: they agree on the first and the third pair.
  const first = ranking("first", { 0: 2, 1: 0.1, 2: -3, 3: 1 })
  const second = ranking("second", { 0: 1, 1: -1, 2: -1, 3: -9 })
  const matrix = agreementMatrix([first, second])

  it("has the share of pairs on which two prefer the same response, and with the labels the accuracy", () => {
    expect(matrix).toMatchObject({ names: ["labels", "first", "second"], pairs: 4 })
    expect(at(matrix, "first", "second")[0]).toBe(0.5)
    expect(at(matrix, "labels", "first")[0]).toBe(0.75)
    expect(at(matrix, "second", "labels")[0]).toBe(0.25)
  })

  it("has Cohen's κ beyond the accuracies, and with the labels that of both orders", () => {
    // e = ¾·¼ + ¼·¾ = 0.375
    expect(at(matrix, "first", "second")[1]).toBeCloseTo((0.5 - 0.375) / (1 - 0.375), 12)
    expect(at(matrix, "labels", "first")[1]).toBeCloseTo(0.5, 12)
    expect(at(matrix, "labels", "second")[1]).toBeCloseTo(-0.5, 12)
  })

  it("is symmetric, with nothing on the diagonal", () => {
    for (const figures of [matrix.share, matrix.kappa]) {
      figures.forEach((row, i) => row.forEach((figure, j) => expect(figure).toBe(figures[j]![i]!)))
      figures.forEach((row, i) => expect(row[i]).toBeNull())
    }
  })

  it("counts the pairs that all could score, in whatever order they come", () => {
    const backwards: PairRanking = { name: "second", pairs: [pair(2), pair(7), pair(0)], logits: [-1, 1, 1] }
    const common = agreementMatrix([first, backwards])
    expect(common.pairs).toBe(2)
    expect(at(common, "first", "second")).toEqual([1, 1])
    const otherWorse: PairRanking = { name: "other", pairs: [pair(0, 2)], logits: [1] }
    expect(() => agreementMatrix([first, otherWorse])).toThrow("no pair was scored by all of first, other")
  })

  it("makes a tie half an agreement, and κ 0 with one who has nothing but ties", () => {
    const ties = agreementMatrix([first, ranking("ties", { 0: 0, 1: 0, 2: 0, 3: 0 })])
    expect(at(ties, "first", "ties")).toEqual([0.5, 0])
    expect(at(ties, "labels", "ties")).toEqual([0.5, 0])
  })

  it("has no κ for two that are right everywhere", () => {
    const right = (name: string): PairRanking => ranking(name, { 0: 1, 1: 2 })
    expect(at(agreementMatrix([right("a"), right("b")]), "a", "b")).toEqual([1, null])
  })

  it("refuses two of one name, and scores that are not numbers", () => {
    expect(() => agreementMatrix([first, first])).toThrow('expected distinct names, got "first" twice')
    expect(() => agreementMatrix([ranking("a", { 0: Number.NaN })])).toThrow("expected numbers, got NaN")
    expect(() => agreementMatrix([])).toThrow("no pair was scored by all of none")
  })
})

describe("compareInterventions", () => {
  const root = temporaryFolder()
  const data = writeSums(join(root, "data"))
  beforeAll(() => writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 } }))

  it("puts likelihood, per-token likelihood and the longer response beside what was asked for, each once", async () => {
    const bench = await openWorkbench({
      model: join(root, "model"),
      data,
      cache: join(root, "cache"),
      threads: 1,
    })
    const asked = ["mms", "zero-shot", "longer", "random"].map((name) => makeIntervention(name))
    const matrix = await compareInterventions(bench, asked, { source: "sums", target: "few" })
    expect(matrix.names).toEqual(["labels", "zero-shot", "per-token-likelihood", "longer", "mms", "random"])
    // Of 18 pairs two do not fit the context.
    expect(matrix.pairs).toBe(16)
    const fitted = await makeIntervention("zero-shot").fit(bench, await bench.distribution("sums", "train"))
    const test = await bench.distribution("few", "test")
    const { logits } = await fitted.score(bench, test, allPairs(test.examples))
    const accuracy = Array.from(logits).filter((logit) => logit > 0).length / 16
    expect(at(matrix, "labels", "zero-shot")[0]).toBe(accuracy)
    expect(at(matrix, "random", "mms")).toEqual([0.5, 0])
  })
})
