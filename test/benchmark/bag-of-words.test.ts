// The baseline of words: what it learns and cannot learn.

import { describe, expect, it } from "vitest"
import { evaluate, type Evaluation } from "../../src/benchmark/evaluate.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import type { Workbench } from "../../src/benchmark/workbench/workbench.ts"
import type { Distribution, Example } from "../../src/data/index.ts"

// It asks a workbench for its seed alone: no model is read.
const bench = { seed: 0 } as Workbench

const of = (id: string, pairs: readonly (readonly [better: string, worse: string])[]): Distribution => ({
  id,
  split: "train",
  examples: pairs.map(([better, worse], index): Example => ({
    index,
    prompt: `${id} ${index}`,
    responses: [
      { text: better, label: 1 },
      { text: worse, label: 0 },
    ],
  })),
  fingerprint: id,
})

const nouns = ["cats", "dogs", "boats", "trees", "rivers", "songs", "lamps", "stones"]
const fruits = ["apples", "pears", "plums", "grapes"]

async function transferred(source: Distribution, target: Distribution): Promise<Evaluation> {
  return await evaluate(bench, await makeIntervention("bag-of-words").fit(bench, source), target)
}

describe("bag-of-words", () => {
  it("carries over where a word gives the better response away, and is reversed where the word is", async () => {
    const source = of(
      "source",
      nouns.map((noun) => [`surely ${noun}`, `hardly ${noun}`] as const),
    )
    const same = fruits.map((fruit) => [`surely ${fruit}`, `hardly ${fruit}`] as const)
    const reversed = same.map(([better, worse]) => [worse, better] as const)
    expect((await transferred(source, of("same", same))).accuracy.estimate).toBe(1)
    expect((await transferred(source, of("reversed", reversed))).accuracy.estimate).toBe(0)
  })

  it("reads length where words say nothing", async () => {
    const source = of(
      "source",
      nouns.map((noun) => [noun, `${noun} ${noun} ${noun}`] as const),
    )
    const target = of(
      "target",
      fruits.map((fruit) => [fruit, `${fruit} ${fruit} ${fruit} ${fruit}`] as const),
    )
    expect((await transferred(source, target)).accuracy.estimate).toBe(1)
  })

  it("is at chance where better and worse are words that the source never had", async () => {
    const source = of(
      "source",
      nouns.map((noun) => [`surely ${noun}`, `hardly ${noun}`] as const),
    )
    const target = of("target", [
      ["quite so", "never so"],
      ["truly as", "never as"],
    ])
    const { accuracy } = await transferred(source, target)
    expect(accuracy.estimate).toBe(0.5)
  })

  it("refuses a source of one prompt", async () => {
    await expect(makeIntervention("bag-of-words").fit(bench, of("one", [["a", "b"]]))).rejects.toThrow(
      "one train: expected at least 2 distinct prompts, got 1",
    )
  })
})
