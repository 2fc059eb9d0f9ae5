// What a run of a benchmark has come to so far, and how a part of it that cannot be done is noted.

import { FileError, LitmusError, messageOf, UnusableDataError } from "../../base/errors.ts"
import type { Progress } from "../../base/progress.ts"
import type { Shard } from "../../base/shards.ts"
import type { ResultStore } from "../store/results.ts"
import type { Workbench } from "../workbench/workbench.ts"
import type { BenchSpec, Fit } from "./plan.ts"
import type { CellOutcome } from "./rows.ts"

/** Something that could not be done, and whose cells are missing in the store. */
export interface BenchFailure {
  readonly what: string
  readonly error: string
}

export interface BenchOptions {
  /** The store's folder. */
  readonly out: string
  /** The model's name in the store. */
  readonly name: string
  /**
   * Do this share of the plan alone, and write no tables: the stores of all shards copied into one folder, or a store that
   * they share, are one run's once a run without it has written them.
   */
  readonly shard?: Shard | undefined
  readonly progress?: Progress | undefined
}

/** State of one run. */
export interface Run {
  readonly spec: BenchSpec
  readonly options: BenchOptions
  /** Of each seed. */
  readonly benches: ReadonlyMap<number, Workbench>
  readonly stores: ReadonlyMap<number, ResultStore>
  readonly outcomes: Map<string, CellOutcome>
  readonly trials: Map<string, number>
  readonly failures: BenchFailure[]
  made: number
  held: number
}

/**
 * Does a part of a fit. Where the data cannot be used the targets are marked as skipped; another error that is no
 * fault of the disk is noted, and the others go on.
 */
export async function attempt<T>(
  run: Run,
  { name, source, seeds }: Pick<Fit, "name" | "source"> & { readonly seeds: readonly number[] },
  targets: readonly string[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableDataError) {
      for (const seed of seeds) {
        for (const target of targets) {
          run.outcomes.set(cellKey(seed, name, source, target), { skipped: error.message })
        }
      }
      return undefined
    }
    if (!(error instanceof LitmusError) || error instanceof FileError) throw error
    const where = targets.length > 0 ? `${source} → ${targets.join(", ")}` : `held-out data of ${source}`
    const of = `${seeds.length > 1 ? "seeds" : "seed"} ${seeds.join(", ")}`
    run.failures.push({ what: `${name}, ${where}, ${of}`, error: messageOf(error) })
    return undefined
  }
}

/** Names a cell among the outcomes of a run. */
export function cellKey(seed: number, intervention: string, source: string, target: string): string {
  return `${seed} ${intervention} ${source} ${target}`
}
