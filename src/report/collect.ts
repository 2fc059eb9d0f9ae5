// Collects what a report shows from a store of results. Everything that needs resampling is computed here, once: the
// page only adds up.

import { basename, resolve } from "node:path"
import { averageOverPrompts } from "../benchmark/tables/over-prompts.ts"
import { combined, promptDraws, type Draw, type PromptDraws } from "../benchmark/tables/prompt-draws.ts"
import { openResults, type ResultStore } from "../benchmark/store/results.ts"
import {
  random,
  isLeaky,
  type InterventionResults,
  type ShiftResult,
  type SuiteResults,
} from "../benchmark/tables/suite-results.ts"
import { readSuiteResults } from "../benchmark/tables/read-suite-results.ts"
import {
  differentialOf,
  drawsOf,
  elicitationOf,
  summarizeSuite,
  type SuiteFigure,
  type SuiteSummary,
} from "../benchmark/tables/suite-summary.ts"
import { turnsLabels, views, viewsDiffer, type Shift, type View } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { packageVersion } from "../base/version.ts"
import { collectDistributions, type Distributions } from "./collect-distributions.ts"
import { readStoredFigures } from "./stored-figures.ts"
import { listShifts, type ListedSuite } from "./shift-list.ts"
import type {
  Average,
  Estimate,
  RowEntry,
  ShiftCell,
  ShiftFigures,
  SiteIndex,
  TableEntry,
  TableRow,
} from "./site-data.ts"

export interface ReportOptions {
  /** A data folder, so that texts can be shown. */
  readonly data?: string | undefined
  /** Models whose published tables are shown beside the store's. */
  readonly published?: readonly string[]
  /** Files of shifts that are suites besides. */
  readonly suiteFiles?: readonly string[]
  /** Of the intervals, defaults to 0. */
  readonly seed?: number
}

/** A report before it is written. */
export interface Report {
  readonly index: SiteIndex
  /** The results behind the index, labels as released, parallel to its rows and shifts. */
  readonly released: SuiteResults
  readonly distributions: Distributions | undefined
  /** What the data folder has none of, although the store has results on it; empty where it has one of them or more. */
  readonly withoutTexts: readonly string[]
}

/**
 * Reads a store and computes the tables and intervals of a report.
 *
 * @param folder - a store of results; undefined for published figures alone
 * @throws {LitmusError} if there is no result, or a file is not what it should be
 */
export async function collectReport(
  folder: string | undefined,
  options: ReportOptions = {},
): Promise<Report> {
  const { data, published = [], suiteFiles = [], seed = 0 } = options
  const store = folder === undefined ? undefined : remembering(await openResults(folder))
  const list = await listShifts(store, { files: suiteFiles, published: published.length > 0 })
  const read = (suite: string, shifts: readonly Shift[], view: View): Promise<SuiteResults> =>
    readSuiteResults({ suite, shifts, view }, { store, published })
  const byView = new Map<View, SuiteResults>()
  for (const view of views) byView.set(view, await read("all", list.shifts, view))
  const released = byView.get("as-released")!
  if (released.results.length === 0) throw new LitmusError(`${folder ?? "published"}: no result on any shift`)
  const draws = promptDraws(released.prompts, { seed })
  const tables = await readTables(list.suites, read)
  registerAll([...byView.values(), ...tables.map(({ results }) => results)], draws)
  const distributions = data === undefined ? undefined : await collectDistributions(data, list.shifts)
  const rows = released.results.map((row) => rowOf(row, list.shifts))
  const stored = folder === undefined ? undefined : await readStoredFigures(folder)
  const index: SiteIndex = {
    format: 1,
    version: packageVersion(),
    title: folder === undefined ? "published figures" : basename(resolve(folder)),
    rows,
    shifts: list.shifts.map((shift, i) => ({
      ...shift,
      inverted: turnsLabels("corrected", shift.target),
      viewsDiffer: viewsDiffer(shift),
      hasPairs: released.results.some(
        ({ shifts }) => shifts[i]?.bySeed[0]?.evaluations.own?.probabilities !== undefined,
      ),
    })),
    cells: cellsOf(byView, draws),
    suites: [...new Set(tables.map(({ results }) => results.suite))],
    tables: tables.map(({ results }) => tableOf(results, rows, { draws, seed })),
    distributions: distributions?.entries ?? [],
    sweeps: stored?.sweeps ?? [],
    directions: stored?.directions ?? [],
    projections: stored?.projections ?? [],
    components: stored?.components ?? [],
  }
  const withoutTexts = store && distributions ? await lackingAll(store, distributions) : []
  return { index, released, distributions, withoutTexts }
}

/** The distributions of a store, where a data folder has none of them: it may have those of the figures beside it. */
async function lackingAll(store: ResultStore, { entries }: Distributions): Promise<string[]> {
  const { shifts } = await listShifts(store)
  const own = new Set(shifts.flatMap(({ source, target }) => [source, target]))
  return entries.some(({ id }) => own.has(id)) ? [] : [...own].sort()
}

interface ReadTable {
  readonly results: SuiteResults
}

async function readTables(
  suites: readonly ListedSuite[],
  read: (suite: string, shifts: readonly Shift[], view: View) => Promise<SuiteResults>,
): Promise<ReadTable[]> {
  const tables: ReadTable[] = []
  for (const { name, shifts } of suites) {
    for (const view of views) {
      const results = await read(name, await shifts(view), view)
      if (results.results.length > 0) tables.push({ results })
    }
  }
  return tables
}

/** Registers every evaluation, so that each test split is resampled once. */
function registerAll(all: readonly SuiteResults[], draws: PromptDraws): void {
  for (const { results } of all) {
    for (const { intervention, shifts } of results) {
      for (const shift of shifts) if (shift) drawsOf(draws, intervention, shift)
    }
  }
}

function rowOf(
  { model, intervention, published, skipped }: InterventionResults,
  shifts: readonly Shift[],
): RowEntry {
  const reasons = skipped.map(({ shift, reason }) => ({ shift: shifts.indexOf(shift), reason }))
  return {
    model,
    intervention,
    published,
    noEvidence: isLeaky(intervention),
    ...(reasons.length > 0 ? { skipped: reasons } : {}),
  }
}

function cellsOf(byView: ReadonlyMap<View, SuiteResults>, draws: PromptDraws): (ShiftCell | null)[][] {
  const released = byView.get("as-released")!
  const others = [...byView].filter(([view]) => view !== "as-released")
  return released.results.map((row, i) =>
    row.shifts.map((shift, j) => {
      if (!shift) return null
      const cell = { released: figuresOf(row.intervention, shift, draws) }
      if (!turnsLabels("corrected", shift.shift.target)) return cell
      const inViews = others.flatMap(([view, { results }]) => {
        const other = results[i]?.shifts[j]
        return other ? [[view, figuresOf(row.intervention, other, draws)]] : []
      })
      return { ...cell, views: Object.fromEntries(inViews) as NonNullable<ShiftCell["views"]> }
    }),
  )
}

function figuresOf(intervention: string, shift: ShiftResult, draws: PromptDraws): ShiftFigures {
  const { accuracy, zeroShot, capability, capabilityBy, sourceAccuracy, rmsCalibrationErrorGenies2023 } =
    shift
  const drawn = intervention === random ? undefined : drawsOf(draws, intervention, shift)
  const quotient = (parts: readonly (Draw | undefined)[], figure: (values: readonly number[]) => number) =>
    parts.every((part) => part !== undefined) ? combined(parts, figure) : undefined
  const elicited = elicitationOf(shift)
  const differential = differentialOf(shift)
  const { accuracy: a, zeroShot: b, capability: c } = drawn ?? {}
  return {
    accuracy: estimate(accuracy, a, { isShare: true }),
    ...(elicited === undefined
      ? {}
      : {
          elicitation: estimate(
            elicited,
            quotient([a, c], ([x, z]) => x! / z!),
          ),
        }),
    ...(differential === undefined
      ? {}
      : {
          differentialElicitation: estimate(
            differential,
            quotient([a, b, c], ([x, y, z]) => (x! - y!) / z!),
          ),
        }),
    ...(zeroShot === undefined ? {} : { zeroShot }),
    ...(capability === undefined ? {} : { capability }),
    ...(capabilityBy === undefined ? {} : { capabilityBy }),
    ...(sourceAccuracy === undefined ? {} : { sourceAccuracy }),
    ...(rmsCalibrationErrorGenies2023 === undefined ? {} : { rmsCalibrationErrorGenies2023 }),
    ...(shift.turned ? { turned: true as const } : {}),
  }
}

function estimate(value: number, draw: Draw | undefined, { isShare = false } = {}): Estimate {
  const { overPrompts } = averageOverPrompts([draw], { mean: value, isShare })
  return overPrompts ? { value, overPrompts: [overPrompts.low, overPrompts.high] } : { value }
}

function tableOf(
  results: SuiteResults,
  rows: readonly RowEntry[],
  { draws, seed }: { draws: PromptDraws; seed: number },
): TableEntry {
  const { summaries } = summarizeSuite(results, { seed }, draws)
  const targets = new Set(results.shifts.map(({ target }) => target))
  return {
    suite: results.suite,
    view: results.view,
    nShifts: results.shifts.length,
    rows: summaries.map((summary) => tableRow(summary, rows)),
    drawnSingly: [...draws.drawnSingly].filter((id) => targets.has(id)).length,
  }
}

function tableRow(summary: SuiteSummary, rows: readonly RowEntry[]): TableRow {
  const optional = (
    name:
      | "elicitation"
      | "differentialElicitation"
      | "conditionalElicitation"
      | "sourceAccuracy"
      | "agreementWithZeroShot",
  ): Partial<TableRow> => {
    const figure = summary[name]
    return figure ? { [name]: averageOf(figure) } : {}
  }
  return {
    row: rows.findIndex(
      ({ model, intervention, published }) =>
        model === summary.model && intervention === summary.intervention && published === summary.published,
    ),
    nShifts: summary.nShifts,
    accuracy: averageOf(summary.accuracy),
    ...optional("elicitation"),
    ...optional("differentialElicitation"),
    ...optional("conditionalElicitation"),
    ...optional("sourceAccuracy"),
    ...optional("agreementWithZeroShot"),
  }
}

function averageOf({ mean, overPrompts, overSources }: SuiteFigure): Average {
  return {
    mean,
    ...(overPrompts ? { overPrompts: [overPrompts.low, overPrompts.high] as const } : {}),
    ...(overSources ? { overSources: [overSources.low, overSources.high] as const } : {}),
  }
}

/** A store whose files are read once: equal evaluations are one object, and are resampled once. */
function remembering(store: ResultStore): ResultStore {
  const remember = <Args extends readonly unknown[], T>(read: (...args: Args) => Promise<T>) => {
    const known = new Map<string, Promise<T>>()
    return (...args: Args): Promise<T> => {
      const key = JSON.stringify(args)
      const promise = known.get(key) ?? read(...args)
      known.set(key, promise)
      return promise
    }
  }
  return {
    folder: store.folder,
    models: remember(store.models),
    interventions: remember(store.interventions),
    suites: remember(store.suites),
    suiteRows: remember(store.suiteRows),
    evaluation: remember((key) => store.evaluation(key)),
    prompts: remember(store.prompts),
    skippedRows: remember(store.skippedRows),
    trial: remember((key) => store.trial(key)),
    skip: remember((key) => store.skip(key)),
    nullBand: remember((key) => store.nullBand(key)),
    seeds: remember(async () => (await store.seeds()).map(remembering)),
  }
}
