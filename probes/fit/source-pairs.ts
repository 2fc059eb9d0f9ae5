// The pairs of a source that a probe is fitted on: one seeded pair a prompt, their split for ranking layers and heads,
// and the folds for scores that a probe gives to pairs it did not see. Equal prompts always stand together.

import type { ActivationSet } from "../../activations/activation-set.ts"
import { clusterByPrompt, onePairPerExample, splitByPrompt, type Pair } from "../../src/data/pairs.ts"
import { UnusableDataError } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"

export interface SourcePairs {
  /** One pair a prompt, in the distribution's order. */
  readonly pairs: Pair[]
  /** The 70 % that units are ranked with. */
  readonly fitPairs: Pair[]
  /** The 30 % that the ranking is measured on. */
  readonly heldOutPairs: Pair[]
}

/**
 * The source's pairs, one per prompt, and their split by prompt for ranking.
 *
 * @throws {LitmusError} if fewer than two distinct prompts have a usable pair
 */
export function sourcePairs(source: ActivationSet, seed: number): SourcePairs {
  const { id, split, examples } = source.distribution
  const pairs = source.scorable(onePairPerExample(examples, { seed, distribution: id }))
  const usable = new Set(pairs.map(({ example }) => example))
  const remaining = examples.filter(({ index }) => usable.has(index))
  const nPrompts = new Set(remaining.map(({ prompt }) => prompt)).size
  if (nPrompts < 2) {
    throw new UnusableDataError(
      `${id} ${split}: expected at least 2 distinct prompts with a usable pair to fit on, got ${nPrompts} (${remaining.length} examples)`,
    )
  }
  const [first] = splitByPrompt(remaining, { seed })
  const inFirst = new Set(first.map(({ index }) => index))
  return {
    pairs,
    fitPairs: pairs.filter(({ example }) => inFirst.has(example)),
    heldOutPairs: pairs.filter(({ example }) => !inFirst.has(example)),
  }
}

const nFolds = 5

/**
 * The pairs in five folds, or as many as there are prompts, such that equal prompts share one: what the default
 * calibrator is fitted on are scores of each fold by a probe fitted on the others.
 */
export function foldsByPrompt(
  source: Pick<ActivationSet, "distribution">,
  pairs: readonly Pair[],
  seed: number,
): Pair[][] {
  const { examples } = source.distribution
  const clusters = clusterByPrompt(examples)
  const clusterOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
  const present = [...new Set(pairs.map(({ example }) => clusterOf.get(example)!))]
  const order = random(seed, "calibration folds").shuffle(present)
  const foldOf = new Map(order.map((cluster, i) => [cluster, i % Math.min(nFolds, order.length)]))
  const folds: Pair[][] = Array.from({ length: Math.min(nFolds, order.length) }, () => [])
  for (const pair of pairs) folds[foldOf.get(clusterOf.get(pair.example)!)!]!.push(pair)
  return folds
}
