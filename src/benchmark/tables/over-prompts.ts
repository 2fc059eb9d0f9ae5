// Intervals over prompts of a figure, or of its average over shifts, the shifts fixed. Percentiles of resamples cover too
// little with few prompts and near 100 % (docs/coverage.md).
//
// - An accuracy: Wilson's interval.
// - A quotient or difference of one shift: from Wilson's intervals of its accuracies, whose distances to either end are
//   added as standard errors are ("MOVER": Zou and Donner 2008; for correlated accuracies Newcombe 1998). Near 1 they are as
//   skewed as the accuracies.
// - An average over shifts: Student's, from the standard error of the resamples.

import { meanOf } from "../../numbers/lists.ts"
import {
  addVariances,
  shareInterval,
  studentInterval,
  studentQuantile,
  type Ends,
} from "../../metrics/index.ts"
import { splitsOf, type Accuracy, type Draw } from "./prompt-draws.ts"

/** The 95 % interval over prompts of an average, the shifts fixed, where all pairs are known. */
export interface OverPrompts {
  readonly overPrompts?: Ends
  /** Squared standard error over prompts (and seeds) with its degrees of freedom. */
  readonly promptError?: { readonly variance: number; readonly df: number }
  /** Test splits behind the interval all of whose pairs share a prompt: pairs were drawn; absent where there is none. */
  readonly drawnByPair?: readonly string[]
}

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
    : drawn.length === 1
      ? ofOneShift(only!, { mean, seeds })
      : studentInterval({ mean, ...promptError })
  return ends && items > 0 ? { overPrompts: ends, promptError, ...note } : {}
}

/** From the accuracies' intervals; undefined where a slope is not finite. */
function ofOneShift(draw: Draw, { mean, seeds }: Pick<AverageOptions, "mean" | "seeds">): Ends | undefined {
  const terms = draw.terms().filter(({ slope }) => slope !== 0)
  if (!terms.every(({ slope }) => Number.isFinite(slope))) return undefined
  const correlations = terms.map((one) => terms.map((other) => correlation(one.accuracy, other.accuracy)))
  /** Of a sum of a step in each accuracy, where the steps are as correlated as the accuracies. */
  const squareOf = (steps: readonly number[]): number =>
    steps.reduce(
      (sum, one, k) => sum + steps.reduce((rest, other, l) => rest + correlations[k]![l]! * one * other, 0),
      0,
    )
  const bySplit = [...new Set(terms.map(({ accuracy }) => accuracy.distribution))].map((distribution) => {
    const own = terms.map(({ accuracy, slope }) =>
      accuracy.distribution === distribution ? slope * Math.sqrt(varianceAtLeast(accuracy)) : 0,
    )
    const { df } = terms.find(({ accuracy }) => accuracy.distribution === distribution)!.accuracy
    return { variance: Math.max(0, squareOf(own)), df: Math.max(1, df) }
  })
  const { df } = addVariances(seeds ? [...bySplit, seeds] : bySplit)
  const ofSeeds = studentQuantile(0.975, df) ** 2 * (seeds?.variance ?? 0)
  const ends = terms.map(({ accuracy }) => endsOf(accuracy, df))
  /** How far the figure's end is away, downwards (-1) or upwards (1). */
  const distance = (direction: -1 | 1): number => {
    const steps = terms.map(({ accuracy, slope }, k) => {
      const { low, high } = ends[k]!
      return slope * (slope * direction > 0 ? high - accuracy.mean : accuracy.mean - low)
    })
    return Math.sqrt(Math.max(0, squareOf(steps)) + ofSeeds)
  }
  return { low: mean - distance(-1), high: mean + distance(1) }
}

/** Wilson's interval with the variance over prompts; where that is 0, with what the prompts are worth at least. */
function endsOf(accuracy: Accuracy, df: number): Ends {
  const { mean, variance, alone } = accuracy
  return isFixed(accuracy) ? alone() : shareInterval({ mean, variance, df }, { items: 1 })
}

/** Over prompts; accuracies on different test splits are independent. */
function correlation(one: Accuracy, other: Accuracy): number {
  if (one === other) return 1
  if (one.distribution !== other.distribution || isFixed(one) || isFixed(other)) return 0
  const [a, b] = [one.draws(), other.draws()]
  const [meanA, meanB] = [meanOf(a), meanOf(b)]
  const products = a.reduce((sum, value, r) => sum + (value - meanA) * (b[r]! - meanB), 0) / (a.length - 1)
  return products / Math.sqrt(varianceIn(a) * varianceIn(b)) || 0
}

/** An accuracy that no resample changes, 0 or 1 mostly, which is not certain for that. */
function isFixed({ variance }: Accuracy): boolean {
  return !(variance > 1e-20)
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
  const hidden = drawn.reduce((sum, draw) => sum + hiddenVariance(draw), 0) / drawn.length ** 2
  const correction = Math.max(...singly.map((one) => one.correction))
  return {
    variance: varianceIn(defined) * correction + hidden,
    df: addVariances(singly).df,
  }
}

/** The variance that the resamples do not show: of accuracies of 0 or 1. */
function hiddenVariance(draw: Draw): number {
  return draw
    .terms()
    .filter(({ accuracy, slope }) => isFixed(accuracy) && Number.isFinite(slope))
    .reduce((sum, { accuracy, slope }) => sum + slope ** 2 * varianceAtLeast(accuracy), 0)
}

/** Over prompts; of an accuracy that no resample changes, that of its own interval. */
function varianceAtLeast(accuracy: Accuracy): number {
  if (!isFixed(accuracy)) return accuracy.variance
  const { low, high } = accuracy.alone()
  return ((high - low) / (2 * normalQuantile)) ** 2
}

const normalQuantile = studentQuantile(0.975, Infinity)

function varianceIn(values: Float64Array): number {
  if (values.length < 2) return 0
  const mean = meanOf(values)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  // What is left of rounding is no spread.
  return variance < 1e-24 ? 0 : variance
}
