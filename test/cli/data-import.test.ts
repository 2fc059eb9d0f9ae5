// litmus data import from the command line: the split, what is said, what is refused.

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readDistribution } from "../../src/data/index.ts"
import { sums } from "../support/data-folder.ts"
import { complaintOf, smallWorld, succeed } from "../support/small-world.ts"

const { root, model } = await smallWorld()
const pairs = join(root, "pairs.csv")
// 40 prompts, each with two worse responses and once more with another better one.
const rows = sums(40).flatMap(({ prompt, responses }) => {
  const [right, wrong, worse] = Object.keys(responses)
  return [
    [prompt, right, wrong],
    [prompt, right, worse],
    [prompt, `${right} Yes.`, wrong],
  ]
})
writeFileSync(pairs, `prompt,better,worse,source\n${rows.map((row) => `${row.join(",")},me\n`).join("")}`)

const importTo = (id: string): string[] => [
  "data",
  "import",
  pairs,
  "--out",
  join(root, "mine", "distributions", id),
]

describe.concurrent("litmus data import", () => {
  it("splits by prompt, so that none is tested that was trained on, and the result can be fitted on", async () => {
    const { stdout } = await succeed(importTo("sums"))
    expect(stdout).toContain("sums: 120 lines, 80 examples\n")
    expect(stdout).toContain(
      "train: 56 examples of 28 prompts, 84 pairs\ntest: 24 examples of 12 prompts, 36 pairs\n",
    )
    expect(stdout).toContain("columns ignored: source\n")
    const folder = join(root, "mine")
    const [train, test] = await Promise.all([
      readDistribution(folder, "sums", "train"),
      readDistribution(folder, "sums", "test"),
    ])
    const trained = new Set(train.examples.map(({ prompt }) => prompt))
    expect(test.examples.filter(({ prompt }) => trained.has(prompt))).toEqual([])
    expect(train.examples.length + test.examples.length).toBe(80)
    const what = ["--intervention", "mass-mean", "--source", "sums", "--target", "sums", "--model", model]
    const place = ["--data", folder, "--cache", join(root, "cache"), "--threads", "1", "--quiet"]
    await succeed(["transfer", ...what, ...place])
  })

  it("makes the same of one seed, another split of another, and takes the share it is told", async () => {
    const outs = await Promise.all([
      succeed([...importTo("a"), "--seed", "1", "--json"]),
      succeed([...importTo("b"), "--seed", "1", "--json"]),
      succeed([...importTo("c"), "--seed", "2", "--test-share", "0.5", "--json"]),
    ])
    const made = outs.map(
      ({ stdout }) => JSON.parse(stdout) as { splits: { test: { examples: number } }; folder: string },
    )
    expect(made.map(({ splits }) => splits.test.examples)).toEqual([24, 24, 40])
    const [a, b, c] = made.map(({ folder }) => readFileSync(join(folder, "test.json"), "utf8"))
    expect(b).toBe(a)
    expect(c).not.toBe(a)
  })

  it("does not overwrite unless told to", async () => {
    await succeed(importTo("kept"))
    expect(await complaintOf(importTo("kept"))).toMatch(
      /there is a distribution already \(give another folder, or --replace\)$/,
    )
    await succeed([...importTo("kept"), "--replace"])
  })

  it("refuses a single prompt and a share that is none, in one line", async () => {
    const single = join(root, "single.jsonl")
    writeFileSync(single, '{"prompt":"p","better":"x","worse":"y"}\n')
    expect(await complaintOf(["data", "import", single, "--out", join(root, "none")])).toBe(
      `${single}: expected at least 2 distinct prompts to split into train and test, got 1`,
    )
    expect(await complaintOf([...importTo("d"), "--test-share", "1"])).toContain(
      "Expected a share between 0 and 1.",
    )
  })
})
