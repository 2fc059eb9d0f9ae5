// The pairs that a run trains on, those that it holds out to choose the best step by, and those that it holds out from
// every choice, to say how well it did.

import { onePairPerExample, splitByPrompt, type Distribution, type Example } from "../data/index.ts"
import { UnusableDataError } from "../base/errors.ts"
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
): Promise<{ pairs: TokenPair[]; heldOut: TokenPair[]; report: TokenPair[] }> {
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
  if (options.validation === 0) return { pairs: usable, heldOut: [], report: [] }
  const [kept, held] = splitByPrompt(source.examples, { seed, share: 1 - options.validation })
  const several = new Set(held.map(({ prompt, group = prompt }) => group)).size > 1
  const [choosing, reporting] = several ? splitByPrompt(held, { seed, share: 0.5 }) : [held, []]
  const pairsOf = (examples: readonly Example[]): TokenPair[] => {
    const indices = new Set(examples.map(({ index }) => index))
    return tokenPairs(
      pairs.filter(({ example }) => indices.has(example)),
      sequences,
    )
  }
  const fit = pairsOf(kept)
  if (fit.length === 0) return { pairs: usable, heldOut: [], report: [] }
  return { pairs: fit, heldOut: pairsOf(choosing), report: pairsOf(reporting) }
}

/** Tokens of the longest pair, its prompt counted twice. */
export function longestPair(pairs: readonly TokenPair[]): number {
  return pairs.reduce((longest, { better, worse }) => Math.max(longest, better.length + worse.length), 1)
}
