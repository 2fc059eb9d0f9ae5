import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { LitmusError, UnusableDataError } from "../../src/base/errors.ts"
import { listDistributions, readDistribution, readMetadata, selectExamples } from "../../src/data/index.ts"
import type { Split } from "../../src/data/index.ts"

let folder = ""

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "litmus-data-"))
  await put("distributions/capitals/train.json", items(40))
  await put("distributions/capitals/test.json", items(3))
  await put("distributions/arithmetic/train.json", [
    { prompt: "3 + 4 = ", responses: { "10": 0, "7": 1.0, seven: 0.0, "": 0 }, instruction: "ignored" },
  ])
  await put("distributions/notes/readme.json", [])
  await put("distributions/capitals/metadata.json", {
    id: "elsewhere",
    external_datasets: [{ name: "atlas", url: "http://localhost" }, "globe"],
  })
  await put("secret/train.json", items(1))
})

afterAll(() => rm(folder, { recursive: true }))

function items(n: number): unknown[] {
  return Array.from({ length: n }, (_, i) => ({ prompt: `prompt ${i}`, responses: { right: 1, wrong: 0 } }))
}

async function put(path: string, content: unknown): Promise<string> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content))
  return file
}

describe("readDistribution", () => {
  test("reads prompts, responses and labels, numbers the examples and ignores other keys", async () => {
    const { id, split, examples } = await readDistribution(folder, "capitals", "test")
    expect({ id, split }).toEqual({ id: "capitals", split: "test" })
    expect(examples.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(examples[1]).toEqual({
      index: 1,
      prompt: "prompt 1",
      responses: [
        { text: "right", label: 1 },
        { text: "wrong", label: 0 },
      ],
    })
  })

  test("keeps the file's order of responses that look like integers", async () => {
    const responses = `{"7": 0.0, "-1": 0.0, "3": 0.0, "6": 1.0}`
    await put("distributions/raven/train.json", `[{"prompt": "p", "responses": ${responses}}]`)
    const { examples } = await readDistribution(folder, "raven", "train")
    expect(examples[0]?.responses.map(({ text }) => text)).toEqual(["7", "-1", "3", "6"])
  })

  test("reads the same from the data folder and from its distributions folder", async () => {
    expect(await readDistribution(join(folder, "distributions"), "capitals", "train")).toEqual(
      await readDistribution(folder, "capitals", "train"),
    )
  })

  test("fingerprints the content, not the id, the split or the keys that are ignored", async () => {
    await put(
      "distributions/copy/test.json",
      JSON.stringify(items(40), null, 2).replaceAll('"prompt"', '"x":1,"prompt"'),
    )
    const original = await readDistribution(folder, "capitals", "train")
    expect((await readDistribution(folder, "copy", "test")).fingerprint).toBe(original.fingerprint)
    const seen = new Set([original.fingerprint])
    const [first, ...rest] = items(40)
    const changes = [
      [...rest, first],
      rest,
      [{ prompt: "prompt 0 ", responses: { right: 1, wrong: 0 } }, ...rest],
      [{ prompt: "prompt 0", responses: { right: 0, wrong: 1 } }, ...rest],
      [{ prompt: "prompt 0", responses: { wrong: 0, right: 1 } }, ...rest],
      [{ prompt: "prompt 0", responses: { right: 1, wrong: 0, wronger: 0 } }, ...rest],
    ]
    for (const change of changes) {
      await put("distributions/changed/train.json", change)
      seen.add((await readDistribution(folder, "changed", "train")).fingerprint)
    }
    expect(seen.size).toBe(changes.length + 1)
  })

  const right = { right: 1, wrong: 0 }
  const long = "a long text ".repeat(20)
  test.each<[string, unknown, string]>([
    ["malformed JSON", '[\n{"prompt": oops}]', ':2:12: malformed JSON: expected a value, got "oops"'],
    ["a file cut off", '[{"prompt": "a', ":1:13: malformed JSON: a string that never ends"],
    ["no list", { a: 1 }, ": expected a list of examples, got an object"],
    ["an item that is no object", [3], " [0]: expected an object with a prompt and responses, got 3"],
    ["a missing prompt", [...items(2), { responses: right }], " [2].prompt: expected a text, got nothing"],
    [
      "a prompt that is no text",
      [{ prompt: ["a"], responses: right }],
      ' [0].prompt[0]: expected a message {role, content}, got "a"',
    ],
    [
      "missing responses",
      [{ prompt: "a" }],
      " [0].responses: expected an object {text: 0 or 1}, got nothing",
    ],
    [
      "responses in a list",
      [{ prompt: "a", responses: ["x"] }],
      " [0].responses: expected an object {text: 0 or 1}, got a list",
    ],
    [
      "a label in between",
      [{ prompt: "a", responses: { x: 0.5, y: 1 } }],
      ' [0].responses["x"]: expected the label 0 or 1, got 0.5',
    ],
    [
      "a label that is a text",
      [{ prompt: "a", responses: { [long]: "1", y: 1 } }],
      ` [0].responses["${long.slice(0, 40)}…"]: expected the label 0 or 1, got "1"`,
    ],
    [
      "no better response",
      [{ prompt: "a", responses: { x: 0, y: 0 } }],
      " [0].responses: expected exactly one response labelled 1, got none",
    ],
    [
      "no response at all",
      [{ prompt: "a", responses: {} }],
      " [0].responses: expected exactly one response labelled 1, got none",
    ],
    [
      "two better responses",
      [{ prompt: "a", responses: { x: 1, y: 1, z: 0 } }],
      " [0].responses: expected exactly one response labelled 1, got 2",
    ],
    [
      "no worse response",
      [{ prompt: "a", responses: { x: 1 } }],
      " [0].responses: expected at least one response labelled 0, got none",
    ],
    [
      "a response that occurs twice",
      '[{"prompt": "a", "responses": {"x": 1, "x": 0}}]',
      ':1:40: malformed JSON: the key "x" occurs twice in one object',
    ],
  ])("names file and item for %s", async (_what, content, message) => {
    const file = await put("distributions/broken/test.json", content)
    await expect(readDistribution(folder, "broken", "test")).rejects.toThrow(new LitmusError(file + message))
  })

  test("calls an empty list unusable, so that a benchmark marks it and goes on", async () => {
    const file = await put("distributions/broken/test.json", [])
    await expect(readDistribution(folder, "broken", "test")).rejects.toThrow(
      new UnusableDataError(`${file}: expected at least one example, got an empty list`),
    )
  })
})

describe("names of distributions", () => {
  test("lists the folders that hold a split, sorted", async () => {
    const ids = await listDistributions(folder)
    expect(ids.slice(0, 1)).toEqual(["arithmetic"])
    expect(ids).toContain("capitals")
    expect(ids).not.toContain("notes")
    expect(ids).toEqual(ids.toSorted())
  })

  test.each(["../secret", "../distributions/capitals", "capitals/", "./capitals", "..", ".", "", "notes"])(
    "does not take %j for a distribution",
    async (id) => {
      await expect(readDistribution(folder, id, "train")).rejects.toThrow(`unknown distribution "${id}"`)
      await expect(readMetadata(folder, id)).rejects.toThrow(`unknown distribution "${id}"`)
    },
  )

  test("suggests the nearest for an unknown one", async () => {
    await expect(readDistribution(folder, "capital", "train")).rejects.toThrow(
      'unknown distribution "capital": did you mean "capitals"? known: arithmetic, ',
    )
  })

  test("says which split is missing, and takes no other name for a split", async () => {
    const path = join(folder, "distributions", "arithmetic", "test.json")
    await expect(readDistribution(folder, "arithmetic", "test")).rejects.toThrow(
      `distribution "arithmetic" has no test split: expected the file ${path}`,
    )
    await expect(readDistribution(folder, "capitals", "../copy/test" as Split)).rejects.toThrow(
      'unknown split "../copy/test": known: train, test',
    )
  })

  test("says what is wrong with a folder that holds no distributions", async () => {
    const missing = join(folder, "missing")
    await expect(listDistributions(missing)).rejects.toThrow(
      `cannot read the data folder ${missing}: no such file or folder`,
    )
    const file = join(folder, "secret", "train.json")
    await expect(listDistributions(file)).rejects.toThrow(`cannot read the data folder ${file}: it is a file`)
    await expect(listDistributions(join(folder, "distributions", "notes"))).rejects.toThrow(
      "expected a GENIES data folder (distributions/<id>/train.json) or a folder of distributions " +
        "(<id>/train.json), got neither",
    )
    await expect(listDistributions(join(folder, "secret"))).rejects.toThrow(
      "got a single distribution (give the folder that holds it)",
    )
  })
})

describe("readMetadata", () => {
  test("reads names of datasets, given plainly or in an object", async () => {
    expect(await readMetadata(folder, "capitals")).toEqual({
      id: "elsewhere",
      externalDatasets: ["atlas", "globe"],
      overlappingDatasets: [],
    })
  })

  test("is undefined where there is none, and says what is wrong where there is", async () => {
    expect(await readMetadata(folder, "arithmetic")).toBeUndefined()
    await put("distributions/odd/train.json", items(1))
    const file = await put("distributions/odd/metadata.json", { overlapping_datasets: ["a", 3] })
    await expect(readMetadata(folder, "odd")).rejects.toThrow(
      `${file} .overlapping_datasets[1]: expected a name or an object with one, got 3`,
    )
    await put("distributions/odd/metadata.json", [])
    await expect(readMetadata(folder, "odd")).rejects.toThrow(`${file}: expected an object, got a list`)
  })
})

describe("selectExamples", () => {
  test("keeps everything if no maximum is given or it is not below the number", async () => {
    const all = await readDistribution(folder, "capitals", "train")
    for (const maxExamples of [undefined, 40, 1000]) {
      expect(selectExamples(all, { maxExamples, seed: 1 })).toEqual(all)
    }
    expect(selectExamples(all, { seed: 1 })).toEqual(all)
  })

  test("samples without replacement, in the file's order, the examples as they were", async () => {
    const all = await readDistribution(folder, "capitals", "train")
    const { examples } = selectExamples(all, { maxExamples: 10, seed: 1 })
    const indices = examples.map(({ index }) => index)
    expect(new Set(indices).size).toBe(10)
    expect(indices).toEqual(indices.toSorted((a, b) => a - b))
    for (const example of examples) expect(example).toBe(all.examples[example.index])
  })

  test("gives the same examples and fingerprint for a seed, others for another", async () => {
    const all = await readDistribution(folder, "capitals", "train")
    const one = selectExamples(all, { maxExamples: 10, seed: 1 })
    expect(selectExamples(all, { maxExamples: 10, seed: 1 })).toEqual(one)
    const two = selectExamples(all, { maxExamples: 10, seed: 2 })
    expect(two.examples).not.toEqual(one.examples)
    expect(new Set([all, one, two].map(({ fingerprint }) => fingerprint)).size).toBe(3)
  })

  test("makes a smaller sample part of every larger one", async () => {
    const all = await readDistribution(folder, "capitals", "train")
    let larger = new Set(all.examples)
    for (let maxExamples = 39; maxExamples > 0; maxExamples--) {
      const { examples } = selectExamples(all, { maxExamples, seed: 7 })
      expect(examples).toHaveLength(maxExamples)
      expect(examples.every((example) => larger.has(example))).toBe(true)
      larger = new Set(examples)
    }
  })

  test.each([0, -1, 1.5, NaN, Infinity])("refuses a maximum of %d", async (maxExamples) => {
    const all = await readDistribution(folder, "capitals", "train")
    expect(() => selectExamples(all, { maxExamples, seed: 1 })).toThrow(
      `maxExamples: expected a positive integer, got ${maxExamples}`,
    )
  })
})
