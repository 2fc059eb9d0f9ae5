// Do two rankings prefer the same responses? Asked of an intervention and the likelihood ranking, the longer
// response, or another intervention: which persona did it learn?

import { requireOutcomes, requireSameLength } from "./checks.ts"
import { meanOf } from "../numbers/lists.ts"

/**
 * Per pair, 1 if two rankings prefer the same response, 0 if they prefer different ones, ½ if either has a tie.
 *
 * Of the rule "choose the longer response" the outcome is 1 where the better response is the longer one, ½ where
 * both are equally long.
 *
 * @param outcomesA - outcomes (1, ½, 0) of one ranking, shape `[nPairs]`
 * @param outcomesB - outcomes of the other ranking on the same pairs, shape `[nPairs]`
 * @returns agreements, shape `[nPairs]`
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no outcome or one is not 1, ½ or 0
 */
export function pairAgreements(outcomesA: ArrayLike<number>, outcomesB: ArrayLike<number>): Float64Array {
  requireOutcomes("outcomes of the first ranking", outcomesA)
  requireOutcomes("outcomes of the second ranking", outcomesB)
  requireSameLength("outcomes of the first ranking", outcomesA.length, "the second's", outcomesB.length)
  // a·b + (1 − a)·(1 − b): the chance that both agree if every tie is decided by a coin of its own.
  return Float64Array.from(outcomesA, (a, i) => a * outcomesB[i]! + (1 - a) * (1 - outcomesB[i]!))
}

/**
 * Share of the pairs on which two rankings prefer the same response, a tie on either side counting ½.
 *
 * Independent of which response of a pair is called the better one: it needs no labels.
 *
 * @param outcomesA - outcomes (1, ½, 0) of one ranking, shape `[nPairs]`
 * @param outcomesB - outcomes of the other ranking on the same pairs, shape `[nPairs]`
 * @throws {ShapeError | LitmusError} as {@link pairAgreements}
 */
export function agreement(outcomesA: ArrayLike<number>, outcomesB: ArrayLike<number>): number {
  return meanOf(pairAgreements(outcomesA, outcomesB))
}

/**
 * Cohen's kappa of two rankings' outcomes: agreement beyond what their accuracies alone would give,
 * κ = (o − e) / (1 − e), e = a·b + (1 − a)·(1 − b) for accuracies a and b. 1: right and wrong on the same pairs;
 * 0: as if independent given the accuracies.
 *
 * Unlike {@link agreement} it depends on the labels. Cohen 1960; as "error consistency" of two models in Geirhos
 * et al. 2020, arXiv:2006.16736. A tie enters as a coin, so that a ranking full of ties does not reach 1 with itself.
 *
 * @param outcomesA - outcomes (1, ½, 0) of one ranking, shape `[nPairs]`
 * @param outcomesB - outcomes of the other ranking on the same pairs, shape `[nPairs]`
 * @returns κ, or `undefined` if both are right everywhere or both wrong everywhere (e = 1)
 * @throws {ShapeError | LitmusError} as {@link pairAgreements}
 */
export function cohenKappa(outcomesA: ArrayLike<number>, outcomesB: ArrayLike<number>): number | undefined {
  const observed = agreement(outcomesA, outcomesB)
  const a = meanOf(outcomesA)
  const b = meanOf(outcomesB)
  const expected = a * b + (1 - a) * (1 - b)
  return expected === 1 ? undefined : (observed - expected) / (1 - expected)
}
