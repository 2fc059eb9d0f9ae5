// litmus bench, and what reads its store, as processes.

import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { complaintOf, smallWorld, succeed } from "../support/small-world.ts"

const { root, cache, inputs } = await smallWorld()
const suite = join(root, "mine.json")
const store = join(root, "store")
writeFileSync(suite, JSON.stringify([{ source: "sums", target: "more" }]))
const quick = ["--set", "lora.steps=1", "--set", "lora.validation=0", ...inputs]
const bench = ["bench", "--suite", suite, "--interventions", "mms", "--name", "m", ...quick]

describe("a store that litmus bench made", () => {
  beforeAll(async () => {
    await succeed([...bench, "--out", store])
  }, 60_000)

  it("is compared by litmus agreement without a model and data", async () => {
    const { stdout } = await succeed(["agreement", store, "--suite", suite, "--cache", cache, "--json"])
    const { groups } = JSON.parse(stdout) as { groups: { names: string[] }[] }
    expect(groups[0]!.names).toEqual(["labels", "longer", "mms", "per-token-likelihood", "zero-shot"])
    expect(await complaintOf(["agreement", store, "--suite", suite, ...inputs])).toContain(
      "a store holds its results already: leave out --model",
    )
  })
})
