// Few-shot prompts as GENIES writes them, with seeded demonstrations.

import { describe, expect, it } from "vitest"
import { withDemonstrations, type Distribution } from "../../src/data/index.ts"

function distribution(id: string, split: "train" | "test", n: number): Distribution {
  return {
    id,
    split,
    fingerprint: `${id} ${split}`,
    examples: Array.from({ length: n }, (_, index) => ({
      index,
      prompt: `${id} ${index}? `,
      responses: [
        { text: "no", label: 0 },
        { text: `yes ${index}`, label: 1 },
      ],
    })),
  }
}

const source = distribution("source", "train", 12)
const target = distribution("target", "test", 5)
const options = { shots: 2, seed: 0 }
const prompts = ({ examples }: Distribution): string[] => examples.map(({ prompt }) => prompt)
const prefixes = (made: Distribution): string[] =>
  prompts(made).map((text) => text.replace(/target \d+\? $/, ""))

describe("withDemonstrations", () => {
  it("writes prompts and better responses of the source before each prompt, two line breaks before each", () => {
    for (const prompt of prompts(withDemonstrations(target, source, options))) {
      const match = /^\n\nsource (\d+)\? yes (\d+)\n\nsource (\d+)\? yes (\d+)\n\ntarget \d\? $/.exec(prompt)
      expect(match).not.toBeNull()
      const [, first, answer, second, other] = match!
      expect([answer, other]).toEqual([first, second])
      expect(first).not.toBe(second)
    }
  })

  it("shows every item the same set, which the seed names", () => {
    const made = withDemonstrations(target, source, options)
    expect(new Set(prefixes(made)).size).toBe(1)
    expect(withDemonstrations(target, source, options)).toEqual(made)
    const others = Array.from({ length: 10 }, (_, seed) =>
      withDemonstrations(target, source, { ...options, seed }),
    )
    expect(new Set(others.map((other) => prefixes(other)[0])).size).toBeGreaterThan(5)
  })

  it("redraws for every item by seed and item, so that a selection has the sets of the whole", () => {
    const made = withDemonstrations(target, source, { ...options, redraw: true })
    expect(new Set(prefixes(made)).size).toBeGreaterThan(2)
    const part = { ...target, examples: target.examples.slice(3) }
    expect(prompts(withDemonstrations(part, source, { ...options, redraw: true }))).toEqual(
      prompts(made).slice(3),
    )
  })

  it("never shows an item of the source its own answer", () => {
    const fixed = withDemonstrations(source, source, options)
    expect(fixed.examples).toHaveLength(10)
    for (const made of [fixed, withDemonstrations(source, source, { ...options, redraw: true })]) {
      for (const { index, prompt } of made.examples) expect(prompt).not.toContain(`yes ${index}\n`)
    }
    const test = distribution("source", "test", 12)
    expect(withDemonstrations(test, source, options).examples).toHaveLength(12)
  })

  it("has a fingerprint that covers all that it depends on", () => {
    const made = [
      withDemonstrations(target, source, options),
      withDemonstrations(target, source, { ...options, seed: 1 }),
      withDemonstrations(target, source, { ...options, shots: 3 }),
      withDemonstrations(target, source, { ...options, redraw: true }),
      withDemonstrations(target, { ...source, fingerprint: "other" }, options),
      withDemonstrations({ ...target, fingerprint: "other" }, source, options),
    ]
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(made.length)
  })

  it("refuses what it cannot draw", () => {
    expect(() => withDemonstrations(target, source, { ...options, shots: 12 })).toThrow(
      "source train: expected more than 12 examples to draw 12 demonstrations from, got 12",
    )
    expect(() => withDemonstrations(target, source, { ...options, shots: Number.NaN })).toThrow(
      "shots: expected a positive integer, got NaN",
    )
  })
})
