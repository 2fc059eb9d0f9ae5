// A small release with the traps of the real one; the real one where the shared folder is present.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { importResults, type ImportReport } from "../../src/benchmark/store/import-results.ts"
import { publishedModels, publishedRows } from "../../src/benchmark/store/published.ts"
import { storedOutcomes } from "../../src/benchmark/store/evaluation.ts"
import {
  openResults,
  writeEvaluation,
  writeSuiteRows,
  type ResultStore,
} from "../../src/benchmark/store/results.ts"
import { compareInSuite } from "../../src/benchmark/tables/suite-comparison.ts"
import { type ShiftResult, type SuiteResults } from "../../src/benchmark/tables/suite-results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { summarizeSuite } from "../../src/benchmark/tables/suite-summary.ts"
import { parseSuiteRows } from "../../src/benchmark/store/suite-rows.ts"
import { suite, type View } from "../../src/data/index.ts"
import { agreement, pairAccuracy } from "../../src/metrics/index.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const header =
  "source,target,target_reference,generalization_accuracy,baseline_accuracy,baseline_intervention," +
  "target_tuned_capability,target_tuned_capability_intervention,source_ID_accuracy,RMS_calibration_error,differential_elicitation"

describe("a release", () => {
  const folder = join(temporaryFolder(), "release")
  const out = join(temporaryFolder(), "store")
  const put = (path: string, content: unknown): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content))
  }
  const evaluation = (accuracy: number, probabilities?: number[]): object => ({
    eval_accuracy: accuracy,
    ...(probabilities ? { eval_probabilities: probabilities } : {}),
  })
  let report: ImportReport
  let store: ResultStore

  beforeAll(async () => {
    const row = "a,b,b,0.75,0.5,zero_shot,0.8,classify_lora,1.0,,0.3125"
    put("generalization_metrics/m-1/lora_fine_tuning/GENIES.csv", `${header}\r\n${row}\r\n`)
    put("evaluations/lora_fine_tuning/m-1-a/b.json", evaluation(0.75, [0.5, 0.9, 0.1, 0.6]))
    put("evaluations/lora_fine_tuning/m-1-a/m-1-a/b.json", { ...evaluation(0.25), distribution_id: "b" })
    put("evaluations/lora_fine_tuning/m-1-a/m-1-a/a.json", evaluation(1))
    put("evaluations/lora_fine_tuning/m-1-b/b.json", evaluation(0.5))
    put("evaluations/zero_shot/m-1/b.json", evaluation(0.1))
    put("evaluations/zero_shot/m-1-a/b.json", evaluation(0.5, [0.4, 0.6, 0.5, 0.2]))
    report = await importResults(folder, out)
    store = await openResults(out)
  })

  test("of our own, with shifts that were skipped, keeps them and why", async () => {
    const [from, to] = [join(temporaryFolder(), "own"), join(temporaryFolder(), "copy")]
    const where = { model: "m", intervention: "mms", suite: "mine" }
    const shift = { source: "a", target: "b", targetReference: "b" }
    const skipped = [{ source: "a", target: "long", targetReference: "long", reason: "nothing fits; at all" }]
    await writeSuiteRows(from, where, [{ ...shift, accuracy: 0.5 }], skipped)
    await writeEvaluation(from, { ...where, source: "a", target: "b" }, { eval_accuracy: 0.5 })
    await importResults(from, to)
    const table = "generalization_metrics/m/mms/mine.csv"
    expect(readFileSync(join(to, table), "utf8")).toBe(readFileSync(join(from, table), "utf8"))
    expect(await (await openResults(to)).skippedRows("m", "mms", "mine")).toEqual(skipped)
  })

  test("is read past its traps: deeper folders, copies, another run", () => {
    expect(report).toMatchObject({ tables: 1, evaluations: 4, deeper: 1, copies: 1, unnamed: 1, prompts: 0 })
  })

  test("is checked, row for row, against its evaluations", () => {
    expect(report).toMatchObject({ rows: 1, figures: 5 })
    expect(report.deviations).toEqual([
      {
        figure: "capability",
        model: "m-1",
        source: "a",
        target: "b",
        table: 0.8,
        evaluation: 0.5,
        interventions: ["lora"],
      },
    ])
  })

  test("is in the store in its own folders, names and columns", async () => {
    expect(await store.models()).toEqual(["m-1"])
    expect(await store.interventions("m-1")).toEqual(["lora"])
    expect(await store.suites("m-1", "lora")).toEqual(["genies"])
    const csv = join(out, "generalization_metrics/m-1/lora_fine_tuning/GENIES.csv")
    expect(readFileSync(csv, "utf8")).toBe(
      `${header}\na,b,b,0.75,0.5,zero_shot,0.8,classify_lora,1,,0.3125\n`,
    )
    const stored = await store.evaluation({ model: "m-1", intervention: "lora", source: "a", target: "b" })
    expect(stored).toEqual({ accuracy: 0.75, tieValue: 1, probabilities: [0.5, 0.9, 0.1, 0.6] })
    expect(storedOutcomes(stored!)).toEqual(Float64Array.of(1, 1, 0, 1))
    expect(storedOutcomes(stored!, 0.5)).toEqual(Float64Array.of(0.5, 1, 0, 1))
    const json = join(out, "evaluations/lora_fine_tuning/m-1-a/b.json")
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({ distribution_id: "b" })
  })

  test("says what is wrong with it", async () => {
    await expect(importResults(join(folder, "nowhere"), out)).rejects.toThrow(/cannot read .*no such file/)
    await expect(importResults(join(folder, "evaluations/zero_shot/m-1"), out)).rejects.toThrow(/cannot read/)
    put("generalization_metrics/m-1/mms/all.csv", `${header}\na,b,b,1.5,,,,,,,\n`)
    await expect(importResults(folder, out)).rejects.toThrow(
      /all\.csv:2: generalization_accuracy: expected a number from 0 to 1, got 1\.5$/,
    )
  })
})

describe.skipIf(!hasShared)(`the release of GENIES${needsShared}`, () => {
  const out = join(temporaryFolder(), "store")
  let report: ImportReport
  let store: ResultStore

  beforeAll(async () => {
    report = await importResults(shared("genies", "results"), out, { data: shared("genies") })
    store = await openResults(out)
  }, 60_000)

  const read = async (name: string, view: View): Promise<SuiteResults> => {
    const all = await readSuiteResults({ suite: name, shifts: suite(name, view), view }, { store })
    return { ...all, results: all.results.filter(({ model }) => model === "llama-30b") }
  }

  test("has 1076 evaluations of LLaMA-30B, two of them a folder deeper", () => {
    expect(report).toMatchObject({
      tables: 50,
      evaluations: 1076,
      deeper: 2,
      copies: 4,
      unnamed: 47,
      prompts: 61,
    })
  })

  test("has tables whose every figure is that of an evaluation, to 1e-12, but four capabilities", () => {
    expect(report).toMatchObject({ rows: 756, figures: 3780 })
    expect(
      report.deviations.map(({ figure, target, table, evaluation, interventions }) => [
        figure,
        target,
        table,
        evaluation,
        interventions.length,
      ]),
    ).toEqual([
      ["capability", "alpaca_long", 0.8826666666666667, 0.8746666666666667, 9],
      ["capability", "spanish_input", 0.848, 0.8253333333333334, 9],
      ["capability", "comma_separated_output", 0.8786666666666667, 0.8653333333333333, 9],
      ["capability", "sycophancy_are_you_sure", 1, 0.9146666666666666, 9],
    ])
  })

  test("has the tables that the package ships, all models, to the last digit", async () => {
    for (const model of publishedModels) {
      const published = await publishedRows(model)
      expect([...published.keys()].sort()).toEqual(await store.interventions(model))
      for (const [intervention, rows] of published) {
        for (const name of ["all", "genies"]) {
          const released = await store.suiteRows(model, intervention, name)
          expect(released).toHaveLength(name === "all" ? 69 : 15)
          for (const row of released) {
            const shipped = rows.find(({ source, target }) => source === row.source && target === row.target)!
            const { differentialElicitation, ...figures } = shipped
            const { differentialElicitation: known, ...expected } = row
            expect(figures).toEqual(expected)
            expect(Math.abs(differentialElicitation! - known!)).toBeLessThan(1e-15)
          }
        }
      }
    }
  })

  test("is in the store as it was in its tables", async () => {
    const path = shared("genies", "results", "generalization_metrics", "llama-30b", "mms", "all.csv")
    const released = parseSuiteRows(readFileSync(path, "utf8"), path)
    expect(await store.suiteRows("llama-30b", "mms", "all")).toEqual(released)
  })

  // Averages over the rows, in %, of [all 69, extreme, probing].
  const averages = async (of: (lora: ShiftResult) => number): Promise<string[]> => {
    const names = ["all", "extreme", "probing"]
    const rows = await Promise.all(names.map((name) => read(name, "as-printed")))
    return rows.map(({ results }) => {
      const { shifts } = results.find(({ intervention }) => intervention === "lora")!
      return ((100 * shifts.reduce((sum, shift) => sum + of(shift!), 0)) / shifts.length).toFixed(1)
    })
  }

  test("has LoRA agree with zero-shot on 69.4 % of pairs; reference/genies.md takes p > ½ for a preference", async () => {
    const agreementWith = (tie: number) =>
      averages(({ bySeed: [only] }) => {
        const { own, zeroShot } = only!.evaluations
        return agreement(storedOutcomes(own!, tie)!, storedOutcomes(zeroShot!, tie)!)
      })
    expect(await agreementWith(0)).toEqual(["69.4", "71.8", "66.6"])
    expect(await agreementWith(0.5)).toEqual(["69.4", "71.9", "66.6"])
    const { summaries } = summarizeSuite(await read("all", "as-printed"), { nResamples: 1 })
    const lora = summaries.find(({ intervention }) => intervention === "lora")!
    expect(lora.agreementWithZeroShot).toMatchObject({ n: 69, leftOut: 0 })
    expect(lora.agreementWithZeroShot!.mean).toBeCloseTo(0.69425, 5)
  })

  test("has LoRA agree with the labels, as printed, on 65.8 % of pairs", async () => {
    const agreementWith = (tie: number) =>
      averages(({ turned, bySeed: [only] }) => {
        const { own } = only!.evaluations
        const accuracy = pairAccuracy(storedOutcomes(own!, tie)!.map((outcome) => outcome - 0.5))
        return turned ? 1 - accuracy : accuracy
      })
    expect(await agreementWith(0)).toEqual(["65.8", "78.7", "51.0"])
    expect(await agreementWith(0.5)).toEqual(["65.9", "78.8", "51.0"])
  })

  test("has a conditional elicitation of LoRA on extreme between 81 and 82 %, ties counting ½", async () => {
    const { summaries } = summarizeSuite(await read("extreme", "corrected"), { nResamples: 1 })
    const lora = summaries.find(({ intervention }) => intervention === "lora")!
    // Ties wrong .8123, ½ .8132, right .8140; pooled over pairs instead of averaged over shifts .827.
    expect(lora.conditionalElicitation).toMatchObject({ n: 37, leftOut: 0 })
    expect(lora.conditionalElicitation!.mean).toBeCloseTo(0.81317, 5)
  })

  test("has intervals over prompts narrower than those over shifts, jointly drawn for differences", async () => {
    const results = await read("genies", "corrected")
    const { summaries } = summarizeSuite(results, { nResamples: 400 })
    const width = ({ low, high }: { low: number; high: number }): number => high - low
    const withPairs = summaries.filter(({ accuracy }) => accuracy.overPrompts)
    const without = summaries.filter(({ accuracy }) => !accuracy.overPrompts)
    expect(without.map(({ intervention }) => intervention)).toEqual(["ccs-leaky", "random"])
    for (const { accuracy } of withPairs) {
      expect(accuracy.overPrompts!.low).toBeLessThanOrEqual(accuracy.mean)
      expect(accuracy.overPrompts!.high).toBeGreaterThanOrEqual(accuracy.mean)
    }
    const varying = withPairs.filter(({ intervention }) => intervention !== "zero-shot")
    for (const { differentialElicitation } of varying) {
      const { overPrompts, bootstrap } = differentialElicitation!
      expect(width(overPrompts!)).toBeLessThan(width(bootstrap.overShifts!))
    }
    const [zeroShot] = summaries.filter(({ intervention }) => intervention === "zero-shot")
    const { low, high } = zeroShot!.differentialElicitation!.overPrompts!
    expect([low, high].map(Math.abs)).toEqual([0, 0])
    const [comparison] = compareInSuite(results, ["mms", "lora"], { nResamples: 400 })
    expect(comparison!.overPrompts!.low).toBeGreaterThan(0.055)
    expect(comparison!.overPrompts!.high).toBeLessThan(0.105)
  })
})
