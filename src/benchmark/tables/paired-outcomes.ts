// Outcomes of two evaluations on the pairs that both could score.

import { areOfSameExamples, storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"

/** Outcomes of both, parallel; `pairs` are the places among all pairs of the split. */
export interface PairedOutcomes {
  readonly first: Float64Array
  readonly second: Float64Array
  readonly pairs: readonly number[]
}

/**
 * The outcomes of two evaluations of one split on their common pairs.
 *
 * @param tie - what p = ½ counts, defaults to what each evaluation's accuracy counts it
 * @returns undefined where either has no probabilities, where it is not known which pairs were scored (published
 * few-shot evaluations lack some of the pairs and do not say which), where they are of other examples of the split, or
 * where they have no pair in common
 */
export function pairedOutcomes(
  first: StoredEvaluation,
  second: StoredEvaluation,
  tie?: number,
): PairedOutcomes | undefined {
  if (!areOfSameExamples([first, second])) return undefined
  const outcomes = [first, second].map((one) => storedOutcomes(one, tie ?? one.tieValue))
  const [a, b] = outcomes
  if (!a || !b) return undefined
  if (!first.pairs && !second.pairs) {
    return a.length === b.length ? { first: a, second: b, pairs: Array.from(a, (_, i) => i) } : undefined
  }
  const placesIn = ({ pairs }: StoredEvaluation, length: number): Map<number, number> =>
    new Map((pairs ?? Array.from({ length }, (_, i) => i)).map((pair, place) => [pair, place]))
  const inFirst = placesIn(first, a.length)
  const inSecond = placesIn(second, b.length)
  const pairs = [...inFirst.keys()].filter((pair) => inSecond.has(pair))
  if (pairs.length === 0) return undefined
  return {
    first: Float64Array.from(pairs, (pair) => a[inFirst.get(pair)!]!),
    second: Float64Array.from(pairs, (pair) => b[inSecond.get(pair)!]!),
    pairs,
  }
}
