// What the notebooks show: tables and plots, inline. A value with a `Jupyter.display` says how it looks.

import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"

/** What a cell may end with. */
export interface Shown {
  readonly [display: symbol]: () => Readonly<Record<string, string>>
}

const display = Symbol.for("Jupyter.display")

/** A table; numbers are shown with as many digits as they are given. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): Shown {
  const cells = (tag: string, values: readonly (string | number)[]): string =>
    `<tr>${values.map((value) => `<${tag}>${escaped(String(value))}</${tag}>`).join("")}</tr>`
  const html = `<table><thead>${cells("th", header)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table>`
  const widths = header.map((title, j) =>
    Math.max(title.length, ...rows.map((row) => String(row[j] ?? "").length)),
  )
  const line = (values: readonly (string | number)[]): string =>
    values
      .map((value, j) => String(value).padEnd(widths[j] ?? 0))
      .join("  ")
      .trimEnd()
  const plain = [header, ...rows].map(line).join("\n")
  return { [display]: () => ({ "text/html": html, "text/plain": plain }) }
}

/** A plot on white paper, so that it can be read in a dark editor, too. */
export function plot(options: Plot.PlotOptions): Shown {
  const { document } = parseHTML("<!doctype html><html><body></body></html>")
  const figure = Plot.plot({ ...options, document, style: { background: "white", color: "#1b1f24" } })
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg")
  return svg(figure.outerHTML)
}

/** The text of an SVG. */
export function svg(text: string): Shown {
  return { [display]: () => ({ "image/svg+xml": text }) }
}

/** A share as a percentage. */
export function percent(share: number): string {
  return (100 * share).toFixed(1)
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
}

/** The last line of a prompt that is not one of the template's headings: what is asked. */
export function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"))
  return lines.at(-1)?.trim() ?? ""
}
