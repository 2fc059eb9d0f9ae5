// litmus bench, and what reads its store, as processes.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { complaintOf, smallWorld, succeed } from "../support/small-world.ts"

const { root, cache, inputs } = await smallWorld()
const suite = join(root, "mine.json")
const store = join(root, "store")
writeFileSync(suite, JSON.stringify([{ source: "sums", target: "more" }]))
const quick = ["--set", "lora.steps=1", "--set", "lora.validation=0", ...inputs]
const bench = ["bench", "--seeds", "1", "--suite", suite, "--interventions", "mms", "--name", "m", ...quick]

describe("a store that litmus bench made", () => {
  beforeAll(async () => {
    await succeed([...bench, "--out", store])
  }, 60_000)

  it("is compared by litmus agreement without a model and data", async () => {
    const { stdout } = await succeed(["agreement", store, "--suite", suite, "--cache", cache, "--json"])
    const { groups } = JSON.parse(stdout) as { groups: { names: string[] }[] }
    expect(groups[0]!.names).toEqual([
      "labels",
      "bag-of-words",
      "longer",
      "mean-embedding",
      "mms",
      "per-token-likelihood",
      "zero-shot",
    ])
    expect(await complaintOf(["agreement", store, "--suite", suite, ...inputs])).toContain(
      "a store holds its results already: leave out --model",
    )
  })

  it("is read by the table of the file's own name, whatever other tables say of its shifts", async () => {
    const folder = join(store, "generalization_metrics/m/mms")
    expect(readdirSync(folder)).toEqual(["mine.csv"])
    const other = readFileSync(join(folder, "mine.csv"), "utf8").replace(/^(sums,more,more),[^,]+/m, "$1,0")
    writeFileSync(join(folder, "other.csv"), other)
    const { stdout } = await succeed(["table", store, "--suite", suite, "--json"])
    const { groups } = JSON.parse(stdout) as {
      groups: { summaries: { intervention: string; accuracy: { mean: number } }[] }[]
    }
    const mms = groups[0]!.summaries.find(({ intervention }) => intervention === "mms")!
    expect(mms.accuracy.mean).toBeGreaterThan(0)
  })

  it("is estimated where it is damaged, as it would be made whole", async () => {
    writeFileSync(join(store, "evaluations/mms/m-sums/more.json"), "{")
    const { stdout } = await succeed([...bench, "--out", store, "--dry-run", "--json"])
    const { evaluations, held } = JSON.parse(stdout) as { evaluations: number; held: number }
    expect(held).toBe(evaluations - 1)
  })
})

it("refuses what it could not keep before it does any work", async () => {
  const spaced = join(root, "my shifts.json")
  writeFileSync(spaced, readFileSync(suite))
  const out = join(root, "none")
  const rest = ["bench", "--seeds", "1", "--interventions", "mms", ...quick, "--out", out]
  expect(await complaintOf([...rest, "--suite", spaced])).toMatch(/^suite "my shifts": expected letters/)
  expect(await complaintOf([...rest, "--suite", suite, "--name", "a b"])).toMatch(/^model "a b": expected/)
  expect(await complaintOf([...rest, "--suite", suite, "--interventions", "all,mmms"])).toMatch(
    /^unknown intervention "mmms"/,
  )
  const named = join(root, "Genies.json")
  writeFileSync(named, readFileSync(suite))
  expect(await complaintOf([...rest, "--suite", named])).toBe(
    `--suite ${named}: there is a suite genies, whose tables those of the file would overwrite: name the file otherwise`,
  )
  expect(existsSync(out)).toBe(false)
  expect(await complaintOf([...bench, "--out", ""])).toBe('--out: expected a path, got ""')
})
