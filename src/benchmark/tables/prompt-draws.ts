// Resamples of accuracies over prompts. All accuracies on one test split are resampled jointly, whatever intervention,
// source or role (accuracy, zero-shot, capability) they have: a difference or quotient of them has its own spread.

import { resampleMeans, type ResampleOptions } from "../../metrics/index.ts"
import { random } from "../../random.ts"
import { storedOutcomes, type StoredEvaluation } from "../store/results.ts"

/** Resamples accuracies: register all of them first, then read their draws, `[nResamples]` each. */
export interface PromptDraws {
  /**
   * Registers outcomes on pairs of a test split.
   *
   * @param pairs - their places among all pairs of the split; absent if they are all of them, or not known
   */
  add(distribution: string, outcomes: Float64Array, pairs?: readonly number[]): () => Float64Array
  /**
   * The same of an evaluation; undefined if it has no probabilities.
   *
   * @param options.turned - whether its labels are to be turned round
   */
  addEvaluation(
    distribution: string,
    evaluation: StoredEvaluation,
    options?: { turned?: boolean },
  ): (() => Float64Array) | undefined
  /** What is drawn with several seeds: each resample has one of them, the same one whatever is mixed. */
  mixed(bySeed: readonly (() => Float64Array)[]): () => Float64Array
  /** An accuracy that is known. */
  constant(accuracy: number): () => Float64Array
  /** Splits some of whose pairs were drawn singly, since it is not known which of them share a prompt. */
  readonly drawnSingly: ReadonlySet<string>
}

interface Group {
  readonly clusters: readonly number[]
  readonly columns: Float64Array[]
  draws?: readonly Float64Array[]
}

/**
 * @param prompts - prompt of each pair of a test split, by distribution
 * @param options - of the resampling
 */
export function promptDraws(
  prompts: ReadonlyMap<string, readonly number[]>,
  { nResamples = 2000, seed = 0 }: Pick<ResampleOptions, "nResamples" | "seed"> = {},
): PromptDraws {
  const groups = new Map<string, Group>()
  const drawnSingly = new Set<string>()
  const registered = new WeakMap<StoredEvaluation, () => Float64Array>()

  const add: PromptDraws["add"] = (distribution, outcomes, pairs) => {
    const known = prompts.get(distribution)
    const isWhole = pairs === undefined && known?.length === outcomes.length
    const clusters = isWhole ? known : known && pairs?.map((pair) => known[pair] ?? -1)
    if (!clusters) drawnSingly.add(distribution)
    const key = `${distribution} ${isWhole ? "whole" : (pairs?.join() ?? `${outcomes.length} unknown`)}`
    const group = groups.get(key) ?? { clusters: clusters ?? Array.from(outcomes.keys()), columns: [] }
    groups.set(key, group)
    const column = group.columns.push(outcomes) - 1
    delete group.draws
    return () => {
      group.draws ??= resampleMeans(group.columns, group.clusters, {
        nResamples,
        seed,
        labels: [distribution],
      }).draws
      return group.draws[column]!
    }
  }

  return {
    add,
    addEvaluation(distribution, evaluation, { turned = false } = {}) {
      let read = registered.get(evaluation)
      if (!read) {
        const outcomes = storedOutcomes(evaluation)
        if (!outcomes) return undefined
        read = add(distribution, outcomes, evaluation.pairs)
        registered.set(evaluation, read)
      }
      const plain = read
      return turned ? () => plain().map((accuracy) => 1 - accuracy) : plain
    },
    mixed(bySeed) {
      const [only] = bySeed
      if (bySeed.length === 1) return only!
      return () => {
        const columns = bySeed.map((read) => read())
        const stream = random(seed, "seeds", bySeed.length)
        return Float64Array.from(
          { length: nResamples },
          (_, r) => columns[stream.integer(columns.length)]![r]!,
        )
      }
    },
    constant: (accuracy) => () => new Float64Array(nResamples).fill(accuracy),
    drawnSingly,
  }
}
