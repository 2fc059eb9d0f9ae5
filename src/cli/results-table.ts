// litmus table: what a store of results says of a suite. The tables themselves are drawn by table.ts.

import { Option, type Command } from "commander"
import { mixedRuns, type MixedRuns } from "../benchmark/tables/mixed-runs.ts"
import { promptDraws } from "../benchmark/tables/prompt-draws.ts"
import { publishedModels } from "../benchmark/store/published.ts"
import { openResults } from "../benchmark/store/results.ts"
import {
  compareInSuite,
  resolveInterventions,
  type SuiteComparison,
} from "../benchmark/tables/suite-comparison.ts"
import {
  groupings,
  groupResults,
  readSuiteResults,
  type Grouping,
  type SuiteResults,
} from "../benchmark/tables/suite-results.ts"
import { summarizeSuite, type SuiteFigure, type SuiteSummary } from "../benchmark/tables/suite-summary.ts"
import {
  describeView,
  readSuite,
  suiteName,
  suiteNames,
  views,
  type Shift,
  type View,
} from "../data/index.ts"
import { LitmusError, unknownName } from "../errors.ts"
import { modelName } from "../report/site-data.ts"
import { integer, list, litmusCommand, printJson } from "./common.ts"
import { thousands } from "./progress.ts"
import { suiteTableCsv } from "./results-csv.ts"
import { decimal, percent, plainText, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

interface TableOptions {
  readonly view: View
  readonly suite: string
  readonly by?: Grouping
  readonly model?: readonly string[]
  readonly compare?: readonly string[]
  readonly published?: readonly string[]
  readonly metrics?: boolean
  readonly seed: number
  readonly json?: boolean
  readonly csv?: boolean
}

export function tableCommand(): Command {
  return litmusCommand("table", "Show what a store of results says of a suite of shifts.")
    .argument("[store]", "folder of results; may be left out with --published")
    .addOption(
      new Option("--view <name>", "which labels and lists of shifts").choices(views).default("corrected"),
    )
    .option("--suite <name>", `${suiteNames.join(", ")}, or a file of shifts (.json)`, "genies")
    .addOption(new Option("--by <what>", "a row for each group of shifts").choices(groupings))
    .option("--model <names>", "only these models, separated by commas", list)
    .option("--compare <names>", "paired comparison of these interventions, separated by commas", list)
    .option("--published <models>", `published figures beside them: ${publishedModels.join(", ")}`, list)
    .option("--metrics", "the other metrics, too: AUROC, Brier score, calibration, contamination")
    .option("--seed <n>", "seed of the intervals", integer, 0)
    .option("--json", "print the table as JSON")
    .addOption(new Option("--csv", "print the table as CSV").conflicts(["json", "compare"]))
    .option("--debug", "show the stack of an error")
    .addHelpText("after", "\nExample:\n  litmus table --published llama-30b --compare mms,lora")
    .action(runTable)
}

/** Rows of one group of shifts; the whole suite is a group without a name. */
export interface TableGroup {
  readonly group: string | undefined
  readonly shifts: number
  readonly summaries: readonly SuiteSummary[]
  readonly comparisons: readonly SuiteComparison[]
}

/** The table of a store as text. */
export async function suiteTable(
  folder: string,
  options: Pick<TableOptions, "view" | "suite" | "model" | "seed">,
): Promise<string> {
  const { results, groups, drawnSingly } = await loadTable(folder, options)
  return renderSuiteTable(results, groups, drawnSingly)
}

async function runTable(folder: string | undefined, options: TableOptions): Promise<void> {
  const { view, suite, metrics = false, seed, json, csv } = options
  const { results, groups, drawnSingly } = await loadTable(folder, options)
  const shifts = results.shifts.length
  if (json) printJson({ suite, view, seed, shifts, groups, drawnSingly, mixedRuns: mixedRuns(results) })
  else if (csv) process.stdout.write(suiteTableCsv({ suite, view }, groups))
  else process.stdout.write(renderSuiteTable(results, groups, drawnSingly, { metrics }))
}

async function loadTable(
  folder: string | undefined,
  {
    view,
    suite,
    by,
    model: models,
    compare = [],
    published = [],
    seed,
  }: Omit<TableOptions, "json" | "csv" | "metrics">,
): Promise<{ results: SuiteResults; groups: readonly TableGroup[]; drawnSingly: readonly string[] }> {
  if (folder === undefined && published.length === 0) {
    throw new LitmusError("table: expected a store of results, or --published")
  }
  if (compare.length === 1) throw new LitmusError("--compare: expected at least two interventions, got one")
  const store = folder === undefined ? undefined : await openResults(folder)
  const shifts = await readSuite(suite, view)
  const found = await readSuiteResults({ suite: suiteName(suite), shifts, view }, { store, published })
  const results = onlyModels(found, models)
  if (results.results.length === 0) {
    throw new LitmusError(`${folder ?? "published"}: no result on any shift of the suite ${suite}`)
  }
  const compared = resolveInterventions(results, compare)
  const draws = promptDraws(results.prompts, { seed })
  const groups = [...(by ? groupResults(results, by) : new Map([[undefined, results]]))].map(
    ([group, part]): TableGroup => {
      const comparisons = compareInSuite(part, compared, { seed }, draws)
      const { summaries } = summarizeSuite(part, { seed }, draws)
      return { group, shifts: part.shifts.length, summaries: sorted(summaries), comparisons }
    },
  )
  if (compare.length > 0 && groups.every(({ comparisons }) => comparisons.length === 0)) {
    throw new LitmusError(`--compare: no model has results of two of ${compare.join(", ")} on one shift`)
  }
  return { results, groups, drawnSingly: [...draws.drawnSingly].sort() }
}

function onlyModels(results: SuiteResults, models: readonly string[] | undefined): SuiteResults {
  if (!models) return results
  const known = [...new Set(results.results.map(({ model }) => model))]
  const unknown = models.find((model) => !known.includes(model))
  if (unknown !== undefined) throw unknownName("model", unknown, known)
  return { ...results, results: results.results.filter(({ model }) => models.includes(model)) }
}

/** By model, and within it from the highest differential elicitation to the lowest. */
function sorted(summaries: readonly SuiteSummary[]): SuiteSummary[] {
  const models = [...new Set(summaries.map(modelName))]
  const rank = ({ differentialElicitation, accuracy }: SuiteSummary): number =>
    differentialElicitation?.mean ?? accuracy.mean - 1
  return [...summaries].sort(
    (a, b) => models.indexOf(modelName(a)) - models.indexOf(modelName(b)) || rank(b) - rank(a),
  )
}

const dagger = "†"

function renderSuiteTable(
  found: SuiteResults,
  groups: readonly TableGroup[],
  drawnSingly: readonly string[],
  { metrics = false }: { metrics?: boolean } = {},
): string {
  const { suite, view, shifts: listed, results } = found
  const all = groups.flatMap(({ summaries }) => summaries)
  const models = [...new Set(all.map(modelName))]
  const shifts = groups.reduce((sum, group) => sum + group.shifts, 0)
  const title = `${suite}, ${shifts} shifts; ${describeView(view, listed)}${models.length === 1 ? `; ${models[0]}` : ""}`
  const nameOf = (row: SuiteSummary, group: string | undefined): string =>
    [
      group,
      models.length > 1 ? modelName(row) : undefined,
      row.intervention + (row.noEvidence ? ` ${dagger}` : ""),
    ]
      .filter((part) => part !== undefined)
      .join(" · ")
  const rows = groups.flatMap(({ group, summaries }) =>
    summaries.map((row) => [nameOf(row, group), ...cellsOf(row)]),
  )
  const metricRows = groups.flatMap(({ group, summaries }) =>
    summaries.map((row) => [nameOf(row, group), ...metricCellsOf(row)]),
  )
  const skipped = results.flatMap(({ intervention, skipped: list }) =>
    list.map(({ shift, reason }) => ({ intervention, shift, reason })),
  )
  const comparisons = groups.flatMap(({ group, comparisons: list }) => list.map((one) => ({ group, one })))
  const notes = [
    "Averages over shifts, in %. Elicitation is accuracy / capability; conditional elicitation P(right | the model " +
      "tuned on the target is right), a tie counting ½, on the shifts whose reference is the target; differential " +
      "elicitation (accuracy − zero-shot) / capability. Intervals of 95 %: over prompts with the shifts fixed; over " +
      "shifts drawn singly; over shifts drawn by source, all of a source together, which is to be preferred where " +
      "shifts share a source.",
    ...(all.some(({ noEvidence }) => noEvidence)
      ? [`${dagger} max(acc, 1 − acc) of the test set: no evidence about transfer.`]
      : []),
    ...(drawnSingly.length > 0
      ? [
          `It is not known which pairs of an evaluation share a prompt, and they are drawn singly, on ${drawnSingly.length} ` +
            "of the test splits: these intervals over prompts are too narrow.",
        ]
      : []),
    ...describeMixedRuns(mixedRuns(found), models.length > 1),
  ]
  const table = renderTable(header, rows) + (metrics ? `\n\n${renderTable(metricHeader, metricRows)}` : "")
  const compared = comparisons.length > 0 ? `\n${renderComparisons(comparisons, models.length > 1)}\n` : ""
  return `\n${wrap(plainText(title))}\n${table}\n${compared}${renderSkipped(skipped)}${notes.map((note) => `${wrap(note)}\n`).join("")}`
}

/** A line for each set of differences, with the interventions that have it. */
function describeMixedRuns(mixed: readonly MixedRuns[], severalModels: boolean): string[] {
  const byDifferences = new Map<string, string[]>()
  for (const { model, intervention, differences } of mixed) {
    const text = differences.join("; ")
    const name = severalModels ? `${model} · ${intervention}` : intervention
    byDifferences.set(text, [...(byDifferences.get(text) ?? []), name])
  }
  return [...byDifferences].map(([text, names]) =>
    plainText(`Not one experiment: rows of ${names.join(", ")} come from runs that differ in ${text}.`),
  )
}

const header = [
  "intervention",
  "shifts",
  "accuracy",
  "over\nprompts",
  "elicita-\ntion",
  "condi-\ntional",
  "differ-\nential",
  "over\nprompts",
  "over shifts\nsingly",
  "over shifts\nby source",
  "source\naccuracy",
  "agrees with\nzero-shot",
]

function cellsOf(row: SuiteSummary): string[] {
  const differential = row.differentialElicitation
  return [
    String(row.nShifts),
    percent(row.accuracy.mean),
    band(row.accuracy.overPrompts),
    percent(row.elicitation?.mean),
    percent(row.conditionalElicitation?.mean),
    points(differential?.mean),
    ...bands(differential),
    percent(row.sourceAccuracy?.mean),
    percent(row.agreementWithZeroShot?.mean),
  ]
}

const metricHeader = [
  "intervention",
  "per\nprompt",
  "AUROC",
  "Brier",
  "calibration\nerror",
  "as in\n2023",
  "agrees with\nlonger",
  "contami-\nnation",
  "pairs\ntoo long",
  "seeds",
  "accuracy\nover seeds ±",
]

function metricCellsOf({ accuracy, metrics, skippedPairs, nSeeds }: SuiteSummary): string[] {
  return [
    percent(metrics.promptAccuracy?.mean),
    decimal(metrics.auroc?.mean),
    decimal(metrics.brierScore?.mean),
    decimal(metrics.rmsCalibrationError?.mean),
    decimal(metrics.rmsCalibrationErrorGenies2023?.mean),
    percent(metrics.agreementWithLonger?.mean),
    percent(metrics.contamination?.mean),
    thousands(skippedPairs),
    String(nSeeds),
    percent(accuracy.overSeeds),
  ]
}

/** Shifts without a result, each once with its reason and what it was skipped by. */
function renderSkipped(skipped: readonly { intervention: string; shift: Shift; reason: string }[]): string {
  if (skipped.length === 0) return ""
  const byShift = new Map<string, { reason: string; interventions: string[] }>()
  for (const { intervention, shift, reason } of skipped) {
    const name = `${shift.source} → ${shift.target}`
    const known = byShift.get(name)
    if (known) known.interventions.push(intervention)
    else byShift.set(name, { reason, interventions: [intervention] })
  }
  const rows = [...byShift].map(([name, { reason, interventions }]) => [
    plainText(name),
    interventions.length > 4
      ? `${interventions.slice(0, 3).join(", ")} and ${interventions.length - 3} more`
      : interventions.join(", "),
    plainText(reason.length > 90 ? `${reason.slice(0, 89)}…` : reason),
  ])
  return `\n${renderTable(["skipped", "by", "because"], rows)}\n`
}

function bands(
  figure: Pick<SuiteFigure, "overPrompts" | "overShifts" | "overSources"> | undefined,
): string[] {
  return [figure?.overPrompts, figure?.overShifts, figure?.overSources].map(band)
}

/** An interval; none where nothing varied, as in the accuracy of `random`. */
function band(interval: { low: number; high: number } | undefined): string {
  if (!interval || interval.low === interval.high) return "–"
  return `${points(interval.low)} to ${points(interval.high)}`
}

/** A share in %, without the sign of a rounded zero. */
function points(share: number | null | undefined): string {
  return percent(share).replace(/^-(?=0\.0$)/, "")
}

function renderComparisons(
  comparisons: readonly { group: string | undefined; one: SuiteComparison }[],
  severalModels: boolean,
): string {
  const head = [
    "difference of\ndifferential elicitation",
    "shifts",
    "points",
    "over\nprompts",
    "over shifts\nsingly",
    "over shifts\nby source",
    "sign-flip\np",
    "Holm",
    "better\non",
    "median",
    "least without\none shift",
    "most without\none shift",
  ]
  const rows = comparisons.map(({ group, one }) => [
    [
      group,
      severalModels ? modelName(one) : undefined,
      `${one.first} − ${one.second}${one.noEvidence ? ` ${dagger}` : ""}`,
    ]
      .filter((part) => part !== undefined)
      .join(" · "),
    String(one.n),
    points(one.mean),
    ...bands(one),
    decimal(one.signFlip.p),
    decimal(one.holm),
    String(one.wins),
    points(one.median),
    one.leaveOneOut ? `${points(one.leaveOneOut.low)} (${one.withoutForLowest})` : "–",
    one.leaveOneOut ? `${points(one.leaveOneOut.high)} (${one.withoutForHighest})` : "–",
  ])
  return renderTable(head, rows)
}
