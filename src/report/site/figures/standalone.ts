// A figure as the text of an SVG file: with its own ink and paper, since it has no page around it.

/** Ink and paper. */
export const themes = {
  light: { ink: "#1b1f24", paper: "#ffffff" },
  dark: { ink: "#e6e9ee", paper: "#14171c" },
} as const

export type Theme = keyof typeof themes

/** Room around the figure. */
const margin = 16

/** The text of the file. */
export function standaloneSvg(
  figure: SVGSVGElement,
  theme: Theme,
  serialize: (svg: SVGSVGElement) => string,
): string {
  const { ink, paper } = themes[theme]
  const width = Number(figure.getAttribute("width"))
  const height = Number(figure.getAttribute("height"))
  const svg = figure.cloneNode(true) as SVGSVGElement
  const [w, h] = [width + 2 * margin, Math.ceil(height) + 2 * margin]
  svg.setAttribute("width", String(w))
  svg.setAttribute("height", String(h))
  svg.setAttribute("viewBox", `${-margin} ${-margin} ${w} ${h}`)
  svg.setAttribute("color", ink)
  svg.removeAttribute("class")
  svg.removeAttribute("style")
  const sheet = svg.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "rect")
  for (const [name, value] of Object.entries({ x: -margin, y: -margin, width: w, height: h, fill: paper })) {
    sheet.setAttribute(name, String(value))
  }
  svg.prepend(sheet)
  return serialize(svg)
}
