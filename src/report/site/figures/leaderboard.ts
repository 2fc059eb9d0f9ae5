// Interventions from best to worst, averaged over a suite, with the interval over prompts (thick) and the one over
// shifts by source (thin).

import * as Plot from "@observablehq/plot"
import { metricTitles, modelName, rowName, type SiteIndex } from "../../site-data.ts"
import { selectedRows, tableOf, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { capitalized, percent, seriesOf, textWidth } from "./style.ts"

export function leaderboardFigure(index: SiteIndex, selection: Selection, canvas: Canvas): SVGSVGElement {
  const { metric, suite } = selection
  const table = tableOf(index, selection)
  const chosen = new Set(selectedRows(index, selection))
  const models = new Set([...chosen].map((row) => modelName(index.rows[row]!)))
  const series = seriesOf(index)
  const rows = (table?.rows ?? []).flatMap((row) => {
    const average = row[metric]
    const entry = index.rows[row.row]!
    if (!chosen.has(row.row) || !average) return []
    const { color, symbol } = series.get(entry.intervention)!
    const name = rowName(entry, models.size > 1)
    return [{ name, color, symbol, average, mean: 100 * average.mean, text: percent(average.mean) }]
  })
  rows.sort((a, b) => b.mean - a.mean)
  const model = models.size === 1 ? `${[...models][0]}, ` : ""
  const title = `${capitalized(metricTitles[metric])}, ${model}${suite}`
  const subtitle = `${viewNote(selection.view)}. Mean over ${table?.nShifts ?? 0} shifts; thick: 95 % over prompts, thin: over shifts, by source.`
  if (rows.length === 0) {
    return frame(
      { title, subtitle, plot: emptyPlot(`No ${metricTitles[metric]} to show here.`, canvas) },
      canvas,
    )
  }
  const ends = (kind: "overPrompts" | "overSources") =>
    rows.flatMap((row) => {
      const interval = row.average[kind]
      return interval ? [{ ...row, low: 100 * interval[0], high: 100 * interval[1] }] : []
    })
  const reference = metric === "accuracy" ? 50 : metric === "elicitation" ? 100 : 0
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    marginLeft: Math.min(canvas.width * 0.42, Math.max(...rows.map(({ name }) => textWidth(name))) + 16),
    marginRight: 44,
    height: 22 * rows.length + 50,
    x: { label: `${metricTitles[metric]}, %`, grid: true, nice: true },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    symbol: { type: "identity" },
    marks: [
      Plot.ruleX([reference], { strokeOpacity: 0.5, strokeDasharray: "3,3" }),
      Plot.ruleY(ends("overSources"), {
        x1: "low",
        x2: "high",
        y: "name",
        stroke: "color",
        strokeWidth: 1.5,
      }),
      Plot.ruleY(ends("overPrompts"), {
        x1: "low",
        x2: "high",
        y: "name",
        stroke: "color",
        strokeWidth: 6,
        strokeOpacity: 0.4,
      }),
      Plot.dot(rows, { x: "mean", y: "name", fill: "color", symbol: "symbol", r: 4.5 }),
      Plot.text(rows, {
        text: "text",
        y: "name",
        frameAnchor: "right",
        textAnchor: "start",
        dx: 8,
        fontVariant: "tabular-nums",
      }),
    ],
  })
  return frame({ title, subtitle, plot }, canvas)
}
