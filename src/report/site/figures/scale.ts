// A metric over models, from the smallest to the largest, a panel for each label of shifts (extreme, probing). Where
// names tell the number of parameters the axis is logarithmic in it, otherwise models stand side by side.

import * as Plot from "@observablehq/plot"
import { figuresIn, metricTitles, modelName, sizeOf, type SiteIndex } from "../../site-data.ts"
import { meanOfKnown } from "../../../numbers/lists.ts"
import { selectedRows, selectedShifts, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { capitalized, percent, seriesOf } from "./style.ts"

export interface ScalePoint {
  readonly model: string
  readonly intervention: string
  readonly label: string
  readonly value: number
  /** Shifts averaged: those that every model with the intervention has. */
  readonly nShifts: number
}

/** Averages over the shifts that all models with the intervention have, so that models are compared on the same. */
export function scalePoints(index: SiteIndex, selection: Selection): ScalePoint[] {
  const { view, metric } = selection
  const all = selectedRows(index, selection)
  const interventions = [...new Set(all.map((row) => index.rows[row]!.intervention))]
  const labels = [...new Set(index.shifts.map(({ label }) => label ?? "all shifts"))]
  return interventions.flatMap((intervention) => {
    const rows = all.filter((row) => index.rows[row]!.intervention === intervention)
    return labels.flatMap((label) => {
      const places = selectedShifts(index, selection, rows).filter(
        (place) =>
          (index.shifts[place]!.label ?? "all shifts") === label &&
          rows.every((row) => figuresIn(index, view, row, place)?.[metric]),
      )
      return rows.flatMap((row) => {
        const value = meanOfKnown(places.map((place) => figuresIn(index, view, row, place)?.[metric]?.value))
        const model = modelName(index.rows[row]!)
        return value === undefined ? [] : [{ model, intervention, label, value, nShifts: places.length }]
      })
    })
  })
}

/** Models by the size that their names tell, those that tell none last. */
export function modelsBySize(models: readonly string[]): string[] {
  return [...models].sort((a, b) => (sizeOf(a) ?? Infinity) - (sizeOf(b) ?? Infinity) || (a < b ? -1 : 1))
}

export function scaleFigure(index: SiteIndex, selection: Selection, canvas: Canvas): SVGSVGElement {
  const points = scalePoints(index, selection)
  const models = modelsBySize([...new Set(points.map(({ model }) => model))])
  const title = `${capitalized(metricTitles[selection.metric])} over models`
  const subtitle = `${viewNote(selection.view)}. Means over the shifts that all models with an intervention have.`
  if (models.length < 2) {
    const message = "Results of two models or more are needed."
    return frame({ title, subtitle, plot: emptyPlot(message, canvas) }, canvas)
  }
  const series = seriesOf(index)
  const sizes = models.flatMap((model) => sizeOf(model) ?? [])
  const bySize = new Set(sizes).size === models.length
  const marks = points
    .map((point) => ({
      ...point,
      ...series.get(point.intervention)!,
      x: bySize ? sizeOf(point.model)! : models.indexOf(point.model),
      y: 100 * point.value,
      title: `${point.intervention}, ${point.model}, ${point.label}: ${percent(point.value)} % (${point.nShifts} shifts)`,
    }))
    .sort((a, b) => a.x - b.x)
  const places = bySize ? sizes : models.map((_, i) => i)
  const labels = [...new Set(points.map(({ label }) => label))]
  const across = canvas.width >= 480
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: across ? 380 : 300 * labels.length + 40,
    marginBottom: 44,
    marginRight: across ? 24 : 60,
    x: {
      type: bySize ? "log" : "linear",
      label: bySize ? "parameters" : null,
      ticks: places,
      tickFormat: (value: number) => {
        const name = models[places.indexOf(value)] ?? ""
        return bySize ? sizeName(value) : name
      },
      insetLeft: 14,
      insetRight: 14,
    },
    y: { label: `${metricTitles[selection.metric]}, %`, grid: true, nice: true },
    ...(across ? { fx: { label: null, domain: labels } } : { fy: { label: null, domain: labels } }),
    symbol: { type: "identity" },
    marks: [
      Plot.frame({ strokeOpacity: 0.15 }),
      Plot.line(marks, {
        x: "x",
        y: "y",
        z: "intervention",
        stroke: "color",
        strokeWidth: 1.75,
        ...facet(across),
      }),
      Plot.dot(marks, {
        x: "x",
        y: "y",
        fill: "color",
        symbol: "symbol",
        r: 4,
        title: "title",
        ...facet(across),
      }),
    ],
  })
  const legend = [...new Set(points.map(({ intervention }) => intervention))].map((name) => ({
    name,
    series: series.get(name)!,
  }))
  return frame({ title, subtitle, legend, plot }, canvas)
}

function facet(across: boolean): { fx: string } | { fy: string } {
  return across ? { fx: "label" } : { fy: "label" }
}

function sizeName(size: number): string {
  const [unit, letter] = size >= 1e9 ? [1e9, "B"] : size >= 1e6 ? [1e6, "M"] : [1e3, "K"]
  return `${Number((size / unit).toPrecision(3))}${letter}`
}
