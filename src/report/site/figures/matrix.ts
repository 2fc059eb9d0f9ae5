// A matrix of numbers between names: agreements of rankings, cosines of directions.

import * as Plot from "@observablehq/plot"
import { frame, type Canvas } from "./frame.ts"
import { textWidth } from "./style.ts"

export interface MatrixOptions {
  readonly title: string
  readonly subtitle: string
  readonly names: readonly string[]
  /** Null where there is nothing to show. */
  readonly values: readonly (readonly (number | null)[])[]
  /** The value that is pale, and the ends of the colours. */
  readonly pivot: number
  readonly domain: readonly [number, number]
  readonly format: (value: number) => string
}

export function matrixFigure(options: MatrixOptions, canvas: Canvas): SVGSVGElement {
  const { title, subtitle, names, values, pivot, domain, format } = options
  const cells = names.flatMap((row, i) =>
    names.flatMap((column, j) => {
      const value = values[i]?.[j]
      return value === null || value === undefined ? [] : [{ row, column, value, text: format(value) }]
    }),
  )
  const longest = Math.max(...names.map((name) => textWidth(name)))
  const left = Math.min(canvas.width * 0.4, longest + 14)
  // The last column's slanted name reaches beyond it.
  const right = textWidth(names.at(-1) ?? "", 10) * 0.72
  const step = Math.max(14, Math.min(48, (canvas.width - left - right) / names.length))
  const reach = (Math.max(pivot - domain[0], domain[1] - pivot) || 1) * 0.62
  const plot = Plot.plot({
    document: canvas.document,
    width: left + step * names.length + right,
    height: names.length * Math.min(step, 34) + longest * 0.72 + 30,
    marginLeft: left,
    marginRight: right,
    marginTop: longest * 0.72 + 24,
    marginBottom: 4,
    padding: 0.04,
    x: { domain: [...names], axis: "top", label: null, tickRotate: -45, tickSize: 0 },
    y: { domain: [...names], label: null, tickSize: 0 },
    color: { type: "diverging", scheme: "PuOr", pivot, domain: [...domain] },
    marks: [
      Plot.cell(cells, {
        x: "column",
        y: "row",
        fill: "value",
        title: (cell: (typeof cells)[number]) => `${cell.row}, ${cell.column}: ${cell.text}`,
      }),
      ...(step >= 24
        ? [
            Plot.text(cells, {
              x: "column",
              y: "row",
              text: "text",
              fontSize: step >= 32 ? 11 : 9,
              fill: (cell: (typeof cells)[number]) =>
                Math.abs(cell.value - pivot) > reach ? "white" : "black",
            }),
          ]
        : []),
    ],
  })
  return frame({ title, subtitle, plot }, canvas)
}
