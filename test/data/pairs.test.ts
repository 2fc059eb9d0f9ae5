import { describe, expect, test } from "vitest"
import {
  allPairs,
  chooseLonger,
  clusterByPrompt,
  onePairPerExample,
  selectExamples,
  splitByPrompt,
} from "../../src/data/index.ts"
import type { Distribution, Example } from "../../src/data/index.ts"

function example(index: number, prompt: string, labels: (0 | 1)[] = [1, 0]): Example {
  return { index, prompt, responses: labels.map((label, i) => ({ text: "x".repeat(i), label })) }
}

/** Distinct prompts, four responses each, the better one at any place. */
function examplesOf(n: number): Example[] {
  return Array.from({ length: n }, (_, i) =>
    example(
      i,
      `prompt ${i}`,
      [0, 1, 2, 3].map((r) => (r === i % 4 ? 1 : 0)),
    ),
  )
}

describe("allPairs", () => {
  test("sets the better response against each worse one, in the file's order", () => {
    expect(allPairs([example(3, "a", [0, 1, 0]), example(8, "b", [1, 0])])).toEqual([
      { example: 3, better: 1, worse: 0 },
      { example: 3, better: 1, worse: 2 },
      { example: 8, better: 0, worse: 1 },
    ])
  })
})

describe("onePairPerExample", () => {
  const examples = examplesOf(600)
  const options = { seed: 5, distribution: "d" }

  test("draws one of the pairs of each example", () => {
    const every = allPairs(examples)
    const pairs = onePairPerExample(examples, options)
    expect(pairs.map((pair) => pair.example)).toEqual(examples.map(({ index }) => index))
    for (const pair of pairs) expect(every).toContainEqual(pair)
  })

  // Binomial(600, 1/3): standard deviation 11.5; five of them either way.
  test("draws each worse response equally often", () => {
    const counts = [0, 0, 0]
    for (const { better, worse } of onePairPerExample(examples, options))
      counts[worse > better ? worse - 1 : worse]!++
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(58)
  })

  test("depends on the seed and the distribution, and on nothing else", () => {
    const pairs = onePairPerExample(examples, options)
    expect(onePairPerExample(examples, options)).toEqual(pairs)
    expect(onePairPerExample(examples, { ...options, seed: 6 })).not.toEqual(pairs)
    expect(onePairPerExample(examples, { ...options, distribution: "e" })).not.toEqual(pairs)
  })

  test("gives a selection the pairs of the whole", () => {
    const whole: Distribution = { id: "d", split: "train", examples, fingerprint: "" }
    const selected = selectExamples(whole, { maxExamples: 50, seed: 1 }).examples
    const pairs = onePairPerExample(examples, options)
    expect(onePairPerExample(selected, options)).toEqual(selected.map(({ index }) => pairs[index]))
  })
})

describe("clusterByPrompt", () => {
  test("numbers equal prompts alike, as they first occur", () => {
    const prompts = ["b", "a", "b", "b ", "a", "__proto__"]
    expect(clusterByPrompt(prompts.map((prompt, i) => example(i, prompt)))).toEqual([0, 1, 0, 2, 1, 3])
  })
})

describe("splitByPrompt", () => {
  test("divides distinct prompts exactly, in the file's order, each on one side", () => {
    const examples = examplesOf(600)
    const [first, second] = splitByPrompt(examples, { seed: 1 })
    expect([first.length, second.length]).toEqual([420, 180])
    for (const side of [first, second]) expect(side).toEqual(side.toSorted((a, b) => a.index - b.index))
    expect(new Set([...first, ...second])).toEqual(new Set(examples))
    expect(splitByPrompt(examples, { seed: 1, share: 0.25 })[0]).toHaveLength(150)
  })

  test("is the same for a seed and another for another", () => {
    const examples = examplesOf(100)
    expect(splitByPrompt(examples, { seed: 1 })).toEqual(splitByPrompt(examples, { seed: 1 }))
    expect(splitByPrompt(examples, { seed: 2 })).not.toEqual(splitByPrompt(examples, { seed: 1 }))
  })

  test("never puts equal prompts on both sides, and leaves no side empty, whatever the sizes and seed", () => {
    for (const sizes of [
      [1, 1],
      [90, 10],
      [10, 90],
      [1, 1, 98],
      [50, 20, 20, 5, 5],
      [2, 2, 2, 2, 2],
    ]) {
      const prompts = sizes.flatMap((size, cluster) =>
        Array.from({ length: size }, () => `prompt ${cluster}`),
      )
      const examples = prompts.map((prompt, i) => example(i, prompt))
      for (let seed = 0; seed < 50; seed++) {
        for (const share of [0.01, 0.5, 0.7, 0.99]) {
          const [first, second] = splitByPrompt(examples, { seed, share })
          const there = new Set(first.map(({ prompt }) => prompt))
          expect(second.some(({ prompt }) => there.has(prompt))).toBe(false)
          expect(first.length).toBeGreaterThan(0)
          expect(second.length).toBeGreaterThan(0)
          expect(first.length + second.length).toBe(examples.length)
        }
      }
    }
  })

  test.each([0, 1, -0.5, NaN])("refuses a share of %d", (share) => {
    expect(() => splitByPrompt(examplesOf(4), { seed: 1, share })).toThrow(
      `share: expected a number between 0 and 1, got ${share}`,
    )
  })

  test("refuses a single prompt, which has no two sides", () => {
    expect(() => splitByPrompt([example(0, "a"), example(1, "a")], { seed: 1 })).toThrow(
      "splitByPrompt: expected at least 2 distinct prompts, got 1 in 2 examples",
    )
  })
})

describe("chooseLonger", () => {
  const examples: Example[] = [
    {
      index: 4,
      prompt: "a",
      responses: [
        { text: "😀😀", label: 0 },
        { text: "abc", label: 1 },
        { text: "", label: 0 },
        { text: "äöü", label: 0 },
      ],
    },
  ]
  const pairs = allPairs(examples)

  test("scores a pair by its difference in code points", () => {
    expect(chooseLonger({ examples }, pairs)).toEqual([1, 3, 0])
  })

  test("flips its sign when the responses are swapped", () => {
    const swapped = pairs.map(({ example: index, better, worse }) => ({
      example: index,
      better: worse,
      worse: better,
    }))
    expect(chooseLonger({ examples }, swapped)).toEqual([-1, -3, 0])
  })

  test("refuses a pair of an example that is not there", () => {
    expect(() => chooseLonger({ examples }, [{ example: 0, better: 1, worse: 0 }])).toThrow(
      "chooseLonger: expected pairs of the examples, got example 0, response 1",
    )
  })
})
