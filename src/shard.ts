// A share of a plan for one machine of several. A shard is whole parts of the one plan, so that all shards' parts together
// are those of a single run, byte for byte.

import { LitmusError } from "./errors.ts"

export interface Shard {
  /** From 0. */
  readonly index: number
  readonly count: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a shard: `2/8` (the second of eight), `auto` (what Slurm's array says), or `auto/8` (the place in Slurm's array or
 * in a Kubernetes indexed Job, of eight).
 *
 * @throws {LitmusError} for anything else, and for `auto` where the environment does not say
 */
export function parseShard(text: string, environment: Environment = process.env): Shard {
  const match = /^(?:(\d+)\/(\d+)|auto(?:\/(\d+))?)$/.exec(text)
  if (!match) throw new LitmusError(`shard: expected i/n, as 2/8, or auto, got ${JSON.stringify(text)}`)
  const [, place, of, total] = match
  if (place !== undefined) return checked({ index: Number(place) - 1, count: Number(of) }, text)
  return checked(fromEnvironment(total === undefined ? undefined : Number(total), environment), text)
}

function fromEnvironment(count: number | undefined, environment: Environment): Shard {
  const read = (name: string): number | undefined => {
    const text = environment[name]
    if (text === undefined || text === "") return undefined
    if (/^\d+$/.test(text)) return Number(text)
    throw new LitmusError(`${name}: expected an integer, got ${JSON.stringify(text)}`)
  }
  const task = read("SLURM_ARRAY_TASK_ID")
  if (task !== undefined) {
    const index = task - (read("SLURM_ARRAY_TASK_MIN") ?? 0)
    const all = count ?? read("SLURM_ARRAY_TASK_COUNT")
    if (all !== undefined) return { index, count: all }
    throw new LitmusError("shard auto: SLURM_ARRAY_TASK_COUNT is not set: give auto/n")
  }
  const completion = read("JOB_COMPLETION_INDEX")
  if (completion === undefined) {
    throw new LitmusError(
      "shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: give i/n, as 2/8",
    )
  }
  if (count !== undefined) return { index: completion, count }
  throw new LitmusError("shard auto: Kubernetes does not say of how many: give auto/n")
}

function checked({ index, count }: Shard, text: string): Shard {
  if (count >= 1 && index >= 0 && index < count) return { index, count }
  throw new LitmusError(`shard ${text}: expected one of 1 to ${count}, got ${index + 1}`)
}

/** Whether the k-th of a plan's parts belongs to a shard; without one, every part does. */
export function inShard(shard: Shard | undefined, k: number): boolean {
  return shard === undefined || k % shard.count === shard.index
}
