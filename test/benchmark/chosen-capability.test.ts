// --capability best: what a capability is measured by is chosen on training prompts, and by none that reports it.

import { join } from "node:path"
import { expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { trialSplits } from "../../src/benchmark/run/run-trial.ts"
import { openResults } from "../../src/benchmark/store/results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { trainingNotes } from "../../src/cli/results-training.ts"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { quick, shift, shifts, smallBench } from "../support/small-bench.ts"

const { root, data, out, open, run } = await smallBench()

it("chooses the best capability on held-out data of the reference's training split", async () => {
  const folder = join(root, "results-6")
  const candidates = [makeIntervention("mass-mean"), makeIntervention("lora", quick)]
  await run({ capability: { by: "best", candidates } }, { out: folder })
  const store = await openResults(folder)
  const trial = async (intervention: string): Promise<number> =>
    (await store.trial({ model: "m", intervention, source: "more" }))!.accuracy
  const best = (await trial("mass-mean")) >= (await trial("lora")) ? "mass-mean" : "lora"
  const reached = await store.evaluation({ model: "m", intervention: best, source: "more", target: "more" })
  const [row] = await store.suiteRows("m", "mms", "mine")
  expect(row!.capability).toBe(reached!.accuracy)
  expect(row!.capabilityCandidates).toEqual(["mass-mean", "lora_fine_tuning"])
  const results = await readSuiteResults({ suite: "mine", shifts, view: "corrected" }, { store })
  expect(trainingNotes(results).at(-1)).toMatch(
    /^Capability is that of the best of mass-mean, lora on training prompts of the reference that it was not fitted on and that are not in the test split: .* of 2 choices\. The pairs that report it had no part in the choice; intervals take the choice as it was made\.$/,
  )
  // What was measured by LoRA alone has been chosen by nothing.
  await run()
  const unchosen = await readSuiteResults(
    { suite: "mine", shifts, view: "corrected" },
    { store: await openResults(out) },
  )
  expect(trainingNotes(unchosen).join(" ")).not.toContain("best of")
})

it("chooses a capability by no prompt that reports it", async () => {
  // Six of the twenty training prompts are test prompts, too.
  const train = sums(20, { seed: 11 })
  writeDistribution(data, "overlapping", { train, test: [...train.slice(0, 6), ...sums(4, { seed: 12 })] })
  writeDistribution(data, "repeating", { train, test: train })
  const bench = await open()
  const test = await bench.distribution("overlapping", "test")
  const tested = new Set(test.examples.map(({ prompt }) => prompt))
  for (const seed of [0, 1, 2]) {
    const { fit, judge } = await trialSplits(bench, { reference: "overlapping", seed })
    expect(judge.examples.filter(({ prompt }) => tested.has(prompt))).toEqual([])
    const [fitted, judged] = [fit, judge].map(({ examples }) => examples.map(({ index }) => index))
    expect(judged!.filter((index) => fitted!.includes(index))).toEqual([])
    const dropped = 20 - fitted!.length - judged!.length
    expect(dropped).toBe(6 - fit.examples.filter(({ prompt }) => tested.has(prompt)).length)
  }
  const folder = join(root, "results-17")
  const candidates = [makeIntervention("mass-mean")]
  const report = await run(
    { capability: { by: "best", candidates }, shifts: [shift("sums", "repeating")] },
    { out: folder },
  )
  expect(report.failures.map(({ error }) => error)).toEqual([
    "repeating: --capability best has no pairs to choose by: every held-out training prompt is in the test split",
  ])
})
