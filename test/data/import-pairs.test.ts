// Distributions from pairs of one's own: what is read, what is refused and where, and that what is written is read back.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  importPairs,
  listDistributions,
  readDistribution,
  readMetadata,
  writeDistribution,
  type Example,
} from "../../src/data/index.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()

function put(name: string, text: string | Uint8Array): string {
  const path = join(root, name)
  writeFileSync(path, text)
  return path
}

const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("")
const shown = (examples: readonly Example[]): unknown[] =>
  examples.map(({ prompt, responses }) => [prompt, ...responses.map(({ text, label }) => [text, label])])

describe("importPairs", () => {
  const expected = [
    ["a", ["right", 1], ["wrong", 0], ["worse", 0]],
    ["b", ["x", 1], ["y", 0]],
    ["a", ["other", 1], ["wrong", 0]],
  ]

  test("gathers the worse responses of a prompt and a better one, from JSON lines, CSV and TSV alike", async () => {
    const rows = [
      ["a", "right", "wrong"],
      ["b", "x", "y"],
      ["a", "right", "worse"],
      ["a", "other", "wrong"],
      ["a", "right", "wrong"],
    ]
    const files = [
      put("pairs.jsonl", lines(...rows.map(([prompt, better, worse]) => ({ prompt, better, worse })))),
      put("pairs.ndjson", lines(...rows.map(([prompt, chosen, rejected]) => ({ rejected, chosen, prompt })))),
      put("pairs.csv", `prompt,chosen,rejected\n${rows.map((row) => row.join(",")).join("\n")}`),
      put(
        "pairs.tsv",
        `Worse\tPrompt\tBetter\r\n${rows.map(([a, b, c]) => [c, a, b].join("\t")).join("\r\n")}\r\n`,
      ),
    ]
    for (const file of files) {
      const { examples, ...counts } = await importPairs(file)
      expect(shown(examples)).toEqual(expected)
      expect(examples.map(({ index }) => index)).toEqual([0, 1, 2])
      expect(counts).toEqual({ records: 5, repeated: 1, ignored: [] })
    }
  })

  test("takes whole examples, keeps the order of their responses, passes other columns over", async () => {
    const path = put(
      "whole.jsonl",
      '\ufeff{"prompt": "p", "responses": {"42": 0, "7": 1, "__proto__": 0}, "id": 5}\n\n{"prompt":"p","better":"7","worse":"8","note":"n"}\r\n',
    )
    const { examples, ignored, records } = await importPairs(path)
    expect(shown(examples)).toEqual([
      ["p", ["42", 0], ["7", 1], ["__proto__", 0]],
      ["p", ["7", 1], ["8", 0]],
    ])
    expect({ ignored, records }).toEqual({ ignored: ["id", "note"], records: 2 })
  })

  test("reads quoted cells with commas, quotes and line breaks, and spaces as they are", async () => {
    const path = put("quoted.csv", 'prompt,better,worse\r\n"a,\nb ", ""x"\n')
    await expect(importPairs(path)).rejects.toThrow(`${path}:`)
    put("quoted.csv", 'prompt,better,worse\r\n"a,\nb "," ""x""",y \n')
    const { examples } = await importPairs(path)
    expect(shown(examples)).toEqual([["a,\nb ", [' "x"', 1], ["y ", 0]]])
  })

  const pair = '{"prompt":"p","better":"x","worse":"y"}\n'
  test.each([
    ["cut.jsonl", `${pair}\n{"prompt": "p", "bet`, ":3:17: malformed JSON: a string that never ends"],
    ["list.jsonl", `${pair}[1]`, ":2: expected an object, got a list"],
    ["number.jsonl", `${pair}{"prompt":"p","better":3,"worse":"y"}`, ":2: better: expected a text, got 3"],
    ["chat.jsonl", `{"prompt":"p","chosen":[],"rejected":"y"}`, ":1: chosen: expected a text, got a list"],
    ["empty.jsonl", "\n\n", ": expected at least one record, got none"],
    [
      "same.jsonl",
      `${pair}{"prompt":"p","better":"x","worse":"x"}`,
      ":2: expected two different responses, got one twice",
    ],
    [
      "both.jsonl",
      '{"prompt":"p","better":"x","chosen":"x","worse":"y"}',
      ":1: expected better or chosen, got both",
    ],
    ["mixed.jsonl", '{"prompt":"p","responses":{},"worse":"y"}', ":1: expected responses or worse, got both"],
    [
      "labels.jsonl",
      '{"prompt":"p","responses":{"x":1,"y":2}}',
      ':1.responses["y"]: expected the label 0 or 1, got 2',
    ],
    [
      "two.jsonl",
      '{"prompt":"p","responses":{"x":1,"y":1}}',
      ":1.responses: expected exactly one response labelled 1, got 2",
    ],
    ["columns.csv", "promt,better,worse\np,x,y\n", ':2: expected prompt, got "promt", "better", "worse"'],
    [
      "twice.csv",
      "prompt,better,Better\np,x,y\n",
      ':1: expected columns of different names, got "better" twice',
    ],
    [
      "blank.csv",
      'prompt,better,worse\n"p\np",x,y\n\np,x,\n',
      ":5: worse: expected a text, got an empty one",
    ],
    ["short.csv", "prompt,better,worse\np,x\n", ":2: malformed table: Invalid Record Length"],
    ["open.csv", 'prompt,better,worse\np,x,"y\n', ":2: malformed table: Quote Not Closed"],
    ["head.csv", "prompt,better,worse\n", ": expected at least one record, got none"],
    ["pairs.json", "[]", ": expected a file that ends in .jsonl, .ndjson, .csv, .tsv, got .json"],
    ["pairs", "", ": expected a file that ends in .jsonl, .ndjson, .csv, .tsv, got no ending"],
  ])("refuses %s and says where", async (name, text, message) => {
    const path = put(name, text)
    await expect(importPairs(path)).rejects.toThrow(path + message)
  })

  test("refuses what is not UTF-8, and a file that is not there", async () => {
    const path = put("latin.csv", Uint8Array.of(0x70, 0xe4, 0x0a))
    await expect(importPairs(path)).rejects.toThrow(`${path}: expected UTF-8 text, got other bytes`)
    await expect(importPairs(join(root, "no.csv"))).rejects.toThrow("no.csv: no such file or folder")
  })
})

describe("writeDistribution", () => {
  const origins = [{ name: "mine.csv", used_for: "prompts_and_completions" }]
  const examples = (...prompts: string[]): Example[] =>
    prompts.map((prompt, index) => ({
      index,
      prompt,
      responses: [
        { text: "9", label: 0 },
        { text: ' "é\n\ud800', label: 1 },
        { text: "__proto__", label: 0 },
        { text: "3", label: 0 },
      ],
    }))

  test("writes what readDistribution reads back, responses in their order, keys like numbers too", async () => {
    const folder = join(root, "written", "distributions", "mine")
    expect(
      await writeDistribution(folder, { train: examples("a", "b"), test: examples("c") }, { origins }),
    ).toBe("mine")
    const place = join(root, "written")
    expect((await readDistribution(place, "mine", "train")).examples).toEqual(examples("a", "b"))
    expect((await readDistribution(place, "mine", "test")).examples).toEqual(examples("c"))
    expect(await readMetadata(place, "mine")).toEqual({
      id: "mine",
      externalDatasets: ["mine.csv"],
      overlappingDatasets: [],
    })
  })

  test("replaces a distribution when told to, never another folder, and leaves nothing beside it", async () => {
    const place = join(root, "replaced")
    const folder = join(place, "mine")
    await writeDistribution(folder, { train: examples("a"), test: examples("b") }, { origins })
    await expect(writeDistribution(folder, { test: examples("c") }, { origins })).rejects.toThrow(
      `${folder}: there is a distribution already (give another folder, or --replace)`,
    )
    await writeDistribution(folder, { test: examples("c") }, { origins, replace: true })
    expect(readdirSync(folder).sort()).toEqual(["metadata.json", "test.json"])
    expect(await readFile(join(folder, "test.json"), "utf8")).toContain('"prompt": "c"')
    expect(readdirSync(place)).toEqual(["mine"])

    const other = join(root, "other")
    mkdirSync(other)
    writeFileSync(join(other, "thesis.txt"), "")
    await expect(
      writeDistribution(other, { test: examples("c") }, { origins, replace: true }),
    ).rejects.toThrow(`${other}: expected a new folder or a distribution's, got one with thesis.txt in it`)
    expect(readdirSync(other)).toEqual(["thesis.txt"])
  })

  test("leaves no unfinished folder that would pass for a distribution", async () => {
    const place = join(root, "killed")
    await writeDistribution(join(place, "mine"), { test: examples("c") }, { origins })
    mkdirSync(join(place, ".mine.123.0a1b2c3d.tmp"))
    writeFileSync(join(place, ".mine.123.0a1b2c3d.tmp", "train.json"), "[]")
    expect(await listDistributions(place)).toEqual(["mine"])
  })
})
