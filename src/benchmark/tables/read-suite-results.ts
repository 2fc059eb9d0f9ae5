// Reading what a store (or the published tables) holds for the shifts of a suite.

import { basename } from "node:path"
import { shiftKey, type Shift, type View } from "../../data/index.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import { publishedRows } from "../store/published.ts"
import type { ResultStore } from "../store/results.ts"
import type { SkippedRow, SuiteRow } from "../store/suite-rows.ts"
import { averageOverSeeds } from "./average-seeds.ts"
import { withheldBecause } from "./capability.ts"
import { resultsOf, type ReadEvaluation, type ReadNull, type Rows, type Skipped } from "./shift-results.ts"
import type { InterventionResults, SeedResult, ShiftResult, SuiteResults } from "./suite-results.ts"

/**
 * Reads the results of a suite.
 *
 * @param suite - its name, whose table is preferred where several tables have a shift
 * @param shifts - its shifts in the view
 * @param from.store - a store; from.published - names of models whose published tables are wanted beside it
 */
export async function readSuiteResults(
  { suite, shifts, view }: { suite: string; shifts: readonly Shift[]; view: View },
  { store, published = [] }: { store?: ResultStore | undefined; published?: readonly string[] },
): Promise<SuiteResults> {
  const results: InterventionResults[] = []
  const seeds = store ? [store, ...(await store.seeds())] : []
  for (const model of (await store?.models()) ?? []) {
    const bySeed: InterventionResults[][] = []
    for (const [k, one] of seeds.entries()) {
      const { rows, skipped } = await rowsOfModel(one, model, suite)
      const evaluation = memoized(one, model)
      const nullBand: ReadNull = (key) => one.nullBand({ ...key, model })
      const seed = k === 0 ? undefined : Number(basename(one.folder))
      const from = { rows, skipped, evaluation, nullBand }
      bySeed.push(await resultsOf({ model, published: false, seed, shifts, view, ...from }))
    }
    results.push(...averageOverSeeds(bySeed))
  }
  for (const model of published) {
    const rows = new Map(
      [...(await publishedRows(model))].map(([name, list]) => [
        name,
        new Map(list.map((row) => [shiftKey(row), row])),
      ]),
    )
    const evaluation = async (): Promise<undefined> => undefined
    const skipped = new Map<string, never>()
    results.push(...(await resultsOf({ model, published: true, rows, skipped, shifts, view, evaluation })))
  }
  const prompts = new Map<string, readonly number[]>()
  for (const id of new Set(shifts.flatMap(({ target, targetReference }) => [target, targetReference]))) {
    const known = await store?.prompts(id)
    if (known) prompts.set(id, known)
  }
  return { suite, view, shifts, results: results.map((row) => withheldIn(row, prompts)), prompts }
}

/**
 * Marks where the capability is none to divide by: a shift as a whole, where any seed's is. An average over the seeds that
 * happened to learn would be one over a favourable choice. What a model gets right that learned nothing is no condition
 * either: where LoRA on the target did not learn, conditional elicitation is not known.
 */
function withheldIn(row: InterventionResults, prompts: SuiteResults["prompts"]): InterventionResults {
  const mark = (result: ShiftResult): ShiftResult => {
    const known = prompts.get(result.shift.targetReference)
    const why = result.bySeed
      .map(({ capability, evaluations }) =>
        capability === undefined ? undefined : withheldBecause(capability, evaluations.capability, known),
      )
      .find((reason) => reason !== undefined)
    const isUntuned = result.bySeed.some(({ evaluations: { targetTuned } }) => {
      return targetTuned && withheldBecause(targetTuned.accuracy, targetTuned, known) !== undefined
    })
    const bySeed = result.bySeed.map((seed) => ({
      ...seed,
      ...(why === undefined ? {} : { withheld: why }),
      evaluations: isUntuned ? withoutTuned(seed.evaluations) : seed.evaluations,
    }))
    return { ...result, bySeed }
  }
  return { ...row, shifts: row.shifts.map((shift) => shift && mark(shift)) }
}

function withoutTuned(evaluations: SeedResult["evaluations"]): SeedResult["evaluations"] {
  const { targetTuned: _, ...others } = evaluations
  return others
}

/** Rows by intervention and shift, from all tables; the suite's own table has the last word. */
async function rowsOfModel(
  store: ResultStore,
  model: string,
  suite: string,
): Promise<{ rows: Rows; skipped: Skipped }> {
  const rows = new Map<string, Map<string, SuiteRow>>()
  const skipped = new Map<string, SkippedRow[]>()
  for (const intervention of await store.interventions(model)) {
    const suites = await store.suites(model, intervention)
    const ordered = [...suites.filter((name) => name !== suite), ...suites.filter((name) => name === suite)]
    const ofShift = new Map<string, SuiteRow>()
    for (const name of ordered) {
      for (const row of await store.suiteRows(model, intervention, name)) ofShift.set(shiftKey(row), row)
      const reasons = await store.skippedRows(model, intervention, name)
      skipped.set(intervention, [...(skipped.get(intervention) ?? []), ...reasons])
    }
    rows.set(intervention, ofShift)
  }
  return { rows, skipped }
}

function memoized(store: ResultStore, model: string): ReadEvaluation {
  const known = new Map<string, Promise<StoredEvaluation | undefined>>()
  return (intervention, source, target) => {
    if (intervention === "") return Promise.resolve(undefined)
    const key = `${intervention} ${source} ${target}`
    const promise = known.get(key) ?? store.evaluation({ model, intervention, source, target })
    known.set(key, promise)
    return promise
  }
}
