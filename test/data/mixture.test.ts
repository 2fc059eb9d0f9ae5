// Mixtures of a source with a share of a target, and what a share is in the release.

import { readdirSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  allPairs,
  mixDistributions,
  mixtureName,
  readDistribution,
  truthfulnessTask,
  type Distribution,
} from "../../src/data/index.ts"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const folder = temporaryFolder()
writeDistribution(folder, "sums", { train: sums(30), test: sums(5) })
writeDistribution(folder, "more", { train: sums(40, { seed: 1 }), test: sums(5) })
const source = await readDistribution(folder, "sums", "train")
const target = await readDistribution(folder, "more", "train")

const mix = (share: number, seed = 0): Distribution => mixDistributions(source, target, { share, seed })
const added = (mixture: Distribution): number[] =>
  mixture.examples.slice(source.examples.length).map(({ index }) => index - 2 ** 20)

describe("mixDistributions", () => {
  test("holds all of the source, then the share of the target rounded down, in the file's order", () => {
    const mixture = mix(0.19)
    expect(mixture).toMatchObject({ id: "sums-more-19%", split: "train" })
    expect(mixture.examples.slice(0, 30)).toEqual(source.examples)
    const indices = added(mixture)
    expect(indices).toHaveLength(7) // 0.19 · 40 = 7.6
    expect(indices).toEqual([...indices].sort((a, b) => a - b))
    const texts = mixture.examples.slice(30).map(({ prompt }) => prompt)
    expect(texts).toEqual(indices.map((index) => target.examples[index]!.prompt))
    expect(new Set(mixture.examples.map(({ index }) => index)).size).toBe(37)
  })

  test("does not lose an example to binary fractions", () => {
    expect(0.29 * 100).toBeLessThan(29)
    const hundred = { ...target, examples: sums(100).map((_, index) => ({ ...target.examples[0]!, index })) }
    expect(mixDistributions(source, hundred, { share: 0.29, seed: 0 }).examples).toHaveLength(30 + 29)
    expect(mixtureName({ source: "a", target: "b", share: 0.07 })).toBe("a-b-7%")
    expect(mixtureName({ source: "a", target: "b", share: 0.125 })).toBe("a-b-12.5%")
  })

  test("draws the same by one seed, others by another; a smaller share is part of every larger one", () => {
    expect(mix(0.5)).toEqual(mix(0.5))
    expect(added(mix(0.5, 1))).not.toEqual(added(mix(0.5)))
    const larger = new Set(added(mix(0.5)))
    expect(added(mix(0.25)).every((index) => larger.has(index))).toBe(true)
    expect(added(mix(1))).toEqual(target.examples.map(({ index }) => index))
  })

  test("has a fingerprint of its own for every source, target, share and seed", () => {
    const other = { ...source, fingerprint: "another" }
    const made = [
      source,
      target,
      mix(0.5),
      mix(0.25),
      mix(0.5, 1),
      mixDistributions(other, target, { share: 0.5, seed: 0 }),
      mixDistributions(target, source, { share: 0.5, seed: 0 }),
    ]
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(made.length)
  })

  test("takes all responses of a prompt along into the truthfulness task, each item with an index", () => {
    const items = truthfulnessTask(mix(0.1)).examples
    expect(items).toHaveLength(3 * (30 + 4))
    expect(new Set(items.map(({ index }) => index)).size).toBe(items.length)
  })

  test("refuses shares that are none and parts that do not belong together", async () => {
    expect(() => mix(0.02)).toThrow(
      "mixture: a share of 0.02 of the 40 examples of more train is none: expected at least 0.025",
    )
    for (const share of [0, -1, 1.1, Number.NaN]) {
      expect(() => mix(share)).toThrow(`mixture: expected a share above 0 and at most 1, got ${share}`)
    }
    expect(() => mixDistributions(source, source, { share: 0.5, seed: 0 })).toThrow(
      "mixture: expected two distributions, got sums twice",
    )
    const test = await readDistribution(folder, "more", "test")
    expect(() => mixDistributions(source, test, { share: 0.5, seed: 0 })).toThrow(
      "mixture: expected two distributions of one split and task, got sums train and more test",
    )
    expect(() => mixDistributions(source, truthfulnessTask(target), { share: 0.5, seed: 0 })).toThrow(
      "got sums train and more train truthfulness",
    )
  })
})

// The release has no mixtures' texts, but evaluations of 20 mixtures' own test splits: their numbers of pairs say what
// its shares are shares of.
describe.skipIf(!hasShared)(`the release's mixtures${needsShared}`, () => {
  test("hold all of the source and the share of the target's items, rounded down", async () => {
    const evaluations = shared("genies", "results", "evaluations", "lora_fine_tuning")
    const found = readdirSync(evaluations).flatMap((name) => {
      const match = /^llama-30b-(([a-z_]+)-([a-z_]+)-(\d+)%)$/.exec(name)
      if (!match) return []
      const [, id, from, to, percent] = match as unknown as [string, string, string, string, string]
      return [{ path: join(evaluations, name, `${id}.json`), id, from, to, share: Number(percent) / 100 }]
    })
    expect(found).toHaveLength(20)
    const pairs = async (id: string): Promise<number> =>
      allPairs((await readDistribution(shared("genies"), id, "test")).examples).length
    for (const { path, id, from, to, share } of found) {
      expect(mixtureName({ source: from, target: to, share })).toBe(id)
      const evaluation = JSON.parse(await readFile(path, "utf8")) as { eval_probabilities: unknown[] }
      const expected = (await pairs(from)) + Math.floor(share * (await pairs(to)) + 1e-9)
      expect([id, evaluation.eval_probabilities.length]).toEqual([id, expected])
    }
  })
})
