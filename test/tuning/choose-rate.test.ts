// The learning rate by successive halving: what it runs, that it is kept, and that a given rate is not searched.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it, vi } from "vitest"
import { readDistribution } from "../../src/data/index.ts"
import { openModel } from "../../src/model/model.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { paperRates, rungsOf, searchKey, triedRates } from "../../src/tuning/rate-search.ts"
import { tuningOptions, type TuningKind } from "../../src/tuning/options.ts"
import { trainingRun } from "../../src/tuning/train.ts"
import { trainConfig, tune, type Tuned } from "../../src/tuning/tune.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const search = vi.hoisted((): { key?: unknown } => ({}))
vi.mock("../../src/tuning/rate-search.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/tuning/rate-search.ts")>()
  return { ...original, searchKey: (kind: TuningKind) => search.key ?? original.searchKey(kind) }
})

const root = temporaryFolder()
const cache = join(root, "cache")
const model = await openModel(await writeRandomModel(join(root, "model")), { cache })
const source = await readDistribution(writeSums(join(root, "data")), "sums", "train")

async function run(name: string, given: Readonly<Record<string, unknown>>): Promise<Tuned> {
  const values = resolveOptions("lora", tuningOptions.lora, {
    steps: 20,
    batch: 4,
    validation: 1 / 3,
    ...given,
  })
  return await tune(model, source, "lora", values, { folder: join(root, name), seed: 0, cache, threads: 1 })
}

it("tries all rates for a few steps, the better half for twice as many, and keeps what it found", async () => {
  expect(rungsOf("lora", 100)).toEqual([
    { rates: 4, steps: 15 },
    { rates: 2, steps: 30 },
  ])
  const { summary, trained } = await run("auto", {})
  expect(trained).toBe(true)
  const { tried, learningRate } = summary
  expect(tried!.map(({ steps }) => steps)).toEqual([5, 5, 5, 5, 6, 6])
  const [first, last] = [tried!.slice(0, 4), tried!.slice(4)]
  const bestOf = (entries: typeof first): number[] =>
    entries.toSorted((a, b) => a.loss! - b.loss!).map((entry) => entry.learningRate)
  expect(last.map((entry) => entry.learningRate)).toEqual(bestOf(first).slice(0, 2))
  expect(learningRate).toBe(bestOf(last)[0])
  const note = JSON.parse(readFileSync(join(root, "auto", "litmus.json"), "utf8")) as {
    options: { learningRate: number }
  }
  expect(note.options.learningRate).toBe(learningRate)
  expect(existsSync(join(root, "auto", "rates"))).toBe(false)
  // Asked again, nothing is trained.
  expect((await run("auto", {})).trained).toBe(false)
}, 60_000)

it("is part of what names a training: other rates make another run, which a given rate is not", async () => {
  const runOf = (given: Readonly<Record<string, unknown>>): string => {
    const values = resolveOptions("lora", tuningOptions.lora, given)
    return trainingRun(model, source, trainConfig(model, "lora", values, 0))
  }
  const [auto, fixed] = [runOf({}), runOf({ learningRate: 1e-3 })]
  expect(searchKey("lora")).toEqual({ rates: triedRates.lora, firstShare: 0.15, without: paperRates.lora })
  search.key = { rates: [...triedRates.lora, 1e-1] }
  try {
    expect(runOf({})).not.toBe(auto)
    expect(runOf({ learningRate: 1e-3 })).toBe(fixed)
    // What a folder holds of other rates is refused, not taken for these.
    await expect(run("auto", {})).rejects.toThrow(/holds another model or adapter/)
  } finally {
    search.key = undefined
  }
  expect(runOf({})).toBe(auto)
  expect((await run("auto", {})).trained).toBe(false)
})

it("does not search where a rate is given, or nothing is held out to choose by", async () => {
  const given = await run("given", { learningRate: 1e-3, steps: 2 })
  expect(given.summary).toMatchObject({ learningRate: 1e-3 })
  expect(given.summary).not.toHaveProperty("tried")
  const all = await run("all", { validation: 0, steps: 2 })
  expect(all.summary).toMatchObject({ learningRate: 2e-4, tried: [], heldOutAccuracy: null, lossFell: null })
})
