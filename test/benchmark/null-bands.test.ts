// Null bands of a benchmark: made beside the evaluations, kept, extended, averaged over shifts.

import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { runBench, type BenchReport } from "../../src/benchmark/run/bench.ts"
import { estimateBench } from "../../src/benchmark/run/estimate.ts"
import type { BenchSpec } from "../../src/benchmark/run/plan.ts"
import { openResults } from "../../src/benchmark/store/results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { summarizeSuite, type SuiteSummary } from "../../src/benchmark/tables/suite-summary.ts"
import { transfer } from "../../src/benchmark/transfer.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import { suiteTableCsv } from "../../src/cli/results-csv.ts"
import { percentileInterval } from "../../src/metrics/index.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const data = writeSums(join(root, "data"))
const out = join(root, "store")
let bench: Workbench

const shifts = ["more", "few"].map((target) => ({
  source: "sums",
  target,
  // few has no training split of its own.
  targetReference: "more",
  label: "extreme" as const,
  category: "sums",
}))
const spec = (nullDraws: number, seeds: readonly number[] = [0]): BenchSpec => ({
  suite: "mine",
  shifts,
  interventions: ["mms", "random-direction"].map((name) => makeIntervention(name)),
  references: ["zero-shot", "bag-of-words"].map((name) => makeIntervention(name)),
  capability: { by: "lora", candidates: [] },
  seeds,
  nullDraws,
})
const run = (nullDraws: number, seeds?: readonly number[]): Promise<BenchReport> =>
  runBench(bench, spec(nullDraws, seeds), { out, name: "m" })
const bandFile = join(out, "nulls/mms/m-sums/more.json")
const accuracies = (path = bandFile): number[] =>
  (JSON.parse(readFileSync(path, "utf8")) as { accuracies: number[] }).accuracies

const summaries = async (): Promise<Map<string, SuiteSummary>> => {
  const results = await readSuiteResults(
    { suite: "mine", shifts, view: "corrected" },
    { store: await openResults(out) },
  )
  return new Map(summarizeSuite(results).summaries.map((row) => [row.intervention, row]))
}

beforeAll(async () => {
  const model = await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
  bench = await openWorkbench({ model, data, cache: join(root, "cache"), threads: 1 })
})

describe("null bands of a benchmark", () => {
  it("are added to a store that has the evaluations, and are there for what is fitted on labels alone", async () => {
    const { made } = await run(0)
    expect((await summaries()).get("mms")!.nullBand).toBeUndefined()
    expect(await estimateBench(bench, spec(4), { out, name: "m" })).toMatchObject({
      shuffledFits: 8,
      held: made,
    })
    expect(await run(4)).toMatchObject({ made: 0, held: made, failures: [] })
    expect(accuracies()).toHaveLength(4)
    const rows = await summaries()
    for (const name of ["mms", "bag-of-words"]) expect(rows.get(name)!.nullBand).toMatchObject({ draws: 4 })
    for (const name of ["zero-shot", "random-direction"]) expect(rows.get(name)!.nullBand).toBeUndefined()
  })

  it("are those that transfer shows", async () => {
    const mms = makeIntervention("mms")
    const { targets } = await transfer(bench, mms, { source: "sums", targets: ["more"], nullDraws: 4 })
    expect(targets[0]!.nullBand).toEqual({ ...percentileInterval(accuracies()), draws: 4 })
  })

  it("are not made again, keep their draws where more are asked for, and are made again where they are damaged", async () => {
    const before = statSync(bandFile).mtimeMs
    await run(4)
    await run(3)
    expect(statSync(bandFile).mtimeMs).toBe(before)
    const four = accuracies()
    await run(6)
    expect(accuracies().slice(0, 4)).toEqual(four)
    expect(accuracies()).toHaveLength(6)
    const bytes = readFileSync(bandFile, "utf8")
    for (const damaged of ["{", bytes.replace(/"run":"\w+"/, '"run":"of another evaluation"')]) {
      writeFileSync(bandFile, damaged)
      expect(await run(6)).toMatchObject({ made: 0, failures: [] })
      expect(readFileSync(bandFile, "utf8")).toBe(bytes)
    }
  })

  it("of an average are of the averages of each draw, over shifts and seeds", async () => {
    await run(6, [0, 1])
    const files = [out, join(out, "seeds/1")].flatMap((folder) =>
      ["more", "few"].map((target) => accuracies(join(folder, `nulls/mms/m-sums/${target}.json`))),
    )
    const averages = Array.from(
      { length: 6 },
      (_, draw) => files.reduce((sum, draws) => sum + draws[draw]!, 0) / files.length,
    )
    const { low, high } = percentileInterval(averages)
    const row = (await summaries()).get("mms")!
    expect(row.nullBand!.draws).toBe(6)
    expect(row.nullBand!.low).toBeCloseTo(low, 12)
    expect(row.nullBand!.high).toBeCloseTo(high, 12)
    const csv = suiteTableCsv({ suite: "mine", view: "corrected" }, [
      { group: undefined, shifts: 2, summaries: [row], comparisons: [], notCompared: [] },
    ])
    expect(csv.split("\n")[0]).toContain("nullBand.draws,nullBand.low,nullBand.high")
    expect(csv.split("\n")[1]).toContain(`,2,6,${row.nullBand!.low},${row.nullBand!.high},`)
  })
})
