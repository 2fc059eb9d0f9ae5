// One row a shift with the interval of every intervention over its prompts: the paper's figure of ellipses. The page
// draws its rows one by one, `litmus plot` all of them.

import * as Plot from "@observablehq/plot"
import {
  figuresIn,
  metricTitles,
  modelName,
  rowName,
  shiftName,
  type Metric,
  type SiteIndex,
} from "../../site-data.ts"
import { selectedRows, selectedShifts, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { capitalized, percent, seriesOf, textWidth } from "./style.ts"

interface Mark {
  readonly shift: string
  /** A line of its own within the shift's row. */
  readonly line: string
  readonly color: string
  readonly symbol: string
  readonly value: number
  readonly low: number
  readonly high: number
  readonly title: string
}

/** The values of rows on a shift. */
function marksOf(
  index: SiteIndex,
  { view, metric }: Pick<Selection, "view" | "metric">,
  { rows, place }: { rows: readonly number[]; place: number },
): Mark[] {
  const series = seriesOf(index)
  const several = new Set(rows.map((row) => modelName(index.rows[row]!))).size > 1
  return rows.flatMap((row) => {
    const estimate = figuresIn(index, view, row, place)?.[metric]
    if (!estimate) return []
    const entry = index.rows[row]!
    const { value, overPrompts: [low, high] = [value, value] } = estimate
    const name = rowName(entry, several)
    const interval = estimate.overPrompts ? ` (${percent(low)} to ${percent(high)})` : ""
    return [
      {
        shift: shiftName(index.shifts[place]!),
        line: String(row),
        ...series.get(entry.intervention)!,
        value: 100 * value,
        low: 100 * low,
        high: 100 * high,
        title: `${name}: ${percent(value)} %${interval}`,
      },
    ]
  })
}

/** The range of values that all rows share, so that they can be compared. */
export function shiftDomain(
  index: SiteIndex,
  { view, metric }: Pick<Selection, "view" | "metric">,
  { rows, places }: { rows: readonly number[]; places: readonly number[] },
): [number, number] {
  const values = places.flatMap((place) =>
    rows.flatMap((row) => {
      const estimate = figuresIn(index, view, row, place)?.[metric]
      return estimate ? [estimate.value, ...(estimate.overPrompts ?? [])] : []
    }),
  )
  const [least, most] = metric === "differentialElicitation" ? [0, 0] : [0, 1]
  const step = (value: number, round: (x: number) => number): number => round(value * 10) * 10
  return [step(Math.min(least, ...values), Math.floor), step(Math.max(most, ...values), Math.ceil)]
}

/** What a metric is read against: chance, all of the capability, zero-shot. */
export function referenceOf(metric: Metric): number {
  return metric === "accuracy" ? 50 : metric === "elicitation" ? 100 : 0
}

function marksFor(marks: readonly Mark[], metric: Metric, facet: { fy?: string }): Plot.Markish[] {
  return [
    Plot.ruleX([referenceOf(metric)], { strokeOpacity: 0.5, strokeDasharray: "3,3" }),
    Plot.ruleY(marks, {
      ...facet,
      x1: "low",
      x2: "high",
      y: "line",
      stroke: "color",
      strokeWidth: 2,
      strokeOpacity: 0.7,
    }),
    Plot.dot(marks, {
      ...facet,
      x: "value",
      y: "line",
      fill: "color",
      symbol: "symbol",
      r: 3,
      title: "title",
    }),
  ]
}

/** Room for half of the axis's last number. */
const stripMargin = 14

/** One shift's values, without axes; `domain` is that of all rows. */
export function shiftStrip(
  index: SiteIndex,
  selection: Pick<Selection, "view" | "metric">,
  { rows, place, domain }: { rows: readonly number[]; place: number; domain: [number, number] },
  { document, width }: Canvas,
): Element {
  const marks = marksOf(index, selection, { rows, place })
  return Plot.plot({
    document,
    width,
    height: Math.max(16, rows.length * 5 + 6),
    margin: 3,
    marginLeft: stripMargin,
    marginRight: stripMargin,
    x: { domain, axis: null },
    y: { domain: rows.map(String), axis: null, type: "point" },
    symbol: { type: "identity" },
    marks: [Plot.gridX({ strokeOpacity: 0.12 }), ...marksFor(marks, selection.metric, {})],
  })
}

/** The axis above the rows of strips. */
export function stripAxis(domain: [number, number], { document, width }: Canvas): Element {
  return Plot.plot({
    document,
    width,
    height: 22,
    marginTop: 20,
    marginBottom: 0,
    marginLeft: stripMargin,
    marginRight: stripMargin,
    x: { domain, axis: "top", label: null, ticks: Math.min(6, width / 60) },
    marks: [],
  })
}

/** All rows in one figure, in the given order or the report's. */
export function shiftsFigure(
  index: SiteIndex,
  selection: Selection,
  canvas: Canvas,
  order?: readonly number[],
): SVGSVGElement {
  const rows = selectedRows(index, selection)
  const places = order ?? selectedShifts(index, selection, rows)
  const { metric, view } = selection
  const models = new Set(rows.map((row) => modelName(index.rows[row]!)))
  const title = `${capitalized(metricTitles[metric])} on each shift${models.size === 1 ? `, ${[...models][0]}` : ""}`
  const subtitle = `${viewNote(view)}. Lines: 95 % over prompts, where single pairs are known.`
  const marks = places.flatMap((place) => marksOf(index, selection, { rows, place }))
  if (marks.length === 0) {
    return frame({ title, subtitle, plot: emptyPlot("No result is selected.", canvas) }, canvas)
  }
  const names = places.map((place) => shiftName(index.shifts[place]!))
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: places.length * (rows.length * 5 + 10) + 60,
    marginLeft: Math.min(canvas.width * 0.45, Math.max(...names.map((name) => textWidth(name, 11))) + 12),
    marginRight: 12,
    fy: { domain: [...new Set(names)], label: null, padding: 0.12, axis: null },
    x: {
      domain: shiftDomain(index, selection, { rows, places }),
      label: `${metricTitles[metric]}, %`,
      grid: true,
    },
    y: { domain: rows.map(String), axis: null, type: "point" },
    symbol: { type: "identity" },
    marks: [
      Plot.axisFy({ anchor: "left", label: null, fontSize: 11 }),
      Plot.frame({ strokeOpacity: 0.12 }),
      ...marksFor(marks, metric, { fy: "shift" }),
    ],
  })
  const series = seriesOf(index)
  const legend = rows.flatMap((row) => {
    const entry = index.rows[row]!
    return [{ name: rowName(entry, models.size > 1), series: series.get(entry.intervention)! }]
  })
  return frame({ title, subtitle, legend, plot }, canvas)
}
