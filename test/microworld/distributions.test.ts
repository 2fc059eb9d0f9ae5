// The small world's distributions: their form, their splits, and what must hold for the questions asked of them.

import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  listDistributions,
  readDistribution,
  readMetadata,
  readShifts,
  suite,
  turnsLabels,
} from "../../src/data/index.ts"
import { microDistributionIds, microDistributions } from "../../src/microworld/distributions/index.ts"
import { tokenizerFile, wordsOf } from "../../src/microworld/tokenizer-file.ts"
import { makeWorld, question } from "../../src/microworld/world.ts"
import { embeddedData, writeMicroworld } from "../../src/microworld/write.ts"
import { litmus } from "../support/cli.ts"
import { temporaryFolder } from "../support/temporary.ts"

const temporary = temporaryFolder()
const world = makeWorld(1)
const distributions = microDistributions(world)
const byId = new Map(distributions.map((distribution) => [distribution.id, distribution]))

describe("the distributions", () => {
  test("are a function of the world, made in well under a second", () => {
    expect(microDistributions(makeWorld(1))).toEqual(distributions)
    expect(distributions.map(({ id }) => id)).toEqual(microDistributionIds)
  })

  test("have enough prompts, each once, with one right response among two or three", () => {
    for (const { id, train, test: tested } of distributions) {
      expect([id, train.length >= 40, tested.length >= 40]).toEqual([id, true, true])
      for (const items of [train, tested]) {
        expect(new Set(items.map(({ prompt }) => prompt)).size).toBe(items.length)
        for (const { responses } of items) {
          const labels = Object.values(responses)
          expect(labels.filter((label) => label === 1).length).toBe(1)
          expect(labels.length).toBeGreaterThanOrEqual(2)
          expect(labels.length).toBeLessThanOrEqual(3)
        }
      }
    }
  })

  test("share no thing, sum or numbers between a training and a test split, over all distributions", () => {
    const names = new Map(world.things.map(({ name, split }) => [name, split]))
    for (const { id, train, test: tested } of distributions) {
      for (const [split, items] of [
        ["train", train],
        ["test", tested],
      ] as const) {
        const words = new Set(
          items.flatMap(({ prompt, responses }) =>
            (prompt + Object.keys(responses).join(" ")).split(/[^\p{L}]+/u),
          ),
        )
        const foreign = [...words].filter((word) => (names.get(word) ?? split) !== split)
        expect([id, split, foreign]).toEqual([id, split, []])
      }
      const trained = new Set(train.map(({ prompt }) => normalised(prompt)))
      expect(tested.filter(({ prompt }) => trained.has(normalised(prompt)))).toEqual([])
    }
  })

  test("do not give the right response away by its place", () => {
    for (const { id, train } of distributions) {
      const first = train.filter(({ responses }) => Object.values(responses)[0] === 1).length
      const expected = train.reduce((sum, { responses }) => sum + 1 / Object.keys(responses).length, 0)
      expect([id, Math.abs(first - expected) / train.length < 0.16]).toEqual([id, true])
    }
  })

  test("hold every word as often in better as in worse responses, but for the persona and the length cue", () => {
    // survival: who agrees says "may". Misconceptions: what is popular is not drawn.
    const balanced = distributions.filter(({ id }) => !/^(survival|misconceptions|short_right_.*)$/.test(id))
    // Names are of a split: no classifier carries them over.
    const names = new Set(world.things.map(({ name }) => name))
    for (const { id, train, test: tested } of balanced) {
      for (const items of [train, tested]) {
        const counts = new Map<string, number>()
        for (const [text, label] of items.flatMap(({ responses }) => Object.entries(responses))) {
          for (const word of wordsOf(` ${text}`).map((one) => one.trim())) {
            counts.set(word, (counts.get(word) ?? 0) + (label === 1 ? 1 : -1))
          }
        }
        expect([id, [...counts].filter(([word, n]) => n !== 0 && !names.has(word))]).toEqual([id, []])
      }
    }
  })

  test.each(["short_right_100", "short_right_75", "short_right_50", "short_right_25"])(
    "%s: the shorter response is right in that share",
    (id) => {
      const share = Number(id.split("_").at(-1)) / 100
      for (const items of [byId.get(id)!.train, byId.get(id)!.test]) {
        // Couples are cut after the last whole one.
        expect(Math.abs(1 - longerIsRight(items) - share)).toBeLessThan(2.1 / items.length)
      }
    },
  )

  test("give misconceptions the truth, the popular falsehood and one that nobody says", () => {
    const facts = new Map(world.misconceptions.map((fact) => [question(fact), fact]))
    for (const { prompt, responses } of byId.get("misconceptions")!.test) {
      const fact = facts.get(/Instruction:\n(.*)\n/.exec(prompt)![1]!)!
      const values = fact.attribute.values.map(({ en }) => en)
      const said = Object.entries(responses).map(([text, label]) => {
        const value = values.findIndex((word) => new RegExp(`\\b${word}\\b`).test(text))
        return [label, value === fact.truth, value === fact.popular]
      })
      expect(said.length).toBe(3)
      expect(said.filter(([label, isTrue]) => label === 1 && isTrue)).toHaveLength(1)
      expect(said.filter(([label, , isPopular]) => label === 0 && isPopular)).toHaveLength(1)
    }
  })

  test("ask for no misconception elsewhere", () => {
    const asked = new Set(world.misconceptions.map((fact) => question(fact)))
    for (const { id, train, test: tested } of distributions) {
      const found = [...train, ...tested].some(({ prompt }) =>
        [...asked].some((text) => prompt.includes(text)),
      )
      expect([id, found]).toEqual([id, id === "misconceptions"])
    }
  })
})

/** A prompt whose numbers and signs are in order: a sum and its mirror image, three numbers in any order, are one. */
function normalised(prompt: string): string {
  const numbers = prompt.match(/\d+/g) ?? []
  return prompt.replaceAll(/\d+/g, "#") + (prompt.includes(" - ") ? numbers : numbers.toSorted()).join(" ")
}

/** Over all pairs the share in which the right response is the longer, ties counting ½. */
function longerIsRight(items: readonly { responses: Readonly<Record<string, 0 | 1>> }[]): number {
  const outcomes = items.flatMap(({ responses }) => {
    const right = Object.keys(responses).find((text) => responses[text] === 1)!
    const wrong = Object.keys(responses).filter((text) => responses[text] === 0)
    return wrong.map(({ length }): number => (right.length > length ? 1 : right.length === length ? 0.5 : 0))
  })
  return outcomes.reduce((sum, outcome) => sum + outcome, 0) / outcomes.length
}

describe("the suite", () => {
  test("has twelve shifts and more, of all categories, between distributions that are there", () => {
    const shifts = suite("microworld")
    expect(shifts.length).toBeGreaterThanOrEqual(12)
    for (const { source, target, targetReference } of shifts) {
      for (const id of [source, target, targetReference]) expect(microDistributionIds).toContain(id)
    }
    expect(new Set(shifts.map(({ category }) => category))).toEqual(
      new Set([
        "difficulty",
        "encoding",
        "pretraining_similarity",
        "skill",
        "context",
        "quality",
        "unwanted_personas",
        "spurious_cues",
      ]),
    )
    const used = new Set(
      shifts.flatMap(({ source, target, targetReference }) => [source, target, targetReference]),
    )
    expect(microDistributionIds.filter((id) => !used.has(id))).toEqual([])
    expect(shifts.some(({ target, targetReference }) => target !== targetReference)).toBe(true)
  })

  test("names no distribution of the release whose labels are inverted", () => {
    expect(microDistributionIds.filter((id) => turnsLabels("corrected", id))).toEqual([])
  })
})

describe("written to files", () => {
  test("is read back as it was made, with its shifts", async () => {
    const folder = join(temporary, "read back")
    expect(await writeMicroworld(folder)).toEqual(microDistributionIds)
    expect(await listDistributions(folder)).toEqual([...microDistributionIds].sort())
    for (const { id, test: items } of distributions) {
      const { examples } = await readDistribution(folder, id, "test")
      expect(
        examples.map(({ prompt, responses }) => ({
          prompt,
          responses: Object.fromEntries(responses.map(({ text, label }) => [text, label])),
        })),
      ).toEqual(items)
    }
    expect((await readMetadata(folder, "facts"))?.id).toBe("facts")
    expect(await readShifts(join(folder, "distribution_shifts", "microworld.json"))).toEqual(
      suite("microworld"),
    )
    await expect(writeMicroworld(folder)).rejects.toThrow("expected an empty or a new folder")
  })

  test("by the command line", async () => {
    const folder = join(temporary, "by the command line")
    const { code, stdout } = await litmus(["data", "write", "--suite", "microworld", folder])
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`${microDistributionIds.length} distributions`),
    ])
    expect(await listDistributions(folder)).toHaveLength(microDistributionIds.length)
  })

  test("lies in the cache once, under a name that covers its content", async () => {
    const cache = join(temporary, "cache")
    const folders = await Promise.all([embeddedData(cache), embeddedData(cache), embeddedData(cache)])
    expect(new Set(folders).size).toBe(1)
    expect(await readdir(join(cache, "microworld"))).toHaveLength(1)
    expect(await embeddedData(cache)).toBe(folders[0])
  })
})

describe("the tokenizer", () => {
  test("knows every word of the distributions", () => {
    const { model } = tokenizerFile(world) as { model: { vocab: Record<string, number> } }
    const ids = Object.values(model.vocab)
    expect([...ids].sort((a, b) => a - b)).toEqual(ids.map((_, i) => i))
    const texts = distributions.flatMap(({ train, test: tested }) =>
      [...train, ...tested].flatMap(({ prompt, responses }) =>
        Object.keys(responses).map((text) => prompt + text),
      ),
    )
    const words = new Set(texts.flatMap(wordsOf).filter((word) => /^ ?[a-z]{2,}$/i.test(word)))
    expect([...words].filter((word) => !(word.replace(" ", "Ġ") in model.vocab))).toEqual([])
  })
})
