// Is there a capability to divide by? Elicitation is accuracy over capability: where the reference model was not shown to
// do better than chance on the target, the quotient is a quotient of noise, and is withheld.

import { accuracyInterval } from "../../metrics/index.ts"
import { storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"

/** Accuracy of a coin on pairs: chance, where an evaluation does not say otherwise. */
const coin = 0.5

/**
 * Why elicitation is withheld on a shift, in words; undefined where the capability is above chance.
 *
 * @param capability - accuracy of the model tuned on the target's reference
 * @param evaluation - the evaluation behind it, whose pairs give its interval; without it the figure alone decides
 * @param prompts - prompt of each pair of the reference's test split, where it is known
 */
export function withheldBecause(
  capability: number,
  evaluation: StoredEvaluation | undefined,
  prompts: readonly number[] | undefined,
): string | undefined {
  if (evaluation?.training?.lossFell === false) return withheld.untrained
  const chance = evaluation?.metrics?.pairChance ?? coin
  if (!(capability > chance)) return withheld.chance
  const outcomes = evaluation && storedOutcomes(evaluation)
  if (!outcomes) return undefined
  const places = evaluation.pairs ?? Array.from(outcomes.keys())
  const known = prompts !== undefined && places.every((place) => prompts[place] !== undefined)
  const clusters = known ? places.map((place) => prompts[place]!) : places
  return accuracyInterval(outcomes, clusters).low > chance ? undefined : withheld.chance
}

/** The reasons. */
export const withheld = {
  chance: "the capability is not shown to be above chance",
  untrained:
    "the model that the capability is measured by did not learn: its loss on held-out pairs is not below ln 2, a coin's",
} as const
