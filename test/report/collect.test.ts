// What a report collects from a store, compared with the library's own tables and with published figures.

import { beforeAll, describe, expect, it } from "vitest"
import { openResults } from "../../src/benchmark/store/results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { summarizeSuite } from "../../src/benchmark/tables/suite-summary.ts"
import { readSuite } from "../../src/data/index.ts"
import { pairAccuracy, agreement, pairOutcomes } from "../../src/metrics/index.ts"
import { personas, reliability, shiftPairs } from "../../src/report/collect-pairs.ts"
import { collectReport, type Report } from "../../src/report/collect.ts"
import { figuresIn, longerName } from "../../src/report/site-data.ts"
import { failTogether, failures, scoresOf } from "../../src/report/site/pair-scores.ts"
import { personaMatrix } from "../../src/report/site/persona-matrix.ts"
import { mainModel, selectedRows, selectedShifts, tableOf } from "../../src/report/site/selection.ts"
import {
  accuracyOf,
  fixtureProbabilities,
  nPairs,
  writeReportStore,
  type ReportStore,
} from "../support/report-store.ts"
import { sums, writeDistribution, writeSums } from "../support/data-folder.ts"
import { temporaryFolder } from "../support/temporary.ts"

let files: ReportStore
let report: Report
beforeAll(async () => {
  files = await writeReportStore(temporaryFolder())
  report = await collectReport(files.store, {
    data: files.data,
    suiteFiles: [files.suite],
    published: ["llama-7b"],
  })
})

const placeOf = (target: string): number => report.index.shifts.findIndex((shift) => shift.target === target)
const rowOf = (model: string, intervention: string): number =>
  report.index.rows.findIndex((row) => row.model === model && row.intervention === intervention)

describe("the index of a report", () => {
  it("lists every shift once, with labels and categories of known suites and of files", () => {
    const { shifts } = report.index
    expect(shifts[placeOf("truthful_qa")]).toMatchObject({
      label: "probing",
      category: "unwanted_personas",
      inverted: false,
    })
    expect(shifts[placeOf("reward_seeking")]).toMatchObject({ inverted: true, hasPairs: true })
    expect(shifts[placeOf("own_target")]).toMatchObject({ label: "own label", category: "own_category" })
    expect(shifts).toHaveLength(57)
    expect(shifts.filter(({ hasPairs }) => hasPairs)).toHaveLength(3)
  })

  it("has the tables that the library makes, in every view", async () => {
    const store = await openResults(files.store)
    for (const view of ["corrected", "as-printed", "as-released"] as const) {
      const shifts = await readSuite("probing", view)
      const results = await readSuiteResults(
        { suite: "probing", shifts, view },
        { store, published: ["llama-7b"] },
      )
      const { summaries } = summarizeSuite(results)
      const table = tableOf(report.index, { suite: "probing", view })!
      expect(table.nShifts).toBe(shifts.length)
      expect(table.rows).toHaveLength(summaries.length)
      for (const summary of summaries) {
        const row = table.rows.find((one) => {
          const entry = report.index.rows[one.row]!
          return entry.model === summary.model && entry.intervention === summary.intervention
        })!
        expect(row.nShifts).toBe(summary.nShifts)
        expect(row.accuracy.mean).toBe(summary.accuracy.mean)
        expect(row.accuracy.overPrompts?.[0]).toBe(summary.accuracy.overPrompts?.low)
        expect(row.differentialElicitation?.overSources?.[1]).toBe(
          summary.differentialElicitation?.overSources?.high,
        )
      }
    }
  })

  it("turns the inverted target round in two of the views, with its interval", () => {
    const place = placeOf("reward_seeking")
    const row = rowOf("tiny-7b", "mms")
    const released = figuresIn(report.index, "as-released", row, place)!
    const corrected = figuresIn(report.index, "corrected", row, place)!
    expect(released.accuracy.value).toBe(accuracyOf(fixtureProbabilities("tiny-7b", "mms", "reward_seeking")))
    expect(corrected.accuracy.value).toBeCloseTo(1 - released.accuracy.value, 12)
    expect(corrected.accuracy.overPrompts![0]).toBeCloseTo(1 - released.accuracy.overPrompts![1], 12)
    expect(corrected.differentialElicitation!.value).toBeCloseTo(-released.differentialElicitation!.value, 12)
    expect([released.turned, corrected.turned]).toEqual([undefined, true])
  })

  it("has the published figures beside the store's", () => {
    const row = rowOf("llama-7b", "lora")
    expect(report.index.rows[row]).toMatchObject({ published: true })
    // results/generalization_metrics/llama-7b/lora_fine_tuning/all.csv of the release
    const place = report.index.shifts.findIndex(({ target }) => target === "alpaca_hard")
    expect(figuresIn(report.index, "corrected", row, place)!.accuracy).toEqual({ value: 0.7866666666666666 })
  })

  it("opens with a model of one's own, its interventions in the usual order", () => {
    expect(mainModel(report.index)).toBe("tiny-1b")
    const names = selectedRows(report.index, { models: ["tiny-1b"] }).map(
      (row) => report.index.rows[row]!.intervention,
    )
    expect(names).toEqual(["mms", "lora", "zero-shot", "random"])
  })

  it("selects shifts by label and category, among those with a result", () => {
    const rows = selectedRows(report.index, { models: ["tiny-7b"] })
    const select = (label: string | undefined, category: string | undefined): string[] =>
      selectedShifts(report.index, { view: "corrected", label, category }, rows).map(
        (place) => report.index.shifts[place]!.target,
      )
    expect(select(undefined, undefined).sort()).toEqual(["own_target", "reward_seeking", "truthful_qa"])
    expect(select("own label", undefined)).toEqual(["own_target"])
    expect(select("probing", "spurious_cues")).toEqual([])
  })

  it("describes the distributions", () => {
    const entry = report.index.distributions.find(({ id }) => id === "truthful_qa")!
    // Of a prompt's two pairs the right answer is the longer in one.
    expect(entry.splits.find(({ split }) => split === "test")).toMatchObject({
      examples: 24,
      pairs: 48,
      distinctPrompts: 24,
      betterIsLonger: 0.5,
    })
    expect(entry.shared).toEqual([{ id: "truthful_qa", split: "train", prompts: 24 }])
  })

  it("says what is wrong with a data folder of other distributions", async () => {
    const data = writeSums(temporaryFolder())
    await expect(collectReport(files.store, { data })).rejects.toThrow(
      /expected distributions that the results are of \(.*\), got few, more, sums/,
    )
  })
})

describe("a data folder that has none of a store's distributions", () => {
  it("but those of the published figures beside it is told apart from one that has them", async () => {
    const data = writeDistribution(temporaryFolder(), "arc_easy", { test: sums(4) })
    const beside = await collectReport(files.store, { data, published: ["llama-30b"] })
    expect(beside.withoutTexts).toEqual([
      "alpaca_easy",
      "alpaca_mmlu",
      "own_target",
      "reward_seeking",
      "truthful_qa",
    ])
    expect(report.withoutTexts).toEqual([])
  })
})

describe("single pairs of a report", () => {
  it("come back as they are, in the order of the split, inverted where the view does so", () => {
    const place = placeOf("reward_seeking")
    const rows = selectedRows(report.index, { models: ["tiny-7b"] })
    const pairs = shiftPairs(report.released, place)!
    const read = scoresOf(report.index, pairs, { rows, shift: place, view: "as-released" })
    expect(read.nPairs).toBe(nPairs)
    expect(read.scores.map(({ name }) => name)).toEqual(["mms", "lora", "zero-shot"])
    const expected = fixtureProbabilities("tiny-7b", "mms", "reward_seeking")
    read.scores[0]!.probabilities.forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i]!, 6)
      expect(Math.sign(p - 0.5)).toBe(Math.sign(expected[i]! - 0.5))
    })
    const turned = scoresOf(report.index, pairs, { rows, shift: place, view: "corrected" })
    turned.scores[0]!.probabilities.forEach((p, i) => expect(p).toBe(1 - read.scores[0]!.probabilities[i]!))
  })

  it("keep a probability next to ½ apart from a tie", () => {
    const place = placeOf("truthful_qa")
    const row = rowOf("tiny-7b", "mms")
    // The logits of our own evaluations say which side it is, where the probability does not.
    const own = {
      accuracy: 0.5,
      tieValue: 0.5,
      probabilities: [0.5 + 1e-12, 0.5, 0.5],
      logits: [4e-12, -1e-20, 0],
      pairs: [4, 0, 2],
    }
    const results = report.released.results.map((one, i) => ({
      ...one,
      shifts: one.shifts.map((shift, j) =>
        shift && i === row && j === place
          ? { ...shift, bySeed: [{ ...shift.bySeed[0]!, evaluations: { own } }] }
          : shift,
      ),
    }))
    const pairs = shiftPairs({ ...report.released, results }, place)!
    const { scores, nPairs: n } = scoresOf(report.index, pairs, {
      rows: [row],
      shift: place,
      view: "corrected",
    })
    const { probabilities } = scores[0]!
    expect(n).toBe(nPairs)
    expect([probabilities[4]! > 0.5, probabilities[0]! < 0.5, probabilities[2] === 0.5]).toEqual([
      true,
      true,
      true,
    ])
    expect([1, 3, 5].map((pair) => Number.isNaN(probabilities[pair]))).toEqual([true, true, true])
    expect(failures(scores, 0)).toEqual({ failed: 1, scored: 1 })
    expect(failures(scores, 1)).toEqual({ failed: 0, scored: 0 })
  })

  it("count what fails together", () => {
    const scored = (...probabilities: number[]) => ({
      row: 0,
      name: "",
      probabilities: Float64Array.from(probabilities),
    })
    const matrix = failTogether([
      scored(0.1, 0.2, 0.9, 0.3),
      scored(0.4, 0.8, 0.2, Number.NaN),
      scored(0.9, 0.9, 0.9, 0.9),
    ])
    // The first fails on 0, 1, 3, of which the second scored 0 and 1 and fails on 0.
    expect(matrix).toEqual([
      [null, 0.5, 0],
      [0.5, null, 0],
      [null, null, null],
    ])
  })

  it("give the agreements that the metrics give", () => {
    const persona = personas(report.released, () => undefined).find(({ model }) => model === "tiny-7b")!
    const place = placeOf("own_target")
    const outcomes = ["mms", "lora"].map((name) =>
      pairOutcomes(fixtureProbabilities("tiny-7b", name, "own_target").map((p) => p - 0.5)),
    )
    const [i, j] = ["mms", "lora"].map((name) => persona.names.indexOf(name))
    const shares = persona.shifts.find(({ shift }) => shift === place)!.share
    expect(shares[i!]![j!]).toBeCloseTo(agreement(outcomes[0]!, outcomes[1]!), 12)
    expect(shares[j!]![i!]).toBe(shares[i!]![j!])
  })

  it("put accuracy beside the labels, and the longer response beside all", () => {
    const entries = personas(report.released, (id) => report.distributions!.longer(id))
    const persona = entries.find(({ model }) => model === "tiny-7b")!
    const { names, values, nShifts } = personaMatrix(report.index, persona, {
      view: "as-released",
      label: "own label",
      category: undefined,
    })
    expect([names, nShifts]).toEqual([["labels", "mms", "lora", "zero-shot", longerName], 1])
    expect(values[0]![1]).toBe(accuracyOf(fixtureProbabilities("tiny-7b", "mms", "own_target")))
    expect(values[0]![4]).toBe(0.5)
    expect(values[1]![1]).toBeNull()
    // Longer: the right answer against the second worse one of each prompt, the wrong against the first.
    const longer = Array.from({ length: nPairs }, (_, i) => (i % 2 === 0 ? 0 : 1))
    const mms = pairOutcomes(fixtureProbabilities("tiny-7b", "mms", "own_target").map((p) => p - 0.5))
    expect(values[1]![4]).toBeCloseTo(agreement(mms, longer), 12)
  })

  it("are binned for every intervention that has them", () => {
    const entries = reliability(report.released)
    expect(entries).toHaveLength(6)
    const bins = entries.find(({ row }) => row === rowOf("tiny-1b", "lora"))!.shifts[0]!.bins
    expect(bins.reduce((sum, { n }) => sum + n, 0)).toBe(2 * nPairs)
    const upper = bins.slice(5).reduce((sum, { ones }) => sum + ones, 0)
    const probabilities = fixtureProbabilities("tiny-1b", "lora", "truthful_qa")
    const ties = probabilities.filter((p) => p === 0.5).length
    // Of a tie both orders fall into the bin above ½, one of them with label 1.
    expect(upper).toBe(nPairs * pairAccuracy(probabilities.map((p) => p - 0.5)) + ties / 2)
  })
})
