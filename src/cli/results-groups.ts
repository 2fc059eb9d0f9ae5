// What a table of results says: the figures of a suite, read from a store and summarized group by group.

import { promptDraws, type PromptDraws } from "../benchmark/tables/prompt-draws.ts"
import { openResults } from "../benchmark/store/results.ts"
import {
  compareInSuite,
  holmOf,
  notCompared,
  resolveInterventions,
  type NotCompared,
  type SuiteComparison,
} from "../benchmark/tables/suite-comparison.ts"
import { isLeaky, random, type SuiteResults } from "../benchmark/tables/suite-results.ts"
import { groupResults, type Grouping } from "../benchmark/tables/group-results.ts"
import { readSuiteResults } from "../benchmark/tables/read-suite-results.ts"
import { summarizeSuite, type SuiteSummary } from "../benchmark/tables/suite-summary.ts"
import { readSuite, suiteName, type View } from "../data/index.ts"
import { LitmusError, unknownName } from "../base/errors.ts"
import { modelName } from "../report/site-data.ts"

/** What to show. */
export interface TableChoice {
  readonly view: View
  readonly suite: string
  readonly by?: Grouping
  readonly model?: readonly string[]
  readonly compare?: readonly string[]
  readonly published?: readonly string[]
  readonly seed: number
}

/** Rows of one group of shifts; the whole suite is a group without a name. */
export interface TableGroup {
  readonly group: string | undefined
  readonly shifts: number
  readonly summaries: readonly SuiteSummary[]
  readonly comparisons: readonly TableComparison[]
  /** Shifts that the comparisons leave out although both interventions have a result, and why. */
  readonly notCompared: readonly NotCompared[]
}

/** A comparison, with its p after Holm's correction for all comparisons of the table, whatever group they are in. */
export interface TableComparison extends SuiteComparison {
  readonly holm?: number
}

export interface TableContent {
  readonly results: SuiteResults
  readonly groups: readonly TableGroup[]
  /** Smallest difference between two interventions that could have been shown: medians over all twos of them. */
  readonly detectable: Detectable
  /** Test splits of which it is not known which pairs share a prompt. */
  readonly drawnSingly: readonly string[]
}

/**
 * Reads a store, or published figures, and summarizes a suite in it.
 *
 * @param folder - the store; may be left out with `published`
 * @throws {LitmusError} for a suite without results, an unknown model or intervention, and nothing to compare
 */
export async function readTable(
  folder: string | undefined,
  { view, suite, by, model: models, compare = [], published = [], seed }: TableChoice,
): Promise<TableContent> {
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
  const separate = [...(by ? groupResults(results, by) : new Map([[undefined, results]]))].map(
    ([group, part]) => {
      const comparisons = compareInSuite(part, compared, { seed }, draws)
      const { summaries } = summarizeSuite(part, { seed }, draws)
      return {
        group,
        shifts: part.shifts.length,
        summaries: sorted(summaries),
        comparisons,
        notCompared: notCompared(part, compared),
      }
    },
  )
  const adjusted = holmOf(separate.flatMap(({ comparisons }) => comparisons))
  const groups: readonly TableGroup[] = separate.map((group) => ({
    ...group,
    comparisons: group.comparisons.map((one): TableComparison => {
      const holm = adjusted.shift()
      return holm === undefined ? one : { ...one, holm }
    }),
  }))
  if (compare.length > 0 && groups.every(({ comparisons }) => comparisons.length === 0)) {
    const reasons = new Set(groups.flatMap((group) => group.notCompared.map(({ reason }) => reason)))
    throw new LitmusError(
      reasons.size > 0
        ? `--compare: ${compare.join(", ")}: nothing to compare on any shift: ${[...reasons].join("; ")}`
        : `--compare: no model has results of two of ${compare.join(", ")} on one shift`,
    )
  }
  return {
    results,
    groups,
    detectable: medianDetectable(results, draws, seed),
    drawnSingly: [...draws.drawnSingly].sort(),
  }
}

/** What differences a table could have shown with a chance of 80 %. */
export interface Detectable {
  readonly overPrompts?: number
  readonly overSources?: number
  /** Twos of interventions behind the medians. */
  readonly comparisons: number
}

function medianDetectable(results: SuiteResults, draws: PromptDraws, seed: number): Detectable {
  const names = [...new Set(results.results.map(({ intervention }) => intervention))].filter(
    (name) => name !== random && !isLeaky(name),
  )
  const all = compareInSuite(results, names, { seed, nResamples: 1 }, draws)
  const median = (kind: "overPrompts" | "overSources"): Partial<Detectable> => {
    const values = all.flatMap(({ detectable }) => detectable[kind] ?? []).sort((a, b) => a - b)
    const middle = values[values.length >> 1]
    return middle === undefined ? {} : { [kind]: middle }
  }
  return { ...median("overPrompts"), ...median("overSources"), comparisons: all.length }
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
