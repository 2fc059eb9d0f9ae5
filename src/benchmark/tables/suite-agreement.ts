// Which persona? The agreement of a store's interventions with the labels, with likelihood, with the longer response
// and with each other, averaged over the shifts of a suite: every shift weighs the same.

import { agreementOfOutcomes, labelsName, type AgreementMatrix } from "../agreement.ts"
import { areOfSameExamples, storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"
import { random, type InterventionResults, type SuiteResults } from "./suite-results.ts"

/** Agreements on the shifts of a model on which all its interventions have their pairs. */
export interface SuiteAgreement extends AgreementMatrix {
  readonly model: string
  /** Shifts averaged; the shares and κ are means over them. */
  readonly nShifts: number
  /** Shifts left out: not all interventions have pairs of the same examples there. */
  readonly leftOut: number
}

/**
 * The matrix of every model of a store.
 *
 * An intervention that has pairs on fewer shifts than another is compared on these alone; `random`, and those without
 * the probabilities of any pair (the release's CCS), are left out.
 *
 * @param names - interventions wanted, by default all
 */
export function suiteAgreement(
  { shifts, results }: SuiteResults,
  names?: readonly string[],
): SuiteAgreement[] {
  const models = [...new Set(results.filter(({ published }) => !published).map(({ model }) => model))]
  return models.flatMap((model) => {
    const rows = results.filter(
      (row) =>
        row.model === model &&
        !row.published &&
        row.intervention !== random &&
        (names?.includes(row.intervention) ?? true) &&
        row.shifts.some((_, i) => evaluationOf(row, i)?.probabilities),
    )
    const matrices = shifts.flatMap((_, i) => {
      const common = commonOutcomes(rows, i)
      return common && common.length > 0 && common[0]!.length > 0 ? [agreementOfOutcomes(common)] : []
    })
    if (matrices.length === 0) return []
    const interventions = rows.map(({ intervention }) => intervention)
    return {
      model,
      nShifts: matrices.length,
      leftOut: shifts.length - matrices.length,
      names: [labelsName, ...interventions],
      pairs: matrices.reduce((sum, { pairs }) => sum + pairs, 0),
      share: meanMatrix(matrices.map(({ share }) => share)),
      kappa: meanMatrix(matrices.map(({ kappa }) => kappa)),
    }
  })
}

function evaluationOf({ shifts }: InterventionResults, i: number): StoredEvaluation | undefined {
  return shifts[i]?.bySeed[0]?.evaluations.own
}

/**
 * Outcomes of all interventions on the pairs of a shift that all of them scored, labels inverted where the view
 * does so; undefined where one has no pairs, it is not known which, or they are of other examples of the split.
 */
function commonOutcomes(rows: readonly InterventionResults[], i: number): Float64Array[] | undefined {
  if (!areOfSameExamples(rows.flatMap((row) => evaluationOf(row, i) ?? []))) return undefined
  const sides = rows.map((row) => {
    const evaluation = evaluationOf(row, i)
    const outcomes = evaluation && storedOutcomes(evaluation, 0.5)
    return outcomes && { outcomes, pairs: evaluation.pairs, turned: row.shifts[i]!.inverted }
  })
  if (sides.some((side) => !side)) return undefined
  const known = sides as { outcomes: Float64Array; pairs?: readonly number[]; turned: boolean }[]
  const lengths = new Set(known.filter(({ pairs }) => !pairs).map(({ outcomes }) => outcomes.length))
  if (lengths.size > 1) return undefined
  const placed = known.map(({ outcomes, pairs, turned }) => {
    const places = new Map((pairs ?? Array.from(outcomes.keys())).map((pair, place) => [pair, place]))
    return { places, valueAt: (place: number) => (turned ? 1 - outcomes[place]! : outcomes[place]!) }
  })
  const common = [...(placed[0]?.places.keys() ?? [])].filter((pair) =>
    placed.every(({ places }) => places.has(pair)),
  )
  return placed.map(({ places, valueAt }) => Float64Array.from(common, (pair) => valueAt(places.get(pair)!)))
}

/** Entry by entry, the mean of the figures that are there; null where none is. */
function meanMatrix(matrices: readonly AgreementMatrix["share"][]): (number | null)[][] {
  return matrices[0]!.map((row, i) =>
    row.map((_, j) => {
      const figures = matrices.map((matrix) => matrix[i]![j]).filter((figure) => typeof figure === "number")
      return figures.length > 0 ? figures.reduce((sum, figure) => sum + figure, 0) / figures.length : null
    }),
  )
}
