// Resamples of accuracies over prompts. All accuracies on one test split are resampled jointly, whatever intervention,
// source or role (accuracy, zero-shot, capability) they have: a difference or quotient of them has its own spread. The
// intervals are Student's, from the standard error of the resamples, and Wilson's for accuracies: percentiles of the
// resamples cover too little with few prompts and near 100 % (docs/coverage.md).

import {
  accuracyInterval,
  addVariances,
  clusteredMean,
  resampleMeans,
  shareInterval,
  studentInterval,
  studentQuantile,
  type AccuracyInterval,
  type Ends,
  type Resamples,
  type ResampleOptions,
} from "../../metrics/index.ts"
import { storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"

/** Reads an accuracy, or a figure made of several, in each resample, `[nResamples]`. */
export interface Draw {
  (): Float64Array
  /** The test splits behind it. Draws them. */
  readonly splits: () => readonly DrawnSplit[]
  /**
   * The variance that the resamples do not show: of accuracies of 0 or 1, which no resample changes, and which are not
   * certain for that.
   */
  readonly hidden: () => number
  /** Of an accuracy that is nothing else: the interval that it has alone. */
  readonly alone?: () => AccuracyInterval
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

/** The 95 % interval over prompts of an average, the shifts fixed, where all pairs are known. */
export interface OverPrompts {
  readonly overPrompts?: Ends
  /** Squared standard error over prompts (and seeds) with its degrees of freedom. */
  readonly promptError?: { readonly variance: number; readonly df: number }
  /** Test splits behind the interval all of whose pairs share a prompt: pairs were drawn; absent where there is none. */
  readonly drawnByPair?: readonly string[]
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
   * @param options.turned - whether its labels are to be turned round
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
  const hidden = (): number => {
    const means = parts.map((part) => meanOf(part()))
    return parts.reduce((sum, part, k) => {
      const own = part.hidden()
      if (own === 0) return sum
      const at = (by: number): number => figure(means.map((mean, i) => (i === k ? mean + by : mean)))
      // The accuracy is 0 or 1: a step inwards.
      const slope = (at(means[k]! > 0.5 ? -step : step) - at(0)) / step
      return sum + (Number.isFinite(slope) ? slope ** 2 * own : 0)
    }, 0)
  }
  return Object.assign(draw, { splits: () => splitsOf(parts), hidden })
}

const step = 1e-4

/** What to know of an average besides its draws. */
export interface AverageOptions {
  readonly mean: number
  /** An accuracy, between 0 and 1: its interval is Wilson's. */
  readonly isShare?: boolean
  /** Variance of the average from seed to seed, with its degrees of freedom; none for one seed. */
  readonly seeds?: { readonly variance: number; readonly df: number } | undefined
}

/** The interval of the average over shifts; there is none unless every shift's figure is drawn. */
export function averageOverPrompts(
  ofShifts: readonly (Draw | undefined)[],
  { mean, isShare = false, seeds }: AverageOptions,
): OverPrompts {
  const drawn = ofShifts.filter((draw) => draw !== undefined)
  if (drawn.length === 0 || drawn.length < ofShifts.length) return {}
  const splits = splitsOf(drawn)
  const byPair = splits.filter((split) => split.byPair).map(({ distribution }) => distribution)
  const overPrompts = varianceOf(drawn)
  if (!overPrompts) return {}
  const promptError = seeds ? addVariances([overPrompts, seeds]) : overPrompts
  const note = byPair.length > 0 ? { drawnByPair: byPair } : {}
  const [only] = drawn
  if (isShare && drawn.length === 1 && only!.alone && !seeds) {
    const { low, high } = only!.alone()
    return { overPrompts: { low, high }, promptError, ...note }
  }
  const items = splits.reduce((sum, { nClusters }) => sum + nClusters, 0)
  const ends = isShare
    ? shareInterval({ mean, ...promptError }, { items: Math.max(1, items) })
    : studentInterval({ mean, ...promptError })
  return ends && items > 0 ? { overPrompts: ends, promptError, ...note } : {}
}

/**
 * The variance of an average over shifts. Shifts that share a test split are drawn together; the degrees of freedom are
 * Satterthwaite's of the single shifts.
 */
function varianceOf(drawn: readonly Draw[]): { variance: number; df: number } | undefined {
  const columns = drawn.map((draw) => draw())
  const sums = columns[0]!.map((_, r) => columns.reduce((sum, column) => sum + column[r]!, 0) / drawn.length)
  const defined = sums.filter(Number.isFinite)
  if (defined.length < 2) return undefined
  const singly = drawn.map((draw, k) => {
    const splits = draw.splits()
    const correction = Math.max(1, ...splits.map(({ nClusters: n }) => (n > 1 ? n / (n - 1) : 1)))
    const own = varianceIn(columns[k]!.filter(Number.isFinite)) * correction
    return { correction, variance: own, df: Math.min(Infinity, ...splits.map(({ df }) => df)) }
  })
  const hidden = drawn.reduce((sum, draw) => sum + draw.hidden(), 0) / drawn.length ** 2
  const correction = Math.max(...singly.map((one) => one.correction))
  return {
    variance: varianceIn(defined) * correction + hidden,
    df: addVariances(singly).df,
  }
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function varianceIn(values: Float64Array): number {
  if (values.length < 2) return 0
  const mean = meanOf(values)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  // What is left of rounding is no spread.
  return variance < 1e-24 ? 0 : variance
}

function splitsOf(draws: readonly Draw[]): DrawnSplit[] {
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
    return Object.assign(() => resampled().draws[column]!, {
      splits: () => {
        const { unit, nItems, nClusters } = resampled()
        const byPair = unit === "item"
        const units = byPair ? Array.from(group.clusters.keys()) : group.clusters
        const { df } = clusteredMean(outcomes, units)
        return [{ distribution, nClusters: byPair ? nItems : nClusters, df, byPair }]
      },
      hidden: () => {
        if (varianceIn(resampled().draws[column]!) > 0) return 0
        const { low, high } = alone()
        return ((high - low) / (2 * normalQuantile)) ** 2
      },
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
      Object.assign(() => new Float64Array(nResamples).fill(accuracy), { splits: () => [], hidden: () => 0 }),
    drawnSingly,
  }
}

const normalQuantile = studentQuantile(0.975, Infinity)

function invert({ estimate, low, high, ...rest }: AccuracyInterval): AccuracyInterval {
  return { ...rest, estimate: 1 - estimate, low: 1 - high, high: 1 - low }
}
