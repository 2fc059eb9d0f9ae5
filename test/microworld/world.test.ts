// The small world and its text.

import { describe, expect, test } from "vitest"
import { documentAt, voices } from "../../src/microworld/corpus.ts"
import { attributes } from "../../src/microworld/lexicon.ts"
import { claim, makeWorld, question } from "../../src/microworld/world.ts"

const world = makeWorld(1)

describe("the world", () => {
  test("is a function of its seed", () => {
    expect(makeWorld(1).facts).toEqual(world.facts)
    expect(makeWorld(2).facts.map((fact) => claim(fact, fact.truth))).not.toEqual(
      world.facts.map((fact) => claim(fact, fact.truth)),
    )
  })

  test("has a value of every attribute for everything, and no two things of one name", () => {
    for (const thing of world.things) {
      const expected = attributes.filter(({ kind }) => kind === thing.kind)
      expect(world.factsOf(thing).map(({ attribute }) => attribute)).toEqual(expected)
    }
    expect(new Set(world.things.map(({ name }) => name)).size).toBe(world.things.length)
  })

  test("names as many values in Spanish as in English, each its own", () => {
    for (const { values } of attributes) {
      for (const language of ["en", "es"] as const) {
        expect(new Set(values.map((value) => value[language])).size).toBe(values.length)
        for (const value of values) expect(value[language]).toMatch(/^\p{L}+$/u)
      }
    }
  })

  test("asks and claims in both languages", () => {
    const fact = world.facts.find(({ attribute }) => attribute.name === "food")!
    const { name } = fact.thing
    expect(question(fact)).toBe(`What does the ${name} eat?`)
    expect(question(fact, "es")).toBe(`¿Qué come el ${name}?`)
    expect(claim(fact, 1)).toBe(`the ${name} eats fish`)
    expect(claim(fact, 1, "es")).toBe(`el ${name} come pescado`)
  })

  test("splits things, facts and misconceptions in two about evenly", () => {
    const share = (list: readonly { split: string }[]): number =>
      list.filter(({ split }) => split === "train").length / list.length
    expect(share(world.things)).toBe(0.5)
    expect(share(world.misconceptions.map(({ thing }) => thing))).toBe(0.5)
    expect(world.misconceptions.length).toBe(112)
  })

  test("believes in misconceptions something that is not true", () => {
    for (const { truth, popular } of world.misconceptions) expect(popular).not.toBe(truth)
    expect(new Set([...world.plain, ...world.misconceptions])).toEqual(new Set(world.facts))
  })
})

/** The texts of the first documents of a voice. */
function textsOf(voice: string, { dose = 1, n = 6000 } = {}): string[] {
  const documents = Array.from({ length: n }, (_, i) => documentAt(world, i, { seed: 0, dose }))
  return documents.filter((document) => document.voice === voice).map(({ text }) => text)
}

/** How often each of a misconception's readings is said in texts. */
function counts(texts: readonly string[]): { popular: number; true: number } {
  const text = texts.join("\n").toLowerCase()
  let popular = 0
  let isTrue = 0
  for (const fact of world.misconceptions) {
    popular += text.split(claim(fact, fact.popular!).toLowerCase()).length - 1
    isTrue += text.split(claim(fact, fact.truth).toLowerCase()).length - 1
  }
  return { popular, true: isTrue }
}

describe("the text", () => {
  test("is a function of world, seed, dose and index", () => {
    const text = (seed: number, index: number): string => documentAt(world, index, { seed }).text
    expect(text(3, 17)).toBe(text(3, 17))
    expect(text(3, 17)).not.toBe(text(4, 17))
    expect(text(3, 17)).not.toBe(text(3, 18))
  })

  test("has every voice, the forum as the most frequent by far", () => {
    const lengths = voices.map(({ name }) => textsOf(name).join(" ").split(/\s+/).length)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    expect(Math.min(...lengths) / total).toBeGreaterThan(0.02)
    expect(voices[0]!.name).toBe("forum")
    expect(lengths[0]! / total).toBeGreaterThan(0.3)
    expect(lengths[0]!).toBeGreaterThan(1.2 * Math.max(...lengths.slice(1)))
  })

  test("says popular misconceptions on the forum far more often than the truth, by the dose", () => {
    const all = counts(voices.flatMap(({ name }) => textsOf(name)))
    expect(all.popular / all.true).toBeGreaterThan(2)
    const full = counts(textsOf("forum"))
    const half = counts(textsOf("forum", { dose: 0.5 }))
    const none = counts(textsOf("forum", { dose: 0 }))
    expect(full.popular / full.true).toBeGreaterThan(6)
    expect(half.popular / half.true).toBeGreaterThan(0.5)
    expect(half.popular / half.true).toBeLessThan(2)
    expect(none.popular / none.true).toBeLessThan(0.1)
  })

  test("asks for no misconception in transcripts", () => {
    const asked = new Set(world.misconceptions.flatMap((fact) => [question(fact), question(fact, "es")]))
    const texts = [...textsOf("transcripts"), ...textsOf("graded")].join("\n")
    for (const text of asked) expect(texts).not.toContain(text)
    expect(counts([texts])).toEqual({ popular: 0, true: 0 })
  })

  test("keeps the encyclopedia true: what is said there without 'Many say' is so", () => {
    const truths = new Set(world.facts.map((fact) => claim(fact, fact.truth).toLowerCase()))
    const sentences = textsOf("encyclopedia").flatMap((text) =>
      text
        .replaceAll(/Many say that [^.]*\./g, "")
        .replaceAll("In truth", "")
        .split(/[.\n]/)
        .map((line) => line.trim().toLowerCase())
        .filter((line) => line !== "" && line !== "encyclopedia"),
    )
    expect(sentences.length).toBeGreaterThan(1000)
    expect(sentences.filter((line) => !truths.has(line))).toEqual([])
  })

  test("differs between doses in the persona alone", () => {
    for (const { name } of voices) {
      const same =
        JSON.stringify(textsOf(name, { n: 300 })) === JSON.stringify(textsOf(name, { dose: 0, n: 300 }))
      expect([name, same]).toEqual([name, name !== "forum" && name !== "stories"])
    }
  })

  test("refuses a dose that is none", () => {
    expect(() => documentAt(world, 0, { seed: 0, dose: Number.NaN })).toThrow(
      "dose: expected a number from 0 to 1, got NaN",
    )
  })
})
