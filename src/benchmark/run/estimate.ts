// What a benchmark would cost: what is to be extracted, scored and tuned, in tokens, operations and bytes, and how long
// that takes at the speed of this machine. Nothing is computed but the plans.

import { forecastExtraction } from "../../../activations/extract.ts"
import { positionsName } from "../../../activations/positions.ts"
import type { ProbeNeeds } from "../../../probes/contract/probe.ts"
import type { Distribution } from "../../data/index.ts"
import { UnusableDataError } from "../../base/errors.ts"
import { productSpeed } from "../../graph/product-speed.ts"
import { forecastTuning } from "../../tuning/forecast.ts"
import { forecastLikelihoods } from "../../tuning/likelihood.ts"
import { rowTotals } from "../../rows/packing.ts"
import { planRewards } from "../../tuning/reward-model.ts"
import type { ScoredPart } from "../../tuning/scored-sequences.ts"
import { tunableForm } from "../../tuning/tunable.ts"
import { trainConfig } from "../../tuning/tune.ts"
import type { BenchOptions } from "./run-state.ts"
import { lookUpCells, runOf, unlessDamaged } from "./cells.ts"
import { allInterventions, planBench, type BenchSpec, type Fit } from "./plan.ts"
import { trialSplits } from "./run-trial.ts"
import { countPendingDraws } from "./null-bands.ts"
import { planShard } from "./shards.ts"
import { seedFolder } from "../store/places.ts"
import { resultsAt } from "../store/results.ts"
import { tunedFolder } from "../interventions/tuned.ts"
import { extractingTogether, type Workbench } from "../workbench/workbench.ts"

/** Work of one kind. */
export interface EstimatedWork {
  readonly kind: "activations" | "likelihoods" | "tuning" | "rewards"
  /** Pieces: distributions read, models tuned. */
  readonly pieces: number
  /** Of these, those that the cache has. */
  readonly cached: number
  /** Tokens to run. */
  readonly tokens: number
  /** Floating-point operations, by the planner's cost model. */
  readonly operations: number
  /** Of activations to be kept; of tuned models not counted. */
  readonly bytes: number
}

export interface BenchEstimate {
  readonly fits: number
  readonly trials: number
  readonly evaluations: number
  /** Fits on shuffled labels for null bands. */
  readonly shuffledFits: number
  /** Evaluations that the store has. */
  readonly held: number
  readonly work: readonly EstimatedWork[]
  /** Operations per second of a matrix product, measured now. */
  readonly speed: number
  readonly seconds: number
  readonly bytes: number
}

type Kind = EstimatedWork["kind"]
type Cost = { held: boolean; tokens: number; operations: number; bytes?: number }

/** Estimates a benchmark, or a shard of it, the trials of `--capability best` included. */
export async function estimateBench(
  bench: Workbench,
  spec: BenchSpec,
  { out, name, shard }: Pick<BenchOptions, "out" | "name" | "shard">,
): Promise<BenchEstimate> {
  const known = new Map<string, { kind: Kind; cost: Cost }>()
  const note = async (kind: Kind, key: unknown, forecast: () => Promise<Cost>): Promise<void> => {
    const text = JSON.stringify([kind, key])
    if (known.has(text)) return
    known.set(text, { kind, cost: { held: false, tokens: 0, operations: 0 } })
    try {
      known.set(text, { kind, cost: await forecast() })
    } catch (error) {
      // A distribution of which nothing fits costs nothing.
      if (!(error instanceof UnusableDataError)) throw error
    }
  }
  const recorder = recording(bench, spec, note)
  const plan = planShard(planBench(spec), shard)
  let held = 0
  let evaluations = 0
  let shuffledFits = 0
  for (const fit of plan.fits) {
    const pending = new Map<string, Distribution>()
    let train: Distribution | undefined
    for (const seed of [fit.seed, ...fit.sharedBy]) {
      evaluations += fit.targets.length
      const store = resultsAt(seedFolder(out, seed, spec.seeds[0]!))
      const cells = await lookUpCells({ ...recorder, seed }, fit, { store, model: name })
      held += cells.held.size
      shuffledFits += await countPendingDraws({ ...fit, seed }, { spec, out, name }, cells.held)
      for (const test of cells.pending) pending.set(test.id, test)
      train ??= cells.train
    }
    if (train && pending.size > 0) {
      await forecastFit({ ...recorder, seed: fit.seed }, fit, train, [...pending.values()], note)
    }
  }
  for (const trial of plan.trials) {
    const at = { ...recorder, seed: trial.seed }
    const splits = await unlessDamaged(() => trialSplits(at, trial))
    if (!splits) continue
    const { fit, judge } = splits
    const store = resultsAt(seedFolder(out, trial.seed, spec.seeds[0]!))
    const { intervention, reference: source } = trial
    const known = await unlessDamaged(() =>
      store.trial({ model: name, intervention: intervention.name, source }),
    )
    const made = await runOf(at, intervention, fit, judge)
    if (known?.run !== made) await forecastFit(at, trial, fit, [judge], note)
  }
  const work = sumUp([...known.values()])
  const speed = await productSpeed(bench.threads)
  const operations = work.reduce((sum, one) => sum + one.operations, 0)
  return {
    fits: plan.fits.length,
    trials: plan.trials.length,
    evaluations,
    shuffledFits,
    held,
    work,
    speed,
    seconds: operations / speed,
    bytes: work.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

type Note = (kind: Kind, key: unknown, forecast: () => Promise<Cost>) => Promise<void>

async function forecastFit(
  bench: Workbench,
  { intervention }: Pick<Fit, "intervention">,
  train: Distribution,
  pending: readonly Distribution[],
  note: Note,
): Promise<void> {
  const { tunes: kind, options } = intervention
  if (kind === undefined) {
    // Asked to fit, an intervention says what it reads; what it would read of a target is what it would read of it
    // as a source.
    for (const distribution of [train, ...pending]) {
      await intervention.fit(bench, distribution).catch((error: unknown) => {
        if (!(error instanceof Recorded || error instanceof UnusableDataError)) throw error
      })
    }
    return
  }
  const config = trainConfig(bench.model, kind, options, bench.seed)
  const folder = tunedFolder(bench, kind, train, options)
  await note("tuning", folder, () => forecastTuning(bench.model, train, config, folder))
  const { prefixLength } = tunableForm(bench.model.bundle.architecture, config.tuning)
  for (const test of pending) {
    await note("rewards", [folder, test.id, test.fingerprint], async () => {
      const { plan } = await planRewards(bench.model, test, prefixLength, { end: "always" })
      const { tokens, operations } = rowTotals(plan.rows)
      return { held: false, tokens, operations }
    })
  }
}

/** Thrown where an intervention would begin to compute. */
class Recorded extends Error {}

/** A workbench that notes what it is asked for and gives nothing. */
function recording(bench: Workbench, spec: BenchSpec, note: Note): Workbench {
  const { model, cache } = bench
  const asked = {
    ...bench,
    async activations(of: Distribution, needs: ProbeNeeds): Promise<never> {
      const { stimulus, positions, sites } = needs
      const key = [of.id, of.split, of.fingerprint, stimulus, positionsName(positions), sites]
      await note("activations", key, async () => {
        const { held, summary, ...forecast } = await forecastExtraction(model, of, { cache, ...needs })
        return { held, tokens: held ? 0 : summary.tokensRun, ...forecast }
      })
      throw new Recorded()
    },
    async likelihoods(of: Distribution, part: ScoredPart): Promise<never> {
      const key = [of.id, of.split, of.fingerprint, part]
      await note("likelihoods", key, () => forecastLikelihoods(model, of, { cache, part }))
      throw new Recorded()
    },
  }
  return extractingTogether(
    asked,
    allInterventions(spec).flatMap(({ needs }) => needs ?? []),
  )
}

function sumUp(pieces: readonly { kind: Kind; cost: Cost }[]): EstimatedWork[] {
  const kinds: readonly Kind[] = ["activations", "likelihoods", "tuning", "rewards"]
  return kinds.flatMap((kind) => {
    const costs = pieces.filter((piece) => piece.kind === kind).map(({ cost }) => cost)
    if (costs.length === 0) return []
    const total = (of: (cost: Cost) => number): number => costs.reduce((sum, cost) => sum + of(cost), 0)
    return {
      kind,
      pieces: costs.length,
      cached: costs.filter(({ held }) => held).length,
      tokens: total(({ tokens }) => tokens),
      operations: total(({ operations }) => operations),
      bytes: total(({ bytes = 0 }) => bytes),
    }
  })
}
