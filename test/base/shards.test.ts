// Shards: what the flag and a cluster's environment say, and that every part belongs to exactly one.

import { describe, expect, it } from "vitest"
import { random } from "../../src/base/random.ts"
import { inShard, parseShard } from "../../src/base/shards.ts"

/** The environment of one of these tasks, as Slurm sets it: the step is 1 for a list. */
function submitted(task: number, tasks: readonly number[], step = 1): Record<string, string> {
  return {
    SLURM_ARRAY_TASK_ID: String(task),
    SLURM_ARRAY_TASK_MIN: String(Math.min(...tasks)),
    SLURM_ARRAY_TASK_MAX: String(Math.max(...tasks)),
    SLURM_ARRAY_TASK_COUNT: String(tasks.length),
    SLURM_ARRAY_TASK_STEP: String(step),
  }
}

describe("a shard", () => {
  it("is the i-th of n, or what Slurm or Kubernetes say", () => {
    expect(parseShard("1/1", {})).toEqual({ index: 0, count: 1 })
    expect(parseShard("3/8", {})).toEqual({ index: 2, count: 8 })
    const slurm = submitted(12, [10, 11, 12, 13])
    expect(parseShard("auto", slurm)).toEqual({ index: 2, count: 4 })
    expect(parseShard("auto/5", { JOB_COMPLETION_INDEX: "4" })).toEqual({ index: 4, count: 5 })
    // The flag goes before the environment.
    expect(parseShard("1/2", slurm)).toEqual({ index: 0, count: 2 })
  })

  it.each<[string, Record<string, string>, string]>([
    ["0/4", {}, "shard 0/4: expected one of 1 to 4, got 0"],
    ["5/4", {}, "shard 5/4: expected one of 1 to 4, got 5"],
    ["1/0", {}, "shard 1/0: expected one of 1 to 0, got 1"],
    ["half", {}, 'shard: expected i/n, as 2/8, or auto, auto/n, auto/first-last, got "half"'],
    ["-1/4", {}, 'shard: expected i/n, as 2/8, or auto, auto/n, auto/first-last, got "-1/4"'],
    ["auto", {}, "shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"],
    ["auto", { JOB_COMPLETION_INDEX: "0" }, "shard auto: Kubernetes does not say of how many: give auto/n"],
    [
      "auto",
      { SLURM_ARRAY_TASK_ID: "0" },
      "shard auto: SLURM_ARRAY_TASK_COUNT, _MIN and _MAX are not all set: give auto/n",
    ],
    ["auto", { SLURM_ARRAY_TASK_ID: "x" }, 'SLURM_ARRAY_TASK_ID: expected an integer, got "x"'],
    [
      "auto/4",
      { JOB_COMPLETION_INDEX: "4" },
      "shard auto/4: expected tasks 0 to 3, got 4 (JOB_COMPLETION_INDEX): give the numbers of all tasks of the plan",
    ],
    ["auto/0", { JOB_COMPLETION_INDEX: "0" }, "shard auto/0: expected at least one task"],
    ["auto/1-4", { JOB_COMPLETION_INDEX: "0" }, "expected one of the plan's tasks, 1 to 4, got 0"],
    ["auto/4-1", { SLURM_ARRAY_TASK_ID: "1" }, "tasks: expected numbers as for Slurm's --array, 0-7, 0-14:2"],
    ["auto/0-6:0", { SLURM_ARRAY_TASK_ID: "0" }, 'got "0-6:0"'],
    ["auto/1,1-3", { SLURM_ARRAY_TASK_ID: "1" }, 'expected ascending numbers, got 1 late in "1,1-3"'],
  ])("%s with %j is refused", (text, environment, message) => {
    expect(() => parseShard(text, environment)).toThrow(message)
  })

  describe("of a task of an array job is its number's place in the plan", () => {
    // Plan as given to --array, its tasks, and what --shard says.
    const plans: [string, number[]][] = [
      ["auto/8", [0, 1, 2, 3, 4, 5, 6, 7]],
      ["auto/0-7", [0, 1, 2, 3, 4, 5, 6, 7]],
      ["auto/1-8", [1, 2, 3, 4, 5, 6, 7, 8]],
      ["auto/0-14:2", [0, 2, 4, 6, 8, 10, 12, 14]],
      ["auto/5-20:7", [5, 12, 19]],
      ["auto/1,3,7-9", [1, 3, 7, 8, 9]],
    ]

    it.each(plans)("%s, whichever of the tasks are submitted", (text, tasks) => {
      const { integer } = random(0, text)
      const subsets = [tasks, ...tasks.map((task) => [task])]
      for (let k = 0; k < 20; k++) subsets.push(tasks.filter(() => integer(2) === 1))
      for (const subset of subsets) {
        for (const task of subset) {
          const place = { index: tasks.indexOf(task), count: tasks.length }
          expect(parseShard(text, submitted(task, subset))).toEqual(place)
        }
      }
    })

    it("as tasks 2 and 5 of 0-7, submitted again as --array=2,5, are the shares 3/8 and 6/8", () => {
      expect(parseShard("auto/8", submitted(2, [2, 5]))).toEqual({ index: 2, count: 8 })
      expect(parseShard("auto/8", submitted(5, [2, 5]))).toEqual({ index: 5, count: 8 })
    })

    it("and a task that is not in the plan says so", () => {
      const wrong = (text: string, task: number, tasks: number[]) => () =>
        parseShard(text, submitted(task, tasks))
      expect(wrong("auto/0-14:2", 3, [2, 3])).toThrow(
        "shard auto/0-14:2: SLURM_ARRAY_TASK_ID: expected one of the plan's tasks, 0 to 14 by 2, got 3",
      )
      expect(wrong("auto/1-8", 9, [9])).toThrow("expected one of the plan's tasks, 1 to 8, got 9")
      // Every task of 1 to 8 refuses, not only the last.
      for (const task of [1, 4, 8]) {
        expect(wrong("auto/8", task, [1, 2, 3, 4, 5, 6, 7, 8])).toThrow(
          "shard auto/8: expected tasks 0 to 7, got 8 (SLURM_ARRAY_TASK_MAX): give the numbers of all tasks of the plan",
        )
      }
    })

    it("or the place among those submitted, where these are a whole range", () => {
      expect(parseShard("auto", submitted(4, [0, 2, 4, 6], 2))).toEqual({ index: 2, count: 4 })
      expect(() => parseShard("auto", submitted(5, [2, 5]))).toThrow(
        "shard auto: 2 tasks between 2 and 5 were submitted, which do not say what the plan is",
      )
    })
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
