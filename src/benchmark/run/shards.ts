// The shards of a benchmark: which machine does what of the plan. A part is all that is fitted on one source with one seed,
// so that what is read of the source, and tuned on it, serves the whole part. By a rough cost, in which a split that a
// machine reads anyhow counts nothing, parts go where they cost least, as long as no machine has more than its share:
// sources that are tested on the same targets, and the seeds of a source, come together.

import type { Shard } from "../../base/shards.ts"
import type { BenchPlan, Fit, Trial } from "./plan.ts"

/** All that is fitted on one source with one seed. */
interface Part {
  readonly fits: Fit[]
  readonly trials: Trial[]
  /** Splits that are read: the training splits, and the test splits of the targets. */
  readonly reads: Set<string>
  /** Models that are tuned, for the trials too. */
  tuned: number
}

// Reading a split counts 1. Tuning runs some 1,600 pairs forward and backward; a split has a few hundred.
const tuningCost = 10

/**
 * What of a plan a shard does, in the plan's order. It depends on the plan alone; the shards of a count have every fit and
 * trial once.
 */
export function planShard(plan: BenchPlan, shard: Shard | undefined): BenchPlan {
  if (shard === undefined) return plan
  const own = new Set(divide(partsOf(plan), shard.count)[shard.index]!.flatMap(piecesOf))
  return {
    fits: plan.fits.filter((fit) => own.has(fit)),
    trials: plan.trials.filter((trial) => own.has(trial)),
  }
}

/** How many shards a plan can be divided into without one that has nothing to do. */
export function countParts(plan: BenchPlan): number {
  return partsOf(plan).length
}

/** Fits and trials. */
export function piecesIn({ fits, trials }: BenchPlan): number {
  return fits.length + trials.length
}

function piecesOf({ fits, trials }: Part): (Fit | Trial)[] {
  return [...fits, ...trials]
}

function partsOf({ fits, trials }: BenchPlan): Part[] {
  const parts = new Map<string, Part>()
  const partOf = (source: string, seed: number): Part => {
    const key = `${seed} ${source}`
    const part = parts.get(key) ?? { fits: [], trials: [], reads: new Set<string>(), tuned: 0 }
    parts.set(key, part)
    return part
  }
  for (const fit of fits) {
    const { source, seed, mixture, targets, intervention } = fit
    const part = partOf(source, seed)
    part.fits.push(fit)
    part.reads.add(`${source} train ${mixture ? `${mixture.target} ${mixture.share}` : ""}`)
    for (const target of targets) part.reads.add(`${target} test`)
    if (intervention.tunes !== undefined) part.tuned++
  }
  for (const trial of trials) {
    const part = partOf(trial.reference, trial.seed)
    part.trials.push(trial)
    if (trial.intervention.tunes !== undefined) part.tuned++
  }
  return [...parts.values()]
}

/** The costliest first, each where it costs least within the share, or ends soonest; the first of equals. */
function divide(parts: readonly Part[], count: number): Part[][] {
  const share = costOf(parts, new Set()) / count
  const shards = Array.from({ length: count }, () => ({
    parts: [] as Part[],
    reads: new Set<string>(),
    cost: 0,
  }))
  const alone = new Map(parts.map((part) => [part, costOf([part], new Set())]))
  for (const part of parts.toSorted((a, b) => alone.get(b)! - alone.get(a)!)) {
    const places = shards.map((shard) => {
      const added = costOf([part], shard.reads)
      return { shard, added, end: shard.cost + added }
    })
    const within = places.filter(({ end }) => end <= share)
    const { shard, end } =
      within.length > 0
        ? least(within, (a, b) => a.added - b.added || a.end - b.end)
        : least(places, (a, b) => a.end - b.end)
    shard.parts.push(part)
    shard.cost = end
    for (const split of part.reads) shard.reads.add(split)
  }
  return shards.map((shard) => shard.parts)
}

function costOf(parts: readonly Part[], known: ReadonlySet<string>): number {
  const reads = new Set(parts.flatMap((part) => [...part.reads]))
  const tuned = parts.reduce((sum, part) => sum + part.tuned, 0)
  return [...reads].filter((split) => !known.has(split)).length + tuned * tuningCost
}

function least<T>(values: readonly T[], compare: (a: T, b: T) => number): T {
  return values.reduce((a, b) => (compare(b, a) < 0 ? b : a))
}
