// Responses on a probe's direction and on the first component orthogonal to it, a panel for each distribution.

import * as Plot from "@observablehq/plot"
import type { ProjectionEntry } from "../../site-data.ts"
import { frame, type Canvas } from "./frame.ts"
import { textWidth, type Series } from "./style.ts"

/** How better and worse responses are drawn, by label. */
export const labelSeries: readonly { readonly name: string; readonly series: Series }[] = [
  { name: "worse response", series: { color: "#d9660a", symbol: "diamond2" } },
  { name: "better response", series: { color: "#2f7fd6", symbol: "circle" } },
]

export function projectionFigure(
  { model, probe, place, sets }: ProjectionEntry,
  canvas: Canvas,
): SVGSVGElement {
  const points = sets.flatMap(({ distribution, split, points: list }) =>
    list.map(([x, y, label]) => ({
      panel: `${distribution} (${split})`,
      x,
      y,
      ...labelSeries[label]!.series,
      label,
    })),
  )
  const panels = [...new Set(points.map(({ panel }) => panel))]
  const across = canvas.width >= 480
  const facet = across ? { fx: "panel" } : { fy: "panel" }
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: across ? 360 : 280 * panels.length + 40,
    marginLeft: 48,
    marginRight: across ? 20 : Math.max(...panels.map((name) => textWidth(name, 10))) + 10,
    x: { label: "on the direction", nice: true, ticks: 4 },
    y: { label: "first orthogonal component", nice: true },
    ...(across ? { fx: { label: null, domain: panels } } : { fy: { label: null, domain: panels } }),
    symbol: { type: "identity" },
    marks: [
      Plot.frame({ strokeOpacity: 0.15 }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        fill: "color",
        symbol: "symbol",
        r: 2.5,
        fillOpacity: 0.55,
        ...facet,
      }),
      Plot.tickX(
        points,
        Plot.groupZ({ x: "median" }, { x: "x", z: "label", stroke: "color", strokeWidth: 2, ...facet }),
      ),
    ],
  })
  const title = `${probe} at ${place}, ${model}`
  const subtitle = "Activations of single responses, centred on the training responses; ticks: medians."
  return frame({ title, subtitle, legend: labelSeries, plot }, canvas)
}
