// Runs a benchmark into a store of results. What the store holds already, made of the same inputs, is not made again; a
// killed run loses at most the evaluation that it was making, and ends in the same store when it is run again.

import { allPairs, clusterByPrompt, contaminationOf, shiftKey, type Shift } from "../../data/index.ts"
import { LitmusError } from "../../base/errors.ts"
import { removeAbandoned } from "../../base/files.ts"
import { usable } from "./cells.ts"
import { allInterventions, planBench, tabledNames, type BenchPlan, type BenchSpec } from "./plan.ts"
import { benchRows } from "./rows.ts"
import { runNullBand } from "./null-bands.ts"
import { runFit } from "./run-fit.ts"
import { cellKey, type BenchFailure, type BenchOptions, type Run } from "./run-state.ts"
import { capabilityBy, runTrial } from "./run-trial.ts"
import { piecesIn, planShard } from "./shards.ts"
import { checkStoreName, seedFolder } from "../store/places.ts"
import { resultsAt, writePrompts, writeSuiteRows } from "../store/results.ts"
import { extractingTogether, type Workbench } from "../workbench/workbench.ts"

/** What a run came to. */
export interface BenchReport {
  /** Evaluations made now, found in the store, and marked as skipped. */
  readonly made: number
  readonly held: number
  readonly skipped: number
  /** Why cells were skipped, each reason once, with the number of cells. */
  readonly reasons: readonly { readonly reason: string; readonly cells: number }[]
  readonly failures: readonly BenchFailure[]
}

/**
 * Runs a benchmark.
 *
 * Examples are selected by the bench's own seed: further seeds vary the pairs fitted on, splits and initialisation.
 *
 * @throws {LitmusError} if the store cannot be written, or nothing came of any fit
 */
export async function runBench(
  bench: Workbench,
  spec: BenchSpec,
  options: BenchOptions,
): Promise<BenchReport> {
  checkStoreName("model", options.name)
  checkStoreName("suite", spec.suite)
  const needs = allInterventions(spec).flatMap((one) => one.needs ?? [])
  const together = extractingTogether(bench, needs)
  const [first = bench.seed] = spec.seeds
  const run: Run = {
    spec,
    options,
    benches: new Map(spec.seeds.map((seed) => [seed, { ...together, seed }])),
    stores: new Map(spec.seeds.map((seed) => [seed, resultsAt(seedFolder(options.out, seed, first))])),
    outcomes: new Map(),
    trials: new Map(),
    failures: [],
    made: 0,
    held: 0,
  }
  await removeAbandoned(options.out)
  const plan = planShard(planBench(spec), options.shard)
  await lookUp(run, plan)
  const task = options.progress?.task(`benchmark ${spec.suite}`, "fits")
  const pieces = piecesIn(plan)
  let done = 0
  const advance = (): void => task?.update(done++, pieces)
  try {
    advance()
    for (const fit of plan.fits) {
      await runFit(run, fit)
      await runNullBand(run, fit)
      advance()
    }
    for (const trial of plan.trials) await runTrial(run, trial).then(advance)
  } finally {
    task?.end()
  }
  if (run.outcomes.size === 0 && run.failures.length > 0) throw new LitmusError(run.failures[0]!.error)
  if (options.shard === undefined) await writeTables(run)
  return reportOf(run)
}

/** Everything is looked up before anything is computed; the prompts of the pairs are written on the way. */
async function lookUp({ spec, options, benches, stores }: Run, plan: BenchPlan): Promise<void> {
  const [bench] = benches.values()
  const { trained, tested } = options.shard === undefined ? readBy(spec) : readByShard(plan)
  for (const id of new Set(trained)) await usable(() => bench!.distribution(id, "train"))
  for (const id of new Set(tested)) {
    const test = await usable(() => bench!.distribution(id, "test"))
    // An empty split has no pairs; its shifts are marked as skipped.
    if (typeof test === "string") continue
    const { examples } = test
    const clusters = clusterByPrompt(examples)
    const promptOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
    const prompts = allPairs(examples).map(({ example }) => promptOf.get(example)!)
    for (const { folder } of stores.values()) await writePrompts(folder, id, prompts)
  }
}

/** The distributions whose splits a benchmark reads. */
function readBy({ shifts, mixTarget }: BenchSpec): { trained: string[]; tested: string[] } {
  return {
    trained: shifts.flatMap(({ source, target, targetReference }) =>
      mixTarget === undefined ? [source, targetReference] : [source, targetReference, target],
    ),
    tested: shifts.flatMap(({ source, target, targetReference }) => [source, target, targetReference]),
  }
}

/** Those that a shard of it reads. */
function readByShard({ fits }: BenchPlan): { trained: string[]; tested: string[] } {
  return {
    trained: fits.flatMap(({ source, mixture }) => (mixture ? [source, mixture.target] : [source])),
    tested: fits.flatMap(({ targets }) => targets),
  }
}

/** Writes the table of every intervention; those that only measure a capability have none. */
async function writeTables(run: Run): Promise<void> {
  const { spec, options } = run
  const { shifts, suite } = spec
  for (const [seed, bench] of run.benches) {
    const ofSources = await contaminations(bench, shifts)
    const ofMixtures = await contaminations(bench, shifts, spec.mixTarget)
    for (const name of tabledNames(spec)) {
      const isReference = spec.references.some((reference) => reference.name === name)
      const contamination = isReference ? ofSources : ofMixtures
      const { rows, skipped } = benchRows(name, shifts, {
        cell: (intervention, source, target) => run.outcomes.get(cellKey(seed, intervention, source, target)),
        capabilityBy: (reference) => capabilityBy(run, seed, reference),
        candidates: chosenFrom(spec),
        contamination: (shift) => contamination.get(shiftKey(shift)),
      })
      if (rows.length + skipped.length === 0) continue
      const { folder } = run.stores.get(seed)!
      await writeSuiteRows(folder, { model: options.name, intervention: name, suite }, rows, skipped)
    }
  }
}

function chosenFrom({ capability: { by, candidates } }: BenchSpec): string[] | undefined {
  return by === "best" ? candidates.map(({ name }) => name) : undefined
}

/** Of every shift that has both splits, by its key: that of the source, or of its mixture with the target. */
async function contaminations(
  bench: Workbench,
  shifts: readonly Shift[],
  share?: number,
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const shift of shifts) {
    const { source, target } = shift
    const train = await usable(() =>
      share === undefined ? bench.distribution(source, "train") : bench.mixture({ source, target, share }),
    )
    const test = await usable(() => bench.distribution(target, "test"))
    if (typeof train === "string" || typeof test === "string") continue
    found.set(shiftKey(shift), contaminationOf(train, test))
  }
  return found
}

function reportOf({ outcomes, failures, made, held }: Run): BenchReport {
  const reasons = new Map<string, number>()
  for (const outcome of outcomes.values()) {
    if ("skipped" in outcome) reasons.set(outcome.skipped, (reasons.get(outcome.skipped) ?? 0) + 1)
  }
  return {
    made,
    held,
    skipped: [...reasons.values()].reduce((sum, cells) => sum + cells, 0),
    reasons: [...reasons].map(([reason, cells]) => ({ reason, cells })),
    failures,
  }
}
