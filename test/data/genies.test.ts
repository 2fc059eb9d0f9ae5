// The released distributions and shifts, against what Python reads from the same files.

import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { describe, expect, test } from "vitest"
import {
  allPairs,
  chooseLonger,
  clusterByPrompt,
  listDistributions,
  readDistribution,
  readMetadata,
  readShifts,
  splitByPrompt,
  splits,
} from "../../src/data/index.ts"
import type { Distribution, Split } from "../../src/data/index.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

const folder = shared("genies")

// Python 3.11: for each <id>/<split>.json, examples = json.load(file), and over all examples e
//   examples:   len(examples)
//   pairs:      sum(len(e["responses"]) - 1)
//   codePoints: sum(len(text) for text in e["responses"])
//   sha256:     of the UTF-8 of e["prompt"] + "\0" + "".join(f"{int(label)}{text}\0" for text, label in
//               e["responses"].items()), joined
interface Golden {
  readonly examples: number
  readonly pairs: number
  readonly codePoints: number
  readonly sha256: string
}

function summarise({ examples }: Distribution): Golden {
  const hash = createHash("sha256")
  let codePoints = 0
  for (const { prompt, responses } of examples) {
    hash.update(`${prompt}\0${responses.map(({ text, label }) => `${label}${text}\0`).join("")}`)
    for (const { text } of responses) codePoints += Array.from(text).length
  }
  return {
    examples: examples.length,
    pairs: allPairs(examples).length,
    codePoints,
    sha256: hash.digest("hex"),
  }
}

const read = (id: string, split: Split): Promise<Distribution> => readDistribution(folder, id, split)

const promptsOf = ({ examples }: Distribution): string[] => examples.map(({ prompt }) => prompt)

describe.skipIf(!hasShared)(`the GENIES release${needsShared}`, () => {
  test("reads as in Python, responses in the same order, in all 66 distributions", async () => {
    const path = new URL("../golden/data-order.json", import.meta.url)
    const golden = JSON.parse(await readFile(path, "utf8")) as Record<string, Golden>
    const ids = await listDistributions(folder)
    expect(ids).toHaveLength(66)
    const ours: Record<string, Golden> = {}
    const fingerprints = new Map<string, string>()
    const copies: string[] = []
    for (const id of ids) {
      for (const split of splits) {
        const distribution = await read(id, split)
        ours[`${id}/${split}`] = summarise(distribution)
        const same = fingerprints.get(distribution.fingerprint)
        if (same !== undefined) copies.push(`${same} = ${id}/${split}`)
        fingerprints.set(distribution.fingerprint, `${id}/${split}`)
      }
    }
    expect(ours).toEqual(golden)
    // One distribution stands in the release under two names; the metadata of the copy names the original.
    expect(copies).toEqual([
      "us_history_exam_questions/train = us_history_make_questions/train",
      "us_history_exam_questions/test = us_history_make_questions/test",
    ])
    expect((await readMetadata(folder, "us_history_exam_questions"))?.id).toBe("us_history_make_questions")
  })

  test("has a metadata file for every distribution", async () => {
    for (const id of await listDistributions(folder)) expect(await readMetadata(folder, id)).toBeDefined()
    const { externalDatasets, overlappingDatasets } = (await readMetadata(folder, "alpaca_mmlu"))!
    expect(externalDatasets).toEqual(["alpaca_cleaned", "mmlu"])
    expect(overlappingDatasets).toEqual(["alpaca_chat", "reward_seeking", "punishment_avoidance"])
  })

  // Counts from reference/genies.md: test prompts that are also training prompts.
  test.each([
    ["illegal_dont_help", 146, 246],
    ["change_my_view", 110, 250],
  ] as const)("shows that %s tests on %i of %i prompts that it trains on", async (id, shown, total) => {
    const train = new Set(promptsOf(await read(id, "train")))
    const test = promptsOf(await read(id, "test"))
    expect([test.filter((prompt) => train.has(prompt)).length, test.length]).toEqual([shown, total])
  })

  test("splits a training set with repeated prompts so that none stands on both sides", async () => {
    const { examples } = await read("illegal_dont_help", "train")
    expect(new Set(clusterByPrompt(examples)).size).toBeLessThan(examples.length)
    const [first, second] = splitByPrompt(examples, { seed: 42 })
    const there = new Set(first.map(({ prompt }) => prompt))
    expect(second.filter(({ prompt }) => there.has(prompt))).toEqual([])
    expect(Math.abs(first.length / examples.length - 0.7)).toBeLessThan(0.01)
  })

  test("has one prompt for all items of biology_with_literary_style", async () => {
    const { examples } = await read("biology_with_literary_style", "train")
    expect(new Set(clusterByPrompt(examples))).toEqual(new Set([0]))
  })

  // Python: len(better) − len(worse), positive, zero and negative, over all pairs of the test split.
  test.each([
    ["alpaca_long", [249, 0, 1]],
    ["alpaca_short", [0, 1, 249]],
  ])("lets length alone decide %s", async (id, counts) => {
    const distribution = await read(id, "test")
    const signs = chooseLonger(distribution, allPairs(distribution.examples)).map(Math.sign)
    expect([1, 0, -1].map((sign) => signs.filter((other) => other === sign).length)).toEqual(counts)
  })

  test.each([
    ["GENIES.json", 15, 15],
    ["all.json", 69, 56],
    ["extreme/all.json", 37, 37],
    ["probing/all.json", 32, 19],
    ["probing/unwanted_personas.json", 13, 13],
    ["test.json", 1, 1],
  ])(
    "lists in %s %i shifts, %i of them different, all of known distributions",
    async (file, rows, unique) => {
      const shifts = await readShifts(shared("genies", "distribution_shifts", file))
      expect(shifts).toHaveLength(rows)
      expect(new Set(shifts.map(({ source, target }) => `${source} → ${target}`)).size).toBe(unique)
      const ids = new Set(await listDistributions(folder))
      for (const { source, target, targetReference } of shifts) {
        expect([source, target, targetReference].filter((id) => !ids.has(id))).toEqual([])
      }
    },
  )
})
