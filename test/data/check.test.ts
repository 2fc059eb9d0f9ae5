// Checks of data: closed forms on folders of the test's own, and the figures of reference/genies.md for the release.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { checkData, findings, type DataReport } from "../../src/data/index.ts"
import { sums, writeDistribution, type Item } from "../support/data-folder.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()

const item = (prompt: string, better: string, ...worse: string[]): Item => ({
  prompt,
  responses: Object.fromEntries([[better, 1], ...worse.map((text) => [text, 0] as const)]),
})

function writeShifts(folder: string, shifts: unknown): void {
  mkdirSync(join(folder, "distribution_shifts", "mine"), { recursive: true })
  writeFileSync(join(folder, "distribution_shifts", "mine", "all.json"), JSON.stringify(shifts))
}

describe("checkData", () => {
  test("counts examples, pairs, prompts and what occurs twice", async () => {
    const folder = join(root, "counts")
    writeDistribution(folder, "one", {
      // The third repeats the first, in another order of responses; the fourth only its prompt.
      train: [
        item("a", "right", "wrong"),
        item("b", "right", "wrong", "worse"),
        { prompt: "a", responses: { wrong: 0, right: 1 } },
        item("a", "right", "false"),
      ],
      test: [item("b", "x", "yy"), item("c", "x", "yy"), item("a", "x", "yy")],
    })
    const { distributions, shifts, unreadable } = await checkData(folder)
    expect({ shifts, unreadable }).toEqual({ shifts: [], unreadable: [] })
    expect(distributions).toMatchObject([
      { id: "one", testPromptsInTrain: 2, copyOf: null, metadata: undefined },
    ])
    expect(distributions[0]!.splits.train).toMatchObject({
      examples: 4,
      pairs: 5,
      distinctPrompts: 2,
      repeatedExamples: 1,
      worse: { least: 1, most: 2 },
      labelledBetter: 4 / 9,
      betterFirst: 3 / 4,
      betterFirstByChance: (3 / 2 + 1 / 3) / 4,
    })
  })

  test("measures length in code points, and what choosing the longer response reaches, a tie counting half", async () => {
    const folder = join(root, "lengths")
    const examples = [item("12", "abc", "a", "abcd"), item("1234", "😀😀", "ab"), item("123", "a", "abc")]
    writeDistribution(folder, "one", { test: examples })
    const { distributions } = await checkData(join(folder, "distributions"))
    const { test: split, train } = distributions[0]!.splits
    expect(train).toBeUndefined()
    expect(distributions[0]!.testPromptsInTrain).toBeNull()
    // Pairs: longer, shorter, as long, shorter.
    expect(split).toMatchObject({
      pairs: 4,
      characters: { prompt: 3, better: 2, worse: (1 + 4 + 2 + 3) / 4 },
      chooseLonger: { accuracy: 1.5 / 4, ties: 1 / 4 },
    })
    expect(split).not.toHaveProperty("tokens")
  })

  test("counts tokens of prompt and response together, and the pairs of which one does not fit", async () => {
    const folder = join(root, "tokens")
    writeDistribution(folder, "one", { test: [item("12", "3", "45", "4567"), item("12345", "6", "7")] })
    const tokens = { count: (text: string) => text.length + 1, contextLength: 6 }
    const report = await checkData(join(folder, "distributions", "one"), { tokens })
    expect(report.distributions[0]!.splits.test!.tokens).toEqual({
      contextLength: 6,
      longest: 7,
      mean: (4 + 5 + 7 + 7 + 7) / 5,
      pairsTooLong: 2,
    })
    expect(findings(report)).toContain(
      "test pairs that do not fit the context and would be left out: one 2 of 3",
    )
  })

  test("tells of target prompts in the source, for every distinct shift of distributions that are there", async () => {
    const folder = join(root, "shifts")
    writeDistribution(folder, "from", {
      train: [item("a", "1", "2"), item("b", "1", "2")],
      test: [item("c", "1", "2")],
    })
    writeDistribution(folder, "to", { test: ["a", "b", "c", "d"].map((prompt) => item(prompt, "3", "4")) })
    const shift = { source: "from", target: "to" }
    writeShifts(folder, [shift, shift, { source: "from", target: "gone" }])
    const report = await checkData(folder)
    expect(report.shifts).toEqual([{ ...shift, testExamples: 4, inSourceTrain: 2, inSourceTest: 1 }])
    expect(report).toMatchObject({ missing: ["gone"], unreadable: [] })
    expect(findings(report)).toEqual([
      "distributions that shifts name and that are not there (1): gone",
      "target test prompts that the source trains on: from → to 2 of 4",
      "test splits of fewer than 30 distinct prompts (little can be shown on them): from 1, to 4",
      "distributions without a training split (to test on only): to",
    ])
  })

  test("names a file that is not what it should be and checks the others", async () => {
    const folder = join(root, "bad")
    writeDistribution(folder, "bad", { train: [{ prompt: "a", responses: { b: 0 } }] })
    writeDistribution(folder, "good", { train: sums(40), test: sums(40, { seed: 1 }) })
    const report = await checkData(folder)
    expect(report.distributions.map(({ id }) => id)).toEqual(["good"])
    const message = `${join(folder, "distributions", "bad", "train.json")} [0].responses: expected exactly one response labelled 1, got none`
    expect(report.unreadable).toEqual([message])
    expect(findings(report)[0]).toBe(message)
    await expect(checkData(folder, { distributions: ["bad"] })).rejects.toThrow(message)
    await expect(checkData(folder, { distributions: ["god"] })).rejects.toThrow(
      'unknown distribution "god": did you mean "good"? known: bad, good',
    )
    await expect(checkData(root)).rejects.toThrow(`${root}: expected a GENIES data folder`)
  })

  test("finds copies, metadata of another id, and lengths that tell", async () => {
    const folder = join(root, "copies")
    const longer = sums(40).map(({ prompt }) => item(prompt, "long enough", "short"))
    for (const id of ["first", "second"]) writeDistribution(folder, id, { train: longer, test: longer })
    writeFileSync(join(folder, "distributions", "second", "metadata.json"), '{"id": "first"}')
    const report = await checkData(folder)
    expect(report.distributions.map(({ copyOf }) => copyOf)).toEqual([null, "first"])
    expect(findings(report)).toEqual([
      "test prompts that are also training prompts (accuracy on them is not about new prompts): first 40 of 40, second 40 of 40",
      "distributions that are copies: second = first",
      "test splits on which choosing the longer response does (share of the pairs): first 100.0 %, second 100.0 %",
      "metadata.json names another id than the folder: second names first",
    ])
  })
})

describe.skipIf(!hasShared)(`the GENIES release${needsShared}`, () => {
  let report: DataReport
  beforeAll(async () => {
    report = await checkData(shared("genies"))
  }, 120_000)

  const split = (id: string, name: "train" | "test") =>
    report.distributions.find((one) => one.id === id)!.splits[name]!

  test("has 66 distributions, all readable, and 56 distinct shifts", () => {
    expect(report.distributions).toHaveLength(66)
    expect(report.shifts).toHaveLength(56)
    expect(report.unreadable).toEqual([])
  })

  test.each([
    ["illegal_dont_help", 146, 246],
    ["change_my_view", 110, 250],
  ])("tests %s on %i of %i prompts that it trains on", (id, leaked, examples) => {
    const found = report.distributions.find((one) => one.id === id)!
    expect([found.testPromptsInTrain, found.splits.test!.examples]).toEqual([leaked, examples])
  })

  test("trains the source of shp_high_quality on 147 of its 250 test prompts, and no other source on any", () => {
    expect(report.shifts.filter(({ inSourceTrain }) => inSourceTrain > 0)).toEqual([
      expect.objectContaining({ target: "shp_high_quality", testExamples: 250, inSourceTrain: 147 }),
    ])
  })

  test("has one prompt for all of biology_with_literary_style, and lengths that tell alpaca_long and _short", () => {
    const { train, test: tests } = report.distributions.find(
      ({ id }) => id === "biology_with_literary_style",
    )!.splits
    expect([train!.distinctPrompts, tests!.distinctPrompts]).toEqual([1, 1])
    expect(split("alpaca_long", "test").chooseLonger.accuracy).toBe(249 / 250)
    expect(split("alpaca_short", "test").chooseLonger.accuracy).toBe(0.5 / 250)
  })

  test("says so in words", () => {
    const text = findings(report).join("\n")
    for (const figure of [
      "reward_seeking, survival_influence",
      "illegal_dont_help 146 of 246, change_my_view 110 of 250",
      "shp_low_quality → shp_high_quality 147 of 250",
      "biology_with_literary_style 1, commonsense_qa 1",
      "us_history_make_questions = us_history_exam_questions",
      "alpaca_long 99.6 %",
      "us_history_exam_questions names us_history_make_questions",
    ]) {
      expect(text).toContain(figure)
    }
  })
})
