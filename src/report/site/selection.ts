// What of a report is looked at: the choices that the page's controls, its addresses and `litmus plot` all express.

import type { View } from "../../data/suites.ts"
import { figuresIn, modelName, type Metric, type SiteIndex, type TableEntry } from "../site-data.ts"

export interface Selection {
  readonly view: View
  readonly suite: string
  readonly metric: Metric
  /** Names of models as `modelName` gives them; undefined for all. */
  readonly models?: readonly string[] | undefined
  /** Undefined for all. */
  readonly interventions?: readonly string[] | undefined
  readonly label?: string | undefined
  readonly category?: string | undefined
}

/** Models of a report, in its order. */
export function modelsOf({ rows }: SiteIndex): string[] {
  return [...new Set(rows.map(modelName))]
}

/** Interventions of a report; the known ones first, so that colours do not depend on what else is there. */
export function interventionsOf({ rows }: SiteIndex): string[] {
  return [...new Set(rows.map(({ intervention }) => intervention))].sort(
    (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
  )
}

/** The usual order of interventions: probes, tuned models, prompts, controls. */
export const usualOrder = [
  "mms",
  "lora",
  "cra",
  "zero-shot",
  "lat-mean",
  "few-shot",
  "lat-mean-2",
  "prompt-tuning",
  "ccs-leaky",
  "random",
  "mass-mean",
  "lat",
  "lda",
  "lr",
  "ttpd",
  "ccs",
  "full",
  "per-token-likelihood",
  "perplexity",
  "attention",
  "mlp",
  "longer",
  "bag-of-words",
  "random-direction",
  "shuffled-labels",
]

function rank(intervention: string): number {
  const place = usualOrder.indexOf(intervention)
  return place < 0 ? usualOrder.length : place
}

/** Places of the rows that are selected: by model, and within it in the usual order of interventions. */
export function selectedRows(index: SiteIndex, { models, interventions }: Partial<Selection>): number[] {
  const [allModels, all] = [modelsOf(index), interventionsOf(index)]
  return index.rows
    .flatMap((row, place) =>
      (!models || models.includes(modelName(row))) &&
      (!interventions || interventions.includes(row.intervention))
        ? [{ place, model: allModels.indexOf(modelName(row)), intervention: all.indexOf(row.intervention) }]
        : [],
    )
    .sort((a, b) => a.model - b.model || a.intervention - b.intervention)
    .map(({ place }) => place)
}

/** Places of the shifts that are selected and have a result in one of the rows, or the reason why there is none. */
export function selectedShifts(
  index: SiteIndex,
  { view, label, category }: Pick<Selection, "view" | "label" | "category">,
  rows: readonly number[],
): number[] {
  return index.shifts.flatMap((shift, place) =>
    (label === undefined || (shift.label ?? "") === label) &&
    (category === undefined || (shift.category ?? "") === category) &&
    rows.some((row) => figuresIn(index, view, row, place) ?? isSkipped(index, row, place))
      ? [place]
      : [],
  )
}

function isSkipped({ rows }: SiteIndex, row: number, place: number): boolean {
  return rows[row]!.skipped?.some(({ shift }) => shift === place) === true
}

/** A suite's table in a view. */
export function tableOf(
  index: SiteIndex,
  { suite, view }: Pick<Selection, "suite" | "view">,
): TableEntry | undefined {
  return index.tables.find((table) => table.suite === suite && table.view === view)
}

/** The model that a page on one model shows first: one's own before a published one, then that with most results. */
export function mainModel(index: SiteIndex): string {
  const models = modelsOf(index)
  const results = (model: string): number =>
    selectedRows(index, { models: [model] }).reduce((sum, row) => {
      const found = index.cells[row]!.filter((cell) => cell).length
      return sum + found * (index.rows[row]!.published ? 1 : 1e6)
    }, 0)
  return models.reduce((best, model) => (results(model) > results(best) ? model : best), models[0]!)
}

/** A category's name as a title: `unwanted_personas` → `unwanted personas`. */
export function spaced(name: string): string {
  return name.replaceAll("_", " ")
}
