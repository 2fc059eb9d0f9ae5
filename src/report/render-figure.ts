// Figures from the command line: drawn by the page's own code, which `npm run build` bundles for Node, and made into PNG
// by resvg.

import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { LitmusError } from "../base/errors.ts"
import { isMissing } from "../base/errors.ts"
import type { View } from "../data/index.ts"
import type { Metric, ReliabilityEntry, SiteIndex } from "./site-data.ts"
import { builtFolder } from "./write-site.ts"

/** Figures by name. */
export const plotNames = [
  "leaderboard",
  "radar",
  "capability",
  "shifts",
  "layers",
  "scale",
  "reliability",
] as const

export type PlotName = (typeof plotNames)[number]

/** What to draw. */
export interface PlotRequest {
  readonly view: View
  readonly suite: string
  readonly metric: Metric
  readonly models?: readonly string[]
  readonly interventions?: readonly string[]
  readonly label?: string
  readonly category?: string
  /** Which of the store's sweeps, from 0. */
  readonly sweep?: number
  /** In CSS pixels, without the margin of 16 on each side. */
  readonly width: number
  readonly theme: "light" | "dark"
}

interface Bundle {
  drawFigure(
    name: PlotName,
    data: { index: SiteIndex; reliability: readonly ReliabilityEntry[] },
    request: PlotRequest,
  ): string
}

/**
 * Draws a figure.
 *
 * @returns the text of an SVG file
 * @throws {LitmusError} if the figures were not built
 */
export async function renderSvg(
  name: PlotName,
  data: { index: SiteIndex; reliability: readonly ReliabilityEntry[] },
  request: PlotRequest,
): Promise<string> {
  const { drawFigure } = await loadBundle()
  return drawFigure(name, data, request)
}

async function loadBundle(): Promise<Bundle> {
  const path = join(builtFolder("figures"), "figures.mjs")
  try {
    return (await import(pathToFileURL(path).href)) as Bundle
  } catch (error) {
    throw new LitmusError(`plot: expected the built figures at ${path}, got none; run npm run build`, {
      cause: error,
    })
  }
}

/**
 * Rasterises an SVG, with a font of our own, so that a machine without fonts gives the same picture.
 *
 * @param scale - pixels per CSS pixel, defaults to 2
 */
export async function renderPng(svg: string, { scale = 2 }: { scale?: number } = {}): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js")
  const fonts = ["Inter_400Regular.ttf", "Inter_600SemiBold.ttf"].map((name) =>
    join(builtFolder("figures"), name),
  )
  for (const font of fonts) {
    await readFile(font).catch((error: unknown) => {
      const what = isMissing(error) ? "got none; run npm run build" : String(error)
      throw new LitmusError(`plot: expected the font ${font}, ${what}`, { cause: error })
    })
  }
  const options = {
    fitTo: { mode: "zoom" as const, value: scale },
    font: {
      fontFiles: fonts,
      loadSystemFonts: false,
      defaultFontFamily: "Inter",
      sansSerifFamily: "Inter",
    },
  }
  return new Resvg(svg, options).render().asPng()
}
