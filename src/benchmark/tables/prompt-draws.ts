// Resamples of accuracies over prompts. All accuracies on one test split are resampled jointly, whatever intervention,
// source or role (accuracy, zero-shot, capability) they have: a difference or quotient of them has its own spread.

import {
  accuracyInterval,
  clusteredMean,
  resampleMeans,
  type AccuracyInterval,
  type Estimate,
  type ResampleOptions,
  type Resamples,
} from "../../metrics/index.ts"
import { storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"

/** Reads an accuracy, or a figure made of several, in each resample, `[nResamples]`. */
export interface Draw {
  (): Float64Array
  /** The figure of the sample itself. */
  readonly value: () => number
  /** The test splits behind it. */
  readonly splits: () => readonly DrawnSplit[]
  /** The accuracies that it is made of, each once, with the slope of the figure in each. */
  readonly terms: () => readonly Term[]
  /** Of an accuracy that is nothing else: the interval that it has alone. */
  readonly alone?: () => AccuracyInterval
}

/** An accuracy that a figure is made of. */
export interface Term {
  readonly accuracy: Accuracy
  /** By how much the figure changes with the accuracy, where both are what they are in the sample. */
  readonly slope: number
}

/** An accuracy on a test split. */
export interface Accuracy extends Estimate {
  readonly distribution: string
  /** Its resamples, `[nResamples]`. */
  readonly draws: () => Float64Array
  readonly alone: () => AccuracyInterval
}

/** A test split whose prompts are resampled. */
export interface DrawnSplit {
  readonly distribution: string
  readonly nClusters: number
  /** Degrees of freedom of a variance from these clusters. */
  readonly df: number
  /** All of its pairs are of one prompt: these were drawn. */
  readonly byPair: boolean
}

/** Resamples accuracies: register all of them first, then read their draws, `[nResamples]` each. */
export interface PromptDraws {
  /**
   * Registers outcomes on pairs of a test split.
   *
   * @param pairs - their places among all pairs of the split; absent if they are all of them, or not known
   */
  add(distribution: string, outcomes: Float64Array, pairs?: readonly number[]): Draw
  /**
   * The same of an evaluation; undefined if it has no probabilities.
   *
   * @param options.turned - whether its labels are to be inverted
   */
  addEvaluation(
    distribution: string,
    evaluation: StoredEvaluation,
    options?: { turned?: boolean },
  ): Draw | undefined
  /** The mean over seeds, in each resample. */
  mean(bySeed: readonly Draw[]): Draw
  /** An accuracy that is known. */
  constant(accuracy: number): Draw
  /** Splits some of whose pairs were drawn singly, since it is not known which of them share a prompt. */
  readonly drawnSingly: ReadonlySet<string>
}

/** A figure made of several, resample by resample. */
export function combined(parts: readonly Draw[], figure: (values: readonly number[]) => number): Draw {
  const draw = (): Float64Array => {
    const columns = parts.map((part) => part())
    const values = columns.map(() => 0)
    return columns[0]!.map((_, r) => {
      for (const [k, column] of columns.entries()) values[k] = column[r]!
      return figure(values)
    })
  }
  const values = (): number[] => parts.map((part) => part.value())
  const terms = (): Term[] => {
    const at = values()
    const slopes = new Map<Accuracy, number>()
    for (const [k, part] of parts.entries()) {
      // Inwards, for an accuracy of 0 or 1.
      const by = at[k]! > 0.5 ? -step : step
      const slope = (figure(at.map((value, i) => (i === k ? value + by : value))) - figure(at)) / by
      for (const term of part.terms()) {
        slopes.set(term.accuracy, (slopes.get(term.accuracy) ?? 0) + slope * term.slope)
      }
    }
    return [...slopes].map(([accuracy, slope]) => ({ accuracy, slope }))
  }
  return Object.assign(draw, { value: () => figure(values()), splits: () => splitsOf(parts), terms })
}

const step = 1e-4

/** The test splits behind several draws, each once, by name. */
export function splitsOf(draws: readonly Draw[]): DrawnSplit[] {
  const known = new Map(draws.flatMap((draw) => draw.splits().map((split) => [split.distribution, split])))
  return [...known.values()].sort((a, b) => (a.distribution < b.distribution ? -1 : 1))
}

interface Group {
  readonly clusters: readonly number[]
  readonly columns: Float64Array[]
  resamples?: Resamples
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
  const registered = new WeakMap<StoredEvaluation, Draw>()

  const add: PromptDraws["add"] = (distribution, outcomes, pairs) => {
    const known = prompts.get(distribution)
    const isWhole = pairs === undefined && known?.length === outcomes.length
    const clusters = isWhole ? known : known && pairs?.map((pair) => known[pair] ?? -1)
    if (!clusters) drawnSingly.add(distribution)
    const key = `${distribution} ${isWhole ? "whole" : (pairs?.join() ?? `${outcomes.length} unknown`)}`
    const group = groups.get(key) ?? { clusters: clusters ?? Array.from(outcomes.keys()), columns: [] }
    groups.set(key, group)
    const column = group.columns.push(outcomes) - 1
    delete group.resamples
    const resampled = (): Resamples =>
      (group.resamples ??= resampleMeans(group.columns, group.clusters, {
        nResamples,
        seed,
        labels: [distribution],
        // Pairs are drawn only where all are of one prompt.
        minClusters: 2,
      }))
    const alone = (): AccuracyInterval => accuracyInterval(outcomes, group.clusters)
    // All of one prompt: pairs are what varies.
    const byPair = new Set(group.clusters).size === 1
    const estimate = clusteredMean(outcomes, byPair ? Array.from(outcomes.keys()) : group.clusters)
    const draws = (): Float64Array => resampled().draws[column]!
    const accuracy: Accuracy = { ...estimate, distribution, draws, alone }
    return Object.assign(draws, {
      value: () => estimate.mean,
      splits: () => [{ distribution, nClusters: estimate.nClusters, df: estimate.df, byPair }],
      terms: () => [{ accuracy, slope: 1 }],
      alone,
    })
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
      if (!turned) return read
      const { alone } = read
      const inverted = combined([read], ([accuracy]) => 1 - accuracy!)
      return alone ? Object.assign(inverted, { alone: () => invert(alone()) }) : inverted
    },
    mean(bySeed) {
      const [only] = bySeed
      if (bySeed.length === 1) return only!
      return combined(bySeed, (values) => values.reduce((sum, value) => sum + value, 0) / values.length)
    },
    constant: (accuracy) =>
      Object.assign(() => new Float64Array(nResamples).fill(accuracy), {
        value: () => accuracy,
        splits: () => [],
        terms: () => [],
      }),
    drawnSingly,
  }
}

function invert({ estimate, low, high, ...rest }: AccuracyInterval): AccuracyInterval {
  return { ...rest, estimate: 1 - estimate, low: 1 - high, high: 1 - low }
}
