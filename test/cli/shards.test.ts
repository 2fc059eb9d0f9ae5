// The tasks of an array job as plain processes: side by side into one cache, and apart into caches that are copied
// together. Either is what one process makes, byte for byte.

import { cpSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { cacheSnapshot } from "../support/cache-snapshot.ts"
import { litmus } from "../support/cli.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { succeed } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const nTasks = 3
let words: string[]

const task = (index: number, cache: string) =>
  litmus([...words, "--cache", cache, "--shard", "auto"], {
    env: {
      SLURM_ARRAY_TASK_ID: String(4 + index),
      SLURM_ARRAY_TASK_MIN: "4",
      SLURM_ARRAY_TASK_MAX: String(3 + nTasks),
      SLURM_ARRAY_TASK_COUNT: String(nTasks),
    },
  })

/** Parts that the command, not sharded, computes in a cache. */
async function madeNow(cache: string): Promise<number> {
  const { stdout } = await succeed([...words, "--cache", cache])
  const results = JSON.parse(stdout) as { partsComputed: number }[]
  return results.reduce((sum, { partsComputed }) => sum + partsComputed, 0)
}

describe("the tasks of an array job", () => {
  let whole: Record<string, string>
  beforeAll(async () => {
    const model = await writeRandomModel(join(root, "model"))
    const data = writeSums(join(root, "data"))
    // Four caches, of which each has a part.
    words = ["extract", "--model", model, "--data", data, "--distribution", "sums,more", "--sites", "final"]
    words.push("--threads", "1", "--quiet", "--json")
    const cache = join(root, "whole")
    await succeed([...words, "--cache", cache])
    whole = cacheSnapshot(cache)
  })

  it("that run side by side into one cache make what one process makes", async () => {
    const cache = join(root, "together")
    const outcomes = await Promise.all(Array.from({ length: nTasks }, (_, index) => task(index, cache)))
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual(outcomes.map(() => [0, ""]))
    expect(await madeNow(cache)).toBe(0)
    expect(cacheSnapshot(cache)).toEqual(whole)
    expect(Object.keys(whole).filter((name) => name.endsWith(".arrow")).length).toBe(4)
  })

  it("that run apart make it when their caches are copied into one", async () => {
    const merged = join(root, "merged")
    let computed = 0
    for (let index = 0; index < nTasks; index++) {
      const cache = join(root, `apart-${index}`)
      const { code, stdout } = await task(index, cache)
      expect(code).toBe(0)
      for (const { partsComputed } of JSON.parse(stdout) as { partsComputed: number }[])
        computed += partsComputed
      cpSync(join(cache, "activations"), join(merged, "activations"), { recursive: true })
    }
    expect(computed).toBe(4)
    expect(await madeNow(merged)).toBe(0)
    expect(cacheSnapshot(merged)).toEqual(whole)
  })

  it("are refused where nothing says which they are", async () => {
    const { code, stderr } = await litmus([...words, "--cache", join(root, "none"), "--shard", "auto"])
    expect(code).not.toBe(0)
    expect(stderr).toContain("neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set")
  })
})
