// Accuracy of each intervention on each shift against the capability of a model tuned on the target: what lies on the
// diagonal was brought out whole.

import * as Plot from "@observablehq/plot"
import { figuresIn, modelName, rowName, shiftName, type SiteIndex } from "../../site-data.ts"
import { selectedRows, selectedShifts, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { percent, seriesOf } from "./style.ts"

export function capabilityFigure(index: SiteIndex, selection: Selection, canvas: Canvas): SVGSVGElement {
  const rows = selectedRows(index, selection)
  const models = new Set(rows.map((row) => modelName(index.rows[row]!)))
  const series = seriesOf(index)
  const points = rows.flatMap((row) => {
    const entry = index.rows[row]!
    const { color, symbol } = series.get(entry.intervention)!
    return selectedShifts(index, selection, [row]).flatMap((place) => {
      const { accuracy, capability } = figuresIn(index, selection.view, row, place) ?? {}
      if (accuracy === undefined || capability === undefined) return []
      const name = rowName(entry, models.size > 1)
      const title = `${name}\n${shiftName(index.shifts[place]!)}\naccuracy ${percent(accuracy.value)} %, capability ${percent(capability)} %`
      return [{ name, color, symbol, title, x: 100 * capability, y: 100 * accuracy.value }]
    })
  })
  const title = `Accuracy against capability${models.size === 1 ? `, ${[...models][0]}` : ""}`
  const subtitle = `${viewNote(selection.view)}. A point is a shift; on the diagonal, elicitation is 100 %.`
  if (points.length === 0) {
    return frame({ title, subtitle, plot: emptyPlot("No capability is known here.", canvas) }, canvas)
  }
  const low = Math.max(0, Math.floor(Math.min(40, ...points.map(({ x }) => x)) / 10) * 10)
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: Math.min(460, canvas.width * 0.85),
    marginLeft: 44,
    x: { domain: [low, 100], label: "capability, %", grid: true },
    y: { domain: [0, 100], label: "accuracy, %", grid: true },
    symbol: { type: "identity" },
    marks: [
      Plot.link([0], { x1: low, y1: low, x2: 100, y2: 100, strokeOpacity: 0.5 }),
      Plot.ruleY([50], { strokeOpacity: 0.5, strokeDasharray: "3,3" }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        fill: "color",
        symbol: "symbol",
        r: 3.5,
        fillOpacity: 0.8,
        title: "title",
      }),
    ],
  })
  const legend = [...new Map(points.map((point) => [point.name, point])).values()].map(
    ({ name, color, symbol }) => ({
      name,
      series: { color, symbol },
    }),
  )
  return frame({ title, subtitle, legend, plot }, canvas)
}
