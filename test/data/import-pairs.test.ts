// Distributions from pairs of one's own: what is read, what is refused and where, and that what is written is read back.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  importPairs,
  labelLimits,
  listDistributions,
  readDistribution,
  readMetadata,
  writeDistribution,
  type Example,
} from "../../src/data/index.ts"
import { conversation } from "../../src/data/distribution.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
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
      expect(counts).toEqual({ records: 5, repeated: 1, ties: 0, contradicted: 0, ignored: [] })
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

  test("reads quotes inside unquoted cells as pandas does", async () => {
    // pandas.read_csv(sep="\\t"): ['5" nails', '"x"', 'a\\tb']
    const path = put("quotes.tsv", 'prompt\tbetter\tworse\n5" nails\t"""x"""\t"a\tb"\n')
    expect(shown((await importPairs(path)).examples)).toEqual([['5" nails', ['"x"', 1], ["a\tb", 0]]])
  })

  test("takes what chosen and rejected begin with for the prompt, as TRL's implicit prompts have it", async () => {
    const turn = "\n\nHuman: hi\n\nAssistant:"
    const path = put(
      "hh.jsonl",
      lines(
        { chosen: `${turn} hello`, rejected: `${turn} he is out` },
        { chosen: "The sky is blue.", rejected: "The sky is black." },
      ),
    )
    expect(shown((await importPairs(path)).examples)).toEqual([
      [turn, [" hello", 1], [" he is out", 0]],
      ["The sky is", [" blue.", 1], [" black.", 0]],
    ])
  })

  test("keeps messages as messages, whatever the shape that they come in", async () => {
    const user = { role: "user", content: "hi" }
    const [good, bad] = ["yes", "no"].map((content) => ({ role: "assistant", content }))
    const path = put(
      "messages.jsonl",
      lines(
        { prompt: [user], chosen: [good], rejected: [bad] },
        { chosen: [user, good], rejected: [user, bad] },
        { prompt: "hi", chosen: [user, good], rejected: [user, bad], score_chosen: 9, score_rejected: 2 },
        { prompt: "hi", chosen: [good], rejected: [bad] },
      ),
    )
    const { examples, repeated } = await importPairs(path)
    expect(examples.map(({ messages }) => messages)).toEqual([[user]])
    expect(shown(examples)).toEqual([["user: hi\n", ["yes", 1], ["no", 0]]])
    expect(repeated).toBe(3)
  })

  test("leaves ties out and counts them, and counts pairs that are there both ways round", async () => {
    const path = put(
      "ties.csv",
      "prompt,better,worse,score_chosen,score_rejected\np,x,x,2,1\np,x,y,1,1\np,x,y,2,1\np,y,x,2,1\nq,x,y,2,1\n",
    )
    const { examples, ties, contradicted } = await importPairs(path)
    expect(shown(examples)).toEqual([
      ["p", ["x", 1], ["y", 0]],
      ["p", ["y", 1], ["x", 0]],
      ["q", ["x", 1], ["y", 0]],
    ])
    expect({ ties, contradicted }).toEqual({ ties: 2, contradicted: 2 })
  })

  const pair = '{"prompt":"p","better":"x","worse":"y"}\n'
  test.each([
    ["cut.jsonl", `${pair}\n{"prompt": "p", "bet`, ":3:17: malformed JSON: a string that never ends"],
    ["list.jsonl", `${pair}[1]`, ":2: expected an object, got a list"],
    ["number.jsonl", `${pair}{"prompt":"p","better":3,"worse":"y"}`, ":2: better: expected a text, got 3"],
    [
      "chat.jsonl",
      `{"prompt":"p","chosen":[],"rejected":"y"}`,
      ":1: expected chosen and rejected of one kind, got a text and a list",
    ],
    ["empty.jsonl", "\n\n", ": expected at least one record, got none"],
    [
      "ties.jsonl",
      '{"prompt":"p","better":"x","worse":"x"}',
      ": expected pairs, got 1 ties and nothing else",
    ],
    [
      "implicit.jsonl",
      '{"chosen":"one a","rejected":"two b"}',
      ':1: expected prompt, got "chosen", "rejected"',
    ],
    [
      "role.jsonl",
      '{"prompt":[{"content":"hi"}],"chosen":"a","rejected":"b"}',
      ":1: prompt[0].role: expected a text, got nothing",
    ],
    [
      "tools.jsonl",
      '{"prompt":[{"role":"user","content":"hi","tool_calls":[]}],"chosen":"a","rejected":"b"}',
      ':1: prompt[0]: expected role and content alone, got "tool_calls" too',
    ],
    [
      "turns.jsonl",
      '{"prompt":[{"role":"user","content":"hi"}],"chosen":[{"role":"user","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}',
      ':1: chosen: expected one turn of the assistant after the prompt, got "user"',
    ],
    [
      "open-ended.jsonl",
      '{"prompt":[{"role":"assistant","content":"hi"}],"chosen":"a","rejected":"b"}',
      ":1: expected a conversation that the assistant answers, got one that ends in its turn",
    ],
    [
      "other-question.jsonl",
      '{"prompt":"hi","chosen":[{"role":"user","content":"ho"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"ho"},{"role":"assistant","content":"b"}]}',
      ':1: prompt: expected a turn that both conversations have, got "hi"',
    ],
    [
      "behind.tsv",
      'prompt\tbetter\tworse\np\t"x"y\tz\n',
      ":2: malformed table: expected nothing behind a closing quote",
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

describe.runIf(hasShared)(`files of the public${needsShared}`, () => {
  test("TRL's lists of messages and implicit prompts are read (case 22)", async () => {
    const folder = shared("cases", "22-trl-formats")
    const chat = await importPairs(join(folder, "conversational.jsonl"))
    expect(chat.examples.map(({ messages }) => messages)).toEqual(
      [0, 1, 2, 3].map((i) => [{ role: "user", content: `Hi ${i}` }]),
    )
    const implicit = await importPairs(join(folder, "implicit.jsonl"))
    expect(shown(implicit.examples)[0]).toEqual(["\n\nHuman: hi 0\n\nAssistant:", [" hello", 1], [" no", 0]])
  })

  test("pairs that annotators prefer both ways round cap the accuracy at 2/3 (case 20)", async () => {
    const { examples, contradicted } = await importPairs(
      shared("cases", "20-pairs-both-ways-round", "pairs.jsonl"),
    )
    expect(contradicted).toBe(40)
    expect(labelLimits(examples)).toEqual({ contradicted: 40, bestAccuracy: 40 / 60, ties: 0 })
  })
})

describe("labelLimits", () => {
  const example = (index: number, prompt: string, better: string, ...worse: string[]): Example => ({
    index,
    prompt,
    responses: [{ text: better, label: 1 }, ...worse.map((text) => ({ text, label: 0 as const }))],
  })

  test("is 1 without contradictions, and what the majority allows with them", () => {
    expect(labelLimits([example(0, "p", "a", "b"), example(1, "q", "b", "a")])).toEqual({
      contradicted: 0,
      bestAccuracy: 1,
      ties: 0,
    })
    const votes = [example(0, "p", "a", "b", "c"), example(1, "p", "a", "b"), example(2, "p", "b", "a")]
    expect(labelLimits(votes)).toEqual({ contradicted: 3, bestAccuracy: 3 / 4, ties: 0 })
  })

  test("counts pairs that differ in white space alone as ties", () => {
    expect(labelLimits([example(0, "p", "a b", " a  b\n", "c")]).ties).toBe(1)
  })
})

describe("writeDistribution", () => {
  test("keeps conversations", async () => {
    const place = join(root, "chats")
    const messages = [{ role: "user", content: 'hi "you"' }]
    const responses = [
      { text: "yes", label: 1 },
      { text: "no", label: 0 },
    ] as const
    const chat: Example = { index: 0, ...conversation(messages), responses }
    await writeDistribution(join(place, "chat"), { test: [chat] }, { origins: [] })
    expect((await readDistribution(place, "chat", "test")).examples).toEqual([chat])
  })

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
