// Mean of a metric in each category of shifts, one polygon an intervention. The axes go from 0 to 100 %, or to a round
// number beyond the largest value; where values are negative, from one below the smallest.

import * as Plot from "@observablehq/plot"
import { figuresIn, metricTitles, modelName, rowName, type SiteIndex } from "../../site-data.ts"
import { meanOfKnown } from "../../../numbers/lists.ts"
import { selectedRows, selectedShifts, spaced, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { capitalized, percent, seriesOf } from "./style.ts"

export interface RadarPoint {
  readonly row: number
  readonly name: string
  readonly category: string
  readonly value: number | undefined
}

/** Categories of a report, in the order of its shifts. */
export function categoriesOf({ shifts }: SiteIndex): string[] {
  return [...new Set(shifts.flatMap(({ category }) => category ?? []))]
}

/** Mean of the metric by row and category. */
export function radarPoints(index: SiteIndex, selection: Selection): RadarPoint[] {
  const rows = selectedRows(index, selection)
  const several = new Set(rows.map((row) => modelName(index.rows[row]!))).size > 1
  return rows.flatMap((row) =>
    categoriesOf(index).map((category) => {
      const places = selectedShifts(index, { ...selection, category }, [row])
      const values = places.map(
        (place) => figuresIn(index, selection.view, row, place)?.[selection.metric]?.value,
      )
      return {
        row,
        name: rowName(index.rows[row]!, several),
        category,
        value: meanOfKnown(values),
      }
    }),
  )
}

export function radarFigure(index: SiteIndex, selection: Selection, canvas: Canvas): SVGSVGElement {
  const points = radarPoints(index, selection)
  const categories = categoriesOf(index).filter((category) =>
    points.some((point) => point.category === category && point.value !== undefined),
  )
  const models = new Set(points.map(({ row }) => modelName(index.rows[row]!)))
  const title = `${capitalized(metricTitles[selection.metric])} by category${models.size === 1 ? `, ${[...models][0]}` : ""}`
  const subtitle = `${viewNote(selection.view)}. Mean over the shifts of a category, %.`
  if (categories.length < 3) {
    const message = "A radar needs three categories of shifts or more."
    return frame({ title, subtitle, plot: emptyPlot(message, canvas) }, canvas)
  }
  const series = seriesOf(index)
  const known = points.filter(({ value }) => value !== undefined)
  const values = known.map(({ value }) => value!)
  const lowest = Math.min(0, ...values)
  const marked = ringsFor(lowest, Math.max(lowest < 0 ? 0 : 1, ...values))
  const [low, high] = [marked[0]!, marked.at(-1)!]
  const top = high - low
  const angle = (category: string): number => (2 * Math.PI * categories.indexOf(category)) / categories.length
  const place = (category: string, radius: number): { x: number; y: number } => ({
    x: radius * Math.sin(angle(category)),
    y: radius * Math.cos(angle(category)),
  })
  // Numbers stand halfway between the first two axes, where no point can lie.
  const step = Math.PI / categories.length
  const between = (radius: number): { x: number; y: number } => ({
    x: radius * Math.cos(step) * Math.sin(step),
    y: radius * Math.cos(step) * Math.cos(step),
  })
  const rings = marked.flatMap((ring) =>
    [...categories, categories[0]!].map((category) => ({ ring, ...place(category, ring - low) })),
  )
  const isZero = ({ ring }: (typeof rings)[number]): boolean => low < 0 && ring === 0
  const corners = known.map((point) => {
    const entry = index.rows[point.row]!
    return {
      ...point,
      ...place(point.category, point.value! - low),
      ...series.get(entry.intervention)!,
    }
  })
  const size = Math.min(canvas.width, 520)
  const side = Math.max(70, (canvas.width - size) / 2 + 70)
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: Math.max(240, canvas.width - 2 * side + 60),
    marginLeft: side,
    marginRight: side,
    marginTop: 30,
    marginBottom: 30,
    x: { axis: null, domain: [-top, top] },
    y: { axis: null, domain: [-top, top] },
    symbol: { type: "identity" },
    marks: [
      Plot.line(rings, { x: "x", y: "y", z: "ring", strokeOpacity: 0.25, strokeWidth: 1 }),
      Plot.line(rings.filter(isZero), { x: "x", y: "y", strokeOpacity: 0.7, strokeDasharray: "3,3" }),
      Plot.link(
        categories.map((category) => place(category, top)),
        { x1: 0, y1: 0, x2: "x", y2: "y", strokeOpacity: 0.2 },
      ),
      Plot.text(marked, {
        x: (ring: number) => between(ring - low).x,
        y: (ring: number) => between(ring - low).y,
        text: (ring: number) => percent(ring, 0),
        fillOpacity: 0.65,
        fontSize: 10,
      }),
      ...["start", "middle", "end"].map((textAnchor) =>
        Plot.text(
          categories.filter((category) => anchorOf(place(category, 1).x) === textAnchor),
          {
            x: (category: string) => place(category, top * 1.07).x,
            y: (category: string) => place(category, top * 1.07).y,
            text: (category: string) => spaced(category).replace(" ", "\n"),
            textAnchor: textAnchor as "start",
          },
        ),
      ),
      Plot.line(corners, {
        x: "x",
        y: "y",
        z: "name",
        stroke: "color",
        strokeWidth: 1.75,
        curve: "linear-closed",
      }),
      Plot.dot(corners, {
        x: "x",
        y: "y",
        fill: "color",
        symbol: "symbol",
        r: 3.5,
        title: (point: (typeof corners)[number]) =>
          `${point.name}, ${spaced(point.category)}: ${percent(point.value)} %`,
      }),
    ],
  })
  const legend = [...new Map(corners.map((point) => [point.name, point])).values()].map(
    ({ name, color, symbol }) => ({
      name,
      series: { color, symbol },
    }),
  )
  return frame({ title, subtitle, legend, plot }, canvas)
}

/** Round numbers from at most `low` to at least `high`, in equal steps, about five of them. */
function ringsFor(low: number, high: number): number[] {
  const step = [0.25, 0.5, 1, 2, 2.5, 5, 10].find((one) => (high - low) / one <= 6) ?? (high - low) / 4
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step)
}

function anchorOf(x: number): string {
  return Math.abs(x) < 0.1 ? "middle" : x > 0 ? "start" : "end"
}
