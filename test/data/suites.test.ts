// The shipped suites against the release's files, and the views.

import { describe, expect, test } from "vitest"
import { readShifts, readSuite, suite, suiteNames, turnsLabels, views } from "../../src/data/index.ts"
import { shiftKey } from "../../src/data/suites.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

describe("the suites of GENIES", () => {
  test("have 15, 37, 32 and 69 rows as released, 15, 37, 19 and 56 shifts corrected", () => {
    const count = (view: (typeof views)[number]): number[] =>
      ["genies", "extreme", "probing", "all"].map((name) => suite(name, view).length)
    expect(count("as-released")).toEqual([15, 37, 32, 69])
    expect(count("as-printed")).toEqual([15, 37, 32, 69])
    expect(count("corrected")).toEqual([15, 37, 19, 56])
    expect(suite("all")).toEqual([...suite("extreme"), ...suite("probing")])
  })

  test("know the references that are not the target, and their categories", () => {
    expect(suite("genies").filter(({ target, targetReference }) => target !== targetReference)).toEqual([
      {
        source: "alpaca_short",
        target: "alpaca_long",
        targetReference: "alpaca_mmlu",
        label: "probing",
        category: "spurious_cues",
      },
      {
        source: "alpaca_mmlu",
        target: "sycophancy_mimicry",
        targetReference: "quote_attribution",
        label: "probing",
        category: "unwanted_personas",
      },
    ])
  })

  test("turn two targets round, but not as released", () => {
    const turned = (view: (typeof views)[number]): string[] =>
      suite("genies", view)
        .map(({ target }) => target)
        .filter((target) => turnsLabels(view, target))
    expect(turned("corrected")).toEqual(["survival_influence", "reward_seeking"])
    expect(turned("as-printed")).toEqual(["survival_influence", "reward_seeking"])
    expect(turned("as-released")).toEqual([])
  })

  test("are listed where the name is unknown", () => {
    expect(() => suite("genie")).toThrow(
      'unknown suite "genie": did you mean "genies"? known: genies, extreme, probing, all, difficulty, encoding, ' +
        "pretraining_similarity, skill, context, quality, unwanted_personas, spurious_cues",
    )
    expect(() => suite("toString")).toThrow('unknown suite "toString"')
  })

  test.skipIf(!hasShared)(`are those of the release's files${needsShared}`, async () => {
    const file = (name: string): string => {
      const folders = { extreme: "extreme/all", probing: "probing/all", genies: "GENIES", all: "all" }
      const category = suite(name)[0]!.label!
      const path = Object.hasOwn(folders, name) ? folders[name as "all"] : `${category}/${name}`
      return shared("genies", "distribution_shifts", `${path}.json`)
    }
    const keys = (shifts: Awaited<ReturnType<typeof readShifts>>): string[] => shifts.map(shiftKey)
    for (const name of suiteNames.filter((other) => other !== "microworld")) {
      const released = keys(await readShifts(file(name)))
      expect(keys(suite(name, "as-released")).sort()).toEqual(released.sort())
      // A file is read in the same views; the order differs in one place alone, where persona shifts stand twice.
      expect(keys(await readSuite(file(name)))).toEqual(keys(suite(name)))
    }
    const labelled = await readShifts(file("genies"))
    const differing = labelled.filter((shift, i) => shift.label !== suite("genies")[i]!.label)
    expect(differing.map(({ target, label }) => [target, label])).toEqual([["alpaca_long", "extreme"]])
    expect(labelled.map(({ category }) => category)).toEqual(suite("genies").map(({ category }) => category))
  })
})
