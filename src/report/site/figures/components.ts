// Responses on the principal components of a layer: a column for each distribution, a row for each pair of components,
// the fitted direction as an arrow from the middle.

import * as Plot from "@observablehq/plot"
import type { ComponentsEntry } from "../../site-data.ts"
import { frame, type Canvas } from "./frame.ts"
import { labelSeries } from "./projection.ts"

export function componentsFigure(
  { model, probe, source, place, shares, direction, sets }: ComponentsEntry,
  canvas: Canvas,
): SVGSVGElement {
  const axis = (c: number): string => `component ${c + 1} (${(shares[c]! * 100).toFixed(0)} %)`
  const seconds = shares.map((_, c) => c).slice(1)
  const panels = sets.map(({ distribution, split }) => `${distribution} (${split})`)
  const points = seconds.flatMap((c) =>
    sets.flatMap(({ points: list, labels }, set) =>
      list.map((point, row) => ({
        fx: panels[set]!,
        fy: axis(c),
        x: point[0]!,
        y: point[c]!,
        ...labelSeries[labels[row]!]!.series,
      })),
    ),
  )
  // As long as the points reach, times the direction's part in these components.
  const reach = points.reduce((most, { x, y }) => Math.max(most, Math.abs(x), Math.abs(y)), 0)
  const arrows = seconds.flatMap((c) =>
    panels.map((fx) => ({ fx, fy: axis(c), x: reach * direction[0]!, y: reach * direction[c]! })),
  )
  const across = canvas.width >= 480
  const columns = across ? panels.length : 1
  const panelWidth = (canvas.width - 90) / columns
  const rows = seconds.length * (across ? 1 : panels.length)
  const plot = Plot.plot({
    document: canvas.document,
    width: canvas.width,
    height: Math.min(320, panelWidth) * rows + 60,
    marginLeft: 48,
    marginRight: 110,
    x: { label: axis(0), nice: true, ticks: 4 },
    y: { label: null, nice: true, ticks: 5 },
    ...(across ? { fx: { label: null, domain: panels } } : {}),
    fy: { label: null },
    symbol: { type: "identity" },
    marks: [
      Plot.frame({ strokeOpacity: 0.15 }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        ...(across ? { fx: "fx", fy: "fy" } : { fy: facetOf }),
        fill: "color",
        symbol: "symbol",
        r: 2.5,
        fillOpacity: 0.55,
      }),
      Plot.arrow(arrows, {
        x1: 0,
        y1: 0,
        x2: "x",
        y2: "y",
        ...(across ? { fx: "fx", fy: "fy" } : { fy: facetOf }),
        stroke: "currentColor",
        strokeWidth: 2,
        headLength: 8,
      }),
    ],
  })
  const title = `Principal components of ${place}, ${model}`
  const subtitle =
    `Single responses on the components of ${source}'s training responses; the arrow is the direction of ${probe}, ` +
    "shorter where less of it lies in the picture."
  return frame({ title, subtitle, legend: labelSeries, plot }, canvas)
}

function facetOf({ fx, fy }: { fx: string; fy: string }): string {
  return `${fx}, ${fy}`
}
