// The agreement matrix of a model, averaged over shifts, with the labels as first row.

import { figuresIn, longerName, modelName, type PersonaEntry, type SiteIndex } from "../site-data.ts"
import { meanOfKnown } from "../../numbers/lists.ts"
import { interventionsOf, selectedRows, selectedShifts, type Selection } from "./selection.ts"

/** The ranking that is always right. */
export const labelsName = "labels"

/** Agreement of two rankings on a shift; with the labels it is the accuracy in the view. */
export function agreementWith(
  index: SiteIndex,
  persona: PersonaEntry,
  { view, place, name, other }: { view: Selection["view"]; place: number; name: string; other: string },
): number | undefined {
  if (other === labelsName || name === labelsName) {
    const intervention = name === labelsName ? other : name
    if (intervention === longerName) return longerIsBetter(index, { view, place })
    const [row] = selectedRows(index, { models: [modelName(persona)], interventions: [intervention] })
    return row === undefined ? undefined : figuresIn(index, view, row, place)?.accuracy.value
  }
  const [i, j] = [persona.names.indexOf(name), persona.names.indexOf(other)]
  return persona.shifts.find(({ shift }) => shift === place)?.share[i]?.[j] ?? undefined
}

/** Share of a target's pairs whose better response is the longer. */
function longerIsBetter(
  index: SiteIndex,
  { view, place }: { view: Selection["view"]; place: number },
): number | undefined {
  const { target, inverted } = index.shifts[place]!
  const distribution = index.distributions.find(({ id }) => id === target)
  const share = distribution?.splits.find(({ split }) => split === "test")?.betterIsLonger
  return share !== undefined && inverted && view !== "as-released" ? 1 - share : share
}

/** The rankings of a model: interventions in the usual order, the longer response last. */
export function rankingsOf(index: SiteIndex, { names }: PersonaEntry): string[] {
  return [...interventionsOf(index), longerName].filter((name) => names.includes(name))
}

/** Mean agreements of all with all over the selected shifts; null on the diagonal and where nothing is known. */
export function personaMatrix(
  index: SiteIndex,
  persona: PersonaEntry,
  selection: Pick<Selection, "view" | "label" | "category">,
): { names: string[]; values: (number | null)[][]; nShifts: number } {
  const known = new Set(persona.shifts.map(({ shift }) => shift))
  const rows = selectedRows(index, { models: [modelName(persona)] })
  const places = selectedShifts(index, selection, rows).filter((place) => known.has(place))
  const names = [labelsName, ...rankingsOf(index, persona)]
  const values = names.map((name, i) =>
    names.map((other, j) => {
      if (i === j) return null
      const mean = meanOfKnown(
        places.map((place) => agreementWith(index, persona, { view: selection.view, place, name, other })),
      )
      return mean ?? null
    }),
  )
  return { names, values, nShifts: places.length }
}
