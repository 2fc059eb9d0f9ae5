// Figures without a browser: `npm run build` bundles this file, with Plot and a light DOM, for the command line.

import { parseHTML } from "linkedom"
import type { Selection } from "../selection.ts"
import { figures, type FigureData } from "./draw.ts"
import { standaloneSvg, type Theme } from "./standalone.ts"

/** Names of the figures. */
export const figureNames: readonly string[] = Object.keys(figures)

/**
 * Draws a figure.
 *
 * @param name - one of `figureNames`
 * @returns the text of an SVG file
 */
export function drawFigure(
  name: string,
  data: FigureData,
  {
    width,
    theme,
    ...selection
  }: Selection & { readonly sweep?: number; readonly width: number; readonly theme: Theme },
): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>")
  const figure = figures[name]!(data, selection, { document, width })
  return standaloneSvg(figure, theme, (svg) => svg.outerHTML)
}
