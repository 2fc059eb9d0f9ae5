// Runs a benchmark into a store of results. What the store holds already, made of the same inputs, is not made again; a
// killed run loses at most the evaluation that it was making, and ends in the same store when it is run again.

import {
  allPairs,
  clusterByPrompt,
  contaminationOf,
  keepExamples,
  shiftKey,
  splitByPrompt,
  type Distribution,
  type Shift,
} from "../../data/index.ts"
import { LitmusError, messageOf, UnusableDataError } from "../../base/errors.ts"
import { removeAbandoned } from "../../base/files.ts"
import { pairAccuracy } from "../../metrics/index.ts"
import type { Progress } from "../../base/progress.ts"
import type { Shard } from "../../base/shards.ts"
import { comesOfInputOrOutput, evaluateCell, lookUpCells, runOf, usable } from "./cells.ts"
import {
  allInterventions,
  planBench,
  tabledNames,
  type BenchPlan,
  type BenchSpec,
  type Fit,
  type Trial,
} from "./plan.ts"
import { benchRows, type CellOutcome } from "./rows.ts"
import { piecesIn, planShard } from "./shards.ts"
import type { FittedIntervention } from "../interventions/contract.ts"
import { parseEvaluation } from "../store/evaluation.ts"
import { checkStoreName, seedFolder } from "../store/places.ts"
import {
  resultsAt,
  writeEvaluation,
  writePrompts,
  writeSkip,
  writeSuiteRows,
  writeTrial,
  type ResultStore,
} from "../store/results.ts"
import { extractingTogether, type Workbench } from "../workbench/workbench.ts"

/** Something that could not be done, and whose cells are missing in the store. */
export interface BenchFailure {
  readonly what: string
  readonly error: string
}

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
interface Run {
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
    for (const fit of plan.fits) await runFit(run, fit).then(advance)
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

/** Fits, unless the store has all of its evaluations, and scores those that it has not. */
async function runFit(run: Run, fit: Fit): Promise<void> {
  const { intervention, name, source, seed, targets } = fit
  const bench = run.benches.get(seed)!
  const store = run.stores.get(seed)!
  const { name: model } = run.options
  const cells = await attempt(run, fit, targets, () => lookUpCells(bench, fit, { store, model }))
  if (!cells) return
  const { train, pending, held, unusable } = cells
  for (const [target, evaluation] of held) {
    run.outcomes.set(cellKey(seed, name, source, target), evaluation)
    run.held++
  }
  for (const [target, skipped] of unusable) {
    run.outcomes.set(cellKey(seed, name, source, target), { skipped })
  }
  if (!train || pending.length === 0) return
  const ids = pending.map(({ id }) => id)
  const fitted = await attempt(run, fit, ids, () => intervention.fit(bench, train))
  for (const test of pending) {
    if (fitted) await scoreTarget(run, fit, { bench, store, train, test, fitted })
    const outcome = run.outcomes.get(cellKey(seed, name, source, test.id))
    if (!outcome || !("skipped" in outcome)) continue
    const key = { model, intervention: name, source, target: test.id }
    const made = await runOf(bench, intervention, train, test)
    await writeSkip(store.folder, key, { run: made, reason: outcome.skipped })
  }
}

async function scoreTarget(
  run: Run,
  fit: Fit,
  {
    bench,
    store,
    train,
    test,
    fitted,
  }: {
    bench: Workbench
    store: ResultStore
    train: Distribution
    test: Distribution
    fitted: FittedIntervention
  },
): Promise<void> {
  const { intervention, name, source, seed } = fit
  const { name: model } = run.options
  const fields = await attempt(run, fit, [test.id], () =>
    evaluateCell(bench, intervention, fitted, { model, source: train, target: test }),
  )
  if (!fields) return
  const key = { model, intervention: name, source, target: test.id }
  await writeEvaluation(store.folder, key, fields)
  const evaluation = parseEvaluation(fields, `${name} on ${test.id}`)
  run.outcomes.set(cellKey(seed, name, source, test.id), evaluation)
  run.made++
}

/**
 * Does a part of a fit. Where the data cannot be used the targets are marked as skipped; another error that is no
 * fault of the disk is noted, and the others go on.
 */
async function attempt<T>(
  run: Run,
  { name, source, seed }: Pick<Fit, "name" | "source" | "seed">,
  targets: readonly string[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableDataError) {
      for (const target of targets) {
        run.outcomes.set(cellKey(seed, name, source, target), { skipped: error.message })
      }
      return undefined
    }
    if (!(error instanceof LitmusError) || comesOfInputOrOutput(error)) throw error
    const where = targets.length > 0 ? `${source} → ${targets.join(", ")}` : `held-out data of ${source}`
    run.failures.push({ what: `${name}, ${where}, seed ${seed}`, error: messageOf(error) })
    return undefined
  }
}

/** Judges a candidate for the capability on the part of a reference's training split that it was not fitted on. */
async function runTrial(run: Run, { intervention, reference, seed }: Trial): Promise<void> {
  const bench = run.benches.get(seed)!
  const store = run.stores.get(seed)!
  const what = { name: intervention.name, source: reference, seed }
  await attempt(run, what, [], async () => {
    const train = await bench.distribution(reference, "train")
    const [kept, heldOut] = splitByPrompt(train.examples, { seed }).map((examples) =>
      keepExamples(train, new Set(examples.map(({ index }) => index))),
    ) as [Distribution, Distribution]
    const key = { model: run.options.name, intervention: intervention.name, source: reference }
    const made = await runOf(bench, intervention, kept, heldOut)
    let trial = await store.trial(key)
    if (trial?.run !== made) {
      const fitted = await intervention.fit(bench, kept)
      const { logits, pairs } = await fitted.score(bench, heldOut, allPairs(heldOut.examples))
      if (pairs.length === 0) return
      trial = { run: made, accuracy: pairAccuracy(logits), pairs: pairs.length }
      await writeTrial(store.folder, key, trial)
    }
    run.trials.set(`${seed} ${reference} ${intervention.name}`, trial.accuracy)
  })
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
        contamination: (shift) => contamination.get(shiftKey(shift)),
      })
      if (rows.length + skipped.length === 0) continue
      const { folder } = run.stores.get(seed)!
      await writeSuiteRows(folder, { model: options.name, intervention: name, suite }, rows, skipped)
    }
  }
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

/** LoRA, or the candidate that did best on held-out data; the first of equals. */
function capabilityBy({ spec, trials }: Run, seed: number, reference: string): string | undefined {
  const { by, candidates } = spec.capability
  if (by === "lora") return "lora"
  const judged = candidates.flatMap(({ name }) => {
    const accuracy = trials.get(`${seed} ${reference} ${name}`)
    return accuracy === undefined ? [] : [{ name, accuracy }]
  })
  const best = Math.max(...judged.map(({ accuracy }) => accuracy))
  return judged.find(({ accuracy }) => accuracy === best)?.name
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

function cellKey(seed: number, intervention: string, source: string, target: string): string {
  return `${seed} ${intervention} ${source} ${target}`
}
