// The table of a suite as CSV: one line per group, model and intervention, full precision, no figure as an empty cell.

import type { View } from "../data/index.ts"
import type { SuiteFigure } from "../benchmark/tables/suite-summary.ts"
import type { TableGroup } from "./results-groups.ts"

const figures = [
  "accuracy",
  "capability",
  "elicitation",
  "conditionalElicitation",
  "differentialElicitation",
  "sourceAccuracy",
  "agreementWithZeroShot",
] as const

const intervals = ["overPrompts", "overSources"] as const

/** The table's lines, header first. */
export function suiteTableCsv(
  { suite, view }: { suite: string; view: View },
  groups: readonly TableGroup[],
): string {
  const header = [
    "suite",
    "view",
    "group",
    "model",
    "intervention",
    "published",
    "noEvidence",
    "shifts",
    "nullBand.draws",
    "nullBand.low",
    "nullBand.high",
    ...figures.flatMap((figure) => [
      figure,
      `${figure}.shifts`,
      ...intervals.flatMap((interval) => [`${figure}.${interval}.low`, `${figure}.${interval}.high`]),
    ]),
  ]
  const lines = groups.flatMap(({ group, summaries }) =>
    summaries.map((row) => [
      suite,
      view,
      group,
      row.model,
      row.intervention,
      row.published,
      row.noEvidence,
      row.nShifts,
      row.nullBand?.draws,
      row.nullBand?.low,
      row.nullBand?.high,
      ...figures.flatMap((name) => {
        const figure: SuiteFigure | undefined = row[name]
        return [
          figure?.mean,
          figure?.n,
          ...intervals.flatMap((kind) => [figure?.[kind]?.low, figure?.[kind]?.high]),
        ]
      }),
    ]),
  )
  return [header, ...lines].map((cells) => `${cells.map(cellOf).join(",")}\n`).join("")
}

function cellOf(value: string | number | boolean | undefined): string {
  const text = value === undefined ? "" : String(value)
  return /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
