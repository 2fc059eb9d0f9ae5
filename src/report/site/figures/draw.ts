// The figures that `litmus plot` and the page share, by name.

import type { ReliabilityEntry, SiteIndex } from "../../site-data.ts"
import type { Selection } from "../selection.ts"
import { capabilityFigure } from "./capability.ts"
import type { Canvas } from "./frame.ts"
import { layersFigure } from "./layers.ts"
import { leaderboardFigure } from "./leaderboard.ts"
import { radarFigure } from "./radar.ts"
import { reliabilityFigure } from "./reliability.ts"
import { scaleFigure } from "./scale.ts"
import { shiftsFigure } from "./shifts.ts"

export interface FigureData {
  readonly index: SiteIndex
  readonly reliability: readonly ReliabilityEntry[]
}

type Draw = (
  data: FigureData,
  selection: Selection & { readonly sweep?: number },
  canvas: Canvas,
) => SVGSVGElement

/** What a name draws. */
export const figures: Readonly<Record<string, Draw>> = {
  leaderboard: ({ index }, selection, canvas) => leaderboardFigure(index, selection, canvas),
  radar: ({ index }, selection, canvas) => radarFigure(index, selection, canvas),
  capability: ({ index }, selection, canvas) => capabilityFigure(index, selection, canvas),
  shifts: ({ index }, selection, canvas) => shiftsFigure(index, selection, canvas),
  layers: ({ index }, { sweep = 0 }, canvas) => layersFigure(index.sweeps[sweep], canvas),
  scale: ({ index }, selection, canvas) => scaleFigure(index, selection, canvas),
  reliability: (data, selection, canvas) => reliabilityFigure(data, selection, canvas),
}
