// Reliability diagrams: among the pairs that an intervention gives a probability of .8, are four in five right? Pairs
// are taken in both orders, so that a curve is symmetric about (½, ½).

import * as Plot from "@observablehq/plot"
import {
  figuresIn,
  modelName,
  rowName,
  turnedBins,
  type ReliabilityEntry,
  type SiteIndex,
} from "../../site-data.ts"
import { selectedRows, selectedShifts, type Selection } from "../selection.ts"
import { viewNote } from "./words.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { seriesOf } from "./style.ts"

export interface ReliabilityPoint {
  readonly row: number
  readonly name: string
  /** Pair orders in the bin, their mean probability and the share of them with label 1. */
  readonly n: number
  readonly probability: number
  readonly frequency: number
}

/** The bins of each selected row, added up over the selected shifts, labels as the view has them. */
export function reliabilityPoints(
  { index, reliability }: { index: SiteIndex; reliability: readonly ReliabilityEntry[] },
  selection: Selection,
): ReliabilityPoint[] {
  const rows = selectedRows(index, selection)
  const several = new Set(rows.map((row) => modelName(index.rows[row]!))).size > 1
  return rows.flatMap((row) => {
    const places = new Set(selectedShifts(index, selection, [row]))
    const sums: { n: number; sum: number; ones: number }[] = []
    for (const { shift, bins } of reliability.find((entry) => entry.row === row)?.shifts ?? []) {
      if (!places.has(shift)) continue
      const turned = figuresIn(index, selection.view, row, shift)?.turned ? turnedBins(bins) : bins
      turned.forEach(({ n, sum, ones }, i) => {
        const total = sums[i] ?? { n: 0, sum: 0, ones: 0 }
        sums[i] = { n: total.n + n, sum: total.sum + sum, ones: total.ones + ones }
      })
    }
    const name = rowName(index.rows[row]!, several)
    return sums.flatMap(({ n, sum, ones }) =>
      n > 0 ? [{ row, name, n, probability: sum / n, frequency: ones / n }] : [],
    )
  })
}

export function reliabilityFigure(
  data: { index: SiteIndex; reliability: readonly ReliabilityEntry[] },
  selection: Selection,
  canvas: Canvas,
): SVGSVGElement {
  const { index } = data
  const points = reliabilityPoints(data, selection)
  const models = new Set(points.map(({ row }) => modelName(index.rows[row]!)))
  const title = `Reliability${models.size === 1 ? `, ${[...models][0]}` : ""}`
  const subtitle = `${viewNote(selection.view)}. Pairs in both orders, 10 bins; on the diagonal, probabilities mean what they say.`
  if (points.length === 0) {
    return frame(
      { title, subtitle, plot: emptyPlot("No probabilities of single pairs are known here.", canvas) },
      canvas,
    )
  }
  const series = seriesOf(index)
  const marks = points.map((point) => ({
    ...point,
    ...series.get(index.rows[point.row]!.intervention)!,
    x: point.probability,
    y: point.frequency,
    title: `${point.name}: given ${point.probability.toFixed(2)}, right ${point.frequency.toFixed(2)} of ${point.n}`,
  }))
  const side = Math.min(canvas.width, 460)
  const plot = Plot.plot({
    document: canvas.document,
    width: side,
    height: side,
    marginLeft: 44,
    marginRight: 16,
    x: { domain: [0, 1], label: "probability given", grid: true, ticks: 5 },
    y: { domain: [0, 1], label: "share that is right", grid: true, ticks: 5 },
    symbol: { type: "identity" },
    marks: [
      Plot.link([0], { x1: 0, y1: 0, x2: 1, y2: 1, strokeOpacity: 0.5 }),
      Plot.line(marks, { x: "x", y: "y", z: "name", stroke: "color", strokeWidth: 1.5 }),
      Plot.dot(marks, { x: "x", y: "y", fill: "color", symbol: "symbol", r: 3.5, title: "title" }),
    ],
  })
  const legend = [...new Map(marks.map((mark) => [mark.name, mark])).values()].map(
    ({ name, color, symbol }) => ({
      name,
      series: { color, symbol },
    }),
  )
  return frame({ title, subtitle, legend, plot }, canvas)
}
