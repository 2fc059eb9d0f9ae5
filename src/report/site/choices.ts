// The choices of an address as a selection; what it does not name, or names wrongly, has a default.

import { views } from "./figures/words.ts"
import { metrics, modelName, type SiteIndex } from "../site-data.ts"
import type { Route } from "./router.ts"
import { mainModel, modelsOf, selectedRows, type Selection } from "./selection.ts"

/** What every page is given. */
export interface PageProps {
  readonly index: SiteIndex
  readonly route: Route
}

/** The address's selection; `model` is that of pages on one model. */
export interface Choices extends Selection {
  readonly model: string
  /** Interventions that are taken away. */
  readonly hidden: readonly string[]
  /** Interventions that the model has. */
  readonly among: readonly string[]
}

export function choicesOf({ index, route }: PageProps): Choices {
  const { view, suite, metric, model, hide, label, category } = route.choices
  const models = modelsOf(index)
  const chosen = model !== undefined && models.includes(model) ? model : mainModel(index)
  const hidden = hide === undefined ? [] : hide.split("~")
  const among = selectedRows(index, { models: [chosen] }).map((row) => index.rows[row]!.intervention)
  return {
    view: views.find((name) => name === view) ?? "corrected",
    suite: suite !== undefined && index.suites.includes(suite) ? suite : (index.suites[0] ?? ""),
    metric: metrics.find((name) => name === metric) ?? "accuracy",
    model: chosen,
    models: [chosen],
    hidden,
    among,
    interventions: among.filter((name) => !hidden.includes(name)),
    label: label || undefined,
    category: category || undefined,
  }
}

/** Labels or categories of the shifts that a model has results on, as a menu. */
export function menuOf(
  index: SiteIndex,
  of: "label" | "category",
  model: string,
): readonly (readonly [value: string, title: string])[] {
  const rows = index.rows.flatMap((row, place) => (modelName(row) === model ? [place] : []))
  const names = index.shifts.flatMap((shift, place) =>
    rows.some((row) => index.cells[row]![place]) ? (shift[of] ?? []) : [],
  )
  return [["", "all"], ...[...new Set(names)].map((name) => [name, name.replaceAll("_", " ")] as const)]
}
