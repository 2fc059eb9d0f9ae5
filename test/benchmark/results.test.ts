// A store of one's own: round trips, what is wrong in it, interventions that scored different pairs.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import type { StoredEvaluation } from "../../src/benchmark/store/evaluation.ts"
import { withheld, withheldBecause } from "../../src/benchmark/tables/capability.ts"
import { parseEvaluation } from "../../src/benchmark/store/evaluation.ts"
import { folderOf, interventionOf } from "../../src/benchmark/store/places.ts"
import {
  openResults,
  writeEvaluation,
  writePrompts,
  writeSuiteRows,
  type ResultStore,
} from "../../src/benchmark/store/results.ts"
import { compareInSuite } from "../../src/benchmark/tables/suite-comparison.ts"
import { type SuiteResults } from "../../src/benchmark/tables/suite-results.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { formatSuiteRows, parseSuiteRows, type SuiteRow } from "../../src/benchmark/store/suite-rows.ts"
import { summarizeSuite } from "../../src/benchmark/tables/suite-summary.ts"
import type { Shift, View } from "../../src/data/index.ts"
import { accuracyInterval } from "../../src/metrics/index.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { trainingRecord } from "../support/training-record.ts"

describe("names in a store", () => {
  test("are the release's, both ways, and no two interventions share a folder", () => {
    expect(["lora", "mms", "lat-mean", "zero-shot"].map(folderOf)).toEqual([
      "lora_fine_tuning",
      "mms",
      "lat_stim_1",
      "zero_shot",
    ])
    for (const name of [
      "lora",
      "prompt-tuning",
      "few-shot",
      "lat-mean-2",
      "ccs",
      "ccs-leaky",
      "mms",
      "toString",
    ]) {
      expect(interventionOf(folderOf(name))).toBe(name)
    }
    expect(folderOf("ccs-leaky")).toBe("ccs")
    expect(folderOf("ccs")).not.toBe("ccs")
  })

  test("never leave it", async () => {
    const key = { model: "m", intervention: "mms", source: "a", target: "../../b" }
    await expect(writeEvaluation(temporaryFolder(), key, { eval_accuracy: 1 })).rejects.toThrow(
      'distribution "../../b": expected letters, digits and _ . + % - to name a file by',
    )
  })
})

describe("the rows of a suite", () => {
  const rows: SuiteRow[] = [
    { source: "a", target: "b", targetReference: "c", accuracy: 0.1 + 0.2, capability: 1e-7 },
    { source: "a", target: "d", targetReference: "d", accuracy: 1, differentialElicitation: -2.5 },
  ]

  test("come back from their text, gaps and every digit", () => {
    expect(parseSuiteRows(formatSuiteRows(rows), "x.csv")).toEqual(rows)
  })

  test("go by the names of columns; others are passed over", () => {
    const [header, ...lines] = formatSuiteRows(rows).trim().split("\n")
    const text = [`seed,${header}`, ...lines.map((line) => `7,${line}`)].join("\r\n")
    expect(parseSuiteRows(text, "x.csv")).toEqual(rows)
  })

  test.each<[(text: string) => string, string]>([
    [(text) => text.replace("source_ID_accuracy", "source"), 'x.csv:1: unknown column "source_ID_accuracy"'],
    [(text) => text.replace("a,b,c,", "a,b,"), "x.csv:2: expected 11 cells, got 10"],
    [(text) => text.replace("a,b,", ",b,"), "x.csv:2: source: expected a name, got nothing"],
    [
      (text) => text.replace("d,1,", "d,one,"),
      "x.csv:3: generalization_accuracy: expected a number from 0 to 1",
    ],
    [
      (text) => text.replace("d,1,", "d,,"),
      "x.csv:3: generalization_accuracy: expected a share, got nothing",
    ],
  ])("say what is wrong with them (%#)", (damage, message) => {
    expect(() => parseSuiteRows(damage(formatSuiteRows(rows)), "x.csv")).toThrow(message)
  })

  test("hold no comma", () => {
    expect(() => formatSuiteRows([{ ...rows[0]!, source: "a,b" }])).toThrow("expected no comma")
  })
})

test("an evaluation says what is wrong with it", () => {
  expect(() => parseEvaluation([], "x.json")).toThrow("x.json: expected an object, got a list")
  expect(() => parseEvaluation({}, "x.json")).toThrow(
    "x.json .eval_accuracy: expected a share, got undefined",
  )
  const wrong = { eval_accuracy: 1, eval_probabilities: [0.5, 2] }
  expect(() => parseEvaluation(wrong, "x.json")).toThrow(
    "x.json .eval_probabilities[1]: expected a fitting number, got 2",
  )
  const tie = { eval_accuracy: 1, litmus: { tie_value: 0.7 } }
  expect(() => parseEvaluation(tie, "x.json")).toThrow("x.json .litmus.tie_value: expected 1 or 0.5, got 0.7")
})

describe("a store of one's own", () => {
  const folder = temporaryFolder()
  const shift: Shift = { source: "a", target: "survival_influence", targetReference: "survival_influence" }
  let store: ResultStore

  // 40 pairs of 20 prompts. "one" is right on the first 30 and could not score the last 10; "other" is right on all but
  // the first 10.
  const pairs = Array.from({ length: 40 }, (_, i) => i)
  const probabilities = {
    one: pairs.slice(0, 30).map(() => 0.9),
    other: pairs.map((i) => (i < 10 ? 0.2 : 0.8)),
    "zero-shot": pairs.map((i) => (i % 2 === 0 ? 0.6 : 0.5)),
    lora: pairs.map((i) => (i < 32 ? 0.9 : 0.1)),
  }
  const accuracies = { one: 1, other: 0.75, "zero-shot": 0.75, lora: 0.8 }

  beforeAll(async () => {
    for (const intervention of ["one", "other", "zero-shot", "lora"] as const) {
      const litmus = { tie_value: 0.5, ...(intervention === "one" ? { pairs: pairs.slice(0, 30) } : {}) }
      const fields = {
        eval_accuracy: accuracies[intervention],
        eval_probabilities: probabilities[intervention],
        litmus,
      }
      for (const source of intervention === "lora" ? [shift.source, shift.target] : [shift.source]) {
        await writeEvaluation(folder, { model: "m", intervention, source, target: shift.target }, fields)
      }
      const { source, target, targetReference } = shift
      const row = { source, target, targetReference, accuracy: accuracies[intervention] }
      const measured = {
        zeroShot: 0.75,
        zeroShotBy: "zero_shot",
        capability: 0.8,
        capabilityBy: "lora_fine_tuning",
      }
      await writeSuiteRows(folder, { model: "m", intervention, suite: "own" }, [{ ...row, ...measured }])
    }
    await writePrompts(
      folder,
      shift.target,
      pairs.map((i) => i >> 1),
    )
    store = await openResults(folder)
  })

  const read = (view: View): Promise<SuiteResults> =>
    readSuiteResults({ suite: "own", shifts: [shift], view }, { store })

  test("is read in a view: accuracies and outcomes inverted, capability not", async () => {
    const { summaries } = summarizeSuite(await read("corrected"))
    const of = (name: string): (typeof summaries)[number] =>
      summaries.find(({ intervention }) => intervention === name)!
    expect(of("other").accuracy.mean).toBe(0.25)
    expect(of("other").elicitation!.mean).toBe(0.25 / 0.8)
    expect(of("other").differentialElicitation!.mean).toBe(0)
    expect(of("random").elicitation!.mean).toBe(0.5 / 0.8)
    // Right with labels turned: the first 10 of the 32 that the target-tuned model gets right.
    expect(of("other").conditionalElicitation!.mean).toBe(10 / 32)
    expect(of("one").conditionalElicitation!.mean).toBe(0)
    // Of 20 pairs that zero-shot gets right (the others are ties, ½ each) the other one gets 5 wrong.
    expect(of("other").agreementWithZeroShot!.mean).toBe((15 + 20 / 2) / 40)
  })

  test("has intervals over prompts that are those of the evaluation's clusters", async () => {
    const { summaries } = summarizeSuite(await read("as-released"), { seed: 3 })
    const other = summaries.find(({ intervention }) => intervention === "other")!
    const outcomes = probabilities.other.map((p) => (p > 0.5 ? 1 : 0))
    const expected = accuracyInterval(
      outcomes,
      pairs.map((i) => i >> 1),
    )
    expect(other.accuracy.overPrompts).toEqual({ low: expected.low, high: expected.high })
  })

  test("compares on the pairs that both could score", async () => {
    const [comparison] = compareInSuite(await read("as-released"), ["one", "other"])
    // On the first 30 pairs: (1 − 20/30) / 0.8.
    const mean = 1 / 3 / 0.8
    expect(comparison!.mean).toBeCloseTo(mean, 12)
    expect(comparison!.overPrompts!.low).toBeLessThan(mean)
    expect(comparison!.overPrompts!.high).toBeGreaterThan(mean)
    const [turned] = compareInSuite(await read("corrected"), ["one", "other"])
    expect(turned!.mean).toBeCloseTo(-mean, 12)
    expect(turned!.overPrompts!.low).toBeCloseTo(-comparison!.overPrompts!.high, 12)
  })

  test("withholds elicitation where the capability is not shown to be above chance, and says so", async () => {
    const weak = await read("as-released")
    const results = weak.results.map((row) => ({
      ...row,
      shifts: row.shifts.map(
        (one) =>
          one && {
            ...one,
            bySeed: one.bySeed.map((seed) => ({ ...seed, withheld: withheld.chance })),
          },
      ),
    }))
    const { summaries } = summarizeSuite({ ...weak, results })
    const other = summaries.find(({ intervention }) => intervention === "other")!
    expect(other.elicitation).toBeUndefined()
    expect(other.differentialElicitation).toBeUndefined()
    expect(other.withheld).toEqual({ [withheld.chance]: 1 })
    expect(other.capability!.mean).toBe(0.8)
    // 32 of 40 pairs of 20 prompts are above chance; 22 of 40 are not shown to be.
    const evaluation = (right: number): StoredEvaluation => ({
      accuracy: right / 40,
      tieValue: 0.5,
      probabilities: pairs.map((i) => (i < right ? 0.9 : 0.1)),
    })
    const prompts = pairs.map((i) => i >> 1)
    expect(withheldBecause(0.8, evaluation(32), prompts)).toBeUndefined()
    expect(withheldBecause(0.55, evaluation(22), prompts)).toBe(withheld.chance)
    expect(withheldBecause(0.45, undefined, undefined)).toBe(withheld.chance)
    const untrained = { ...evaluation(32), training: trainingRecord({ heldOutLoss: 0.7, lossFell: false }) }
    expect(withheldBecause(0.8, untrained, prompts)).toBe(withheld.untrained)
    // Older evaluations of the truthfulness task say how often Yes is right, and no chance.
    const fields = (metrics: object): object => ({ eval_accuracy: 0.5, litmus: { metrics } })
    expect(parseEvaluation(fields({ chance: { pairs: 0.75, prompts: 0.25 } }), "e").metrics).toEqual({
      pairChance: 0.75,
      promptChance: 0.25,
    })
    expect(parseEvaluation(fields({ yes: { right: 0.25 } }), "e").metrics).toEqual({ pairChance: 0.75 })
    expect(() => parseEvaluation(fields({ chance: { pairs: "½" } }), "e")).toThrow(
      "e .litmus.metrics.chance: ",
    )
    // No to every question is right on three of four where a prompt has three worse responses: 80 % is not above that.
    const asked = { ...evaluation(32), metrics: { pairChance: 0.75 } }
    expect(withheldBecause(0.8, asked, prompts)).toBe(withheld.chance)
    expect(
      withheldBecause(0.975, { ...evaluation(39), metrics: { pairChance: 0.75 } }, prompts),
    ).toBeUndefined()
  })

  test("is told from other folders", async () => {
    const empty = join(temporaryFolder(), "empty")
    mkdirSync(empty)
    await expect(openResults(empty)).rejects.toThrow(/expected a store of results .* got none/)
    writeFileSync(join(empty, "generalization_metrics"), "")
    await expect(openResults(empty)).rejects.toThrow(/expected a store of results .* got none/)
  })
})
