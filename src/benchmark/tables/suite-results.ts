// What a store (or the published tables) holds for the shifts of a suite, read in a view.

import { basename } from "node:path"
import { shiftKey, turnsLabels, type Shift, type View } from "../../data/index.ts"
import { withheldBecause } from "./capability.ts"
import { publishedRows } from "../store/published.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import type { ResultStore } from "../store/results.ts"
import { areOfSameExamples } from "../store/evaluation.ts"
import { interventionOf } from "../store/places.ts"
import type { SkippedRow, SuiteRow } from "../store/suite-rows.ts"

/** An intervention's figures on one shift with one seed, labels turned round where the view does so. */
export interface SeedResult extends Pick<
  SuiteRow,
  "accuracy" | "zeroShot" | "capability" | "capabilityBy" | "sourceAccuracy"
> {
  /** Which of the further seeds; absent for the store's first. */
  readonly seed?: number
  /** Why there is no elicitation although there is a capability; absent where there is one. */
  readonly withheld?: string
  /** Whether the store has since got the evaluation of another run: the figure is an older one's. */
  readonly isReplaced?: boolean
  /** The evaluations behind the figures, where they are there. */
  readonly evaluations: {
    readonly own?: StoredEvaluation
    readonly zeroShot?: StoredEvaluation
    /** The one that the capability is the accuracy of. */
    readonly capability?: StoredEvaluation
    /** LoRA tuned and tested on the target itself; absent where the reference is another distribution. */
    readonly targetTuned?: StoredEvaluation
  }
}

/** An intervention's figures on one shift, the means of those of its seeds. (Quotients of them: of each seed, then averaged.) */
export interface ShiftResult extends Omit<SuiteRow, "differentialElicitation"> {
  readonly shift: Shift
  /** Whether the view turns the target's labels round, and with them the zero-shot accuracy. */
  readonly inverted: boolean
  /** Whether the accuracy was turned round, too: that of CCS, max(acc, 1 − acc), is not in the corrected view. */
  readonly turned: boolean
  /** At least one; published figures and most runs have one alone. */
  readonly bySeed: readonly SeedResult[]
}

/** An intervention on a model; `shifts` is parallel to the suite's, undefined where there is no result. */
export interface InterventionResults {
  readonly model: string
  readonly intervention: string
  /** From the tables that are shipped with the package, without single pairs. */
  readonly published: boolean
  readonly shifts: readonly (ShiftResult | undefined)[]
  /** Shifts that could not be scored, and why. */
  readonly skipped: readonly { readonly shift: Shift; readonly reason: string }[]
}

/** What there is for a suite. */
export interface SuiteResults {
  readonly suite: string
  readonly view: View
  readonly shifts: readonly Shift[]
  readonly results: readonly InterventionResults[]
  /** Prompt of each pair of a test split, by distribution, where it is known. */
  readonly prompts: ReadonlyMap<string, readonly number[]>
}

/** The intervention whose accuracy is max(acc, 1 − acc) of the test set: no evidence of transfer. */
export const leaky = "ccs-leaky"

/** The intervention that is always there: p = ½. */
export const random = "random"

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
      const seed = k === 0 ? undefined : Number(basename(one.folder))
      bySeed.push(await resultsOf({ model, published: false, seed, rows, skipped, shifts, view, evaluation }))
    }
    results.push(...averageOverSeeds(bySeed))
  }
  for (const model of published) {
    const rows = new Map(
      [...(await publishedRows(model))].map(([name, list]) => [
        name,
        new Map(list.map((row) => [keyOf(row), row])),
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
 * happened to learn would be one over a favourable choice.
 */
function withheldIn(row: InterventionResults, prompts: SuiteResults["prompts"]): InterventionResults {
  const mark = (result: ShiftResult): ShiftResult => {
    const known = prompts.get(result.shift.targetReference)
    const why = result.bySeed
      .map(({ capability, evaluations }) =>
        capability === undefined ? undefined : withheldBecause(capability, evaluations.capability, known),
      )
      .find((reason) => reason !== undefined)
    if (why === undefined) return result
    return { ...result, bySeed: result.bySeed.map((seed) => ({ ...seed, withheld: why })) }
  }
  return { ...row, shifts: row.shifts.map((shift) => shift && mark(shift)) }
}

/**
 * The results of the first seed, with those of the others on the same shifts averaged in. A seed's result on other
 * examples of the target is left from an earlier run, and is passed over.
 */
function averageOverSeeds([
  first = [],
  ...others
]: readonly (readonly InterventionResults[])[]): InterventionResults[] {
  return first.map((row) => {
    const same = others.flatMap(
      (results) => results.find(({ intervention }) => intervention === row.intervention) ?? [],
    )
    const shifts = row.shifts.map((shift, i) => {
      if (!shift) return undefined
      const further = same
        .flatMap((other) => other.shifts[i] ?? [])
        .filter((one) => areOfSameExamples([...ownOf(shift), ...ownOf(one)]) && !isSameRun(shift, one))
      return further.length > 0 ? averageOf(shift, [shift, ...further]) : shift
    })
    return { ...row, shifts }
  })
}

function ownOf({ bySeed }: ShiftResult): StoredEvaluation[] {
  return bySeed.flatMap(({ evaluations: { own } }) => own ?? [])
}

/** Whether the store's first seed is now this one's: the same evaluation must not count twice. */
function isSameRun(one: ShiftResult, other: ShiftResult): boolean {
  const [a, b] = [ownOf(one)[0]?.run, ownOf(other)[0]?.run]
  return a !== undefined && a === b
}

function averageOf(first: ShiftResult, all: readonly ShiftResult[]): ShiftResult {
  const bySeed = all.flatMap((one) => one.bySeed)
  const mean = (name: "zeroShot" | "capability" | "sourceAccuracy"): { [key: string]: number } => {
    const values = bySeed.flatMap((seed) => seed[name] ?? [])
    return values.length === bySeed.length ? { [name]: meanOf(values) } : {}
  }
  const { zeroShot: _, capability: _c, sourceAccuracy: _s, ...rest } = first
  return {
    ...rest,
    bySeed,
    accuracy: meanOf(bySeed.map(({ accuracy }) => accuracy)),
    ...mean("zeroShot"),
    ...mean("capability"),
    ...mean("sourceAccuracy"),
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

type Rows = ReadonlyMap<string, ReadonlyMap<string, SuiteRow>>
type Skipped = ReadonlyMap<string, readonly SkippedRow[]>
type ReadEvaluation = (
  intervention: string,
  source: string,
  target: string,
) => Promise<StoredEvaluation | undefined>

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
      for (const row of await store.suiteRows(model, intervention, name)) ofShift.set(keyOf(row), row)
      const reasons = await store.skippedRows(model, intervention, name)
      skipped.set(intervention, [...(skipped.get(intervention) ?? []), ...reasons])
    }
    rows.set(intervention, ofShift)
  }
  return { rows, skipped }
}

async function resultsOf({
  model,
  published,
  seed,
  rows,
  skipped: allSkipped,
  shifts,
  view,
  evaluation,
}: {
  model: string
  published: boolean
  seed?: number | undefined
  rows: Rows
  skipped: Skipped
  shifts: readonly Shift[]
  view: View
  evaluation: ReadEvaluation
}): Promise<InterventionResults[]> {
  const results: InterventionResults[] = []
  for (const [intervention, ofShift] of withRandom(rows)) {
    const found: (ShiftResult | undefined)[] = []
    for (const shift of shifts) {
      const row = ofShift.get(shiftKey(shift))
      found.push(row && (await resultOf(row, { shift, view, intervention, seed, evaluation })))
    }
    const reasons = new Map((allSkipped.get(intervention) ?? []).map((row) => [shiftKey(row), row.reason]))
    const skipped = shifts.flatMap((shift, i) => {
      const reason = found[i] ? undefined : reasons.get(shiftKey(shift))
      return reason === undefined ? [] : [{ shift, reason }]
    })
    if (found.some((result) => result) || skipped.length > 0) {
      results.push({ model, intervention, published, shifts: found, skipped })
    }
  }
  return results
}

async function resultOf(
  row: SuiteRow,
  {
    shift,
    view,
    intervention,
    seed,
    evaluation,
  }: {
    shift: Shift
    view: View
    intervention: string
    seed: number | undefined
    evaluation: ReadEvaluation
  },
): Promise<ShiftResult> {
  const { source, target, targetReference } = shift
  const inverted = turnsLabels(view, target)
  // max(acc, 1 − acc) is the same whichever way the labels stand; the paper's figures turned it all the same.
  const turned = inverted && !(intervention === leaky && view === "corrected")
  const { differentialElicitation: _, ...figures } = row
  const own = await evaluation(intervention, source, target)
  const zeroShot = await evaluation(interventionNamed(row.zeroShotBy), source, target)
  const capability = await evaluation(interventionNamed(row.capabilityBy), targetReference, targetReference)
  const targetTuned = target === targetReference ? await evaluation("lora", target, target) : undefined
  const evaluations = {
    ...(own && near(own, row.accuracy) ? { own } : {}),
    ...(zeroShot && near(zeroShot, row.zeroShot) ? { zeroShot } : {}),
    ...(capability && near(capability, row.capability) ? { capability } : {}),
    ...(targetTuned ? { targetTuned } : {}),
  }
  const turnedRound = {
    ...figures,
    accuracy: turned ? 1 - row.accuracy : row.accuracy,
    ...(row.zeroShot === undefined ? {} : { zeroShot: inverted ? 1 - row.zeroShot : row.zeroShot }),
  }
  const isReplaced = own?.run !== undefined && !near(own, row.accuracy)
  const one = {
    ...turnedRound,
    ...(seed === undefined ? {} : { seed }),
    evaluations,
    ...(isReplaced ? { isReplaced } : {}),
  }
  return { ...turnedRound, shift, inverted, turned, bySeed: [one] }
}

/** The interventions, and `random` with the zero-shot accuracies and capabilities that they are measured against. */
function withRandom(rows: Rows): Rows {
  if (rows.has(random) || rows.size === 0) return rows
  const ofShift = new Map<string, SuiteRow>()
  for (const list of rows.values()) {
    for (const [key, row] of list) {
      if (ofShift.has(key)) continue
      const { rmsCalibrationErrorGenies2023: _, differentialElicitation: __, ...rest } = row
      ofShift.set(key, { ...rest, accuracy: 0.5, sourceAccuracy: 0.5 })
    }
  }
  return new Map([...rows, [random, ofShift]])
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

/** The intervention that a table names; the release calls LoRA's capability `classify_lora`. */
function interventionNamed(name: string | undefined): string {
  return name === "classify_lora" ? "lora" : interventionOf(name ?? "")
}

function near({ accuracy }: StoredEvaluation, figure: number | undefined): boolean {
  return figure !== undefined && Math.abs(accuracy - figure) <= 1e-12
}

function keyOf(row: SuiteRow): string {
  return shiftKey(row)
}

/** What shifts can be grouped by. */
export const groupings = ["label", "category", "source", "shift"] as const

export type Grouping = (typeof groupings)[number]

/** The results of each group of shifts, in the order in which the groups first occur. */
export function groupResults(results: SuiteResults, by: Grouping): Map<string, SuiteResults> {
  const names = results.shifts.map((shift) =>
    by === "shift" ? `${shift.source} → ${shift.target}` : (shift[by] ?? `no ${by}`),
  )
  const groups = new Map<string, SuiteResults>()
  for (const name of new Set(names)) {
    const pick = <T>(list: readonly T[]): T[] => list.filter((_, i) => names[i] === name)
    const inGroup = results.results
      .map((row) => ({
        ...row,
        shifts: pick(row.shifts),
        skipped: row.skipped.filter(({ shift }) => names[results.shifts.indexOf(shift)] === name),
      }))
      .filter(({ shifts, skipped }) => skipped.length > 0 || shifts.some((shift) => shift))
    groups.set(name, { ...results, shifts: pick(results.shifts), results: inGroup })
  }
  return groups
}
