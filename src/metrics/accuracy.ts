// Accuracy from the scores of pairs. A pair's score is an antisymmetric logit, above 0 if the better response is
// preferred. Its outcome is 1 (right), 0 (wrong) or ½ (a tie: a coin would be right half of the time), so that the
// random ranking scores ½ and swapping all responses turns an accuracy a into 1 − a.

import { requireNumbers, requireOutcomes, requireSameLength } from "./checks.ts"
import { meanOf } from "../numbers/lists.ts"

/**
 * What became of each pair: 1 if the better response is preferred, 0 if the worse one is, ½ for a tie.
 *
 * @param scores - logits of "the better response is the better one", shape `[nPairs]`; may be infinite
 * @returns outcomes, shape `[nPairs]`
 * @throws {LitmusError} if there is no score or one is NaN
 */
export function pairOutcomes(scores: ArrayLike<number>): Float64Array {
  requireNumbers("scores of pairs", scores)
  return Float64Array.from(scores, (score) => (score > 0 ? 1 : score < 0 ? 0 : 0.5))
}

/**
 * Share of the pairs whose better response is preferred, a tie counting ½.
 *
 * GENIES' published figures count a tie as right; here `random`, all of whose pairs are ties, scores ½.
 *
 * @param scores - logits of "the better response is the better one", shape `[nPairs]`
 * @throws {LitmusError} if there is no score or one is NaN
 */
export function pairAccuracy(scores: ArrayLike<number>): number {
  return meanOf(pairOutcomes(scores))
}

/** What became of each prompt: parallel lists, in the order in which the prompts first occur. */
export interface PromptOutcomes {
  /** Index of the example (prompt), shape `[nPrompts]`. */
  readonly examples: readonly number[]
  /** Outcome of the prompt, shape `[nPrompts]`. */
  readonly outcomes: Float64Array
}

/**
 * The outcome of a prompt is the least of its pairs' outcomes: 1 if the better response beats every other one, 0 if
 * any other one beats it, and ½ if it loses to none but ties with one or more (with however many: also at a tie of
 * three, where a draw would favour it once in three times).
 *
 * @param outcomes - outcomes of pairs (1, ½, 0), shape `[nPairs]`
 * @param examples - index of the example that each pair belongs to, in any order, shape `[nPairs]`
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no outcome, or one is not 1, ½ or 0, or an index is NaN
 */
export function promptOutcomes(outcomes: ArrayLike<number>, examples: ArrayLike<number>): PromptOutcomes {
  requireOutcomes("outcomes of pairs", outcomes)
  requireSameLength("examples", examples.length, "outcomes of pairs", outcomes.length)
  requireNumbers("examples", examples)
  const least = new Map<number, number>()
  for (let i = 0; i < outcomes.length; i++) {
    const example = examples[i]!
    least.set(example, Math.min(least.get(example) ?? 1, outcomes[i]!))
  }
  return { examples: [...least.keys()], outcomes: Float64Array.from(least.values()) }
}

/**
 * Share of the prompts whose better response beats all others; see {@link promptOutcomes} for ties.
 *
 * Equals the pair accuracy where every prompt has two responses, and never exceeds the mean over prompts of the
 * pair accuracy within the prompt.
 *
 * @param outcomes - outcomes of pairs (1, ½, 0), shape `[nPairs]`
 * @param examples - index of the example that each pair belongs to, shape `[nPairs]`
 * @throws {ShapeError | LitmusError} as {@link promptOutcomes}
 */
export function promptAccuracy(outcomes: ArrayLike<number>, examples: ArrayLike<number>): number {
  return meanOf(promptOutcomes(outcomes, examples).outcomes)
}
