// The null bands of a benchmark: what an intervention reaches on each target when it is fitted on the source with its
// labels shuffled. They stand in files of their own beside the evaluations, and more draws add to those that are there.

import { nullAccuracies } from "../evaluate.ts"
import type { Distribution } from "../../data/index.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import { nullRunOf, type StoredNull } from "../store/null-band.ts"
import { resultsAt, writeNull, type ResultStore } from "../store/results.ts"
import { seedFolder } from "../store/places.ts"
import type { Workbench } from "../workbench/workbench.ts"
import { unlessDamaged, usable } from "./cells.ts"
import type { BenchSpec, Fit } from "./plan.ts"
import { attempt, cellKey, type Run } from "./run-state.ts"

/** Makes the bands of a fit's evaluations that the store has not. */
export async function runNullBand(run: Run, fit: Fit): Promise<void> {
  const { intervention, name, source, seed, targets } = fit
  const { nullDraws = 0 } = run.spec
  const { fitShuffled } = intervention
  if (nullDraws === 0 || !fitShuffled) return
  const bench = run.benches.get(seed)!
  const store = run.stores.get(seed)!
  const { name: model } = run.options
  const evaluationOf = (target: string): StoredEvaluation | undefined => {
    const outcome = run.outcomes.get(cellKey(seed, name, source, target))
    return outcome && "accuracy" in outcome ? outcome : undefined
  }
  const pending = await pendingBands(fit, { store, model, nullDraws, evaluationOf })
  if (pending.length === 0) return
  const what = { ...fit, name: `null band of ${name}`, seeds: [seed] }
  await attempt(run, what, targets, async () => {
    const train = await trainOf(bench, fit)
    if (typeof train === "string") return
    const shuffled = await fitShuffled(bench, train, nullDraws)
    for (const { target, key } of pending) {
      const accuracies = await nullAccuracies(bench, shuffled, await bench.distribution(target, "test"))
      await writeNull(store.folder, { model, intervention: name, source, target }, { run: key, accuracies })
    }
  })
}

/** How many fits on shuffled labels a fit of a benchmark asks for that the store has not. */
export async function countPendingDraws(
  fit: Fit,
  { spec, out, name: model }: { spec: BenchSpec; out: string; name: string },
  held: ReadonlyMap<string, StoredEvaluation>,
): Promise<number> {
  const { nullDraws = 0 } = spec
  if (nullDraws === 0 || !fit.intervention.fitShuffled) return 0
  const store = resultsAt(seedFolder(out, fit.seed, spec.seeds[0]!))
  const evaluationOf = (target: string): StoredEvaluation | undefined => held.get(target)
  const isNew = fit.targets.some((target) => !held.has(target))
  const pending = await pendingBands(fit, { store, model, nullDraws, evaluationOf })
  return isNew || pending.length > 0 ? nullDraws : 0
}

interface Looking {
  readonly store: ResultStore
  readonly model: string
  readonly nullDraws: number
  evaluationOf(target: string): StoredEvaluation | undefined
}

/** The targets that have an evaluation and no band of enough draws beside it. */
async function pendingBands(
  { name, source, targets }: Fit,
  { store, model, nullDraws, evaluationOf }: Looking,
): Promise<{ target: string; key: string }[]> {
  const pending: { target: string; key: string }[] = []
  for (const target of targets) {
    const run = evaluationOf(target)?.run
    if (run === undefined) continue
    const key = nullRunOf(run)
    const known = await unlessDamaged(() => store.nullBand({ model, intervention: name, source, target }))
    if (!isBandOf(known, key, nullDraws)) pending.push({ target, key })
  }
  return pending
}

function isBandOf(known: StoredNull | undefined, key: string, draws: number): boolean {
  return known?.run === key && known.accuracies.length >= draws
}

async function trainOf(bench: Workbench, { source, mixture }: Fit): Promise<Distribution | string> {
  return await usable(() =>
    mixture ? bench.mixture({ source, ...mixture }) : bench.distribution(source, "train"),
  )
}
