// Shards: what the flag and a cluster's environment say, and that every part belongs to exactly one.

import { describe, expect, it } from "vitest"
import { inShard, parseShard } from "../src/shard.ts"

describe("a shard", () => {
  it("is the i-th of n, or what Slurm or Kubernetes say", () => {
    expect(parseShard("1/1", {})).toEqual({ index: 0, count: 1 })
    expect(parseShard("3/8", {})).toEqual({ index: 2, count: 8 })
    const slurm = { SLURM_ARRAY_TASK_ID: "12", SLURM_ARRAY_TASK_MIN: "10", SLURM_ARRAY_TASK_COUNT: "4" }
    expect(parseShard("auto", slurm)).toEqual({ index: 2, count: 4 })
    expect(parseShard("auto/6", slurm)).toEqual({ index: 2, count: 6 })
    expect(parseShard("auto/5", { JOB_COMPLETION_INDEX: "4" })).toEqual({ index: 4, count: 5 })
    // The flag goes before the environment.
    expect(parseShard("1/2", slurm)).toEqual({ index: 0, count: 2 })
  })

  it.each<[string, Record<string, string>, string]>([
    ["0/4", {}, "shard 0/4: expected one of 1 to 4, got 0"],
    ["5/4", {}, "shard 5/4: expected one of 1 to 4, got 5"],
    ["1/0", {}, "shard 1/0: expected one of 1 to 0, got 1"],
    ["half", {}, 'shard: expected i/n, as 2/8, or auto, got "half"'],
    ["-1/4", {}, 'shard: expected i/n, as 2/8, or auto, got "-1/4"'],
    ["auto", {}, "shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"],
    ["auto", { JOB_COMPLETION_INDEX: "0" }, "shard auto: Kubernetes does not say of how many: give auto/n"],
    ["auto", { SLURM_ARRAY_TASK_ID: "0" }, "shard auto: SLURM_ARRAY_TASK_COUNT is not set: give auto/n"],
    ["auto", { SLURM_ARRAY_TASK_ID: "x" }, 'SLURM_ARRAY_TASK_ID: expected an integer, got "x"'],
    ["auto/4", { JOB_COMPLETION_INDEX: "4" }, "shard auto/4: expected one of 1 to 4, got 5"],
  ])("%s with %j is refused", (text, environment, message) => {
    expect(() => parseShard(text, environment)).toThrow(message)
  })

  it("has parts that no other has, and all have them all", () => {
    for (const count of [1, 2, 3, 7]) {
      for (let part = 0; part < 20; part++) {
        const owners = Array.from({ length: count }, (_, index) => inShard({ index, count }, part))
        expect(owners.filter(Boolean).length).toBe(1)
      }
    }
    expect(inShard(undefined, 5)).toBe(true)
  })
})
