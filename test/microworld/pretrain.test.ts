// Pretraining: that it learns, that a killed run goes on to the same bytes, and that what it writes is a checkpoint.

import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { openModel } from "../../src/model/model.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { pretrain } from "../../src/microworld/pretrain.ts"
import { recipe } from "../../src/microworld/recipe.ts"
import { documentAt } from "../../src/microworld/corpus.ts"
import { makeWorld } from "../../src/microworld/world.ts"
import { litmus } from "../support/cli.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const small = {
  ...recipe,
  steps: 12,
  batch: 4,
  warmup: 3,
  model: { dModel: 32, nLayers: 1, nHeads: 2, dMlp: 64 },
}
const read = (folder: string, name: string): string => readFileSync(join(root, folder, name), "latin1")

describe("pretraining", () => {
  test("that is cut off goes on from its last state and ends with the same bytes", async () => {
    const options = { threads: 1, stateEvery: 5 }
    await pretrain(small, { folder: join(root, "undisturbed"), ...options })
    const reached: number[] = []
    for (const last of [3, 8, 11]) {
      const task = {
        update(done: number): void {
          reached.push(done)
          if (done === last) throw new Error("cut off")
        },
        end: () => {},
      }
      const folder = join(root, "disturbed")
      await expect(pretrain(small, { folder, ...options, task })).rejects.toThrow("cut off")
      expect(existsSync(join(folder, "model.safetensors"))).toBe(false)
    }
    // From the start, from the start, and from the state after 5 steps.
    expect(reached).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 8, 9, 10, 11])
    await pretrain(small, { folder: join(root, "disturbed"), ...options })
    for (const name of ["model.safetensors", "config.json", "tokenizer.json", "training-log.jsonl"]) {
      expect([name, read("disturbed", name) === read("undisturbed", name)]).toEqual([name, true])
    }
  })

  test("that has ended is not run again", async () => {
    const before = read("undisturbed", "model.safetensors")
    const task = { update: () => expect.unreachable("a step was taken"), end: () => {} }
    await pretrain(small, { folder: join(root, "undisturbed"), threads: 1, task })
    expect(read("undisturbed", "model.safetensors")).toBe(before)
  })

  test("draws its curve, as many points as there are steps", () => {
    const svg = read("undisturbed", "training-curve.svg")
    const [, points] = /polyline points="([^"]*)"/.exec(svg)!
    const heights = points!.split(" ").map((point) => Number(point.split(",")[1]))
    expect(heights).toHaveLength(small.steps)
    // Down on the page is down in the loss.
    expect(heights.at(-1)).toBeGreaterThan(heights[0]!)
    expect(heights.every((y) => y > 0 && y < 300)).toBe(true)
  })

  test("by another recipe does not go on from what is there", async () => {
    const folder = join(root, "undisturbed")
    await expect(pretrain({ ...small, dose: 0 }, { folder, threads: 1 })).rejects.toThrow(
      "belongs to another run",
    )
  })

  test("writes a checkpoint whose tokenizer gives texts back, in bfloat16", async () => {
    const folder = join(root, "undisturbed")
    const model = await openModel(folder, { cache: join(root, "cache") })
    expect(model.bundle.sourceDtypes).toEqual(["BF16"])
    expect(model.endToken).toBe(1)
    const tokenizer = await model.tokenizer()
    expect(tokenizer.vocabSize).toBe(model.bundle.architecture.vocabSize)
    const { text } = documentAt(makeWorld(recipe.world), 0, recipe)
    for (const written of [text, "Ñandú 42, 🎉\n\tand words that nobody in that world says."]) {
      const ids = tokenizer.encode(written)
      expect(ids[0]).toBe(0)
      expect(tokenizer.decode(ids.subarray(1))).toBe(written)
    }
    const file = await openSafetensors(join(folder, "model.safetensors"))
    expect(JSON.parse(file.metadata.recipe!)).toEqual(small)
    await file.close()
  })

  test("refuses a dose that is none, in one line", async () => {
    const { code, stderr } = await litmus(["pretrain", "--dose", "2", "--out", join(root, "none")])
    expect(code).not.toBe(0)
    expect(stderr).toContain("Expected a number from 0 to 1")
    expect(existsSync(join(root, "none"))).toBe(false)
  })
})

// A loss of ln(vocabulary) = 7.2 nats is that of knowing nothing; frequencies of words alone give about 5.
test("npm run pretrain -- --steps 50 learns to predict the text", { timeout: 300_000 }, async () => {
  const folder = join(root, "fifty")
  const args = ["run", "--silent", "pretrain", "--", "--steps", "50", "--out", folder, "--json", "--quiet"]
  const child = spawn("npm", args, {
    cwd: resolve(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  })
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part))
  expect(await once(child, "close")).toEqual([0, null])
  const result = JSON.parse(text) as { steps: number; tokens: number }
  expect(result).toMatchObject({ steps: 50, dose: 1 })
  const losses = readFileSync(join(folder, "training-log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { loss: number }).loss)
  expect(losses).toHaveLength(50)
  expect(losses[0]).toBeGreaterThan(6.5)
  expect(losses.at(-1)).toBeLessThan(4)
})
