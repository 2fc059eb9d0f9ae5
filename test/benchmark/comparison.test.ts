// Comparisons in stores whose rows are not all of one run, or of several seeds: what may be subtracted, and what is said.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { seedFolder } from "../../src/benchmark/store/places.ts"
import {
  openResults,
  writeEvaluation,
  writePrompts,
  writeSuiteRows,
} from "../../src/benchmark/store/results.ts"
import type { SuiteRow } from "../../src/benchmark/store/suite-rows.ts"
import { leftOutBecause } from "../../src/benchmark/tables/comparable.ts"
import { mixedRuns } from "../../src/benchmark/tables/mixed-runs.ts"
import { compareInSuite, notCompared } from "../../src/benchmark/tables/suite-comparison.ts"
import { type SuiteResults } from "../../src/benchmark/tables/suite-results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { summarizeSuite, type SuiteSummary } from "../../src/benchmark/tables/suite-summary.ts"
import { readTable, type TableContent } from "../../src/cli/results-groups.ts"
import { renderSuiteTable } from "../../src/cli/results-text.ts"
import { temporaryFolder } from "../support/temporary.ts"

const nPairs = 40

/** One row: how many of 40 pairs are right, and what it is measured against. */
interface Row {
  readonly intervention: string
  readonly target: string
  readonly right: number
  readonly zeroShot?: number
  readonly capability?: number
  /** Names the examples of the target; with a limit they are others. */
  readonly maxExamples?: number
  readonly seed?: number
  /** Whether the store has got another run's evaluation since. */
  readonly isReplaced?: boolean
  /** Places of the pairs that it scored. */
  readonly pairs?: readonly number[]
}

const targets = ["t", "u"]
const shifts = targets.map((target) => ({ source: "s", target, targetReference: target }))

/** A store of these rows; `nPrompts` of every test split. */
async function storeOf(rows: readonly Row[], { nPrompts = nPairs } = {}): Promise<string> {
  const folder = temporaryFolder()
  for (const one of rows) {
    const { intervention, target, right, maxExamples, pairs } = one
    const key = { model: "m", intervention, source: "s", target }
    const n = pairs?.length ?? nPairs
    const probabilities = Array.from({ length: n }, (_, i) => (i < right ? 0.9 : 0.2))
    await writeEvaluation(seedFolder(folder, one.seed ?? 0, 0), key, {
      eval_accuracy: one.isReplaced ? (right - 1) / n : right / n,
      eval_probabilities: probabilities,
      litmus: {
        tie_value: 0.5,
        run: JSON.stringify(one),
        options: {},
        model: "weights",
        engine: "engine",
        source: { id: "s", examples: 100, fingerprint: `s ${maxExamples}` },
        target: { id: target, examples: maxExamples ?? 100, fingerprint: `${target} ${maxExamples}` },
        ...(maxExamples === undefined ? {} : { max_examples: maxExamples }),
        ...(pairs ? { pairs } : {}),
      },
    })
  }
  for (const seed of new Set(rows.map((one) => one.seed ?? 0))) {
    for (const intervention of new Set(rows.map((one) => one.intervention))) {
      const own = rows.filter((one) => one.intervention === intervention && (one.seed ?? 0) === seed)
      const table = own.map(({ target, right, pairs, zeroShot = 0.5, capability = 0.8 }): SuiteRow => ({
        source: "s",
        target,
        targetReference: target,
        accuracy: right / (pairs?.length ?? nPairs),
        zeroShot,
        capability,
        capabilityBy: "lora_fine_tuning",
      }))
      const where = { model: "m", intervention, suite: "own" }
      if (own.length > 0) await writeSuiteRows(seedFolder(folder, seed, 0), where, table)
    }
  }
  const prompts = Array.from({ length: nPairs }, (_, i) => i % nPrompts)
  for (const target of targets) await writePrompts(folder, target, prompts)
  return folder
}

async function read(folder: string): Promise<SuiteResults> {
  const store = await openResults(folder)
  return readSuiteResults({ suite: "own", shifts, view: "corrected" }, { store })
}

/** What the command shows of the whole store. */
async function tableOf(folder: string, compare: readonly string[] = ["one", "two"]): Promise<TableContent> {
  const suite = join(folder, "own.json")
  writeFileSync(suite, JSON.stringify(shifts.map(({ source, target }) => ({ source, target }))))
  return readTable(folder, { view: "corrected", suite, compare, seed: 0 })
}

const textOf = (content: TableContent): string => renderSuiteTable(content).replaceAll(/\s+/g, " ")

function summaryOf(results: SuiteResults, name: string): SuiteSummary {
  return summarizeSuite(results).summaries.find(({ intervention }) => intervention === name)!
}

/** Both orders of a comparison: the size is one, the sign is not. */
async function bothWays(folder: string): Promise<void> {
  const results = await read(folder)
  const [forth] = compareInSuite(results, ["one", "two"])
  const [back] = compareInSuite(results, ["two", "one"])
  expect(back!.mean).toBe(-forth!.mean)
  expect(back!.median).toBe(-forth!.median)
  expect(back!.n).toBe(forth!.n)
  expect(back!.signFlipSingly.p).toBe(forth!.signFlipSingly.p)
  // Percentiles of the same resamples, inverted: rounding alone differs.
  expect(back!.overPrompts!.low).toBeCloseTo(-forth!.overPrompts!.high, 12)
  const reasons = (first: string, second: string): unknown[] =>
    notCompared(results, [first, second]).map(({ reason, shifts: n }) => [reason, n])
  expect(reasons("two", "one")).toEqual(reasons("one", "two"))
}

const clean: readonly Row[] = [
  { intervention: "one", target: "t", right: 30 },
  { intervention: "one", target: "u", right: 20 },
  { intervention: "two", target: "t", right: 24 },
  { intervention: "two", target: "u", right: 24 },
]

/** The clean rows with one of them changed. */
function changed(intervention: string, target: string, change: Partial<Row>): Row[] {
  return clean.map((row) =>
    row.intervention === intervention && row.target === target ? { ...row, ...change } : row,
  )
}

describe("a comparison of one run", () => {
  it("is the difference of the rows, leaves out nothing, and turns round with the names", async () => {
    const folder = await storeOf(clean)
    const results = await read(folder)
    const [comparison] = compareInSuite(results, ["one", "two"])
    // ((30 − 24) + (20 − 24)) / 40 / 0.8 / 2
    expect(comparison!.mean).toBeCloseTo(2 / 40 / 0.8 / 2, 12)
    expect(notCompared(results, ["one", "two"])).toEqual([])
    await bothWays(folder)
    expect(textOf(await tableOf(folder))).not.toMatch(/Left out|Not one experiment|\*/)
  })
})

describe("a shift on which two interventions are not measured alike is left out, and it is said why", () => {
  it.each<[string, Partial<Row>]>([
    [leftOutBecause.examples, { maxExamples: 50 }],
    [leftOutBecause.capability, { capability: 0.9 }],
    [leftOutBecause.noCapability, { capability: 0 }],
    [leftOutBecause.older, { isReplaced: true }],
  ])("%s", async (reason, change) => {
    for (const name of ["one", "two"]) {
      const folder = await storeOf(changed(name, "u", change))
      const content = await tableOf(folder)
      const [group] = content.groups
      expect(group!.comparisons).toMatchObject([{ n: 1, mean: expect.closeTo(6 / 40 / 0.8, 12) as number }])
      expect(group!.notCompared).toEqual([
        { model: "m", published: false, first: "one", second: "two", reason, shifts: 1 },
      ])
      expect(textOf(content)).toContain(`Left out on 1 of the shifts: one − two: ${reason}.`)
      await bothWays(folder)
    }
  })

  it("the two scored no pair in common", async () => {
    const halves = clean.map((row) => {
      if (row.target === "t") return row
      const pairs = Array.from({ length: 20 }, (_, i) => (row.intervention === "one" ? i : 20 + i))
      return { ...row, right: 10, pairs }
    })
    const results = await read(await storeOf(halves))
    expect(notCompared(results, ["one", "two"])).toMatchObject([{ reason: leftOutBecause.pairs, shifts: 1 }])
  })

  it("also where none is left, in the error", async () => {
    const other = clean.map((row) => (row.intervention === "one" ? { ...row, maxExamples: 50 } : row))
    await expect(tableOf(await storeOf(other))).rejects.toThrow(
      `--compare: one, two: nothing to compare on any shift: ${leftOutBecause.examples}`,
    )
  })

  it("not by random, which is measured against what the other one is", async () => {
    const results = await read(await storeOf(changed("two", "u", { capability: 0.9, maxExamples: 50 })))
    const [comparison] = compareInSuite(results, ["two", "random"])
    expect(comparison!.mean).toBeCloseTo((4 / 40 / 0.8 + 4 / 40 / 0.9) / 2, 12)
    expect(
      notCompared(results, ["one", "random", "two"]).filter(({ second }) => second === "random"),
    ).toEqual([])
  })
})

describe("several seeds", () => {
  // Capabilities that differ from seed to seed: the ratio of means is another figure than the mean of ratios.
  const twoSeeds = [
    ...clean,
    ...clean
      .map((row) => ({ ...row, seed: 1, right: row.right + (row.intervention === "one" ? 6 : 2) }))
      .map((row) => ({ ...row, capability: 0.9 })),
  ]

  it("have one estimator: each seed's quotient, averaged, in rows and comparisons", async () => {
    const folder = await storeOf(twoSeeds)
    const results = await read(folder)
    const [one, two] = [summaryOf(results, "one"), summaryOf(results, "two")]
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const quotients = [30 / 40 / 0.8, 20 / 40 / 0.8, 36 / 40 / 0.9, 26 / 40 / 0.9]
    expect(one.elicitation!.mean).toBeCloseTo(mean(quotients), 12)
    // The standard deviation over the two seeds, of the averages over the two shifts.
    const [first, second] = [mean(quotients.slice(0, 2)), mean(quotients.slice(2))]
    expect(one.elicitation!.overSeeds).toBeCloseTo(Math.abs(first - second) / Math.SQRT2, 12)
    const [comparison] = compareInSuite(results, ["one", "two"])
    expect(comparison!.mean).toBeCloseTo(
      one.differentialElicitation!.mean - two.differentialElicitation!.mean,
      12,
    )
    expect(mixedRuns(results)).toEqual([])
    await bothWays(folder)
  })

  it("are compared on those that both have, which is said", async () => {
    const folder = await storeOf(
      twoSeeds.filter(({ intervention, seed }: Row) => intervention === "two" || seed === undefined),
    )
    const content = await tableOf(folder)
    expect(content.groups[0]!.comparisons[0]!.mean).toBeCloseTo(2 / 40 / 0.8 / 2, 12)
    expect(textOf(content)).toContain(
      "Not one experiment: rows of one, two come from runs that differ in seeds, 1 (one) and 2 (two), compared on those that both have.",
    )
  })
})

describe("rows of different interventions from different runs", () => {
  it("are no one experiment where the examples were limited for one alone", async () => {
    const limited = clean.map((row) => (row.intervention === "one" ? { ...row, maxExamples: 50 } : row))
    const mixed = mixedRuns(await read(await storeOf(limited)))
    expect(mixed).toEqual([
      { model: "m", interventions: ["one", "two"], differences: ["--max-examples 50 (one) and all (two)"] },
    ])
  })

  it("are none where they are measured against other figures of one shift", async () => {
    const results = await read(await storeOf(changed("two", "u", { capability: 0.9, zeroShot: 0.25 })))
    expect(mixedRuns(results)).toEqual([
      {
        model: "m",
        interventions: ["one", "two"],
        differences: [
          "the zero-shot accuracies that they are measured against, on 1 of the shifts",
          "the capabilities that they are measured against, on 1 of the shifts",
        ],
      },
    ])
  })
})

describe("intervals over prompts", () => {
  it("of one prompt are of pairs, marked with a note", async () => {
    const content = await tableOf(await storeOf(clean, { nPrompts: 1 }))
    const [group] = content.groups
    const drawn = { drawnByPair: ["t", "u"] }
    expect(group!.comparisons[0]).toMatchObject(drawn)
    for (const { intervention, accuracy, differentialElicitation } of group!.summaries) {
      if (intervention === "random") continue
      expect(accuracy).toMatchObject(drawn)
      // The rows have no zero-shot evaluation, and so no interval of the difference.
      expect(differentialElicitation).not.toHaveProperty("drawnByPair")
    }
    const text = textOf(content)
    expect(text).toMatch(/one 2 62\.5 [\d.]+ to [\d.]+\* /)
    expect(text).toContain(
      "* all pairs of one prompt, on 2 of the test splits: pairs are taken for independent there.",
    )
  })

  it("of several prompts are of prompts", async () => {
    const content = await tableOf(await storeOf(clean, { nPrompts: 10 }))
    expect(textOf(content)).not.toContain("*")
    expect(JSON.stringify(content.groups)).not.toContain("drawnByPair")
  })
})

describe("a mean over fewer shifts than its row has", () => {
  it("says over how many", async () => {
    const content = await tableOf(await storeOf(changed("one", "u", { capability: 0 })))
    const text = textOf(content)
    // 30 / 40 / 0.8 on the one shift whose capability is above 0.
    expect(text).toMatch(/ one 2 62\.5 [\d.]+ to [\d.]+ – 40\.0 93\.8 \(1\) – 31\.3 \(1\) /)
    expect(text).toMatch(/ two 2 60\.0 [\d.]+ to [\d.]+ – 80\.0 75\.0 – 12\.5 /)
    expect(text).toContain("(n) behind a figure: known on n alone of the shifts that it should be of")
  })

  it("says so of the conditional elicitation where the reference is the target", async () => {
    // LoRA tuned on t itself; none was tuned on u.
    const folder = await storeOf(clean)
    const key = { model: "m", intervention: "lora", source: "t", target: "t" }
    const probabilities = Array.from({ length: nPairs }, (_, i) => (i < 32 ? 0.9 : 0.2))
    await writeEvaluation(folder, key, { eval_accuracy: 0.8, eval_probabilities: probabilities })
    const text = textOf(await tableOf(folder))
    // 30 of the 32 pairs that the tuned model gets right, on one of the two shifts.
    expect(text).toMatch(/ one 2 62\.5 [\d.]+ to [\d.]+ – 80\.0 78\.1 93\.8 \(1\) 15\.6 /)
  })
})
