// Where a model knows: the accuracy of a probe fitted at each layer alone (curves with intervals), or at each head alone
// (a map of layers and heads).

import { parseSite } from "../../../base/sites.ts"
import * as Plot from "@observablehq/plot"
import type { SweepEntry } from "../../site-data.ts"
import { emptyPlot, frame, type Canvas } from "./frame.ts"
import { percent, seriesOfNames, textWidth } from "./style.ts"

interface Point {
  readonly kind: string
  readonly layer: number
  readonly head: number | undefined
  readonly unit: string
  readonly on: string
  readonly value: number
  readonly low: number
  readonly high: number
}

export function layersFigure(sweep: SweepEntry | undefined, canvas: Canvas): SVGSVGElement {
  if (!sweep) {
    const message = "The store has no sweep: litmus sweep --results STORE makes one."
    return frame({ title: "Accuracy by layer", subtitle: "", plot: emptyPlot(message, canvas) }, canvas)
  }
  const points = pointsOf(sweep)
  const heads = points.some(({ head }) => head !== undefined)
  const title = `${sweep.probe} at each ${heads ? "head" : "layer"} alone, ${sweep.model}`
  const subtitle = `Fitted on ${sweep.source}; accuracy on test splits, per pair, %${heads ? "" : ", with 95 % over prompts"}.`
  return heads
    ? frame({ title, subtitle, plot: headMap(points, canvas) }, canvas)
    : frame({ title, subtitle, plot: curves(points, canvas), legend: legendOf(points) }, canvas)
}

function pointsOf({ source, target, points }: SweepEntry): Point[] {
  return points.flatMap((point) => {
    const read = parseSite(point.unit)
    const on = (
      name: string,
      { value, overPrompts: [low, high] = [value, value] }: typeof point.source,
    ): Point => ({
      kind: read?.kind ?? point.unit,
      layer: read?.layer ?? 0,
      head: read?.head,
      unit: point.unit,
      on: name,
      value: 100 * value,
      low: 100 * low,
      high: 100 * high,
    })
    return [
      on(`${source} (source)`, point.source),
      ...(point.target && target !== undefined ? [on(`${target} (target)`, point.target)] : []),
    ]
  })
}

function legendOf(points: readonly Point[]): { name: string; series: { color: string; symbol: "circle" } }[] {
  const names = [...new Set(points.map(({ on }) => on))]
  const series = seriesOfNames(names)
  return names.map((name) => ({
    name,
    series: { color: series.get(name)!.color, symbol: "circle" as const },
  }))
}

function curves(points: readonly Point[], { document, width }: Canvas): Element {
  const series = seriesOfNames([...new Set(points.map(({ on }) => on))])
  const marks = points.map((point) => ({
    ...point,
    color: series.get(point.on)!.color,
    title: `${point.unit}, ${point.on}: ${point.value.toFixed(1)} % (${point.low.toFixed(1)} to ${point.high.toFixed(1)})`,
  }))
  const layers = [...new Set(points.map(({ layer }) => layer))].sort((a, b) => a - b)
  const step = Math.ceil(layers.length / (width / 45))
  return Plot.plot({
    document,
    width,
    height: 340,
    marginLeft: 44,
    x: { label: "layer", tickFormat: "d", ticks: layers.filter((_, i) => i % step === 0) },
    y: { label: "accuracy, %", grid: true, nice: true },
    marks: [
      Plot.ruleY([50], { strokeOpacity: 0.5, strokeDasharray: "3,3" }),
      Plot.areaY(marks, { x: "layer", y1: "low", y2: "high", z: "on", fill: "color", fillOpacity: 0.15 }),
      Plot.line(marks, { x: "layer", y: "value", z: "on", stroke: "color", strokeWidth: 2 }),
      Plot.dot(marks, { x: "layer", y: "value", fill: "color", r: 3, title: "title" }),
    ],
  })
}

function headMap(points: readonly Point[], { document, width }: Canvas): Element {
  const names = [...new Set(points.map(({ on }) => on))]
  const layers = Math.max(...points.map(({ layer }) => layer)) + 1
  const across = width >= 480
  const cell = Math.max(12, Math.min(26, 340 / layers))
  return Plot.plot({
    document,
    width,
    height: (across ? 1 : names.length) * layers * cell + 90,
    marginLeft: 44,
    marginRight: across ? 20 : Math.max(...names.map((name) => textWidth(name, 10))) + 10,
    padding: 0.06,
    x: { label: "head", type: "band" },
    y: { label: "layer", type: "band", reverse: true },
    ...(across ? { fx: { label: null, domain: names } } : { fy: { label: null, domain: names } }),
    color: divergingShares,
    marks: [
      Plot.cell(points, {
        x: "head",
        y: "layer",
        fill: "value",
        title: (point: Point) => `${point.unit}, ${point.on}: ${point.value.toFixed(1)} %`,
        ...(across ? { fx: "on" } : { fy: "on" }),
      }),
      ...(layers <= 16 && points.length <= 400
        ? [
            Plot.text(points, {
              x: "head",
              y: "layer",
              text: (point: Point) => percent(point.value / 100, 0),
              fill: (point: Point) => (Math.abs(point.value - 50) > 28 ? "white" : "black"),
              fontSize: 9,
              ...(across ? { fx: "on" } : { fy: "on" }),
            }),
          ]
        : []),
    ],
  })
}

/** Chance is pale; below is orange, above blue. */
export const divergingShares: Plot.ScaleOptions = {
  type: "diverging",
  scheme: "PuOr",
  pivot: 50,
  domain: [0, 100],
}
