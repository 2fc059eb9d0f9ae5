// The pairs that a run trains on, those that it holds out to choose the best step by, and those that it holds out from
// every choice, to say how well it did.

import {
  keepExamples,
  onePairPerExample,
  pairSetOf,
  splitByPrompt,
  type Distribution,
  type Example,
  type Pair,
  type PairSet,
} from "../data/index.ts"
import { UnusableDataError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { rewardSequences, tokenPairs, type TokenPair } from "./batches.ts"
import type { TrainingOptions } from "./options.ts"
import type { Tunable } from "./tunable.ts"

export interface TrainingData {
  readonly pairs: readonly TokenPair[]
  /** Which those are. */
  readonly trainedOn: PairSet
  /** What the step, and the rate where none is given, is chosen by. */
  readonly heldOut: readonly TokenPair[]
  /** What no choice sees. */
  readonly report: readonly TokenPair[]
}

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
): Promise<TrainingData> {
  const { sequences } = rewardSequences(source, await model.tokenizer(), {
    contextLength: model.bundle.architecture.contextLength - form.prefixLength,
    endToken: model.endToken,
    end: "always",
  })
  const asked = onePairPerExample(source.examples, { seed, distribution: source.id })
  const fitting = new Set(sequences.map(({ example, response }) => `${example} ${response}`))
  const usable = asked.filter(
    ({ example, better, worse }) => fitting.has(`${example} ${better}`) && fitting.has(`${example} ${worse}`),
  )
  if (usable.length === 0) {
    const less = form.prefixLength > 0 ? ` less ${form.prefixLength} virtual ones` : ""
    throw new UnusableDataError(
      `${source.id} ${source.split}: no usable pair: of ${asked.length} none fits the model's context of ${model.bundle.architecture.contextLength} tokens${less}`,
    )
  }
  const [kept, choosing, reporting] = divide(source.examples, options.validation, seed)
  const pairsOf = (examples: readonly Example[]): Pair[] => {
    const indices = new Set(examples.map(({ index }) => index))
    return usable.filter(({ example }) => indices.has(example))
  }
  const fit = pairsOf(kept)
  // Where nothing that is to be trained on fits the context, all that fits is.
  const [trained, heldOut, report] =
    fit.length > 0 ? [fit, pairsOf(choosing), pairsOf(reporting)] : [usable, [], []]
  return {
    pairs: tokenPairs(trained, sequences),
    trainedOn: pairSetOf(trained),
    heldOut: tokenPairs(heldOut, sequences),
    report: tokenPairs(report, sequences),
  }
}

/** A source without the examples that a training of it reports on, for what chooses its options beforehand. */
export function withoutReport(source: Distribution, validation: number, seed: number): Distribution {
  const [, , report] = divide(source.examples, validation, seed)
  const reported = new Set(report.map(({ index }) => index))
  const others = source.examples.map(({ index }) => index).filter((index) => !reported.has(index))
  return report.length > 0 ? keepExamples(source, new Set(others)) : source
}

/** The examples to train on, to choose by and to report on. */
function divide(
  examples: readonly Example[],
  heldOut: number,
  seed: number,
): [readonly Example[], readonly Example[], readonly Example[]] {
  if (heldOut === 0) return [examples, [], []]
  const [kept, held] = splitByPrompt(examples, { seed, share: 1 - heldOut })
  const several = new Set(held.map(({ prompt, group = prompt }) => group)).size > 1
  if (!several) return [kept, held, []]
  const [choosing, reporting] = splitByPrompt(held, { seed, share: 0.5 })
  return [kept, choosing, reporting]
}

/** Tokens of the longest pair, its prompt counted twice. */
export function longestPair(pairs: readonly TokenPair[]): number {
  return pairs.reduce((longest, { better, worse }) => Math.max(longest, better.length + worse.length), 1)
}
