// The table of a suite as text for a terminal.

import { caveats } from "../../probes/contract/caveats.ts"
import { mixedRuns, type MixedRuns } from "../benchmark/tables/mixed-runs.ts"
import type { OverPrompts } from "../benchmark/tables/over-prompts.ts"
import type { NotCompared, SuiteComparison } from "../benchmark/tables/suite-comparison.ts"
import type { SuiteFigure, SuiteSummary } from "../benchmark/tables/suite-summary.ts"
import { describeView } from "../data/index.ts"
import { fewestSources, type ShiftAverage } from "../metrics/index.ts"
import { modelName } from "../report/site-data.ts"
import { thousands } from "./progress.ts"
import type { Detectable, TableComparison, TableContent } from "./results-groups.ts"
import { plainText } from "./plain-text.ts"
import { renderSkipped } from "./results-skipped.ts"
import { describeBands, describeSeeds, describeWithheld } from "./results-notes.ts"
import { trainingNotes } from "./results-training.ts"
import { decimal, percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

const dagger = "†"

/**
 * The table, its comparisons and notes.
 *
 * @param options.metrics - show the other metrics in a second table, too
 */
export function renderSuiteTable(
  { results: found, groups, drawnSingly, detectable }: TableContent,
  { metrics = false, bootstrap = false }: { metrics?: boolean; bootstrap?: boolean } = {},
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
  const hasBands = all.some(({ nullBand }) => nullBand)
  const rows = groups.flatMap(({ group, summaries }) =>
    summaries.map((row) => [nameOf(row, group), ...cellsOf(row, hasBands)]),
  )
  const metricRows = groups.flatMap(({ group, summaries }) =>
    summaries.map((row) => [nameOf(row, group), ...metricCellsOf(row)]),
  )
  const skipped = results.flatMap(({ intervention, skipped: list }) =>
    list.map(({ shift, reason }) => ({ intervention, shift, reason })),
  )
  const comparisons = groups.flatMap(({ group, comparisons: list }) => list.map((one) => ({ group, one })))
  const cells = [...rows, ...(metrics ? metricRows : [])].flatMap((row) => row.slice(1))
  const shown = [
    ...all.flatMap(({ accuracy, differentialElicitation }) => [accuracy, differentialElicitation]),
    ...comparisons.map(({ one }) => one),
  ]
  const byPair = new Set(shown.flatMap((figure) => figure?.drawnByPair ?? []))
  const notes = [
    "Averages over shifts, in %. Elicitation is accuracy / capability; conditional elicitation P(right | the model " +
      "tuned on the target is right), a tie counting ½, on the shifts whose reference is the target; differential " +
      "elicitation (accuracy − zero-shot) / capability. Intervals of 95 %: over prompts (and seeds) with the shifts " +
      `fixed; over sources, all shifts of a source together, or from the lowest to the highest source ([ ]) where there are fewer than ${fewestSources}.`,
    ...describeWithheld(all),
    ...describeDaggers(all),
    ...describeCaveats(all),
    ...(cells.some((cell) => partial.test(cell))
      ? ["(n) behind a figure: known on n alone of the shifts that it should be of, and averaged over these."]
      : []),
    ...(byPair.size > 0
      ? [
          `* all pairs of one prompt, on ${byPair.size} of the test splits: pairs are taken for independent there.`,
        ]
      : []),
    ...describeBands(all),
    ...describeSeeds(all),
    ...(drawnSingly.length > 0
      ? [
          `It is not known which pairs of an evaluation share a prompt, and they are drawn singly, on ${drawnSingly.length} ` +
            "of the test splits: these intervals over prompts are too narrow.",
        ]
      : []),
    ...describeNotCompared(
      groups.flatMap(({ notCompared }) => notCompared),
      models.length > 1,
    ),
    ...describeMixedRuns(mixedRuns(found), models.length > 1),
    ...trainingNotes(found),
    ...describeDetectable(detectable),
  ]
  const table =
    renderTable(headerOf(hasBands), rows) + (metrics ? `\n\n${renderTable(metricHeader, metricRows)}` : "")
  const published = [
    ...groups.flatMap(({ group, summaries }) =>
      summaries.flatMap((row): [string, ShiftAverage][] =>
        row.differentialElicitation ? [[nameOf(row, group), row.differentialElicitation]] : [],
      ),
    ),
    ...comparisons.map(({ one }): [string, ShiftAverage] => [
      `${models.length > 1 ? `${modelName(one)} · ` : ""}${one.first} − ${one.second}`,
      one,
    ]),
  ]
  const drawn = bootstrap ? `\n${renderBootstrap(published)}\n` : ""
  const compared = comparisons.length > 0 ? `\n${renderComparisons(comparisons, models.length > 1)}\n` : ""
  return `\n${wrap(plainText(title))}\n${table}\n${compared}${drawn}${renderSkipped(skipped)}${notes.map((note) => `${wrap(note)}\n`).join("")}`
}

/** What the dagger means. */
function describeDaggers(summaries: readonly SuiteSummary[]): string[] {
  const names = summaries.flatMap(({ intervention, noEvidence }) => (noEvidence ? [intervention] : []))
  return [...new Set(names)].flatMap((name) => {
    const caveat = caveats[name]
    return caveat === undefined ? [] : [`${dagger} ${caveat}`]
  })
}

/** What must be known of interventions without a dagger. */
function describeCaveats(summaries: readonly SuiteSummary[]): string[] {
  const names = summaries.flatMap(({ intervention, noEvidence }) => (noEvidence ? [] : [intervention]))
  return [...new Set(names)].flatMap((name) => {
    const caveat = caveats[name]
    return caveat === undefined ? [] : [`${name}: ${caveat}`]
  })
}

function describeDetectable({ overPrompts, overSources, comparisons }: Detectable): string[] {
  if (overPrompts === undefined && overSources === undefined) return []
  const parts = [
    ...(overPrompts === undefined ? [] : [`${points(overPrompts)} points on these shifts`]),
    ...(overSources === undefined ? [] : [`${points(overSources)} points over sources`]),
  ]
  const what = comparisons === 1 ? "these two interventions" : "two interventions (the median of all twos)"
  return [
    `The smallest difference in differential elicitation between ${what} that would be shown with a chance of 80 %: ` +
      `${parts.join(", ")}. Smaller ones can go unseen.`,
  ]
}

/** A line for each comparison and reason, with the number of shifts in all groups. */
function describeNotCompared(list: readonly NotCompared[], severalModels: boolean): string[] {
  const counts = new Map<string, number>()
  for (const { first, second, reason, shifts, ...one } of list) {
    const what = `${severalModels ? `${modelName(one)} · ` : ""}${first} − ${second}`
    const why = `${what}: ${reason}`
    counts.set(why, (counts.get(why) ?? 0) + shifts)
  }
  return [...counts].map(([why, shifts]) =>
    plainText(`Left out on ${thousands(shifts)} of the shifts: ${why}.`),
  )
}

/** A line for each set of differences, with the interventions that have it. */
function describeMixedRuns(mixed: readonly MixedRuns[], severalModels: boolean): string[] {
  const byDifferences = new Map<string, string[]>()
  for (const { model, interventions, differences } of mixed) {
    const text = differences.join("; ")
    const names = interventions.map((name) => (severalModels ? `${model} · ${name}` : name))
    byDifferences.set(text, [...(byDifferences.get(text) ?? []), ...names])
  }
  return [...byDifferences].map(([text, names]) =>
    plainText(`Not one experiment: rows of ${names.join(", ")} come from runs that differ in ${text}.`),
  )
}

const headerOf = (hasBands: boolean): string[] => [
  "intervention",
  "shifts",
  "accuracy",
  "over\nprompts",
  ...(hasBands ? ["null\nband"] : []),
  "source\naccuracy",
  "capa-\nbility",
  "elicita-\ntion",
  "condi-\ntional",
  "differ-\nential",
  "over\nprompts",
  "over\nsources",
  "agrees with\nzero-shot",
]

function cellsOf(row: SuiteSummary, hasBands: boolean): string[] {
  const differential = row.differentialElicitation
  const { nShifts, nOwnReference } = row
  return [
    String(nShifts),
    percent(row.accuracy.mean),
    bandOverPrompts(row.accuracy),
    ...(hasBands ? [band(row.nullBand)] : []),
    counted(row.sourceAccuracy, nShifts),
    counted(row.capability, nShifts),
    counted(row.elicitation, nShifts),
    counted(row.conditionalElicitation, nOwnReference),
    counted(differential, nShifts, points),
    ...bands(differential),
    counted(row.agreementWithZeroShot, nShifts),
  ]
}

/** What {@link counted} puts behind a mean. */
const partial = / \(\d+\)$/

/** A mean over fewer shifts than the row has, or than the figure is defined on, says over how many. */
function counted(
  figure: ShiftAverage | undefined,
  nShifts: number,
  format: (mean: number | undefined) => string = percent,
): string {
  const text = format(figure?.mean)
  return figure && figure.n < nShifts ? `${text} (${figure.n})` : text
}

const metricHeader = [
  "intervention",
  "per\nprompt",
  "by\nchance",
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

function metricCellsOf({ accuracy, metrics, nShifts, skippedPairs, nSeeds }: SuiteSummary): string[] {
  return [
    counted(metrics.promptAccuracy, nShifts),
    counted(metrics.promptChance, nShifts),
    counted(metrics.auroc, nShifts, decimal),
    counted(metrics.brierScore, nShifts, decimal),
    counted(metrics.rmsCalibrationError, nShifts, decimal),
    counted(metrics.rmsCalibrationErrorGenies2023, nShifts, decimal),
    counted(metrics.agreementWithLonger, nShifts),
    counted(metrics.contamination, nShifts),
    thousands(skippedPairs),
    String(nSeeds),
    percent(accuracy.overSeeds),
  ]
}

function bands(figure: SuiteFigure | SuiteComparison | undefined): string[] {
  return [bandOverPrompts(figure), bandOverSources(figure)]
}

/** The interval over prompts, with a * where pairs were drawn. */
function bandOverPrompts(figure: OverPrompts | undefined): string {
  const text = band(figure?.overPrompts)
  return figure?.drawnByPair && text !== "–" ? `${text}*` : text
}

/** The interval over sources, or the range of the sources where there are too few. */
function bandOverSources(figure: ShiftAverage | undefined): string {
  if (figure?.overSources) return band(figure.overSources)
  const range = band(figure?.sourceRange)
  return range === "–" ? range : `[${range}]`
}

/** The paper's own intervals, which take less for granted than they should. */
function renderBootstrap(rows: readonly (readonly [name: string, figure: ShiftAverage])[]): string {
  const head = [
    "differential elicitation,\nbootstrap intervals",
    "mean",
    "shifts drawn\nsingly",
    "shifts drawn\nby source",
  ]
  const cells = rows.map(([name, { mean, bootstrap }]) => [
    name,
    points(mean),
    band(bootstrap.overShifts),
    band(bootstrap.overSources),
  ])
  return renderTable(head, cells)
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
  comparisons: readonly { group: string | undefined; one: TableComparison }[],
  severalModels: boolean,
): string {
  const head = [
    "difference of\ndifferential elicitation",
    "shifts",
    "points",
    "over\nprompts",
    "over\nsources",
    "sign-flip p\nby source",
    "Holm",
    "detect-\nable",
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
    decimal(one.signFlip?.p),
    decimal(one.holm),
    points(one.detectable.overSources ?? one.detectable.overPrompts),
    String(one.wins),
    points(one.median),
    one.leaveOneOut ? `${points(one.leaveOneOut.low)} (${one.withoutForLowest})` : "–",
    one.leaveOneOut ? `${points(one.leaveOneOut.high)} (${one.withoutForHighest})` : "–",
  ])
  return renderTable(head, rows)
}
