// A share of a plan for one machine of several. A shard is whole parts of the one plan, so that all shards' parts together
// are those of a single run, byte for byte.
//
// A task of an array job computes the share of its number's place in the plan, whatever other tasks are submitted with it:
// a job that is submitted again for two lost tasks gives them the shares that they had.

import { LitmusError } from "./errors.ts"

export interface Shard {
  /** From 0. */
  readonly index: number
  readonly count: number
}

/** The numbers `first`, `first + step`, … of tasks, up to `last`. */
interface TaskRange {
  readonly first: number
  readonly last: number
  readonly step: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a shard: `2/8`, the second of eight; or, in a task of an array job, `auto/` and the plan's tasks.
 *
 * - `auto/8`: tasks 0 to 7, as Kubernetes numbers an indexed Job's and `litmus submit` Slurm's
 * - `auto/1-8`, `auto/0-14:2`, `auto/1,3,7-9`: Slurm's tasks of these numbers, written as for `--array`
 * - `auto`: the tasks of Slurm's array as it was submitted
 *
 * @throws {LitmusError} for anything else, for a task that is not in the plan, and where the environment does not say which
 *   task this is
 */
export function parseShard(text: string, environment: Environment = process.env): Shard {
  const given = /^(\d+)\/(\d+)$/.exec(text)
  if (given) {
    const [index, count] = [Number(given[1]) - 1, Number(given[2])]
    if (index >= 0 && index < count) return { index, count }
    throw new LitmusError(`shard ${text}: expected one of 1 to ${count}, got ${index + 1}`)
  }
  const match = /^auto(?:\/(.+))?$/.exec(text)
  if (!match) {
    throw new LitmusError(
      `shard: expected i/n, as 2/8, or auto, auto/n, auto/first-last, got ${JSON.stringify(text)}`,
    )
  }
  const [, plan] = match
  const { task, name, last } = taskOf(environment)
  if (plan === undefined) return shardOf(task, submittedPlan(environment), `shard auto: ${name}`)
  if (!/^\d+$/.test(plan)) return shardOf(task, parseTasks(plan), `shard ${text}: ${name}`)
  const count = Number(plan)
  const most = last ?? task
  if (most < count) return { index: task, count }
  // Tasks 1 to 8 would else be taken for 1 to 7 of 0 to 7, and only the last would fail.
  throw new LitmusError(
    count === 0
      ? `shard ${text}: expected at least one task`
      : `shard ${text}: expected tasks 0 to ${count - 1}, got ${most} (${last === undefined ? name : "SLURM_ARRAY_TASK_MAX"}): ` +
          "give the numbers of all tasks of the plan, as auto/1-8",
  )
}

/** How many tasks a plan has that is written as for Slurm's `--array`: `0-7`, `0-14:2`, `1,3,7-9`. */
export function countTasks(plan: string): number {
  return countOf(parseTasks(plan))
}

/** The number of this task, the variable that says it, and the largest number that was submitted, where that is known. */
function taskOf(environment: Environment): { task: number; name: string; last?: number } {
  for (const name of ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] as const) {
    const task = readNumber(environment, name)
    if (task === undefined) continue
    const last = name === "SLURM_ARRAY_TASK_ID" ? readNumber(environment, "SLURM_ARRAY_TASK_MAX") : undefined
    return { task, name, ...(last === undefined ? {} : { last }) }
  }
  throw new LitmusError(
    "shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: give i/n, as 2/8",
  )
}

/** The tasks that Slurm says were submitted, if they are a whole range: of a list it does not say which they are. */
function submittedPlan(environment: Environment): TaskRange[] {
  if (readNumber(environment, "SLURM_ARRAY_TASK_ID") === undefined) {
    throw new LitmusError("shard auto: Kubernetes does not say of how many: give auto/n")
  }
  const [count, first, last, step = 1] = ["COUNT", "MIN", "MAX", "STEP"].map((name) =>
    readNumber(environment, `SLURM_ARRAY_TASK_${name}`),
  )
  if (count === undefined || first === undefined || last === undefined) {
    throw new LitmusError("shard auto: SLURM_ARRAY_TASK_COUNT, _MIN and _MAX are not all set: give auto/n")
  }
  const range = { first, last, step }
  if (countOf([range]) === count) return [range]
  throw new LitmusError(
    `shard auto: ${count} tasks between ${first} and ${last} were submitted, which do not say what the plan is: ` +
      "give the numbers of all its tasks, as auto/0-7",
  )
}

function readNumber(environment: Environment, name: string): number | undefined {
  const text = environment[name]
  if (text === undefined || text === "") return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new LitmusError(`${name}: expected an integer, got ${JSON.stringify(text)}`)
}

/** Reads the numbers of tasks; they ascend, so that each is there once. */
function parseTasks(text: string): TaskRange[] {
  const ranges = text.split(",").map((part): TaskRange => {
    const [, first, last = first, step = "1"] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? []
    const range = { first: Number(first), last: Number(last), step: Number(step) }
    if (range.first <= range.last && range.step >= 1 && Number.isSafeInteger(range.last)) return range
    throw new LitmusError(
      `tasks: expected numbers as for Slurm's --array, 0-7, 0-14:2 or 1,3,7-9, got ${JSON.stringify(text)}`,
    )
  })
  const turn = ranges.find(({ first }, k) => k > 0 && first <= ranges[k - 1]!.last)
  if (!turn) return ranges
  throw new LitmusError(
    `tasks: expected ascending numbers, got ${turn.first} late in ${JSON.stringify(text)}`,
  )
}

function shardOf(task: number, plan: readonly TaskRange[], what: string): Shard {
  let before = 0
  for (const range of plan) {
    const { first, last, step } = range
    if (task >= first && task <= last && (task - first) % step === 0) {
      return { index: before + (task - first) / step, count: countOf(plan) }
    }
    before += countOf([range])
  }
  const tasks = plan.map(({ first, last, step }) => `${first} to ${last}${step > 1 ? ` by ${step}` : ""}`)
  throw new LitmusError(`${what}: expected one of the plan's tasks, ${tasks.join(", ")}, got ${task}`)
}

function countOf(plan: readonly TaskRange[]): number {
  return plan.reduce((sum, { first, last, step }) => sum + Math.floor((last - first) / step) + 1, 0)
}

/** Whether the k-th of a plan's parts belongs to a shard; without one, every part does. */
export function inShard(shard: Shard | undefined, k: number): boolean {
  return shard === undefined || k % shard.count === shard.index
}
