// Rows of one intervention that come from different runs: said where they do, and only there.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { runBench } from "../../src/benchmark/run/bench.ts"
import { openResults } from "../../src/benchmark/store/results.ts"
import { mixedRuns, type MixedRuns } from "../../src/benchmark/tables/mixed-runs.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { suiteTable } from "../../src/cli/results-table.ts"
import type { Shift } from "../../src/data/index.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const data = writeSums(join(root, "data"))
let model: string
beforeAll(async () => {
  model = await writeRandomModel(join(root, "model"))
})

const shift = (source: string, target: string): Shift => ({
  source,
  target,
  targetReference: target,
  label: "extreme",
  category: "sums",
})
const shifts = [shift("sums", "more"), shift("more", "sums")]

interface Part {
  readonly suite: string
  readonly shifts: readonly Shift[]
  readonly intervention?: string
  readonly options?: Record<string, unknown>
  readonly maxExamples?: number
  readonly seed?: number
  readonly seeds?: readonly number[]
}

async function run(
  out: string,
  { intervention = "longer", options, suite, shifts: own, seeds = [0], ...rest }: Part,
): Promise<void> {
  const bench = await openWorkbench({ model, data, cache, threads: 1, ...rest })
  const capability = { by: "lora", candidates: [] } as const
  const interventions = [makeIntervention(intervention, options)]
  const spec = { suite, shifts: own, interventions, references: [], capability, seeds }
  await runBench(bench, spec, { out, name: "m" })
}

async function mixed(out: string, of: readonly Shift[] = shifts): Promise<MixedRuns[]> {
  const store = await openResults(out)
  return mixedRuns(await readSuiteResults({ suite: "both", shifts: of, view: "corrected" }, { store }))
}

describe("rows of several runs", () => {
  const [first, second] = shifts as [Shift, Shift]

  it("are one experiment where the runs differ in the suite alone, and in a limit that leaves nothing out", async () => {
    const out = join(root, "same")
    await run(out, { suite: "one", shifts: [first], seeds: [0, 1] })
    await run(out, { suite: "two", shifts: [second], maxExamples: 1000 })
    expect(await mixed(out)).toEqual([])
  })

  it("are none where a limit left out examples of some, which the table says in one line", async () => {
    const out = join(root, "limits")
    await run(out, { suite: "one", shifts: [first], maxExamples: 6 })
    await run(out, { suite: "two", shifts: [second] })
    const differences = ["--max-examples 6 and all"]
    expect(await mixed(out)).toEqual([{ model: "m", interventions: ["longer"], differences }])
    const suite = join(root, "both.json")
    writeFileSync(suite, JSON.stringify(shifts.map(({ source, target }) => ({ source, target }))))
    const text = await suiteTable(out, { suite, view: "corrected", seed: 0 })
    expect(text.replaceAll("\n", " ")).toContain(
      "Not one experiment: rows of longer come from runs that differ in --max-examples 6 and all.",
    )
  })

  it("are none where one intervention's have a limit and another's have more seeds", async () => {
    const out = join(root, "across")
    await run(out, { suite: "one", shifts, maxExamples: 6 })
    await run(out, { suite: "one", shifts, intervention: "mass-mean", seeds: [0, 1] })
    expect(await mixed(out)).toEqual([
      {
        model: "m",
        interventions: ["longer", "mass-mean"],
        differences: [
          "--max-examples 6 (longer) and all (mass-mean)",
          "seeds, 1 (longer) and 2 (mass-mean), compared on those that both have",
        ],
      },
    ])
  })

  it("are none where they had other options, or other examples", async () => {
    const out = join(root, "options")
    const probe = { intervention: "mass-mean", maxExamples: 8 }
    await run(out, { ...probe, suite: "one", shifts: [first], options: { on: "resid" } })
    const third = { ...shift("sums", "few"), targetReference: "more" }
    await run(out, { ...probe, suite: "two", shifts: [third], options: { on: "heads" }, seed: 1 })
    const [found] = await mixed(out, [first, third])
    expect(found!.differences).toEqual(["on resid and heads", "other examples of sums train"])
  })

  it("are none where the store has got another run's evaluations since", async () => {
    const out = join(root, "replaced")
    await run(out, { suite: "one", shifts, intervention: "mass-mean" })
    // Of the same suite's shifts, under another name.
    await run(out, { suite: "another", shifts: [first], intervention: "mass-mean", maxExamples: 4 })
    const results = await readSuiteResults(
      { suite: "one", shifts, view: "corrected" },
      { store: await openResults(out) },
    )
    expect(mixedRuns(results)).toMatchObject([
      { differences: ["figures that are older than the store's evaluations, on 1 of the rows"] },
    ])
  })
})
