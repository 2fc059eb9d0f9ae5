// A fit of a benchmark: which of its evaluations the stores have, and the making of those that they have not.

import type { Distribution } from "../../data/index.ts"
import type { FittedIntervention } from "../interventions/contract.ts"
import { parseEvaluation } from "../store/evaluation.ts"
import { writeEvaluation, writeSkip } from "../store/results.ts"
import { asOfSeed, evaluateCell, lookUpCells, runOf, type FitCells } from "./cells.ts"
import type { Fit } from "./plan.ts"
import { attempt, cellKey, type Run } from "./run-state.ts"

/** Fits, unless the stores of its seeds have all of its evaluations, and scores those that one of them has not. */
export async function runFit(run: Run, fit: Fit): Promise<void> {
  const { intervention, name, source, seed } = fit
  const bench = run.benches.get(seed)!
  const pending = new Map<string, Cell>()
  for (const one of [seed, ...fit.sharedBy]) {
    const found = await lookUpFit(run, { ...fit, seed: one })
    for (const test of found?.pending ?? []) {
      const cell = pending.get(test.id) ?? { train: found!.train!, test, seeds: [] }
      pending.set(test.id, { ...cell, seeds: [...cell.seeds, one] })
    }
  }
  const cells = [...pending.values()]
  const [first] = cells
  if (!first) return
  const all = { ...fit, seeds: [...new Set(cells.flatMap(({ seeds }) => seeds))] }
  const fitted = await attempt(run, all, [...pending.keys()], () => intervention.fit(bench, first.train))
  for (const cell of cells) {
    if (fitted) await scoreCell(run, fit, cell, fitted)
    for (const one of cell.seeds) {
      const outcome = run.outcomes.get(cellKey(one, name, source, cell.test.id))
      if (!outcome || !("skipped" in outcome)) continue
      const key = { model: run.options.name, intervention: name, source, target: cell.test.id }
      const made = await runOf(run.benches.get(one)!, intervention, cell.train, cell.test)
      await writeSkip(run.stores.get(one)!.folder, key, { run: made, reason: outcome.skipped })
    }
  }
}

/** An evaluation that is to be made, for the seeds whose stores have it not. */
interface Cell {
  readonly train: Distribution
  readonly test: Distribution
  readonly seeds: readonly number[]
}

/** Notes what the store of a seed has of a fit, and returns what it has not. */
async function lookUpFit(run: Run, fit: Fit): Promise<Pick<FitCells, "train" | "pending"> | undefined> {
  const { name, source, seed, targets } = fit
  const place = { store: run.stores.get(seed)!, model: run.options.name }
  const all = { ...fit, seeds: [seed] }
  const found = await attempt(run, all, targets, () => lookUpCells(run.benches.get(seed)!, fit, place))
  for (const [target, evaluation] of found?.held ?? []) {
    run.outcomes.set(cellKey(seed, name, source, target), evaluation)
    run.held++
  }
  for (const [target, skipped] of found?.unusable ?? []) {
    run.outcomes.set(cellKey(seed, name, source, target), { skipped })
  }
  return found?.train ? found : undefined
}

async function scoreCell(run: Run, fit: Fit, cell: Cell, fitted: FittedIntervention): Promise<void> {
  const { intervention, name, source } = fit
  const { train, test, seeds } = cell
  const { name: model } = run.options
  const what = { model, source: train, target: test }
  const fields = await attempt(run, { ...fit, seeds }, [test.id], () =>
    evaluateCell(run.benches.get(fit.seed)!, intervention, fitted, what),
  )
  if (!fields) return
  const key = { model, intervention: name, source, target: test.id }
  for (const seed of seeds) {
    const own = await asOfSeed(run.benches.get(seed)!, intervention, fields, what)
    await writeEvaluation(run.stores.get(seed)!.folder, key, own)
    run.outcomes.set(cellKey(seed, name, source, test.id), parseEvaluation(own, `${name} on ${test.id}`))
    run.made++
  }
}
