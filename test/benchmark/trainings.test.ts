// What a store keeps of trainings and of the pairs that interventions were trained on, and what tables say of them.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { runBench } from "../../src/benchmark/run/bench.ts"
import { parseEvaluation } from "../../src/benchmark/store/evaluation.ts"
import { openResults } from "../../src/benchmark/store/results.ts"
import { type SuiteResults } from "../../src/benchmark/tables/suite-results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { trainedApart } from "../../src/benchmark/tables/trained-on.ts"
import { summarizeSuite } from "../../src/benchmark/tables/suite-summary.ts"
import { trainingsOf } from "../../src/benchmark/tables/trainings.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { renderTrainings, trainingNotes } from "../../src/cli/results-training.ts"
import type { Shift } from "../../src/data/index.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const shifts: Shift[] = [{ source: "sums", target: "more", targetReference: "more" }]
let stored: SuiteResults

beforeAll(async () => {
  const model = await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
  const data = writeSums(join(root, "data"))
  const bench = await openWorkbench({ model, data, cache: join(root, "cache"), threads: 1 })
  const lora = makeIntervention("lora", { steps: 6, batch: 4, evaluateEvery: 3 })
  const spec = {
    suite: "mine",
    shifts,
    interventions: [lora, ...["mms", "ccs"].map((name) => makeIntervention(name))],
    references: ["zero-shot", "bag-of-words"].map((name) => makeIntervention(name)),
    capability: { by: "lora", candidates: [lora] } as const,
    seeds: [0, 1],
  }
  const out = join(root, "results")
  await runBench(bench, spec, { out, name: "m" })
  stored = await readSuiteResults(
    { suite: "mine", shifts, view: "corrected" },
    { store: await openResults(out) },
  )
})

/** A table of other evaluations than the stored ones. */
const changed = (change: (name: string, training: object) => object): SuiteResults => ({
  ...stored,
  results: stored.results.map((row) => ({
    ...row,
    shifts: row.shifts.map(
      (result) =>
        result && {
          ...result,
          bySeed: result.bySeed.map((seed) => {
            const { own } = seed.evaluations
            if (!own) return { ...seed, evaluations: {} }
            return {
              ...seed,
              evaluations: { own: { ...own, ...change(row.intervention, own.training ?? {}) } },
            }
          }),
        },
    ),
  })),
})

describe("the trainings of a store", () => {
  it("are there once for every source and seed, with the rates that were tried and the curve", () => {
    const trainings = trainingsOf(stored)
    const places = trainings.map(({ intervention, source, seed = 0 }) => `${intervention} ${source} ${seed}`)
    expect(places.sort()).toEqual(["lora more 0", "lora more 1", "lora sums 0", "lora sums 1"])
    for (const { source, record } of trainings) {
      const { pairs, heldOutPairs, reportPairs, steps, tried, curve, learningRate } = record
      expect([pairs, heldOutPairs, reportPairs]).toEqual(source === "sums" ? [25, 3, 2] : [10, 1, 1])
      expect(steps).toBe(6)
      expect(tried!.map((trial) => trial.steps)).toEqual([5, 5, 5, 5, 5, 5])
      expect(tried!.map((trial) => trial.learningRate)).toContain(learningRate)
      expect(curve.map(({ step }) => step)).toEqual([3, 6])
      expect(curve.every(({ heldOut }) => heldOut !== null && heldOut.loss! > 0)).toBe(true)
    }
  })

  it("are shown with their curves, and those that did not learn are named under every table", () => {
    const lines = renderTrainings(stored).split("\n")
    const line = lines.find((text) => text.startsWith(" lora · sums "))
    expect(line).toMatch(
      /^ lora · sums +25 +0\.\d+ +[36]\/6 +[▁-█]{2} +[▁-█]{2} +\d\.\d{3} +\d+\.0 +(yes|no)$/,
    )
    expect(lines.some((text) => text.startsWith(" lora · more (seed 1) "))).toBe(true)

    const [first] = trainingNotes(stored)
    expect(first).toMatch(
      /^lora was trained 4 times, at learning rate .*0\.\d+.* \(the best of 4 on held-out pairs of the source\); litmus table --training shows the curves\.$/,
    )
    const failed = changed((name, training) =>
      name === "lora" ? { training: { ...training, lossFell: false } } : {},
    )
    expect(trainingNotes(failed)[1]).toBe(
      "Warning: lora did not learn (its loss on pairs that no choice has seen is not below a coin's) on sums, sums (seed 1).",
    )
    const unknown = changed((name, training) =>
      name === "lora" ? { training: { ...training, lossFell: null, tried: undefined } } : {},
    )
    expect(trainingNotes(unknown).slice(0, 2)).toEqual([
      expect.stringMatching(
        /^lora was trained 2 times, at learning rate [^(]*(\(1\), [\d.]+ \(1\))?; litmus table/,
      ),
      "Whether lora learned is not known of 2 of these: no pairs were held out, and its probabilities are not calibrated.",
    ])
    expect(renderTrainings({ ...stored, results: [] })).toBe("no tuned models in this table\n")
  })

  it("are read back as they were written, and refused where they are damaged", () => {
    const { record } = trainingsOf(stored)[0]!
    const fields = (training: object): object => ({ eval_accuracy: 0.5, litmus: { training } })
    expect(parseEvaluation(fields(record), "e").training).toEqual(record)
    for (const [name, value] of [
      ["kind", "qlora"],
      ["pairs", "many"],
      ["pairSet", 3],
      ["lossFell", "yes"],
      ["curve", null],
      ["tried", [{ learningRate: "fast" }]],
    ] as const) {
      expect(() => parseEvaluation(fields({ ...record, [name]: value }), "e")).toThrow(
        new RegExp(String.raw`^e \.litmus\.training\.${name}`),
      )
    }
  })
})

it("no elicitation of any kind is shown where the model tuned on the target is not above chance", () => {
  const { summaries } = summarizeSuite(stored)
  const rows = summaries.filter(({ intervention }) => intervention !== "random")
  expect(rows.map(({ intervention }) => intervention)).toEqual([
    "bag-of-words",
    "ccs",
    "lora",
    "mms",
    "zero-shot",
  ])
  for (const row of rows) {
    expect(Object.values(row.withheld)).toEqual([1])
    expect(row.capability!.n).toBe(1)
    expect([row.elicitation, row.conditionalElicitation, row.differentialElicitation]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  }
})

describe("the pairs that interventions were trained on", () => {
  it("are told apart where one holds pairs out and others do not", () => {
    // 30 prompts, of which LoRA holds out five; zero-shot and longer are trained on none.
    expect(trainedApart(stored)).toEqual([
      {
        model: "m",
        groups: [
          { interventions: ["bag-of-words", "ccs", "mms"], pairs: [30, 30] },
          { interventions: ["lora"], pairs: [25, 25] },
        ],
      },
    ])
    expect(trainingNotes(stored).at(-1)).toBe(
      "Not trained on the same pairs of each source: bag-of-words, ccs, mms on 30; lora on 25. " +
        "Differences between them are in part those of their training pairs.",
    )
  })

  it("are told apart where they are as many, but others; nothing is said where they are the same", () => {
    const set = (pairs: number, fingerprint: string): object => ({ trainedOn: { pairs, fingerprint } })
    const other = changed((name) => set(30, name === "mms" ? "b" : "a"))
    expect(trainedApart(other)[0]!.groups.map(({ interventions }) => interventions)).toEqual([
      ["bag-of-words", "ccs", "lora", "zero-shot"],
      ["mms"],
    ])
    expect(trainedApart(changed(() => set(30, "a")))).toEqual([])
    // Evaluations of before, which do not say.
    expect(trainedApart(changed((name) => (name === "lora" ? {} : { trainedOn: undefined })))).toEqual([])
  })
})
