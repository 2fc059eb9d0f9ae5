// litmus inspect on what Litmus writes: adapters, stores of results, the cache, a split's file.

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { writeReportStore } from "../support/report-store.ts"
import { complaintOf, extractMore, smallWorld, succeed } from "../support/small-world.ts"

const { root, data, model, cache, inputs } = await smallWorld()

/** The facts as JSON, each of which stands in the text, too. */
async function inspect(path: string): Promise<Record<string, unknown>> {
  const [text, json] = [await succeed(["inspect", path]), await succeed(["inspect", path, "--json"])]
  const facts = JSON.parse(json.stdout) as Record<string, unknown>
  for (const name of Object.keys(facts)) expect(text.stdout).toMatch(new RegExp(`^${name} `, "m"))
  return facts
}

it("knows an adapter, and what its training came to", async () => {
  const out = join(root, "adapter")
  const quick = ["steps=2", "batch=4", "rank=2", "validation=0", "targets=q_proj"]
  const set = quick.flatMap((option) => ["--set", option])
  await succeed(["tune", "lora", "--source", "sums", "--out", out, ...set, ...inputs])
  const { base } = JSON.parse(readFileSync(join(out, "litmus.json"), "utf8")) as { base: string }
  expect(await inspect(out)).toMatchObject({
    is: "adapter",
    kind: "lora",
    rank: 2,
    // A and B of two layers' queries, of 32 dimensions and rank 2, and the head.
    tensors: 5,
    parameters: 2 * 2 * (32 * 2) + 32,
    head: "base_model.model.score.weight [1, 32]",
    base,
    source: { id: "sums", split: "train" },
    seed: 0,
    steps: 2,
    heldOutPairs: 0,
    heldOutAccuracy: null,
    options: { learningRate: 0.0002 },
  })
})

it("knows a store of results", async () => {
  const { store } = await writeReportStore(join(root, "files"))
  expect(await inspect(store)).toMatchObject({
    is: "store of results",
    models: ["tiny-1b", "tiny-7b"],
    interventions: expect.arrayContaining(["lora", "mms", "zero-shot"]) as unknown,
    suites: ["own"],
    // Two models on three shifts.
    evaluationsOf: { lora: 6, mms: 6 },
    sweeps: 0,
  })
})

it("knows the cache, and how much of it is what", async () => {
  await succeed([...extractMore, ...inputs])
  const facts = await inspect(cache)
  const [fingerprint] = Object.keys(facts.models as object)
  expect(facts).toMatchObject({
    is: "cache",
    models: { [fingerprint!]: { modelType: "llama" } },
    activations: { [fingerprint!]: { caches: 1 } },
  })
  const { bytes, models, activations } = facts as Record<string, Record<string, { bytes: number }>> & {
    bytes: number
  }
  const parts = [...Object.values(models!), ...Object.values(activations!)].map((part) => part.bytes)
  expect(Math.min(...parts)).toBeGreaterThan(0)
  expect(bytes).toBeGreaterThanOrEqual(parts.reduce((a, b) => a + b))
})

it("knows the file of a split, and says what another file is not", async () => {
  const folder = join(data, "distributions", "sums")
  const whole = await inspect(folder)
  expect(await inspect(join(folder, "test.json"))).toEqual({
    is: "distribution",
    id: "sums",
    test: whole.test,
  })
  const other = join(root, "other.json")
  writeFileSync(other, "{}")
  expect(await complaintOf(["inspect", other])).toBe(
    `${other}: expected a folder, a GGUF file, or a distribution's train.json or test.json, got another file`,
  )
  expect((await inspect(model)).is).toBe("model")
})
