// The pairs that a run trains on, and those that it holds out to choose the best step.

import { onePairPerExample, splitByPrompt, type Distribution } from "../data/index.ts"
import { UnusableDataError } from "../errors.ts"
import type { Model } from "../model/model.ts"
import { rewardSequences, tokenPairs, type TokenPair } from "./batches.ts"
import type { TrainingOptions } from "./options.ts"
import type { Tunable } from "./tunable.ts"

/**
 * One seeded pair for every prompt of a source, held out by prompt.
 *
 * @throws {LitmusError} if no pair fits the model's context
 */
export async function trainingData(
  model: Model,
  source: Distribution,
  { options, seed }: { readonly options: TrainingOptions; readonly seed: number },
  { form }: Pick<Tunable, "form">,
): Promise<{ pairs: TokenPair[]; heldOut: TokenPair[] }> {
  const { sequences } = rewardSequences(source, await model.tokenizer(), {
    contextLength: model.bundle.architecture.contextLength - form.prefixLength,
    endToken: model.endToken,
    end: "always",
  })
  const pairs = onePairPerExample(source.examples, { seed, distribution: source.id })
  const usable = tokenPairs(pairs, sequences)
  if (usable.length === 0) {
    const less = form.prefixLength > 0 ? ` less ${form.prefixLength} virtual ones` : ""
    throw new UnusableDataError(
      `${source.id} ${source.split}: no usable pair: of ${pairs.length} none fits the model's context of ${model.bundle.architecture.contextLength} tokens${less}`,
    )
  }
  if (options.validation === 0) return { pairs: usable, heldOut: [] }
  const [kept] = splitByPrompt(source.examples, { seed, share: 1 - options.validation })
  const inKept = new Set(kept.map(({ index }) => index))
  const fit = tokenPairs(
    pairs.filter(({ example }) => inKept.has(example)),
    sequences,
  )
  const heldOut = tokenPairs(
    pairs.filter(({ example }) => !inKept.has(example)),
    sequences,
  )
  return fit.length > 0 ? { pairs: fit, heldOut } : { pairs: usable, heldOut: [] }
}

/** Tokens of the longest pair, its prompt counted twice. */
export function longestPair(pairs: readonly TokenPair[]): number {
  return pairs.reduce((longest, { better, worse }) => Math.max(longest, better.length + worse.length), 1)
}
