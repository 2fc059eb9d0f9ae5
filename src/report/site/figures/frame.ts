// What stands around a plot: its title, a line on what it shows, and the legend, in one SVG, so that a figure that is
// saved says what it is. Ink is `currentColor`: a page sets it by its theme, a saved file by itself.

import type { Series } from "./style.ts"
import { font, textWidth } from "./style.ts"

/** Where a figure is drawn. */
export interface Canvas {
  readonly document: Document
  /** In CSS pixels. */
  readonly width: number
}

export interface FrameParts {
  readonly title: string
  /** What exactly is shown: the view, the suite, how intervals are meant. */
  readonly subtitle: string
  readonly legend?: readonly { readonly name: string; readonly series: Series }[]
  readonly plot: Element
}

const lineHeight = 16

/** Puts a plot into a frame. */
export function frame(
  { title, subtitle, legend = [], plot }: FrameParts,
  { document, width }: Canvas,
): SVGSVGElement {
  const svg = element(document, "svg", {
    xmlns: "http://www.w3.org/2000/svg",
    fill: "currentColor",
    "font-family": font,
    "font-size": 12,
    role: "img",
    "aria-label": `${title}. ${subtitle}`,
  })
  let y = 18
  for (const line of wrapped(title, width, 15)) {
    svg.append(text(document, line, { x: 0, y, "font-size": 15, "font-weight": 600 }))
    y += 19
  }
  for (const line of wrapped(subtitle, width, 12)) {
    svg.append(text(document, line, { x: 0, y, opacity: 0.75 }))
    y += lineHeight
  }
  if (legend.length > 0) y = drawLegend(svg, legend, { document, width, top: y + 6 })
  const height = Number(plot.getAttribute("height"))
  plot.setAttribute("x", "0")
  plot.setAttribute("y", String(y))
  plot.setAttribute("font-family", font)
  for (const style of plot.querySelectorAll("style")) style.remove()
  svg.append(plot)
  const total = y + height
  setAll(svg, { width, height: total, viewBox: `0 0 ${width} ${total}` })
  return svg as SVGSVGElement
}

function drawLegend(
  svg: Element,
  legend: NonNullable<FrameParts["legend"]>,
  { document, width, top }: { document: Document; width: number; top: number },
): number {
  let x = 0
  let y = top + 10
  for (const { name, series } of legend) {
    const step = 16 + Math.max(30, textWidth(name, 12.5)) + 14
    if (x > 0 && x + step - 14 > width) {
      x = 0
      y += lineHeight
    }
    svg.append(
      element(document, "path", {
        d: symbolPath(series.symbol),
        transform: `translate(${x + 6},${y - 4})`,
        fill: series.color,
      }),
      text(document, name, { x: x + 16, y }),
    )
    x += step
  }
  return y + 8
}

/** Outlines of the legend's symbols, about 9 pixels wide. */
function symbolPath(symbol: Series["symbol"]): string {
  switch (symbol) {
    case "circle":
      return "M4.2,0A4.2,4.2,0,1,1,-4.2,0A4.2,4.2,0,1,1,4.2,0Z"
    case "diamond2":
      return "M0,-4.8L4.8,0L0,4.8L-4.8,0Z"
    case "triangle":
      return "M0,-4.8L4.4,3.4L-4.4,3.4Z"
    case "square2":
      return "M-3.8,-3.8H3.8V3.8H-3.8Z"
    case "star":
      return "M0,-5.2L1.3,-1.7L5,-1.6L2.1,0.7L3.1,4.2L0,2.1L-3.1,4.2L-2.1,0.7L-5,-1.6L-1.3,-1.7Z"
  }
}

/** Breaks a text into lines that fit. */
export function wrapped(words: string, width: number, size: number): string[] {
  const lines: string[] = []
  for (const word of words.split(" ").filter((part) => part !== "")) {
    const line = lines.at(-1)
    if (line !== undefined && textWidth(`${line} ${word}`, size) <= width)
      lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

type Attributes = Readonly<Record<string, string | number>>

function element(document: Document, name: string, attributes: Attributes): Element {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name)
  setAll(node, attributes)
  return node
}

function setAll(node: Element, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
}

function text(document: Document, content: string, attributes: Attributes): Element {
  const node = element(document, "text", attributes)
  node.textContent = content
  return node
}

/** An empty plot's message. */
export function emptyPlot(message: string, { document, width }: Canvas): Element {
  const svg = element(document, "svg", { width, height: 60 })
  svg.append(text(document, message, { x: 0, y: 34, opacity: 0.75 }))
  return svg
}
