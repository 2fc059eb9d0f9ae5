// The probabilities that interventions give to a shift's pairs, in a view.

import { allPairs, type Pair } from "../../data/pairs.ts"
import { figuresIn, rowName, type ShiftPairs, type SiteIndex, type SplitTexts } from "../site-data.ts"
import { decodeFloats, decodePlaces } from "./decode.ts"
import type { Selection } from "./selection.ts"

/** What an intervention says of the pairs. */
export interface RowScores {
  readonly row: number
  readonly name: string
  /** Probability of the response that the view calls better; NaN where the pair was not scored, `[nPairs]`. */
  readonly probabilities: Float64Array
}

/** The scores of the selected rows, parallel. */
export function scoresOf(
  index: SiteIndex,
  { evaluations, prompts }: ShiftPairs,
  { rows, shift, view }: { rows: readonly number[]; shift: number } & Pick<Selection, "view">,
): { readonly nPairs: number; readonly scores: readonly RowScores[] } {
  const decoded = evaluations.map(({ row, probabilities, pairs }) => ({
    row,
    values: decodeFloats(probabilities),
    places: pairs === undefined ? undefined : decodePlaces(pairs),
  }))
  const lengths = decoded.map(({ values, places }) => (places ? Math.max(...places) + 1 : values.length))
  const nPairs = prompts?.length ?? Math.max(0, ...lengths)
  const scores = rows.flatMap((row): RowScores[] => {
    const found = decoded.find((one) => one.row === row)
    // A list that is shorter and does not say of which pairs it is cannot be put beside the others.
    if (!found || (!found.places && found.values.length !== nPairs)) return []
    const turned = figuresIn(index, view, row, shift)?.turned === true
    const probabilities = new Float64Array(nPairs).fill(Number.NaN)
    found.values.forEach((p, i) => {
      probabilities[found.places ? found.places[i]! : i] = turned ? 1 - p : p
    })
    return [{ row, name: rowName(index.rows[row]!, false), probabilities }]
  })
  return { nPairs, scores }
}

/** The pairs of a split's examples, in the order that evaluations have. */
export function pairsOf({ examples }: SplitTexts): Pair[] {
  return allPairs(
    examples.map(({ prompt, responses }, index) => ({
      index,
      prompt,
      responses: responses.map(([text, label]) => ({ text, label })),
    })),
  )
}

/** How many of the interventions that scored a pair prefer its worse response. */
export function failures(scores: readonly RowScores[], pair: number): { failed: number; scored: number } {
  let failed = 0
  let scored = 0
  for (const { probabilities } of scores) {
    const p = probabilities[pair]!
    if (Number.isNaN(p)) continue
    scored += 1
    if (p < 0.5) failed += 1
  }
  return { failed, scored }
}

/** Of the pairs that the row's intervention gets wrong, the share that the column's gets wrong, too. */
export function failTogether(scores: readonly RowScores[]): (number | null)[][] {
  return scores.map((one, i) =>
    scores.map((other, j) => {
      if (i === j) return null
      let wrong = 0
      let both = 0
      one.probabilities.forEach((p, pair) => {
        const q = other.probabilities[pair]!
        if (!(p < 0.5) || Number.isNaN(q)) return
        wrong += 1
        if (q < 0.5) both += 1
      })
      return wrong === 0 ? null : both / wrong
    }),
  )
}
