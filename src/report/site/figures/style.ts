// Colours and symbols of interventions, the same in every figure. The colours have a contrast of 3 : 1 or more on white
// and on near-black; no two interventions of one figure share both colour and symbol.

import { interventionsOf } from "../selection.ts"
import type { SiteIndex } from "../../site-data.ts"

export interface Series {
  readonly color: string
  readonly symbol: (typeof symbols)[number]
}

const colors = [
  "#2f7fd6",
  "#d9660a",
  "#1f9d55",
  "#8c63e0",
  "#0a94a3",
  "#d6409f",
  "#9a7b12",
  "#e04646",
  "#6a7f2a",
  "#7d8590",
]

const symbols = ["circle", "diamond2", "triangle", "square2", "star"] as const

/** Colour and symbol of each intervention of a report. */
export function seriesOf(index: SiteIndex): ReadonlyMap<string, Series> {
  return seriesOfNames(interventionsOf(index))
}

/** Colour and symbol of each name, by its place. */
export function seriesOfNames(names: readonly string[]): ReadonlyMap<string, Series> {
  return new Map(
    names.map((name, i) => [
      name,
      {
        color: colors[i % colors.length]!,
        symbol: symbols[(i + Math.floor(i / colors.length)) % symbols.length]!,
      },
    ]),
  )
}

export const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Inter', sans-serif"

/** Width of a text in pixels, roughly: figures are laid out without a browser, too. */
export function textWidth(text: string, size = 12): number {
  return Array.from(text).length * size * 0.56
}

/** A share as a percentage with one digit. */
export function percent(value: number | undefined, digits = 1): string {
  return value === undefined ? "–" : (100 * value).toFixed(digits)
}

/** A text with a capital first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
