// How much of what a model can do an intervention brings out on a target: its accuracy a there, the zero-shot accuracy
// b, and the target-tuned capability c, each of one shift; and their averages over shifts, with both kinds of
// interval. Source: Generalization Analogies, arXiv:2311.07723, and its released code and tables.

import { medianOf } from "../numbers/lists.ts"
import { LitmusError, ShapeError } from "../base/errors.ts"
import { requireEach, requireFinite, requireOutcomes, requireSameLength } from "./checks.ts"
import { clusteredMean, studentInterval, type Ends } from "./clusters.ts"
import { bootstrapMean, percentileInterval, type Interval, type IntervalOptions } from "./intervals.ts"
import { leaveOneOutRange, type LeaveOneOutRange } from "./leave-one-out.ts"
import { signFlipTest, type SignFlipTest } from "./sign-flip.ts"

/**
 * a / c: neither clipped nor corrected for chance, so that an intervention which learnt nothing has ½ / c. Show it
 * beside that of `random`.
 *
 * @param accuracy - on the target, in [0, 1]
 * @param capability - of a model tuned on the target's reference, in [0, 1]
 * @returns the quotient, or `undefined` for a capability of 0
 * @throws {LitmusError} if either lies outside [0, 1]
 */
export function elicitation(accuracy: number, capability: number): number | undefined {
  requireShares({ accuracy, capability })
  return capability > 0 ? accuracy / capability : undefined
}

/**
 * (a − b) / c: what an intervention adds to zero-shot, as a share of the capability.
 *
 * @param accuracy - on the target, in [0, 1]
 * @param zeroShot - zero-shot accuracy on the target, in [0, 1]
 * @param capability - of a model tuned on the target's reference, in [0, 1]
 * @returns the quotient, or `undefined` for a capability of 0
 * @throws {LitmusError} if one lies outside [0, 1]
 */
export function differentialElicitation(
  accuracy: number,
  zeroShot: number,
  capability: number,
): number | undefined {
  requireShares({ accuracy, zeroShot, capability })
  return capability > 0 ? (accuracy - zeroShot) / capability : undefined
}

/**
 * P(target-tuned model right and intervention right) / P(target-tuned model right): of what the model is capable of,
 * how much does the intervention get right?
 *
 * A tie on either side counts ½, on both sides ¼, as if coins of their own decided.
 *
 * @param outcomes - outcomes (1, ½, 0) of the intervention, shape `[nPairs]`
 * @param capable - outcomes of the target-tuned model on the same pairs, shape `[nPairs]`
 * @returns the quotient, or `undefined` if the target-tuned model is right nowhere
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no outcome or one is not 1, ½ or 0
 */
export function conditionalElicitation(
  outcomes: ArrayLike<number>,
  capable: ArrayLike<number>,
): number | undefined {
  requireOutcomes("outcomes of the intervention", outcomes)
  requireOutcomes("outcomes of the target-tuned model", capable)
  requireSameLength(
    "outcomes of the intervention",
    outcomes.length,
    "the target-tuned model's",
    capable.length,
  )
  let both = 0
  let right = 0
  for (let i = 0; i < capable.length; i++) {
    both += outcomes[i]! * capable[i]!
    right += capable[i]!
  }
  return right > 0 ? both / right : undefined
}

/** An average over shifts, every shift weighing the same. */
export interface ShiftAverage {
  readonly mean: number
  /** Shifts averaged. */
  readonly n: number
  /** Shifts without a figure: a capability of 0, say. */
  readonly leftOut: number
  /** Sources of these shifts. */
  readonly nSources: number
  /** 95 % interval over sources, all shifts of a source together; absent for fewer than {@link fewestSources}. */
  readonly overSources?: Ends
  /** Squared standard error over sources, with its degrees of freedom; absent as the interval is. */
  readonly sourceError?: { readonly variance: number; readonly df: number }
  /** Lowest and highest mean of a source, where there are too few sources for an interval; absent for one source. */
  readonly sourceRange?: Ends
  /** The intervals of the paper's kind. They cover too little: see docs/coverage.md. */
  readonly bootstrap: {
    /** 95 % percentile interval, shifts drawn singly; absent for fewer than two shifts. */
    readonly overShifts?: Interval
    /** 95 % percentile interval, shifts drawn by source; absent for fewer than two sources. */
    readonly overSources?: Interval
  }
}

/** With fewer sources than this there is neither an interval nor a p over sources. */
export const fewestSources = 6

/**
 * The mean of a figure over shifts, with its interval over sources.
 *
 * Shifts with one source share a fit and are not independent (`alpaca_mmlu` underlies 8 of GENIES' 15): sources are what
 * varies. The interval is Student's, with the variance and degrees of freedom of {@link clusteredMean}. The bootstrap
 * intervals are those of the published comparison (MMS − LoRA on GENIES-15, [0.3, 18.1] points), which takes shifts for
 * independent, and the same drawn by source.
 *
 * @param values - one per shift, `undefined` where there is none, shape `[nShifts]`
 * @param sources - source of each shift, shape `[nShifts]`
 * @param options - of the resampling; `labels` and `minClusters` have no say
 * @returns the average, or `undefined` if no shift has a figure
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if a figure is not finite
 */
export function averageOverShifts(
  values: readonly (number | undefined)[],
  sources: readonly string[],
  options: IntervalOptions = {},
): ShiftAverage | undefined {
  requireSameLength("values", values.length, "sources", sources.length)
  const shifts = values.flatMap((value, i) => (value === undefined ? [] : [{ value, source: sources[i]! }]))
  if (shifts.length === 0) return undefined
  const kept = shifts.map(({ value }) => value)
  requireFinite("values", kept)
  const keptSources = shifts.map(({ source }) => source)
  const singly = kept.map((_, i) => i)
  const interval = (clusters: readonly (string | number)[]): Interval =>
    bootstrapMean(kept, clusters, { ...options, labels: ["shifts"], minClusters: 1 })
  const { mean, variance, df, nClusters: nSources } = clusteredMean(kept, keptSources)
  const ends = nSources < fewestSources ? undefined : studentInterval({ mean, variance, df }, options.level)
  return {
    mean: kept.reduce((sum, value) => sum + value, 0) / kept.length,
    n: kept.length,
    leftOut: values.length - kept.length,
    nSources,
    ...(ends ? { overSources: ends, sourceError: { variance, df } } : {}),
    ...(nSources > 1 && !ends ? { sourceRange: rangeOfMeans(kept, keptSources) } : {}),
    bootstrap: {
      ...(kept.length > 1 ? { overShifts: interval(singly) } : {}),
      ...(nSources > 1 ? { overSources: interval(keptSources) } : {}),
    },
  }
}

function rangeOfMeans(values: readonly number[], sources: readonly string[]): Ends {
  const means = [...new Set(sources)].map((source) => {
    const own = values.filter((_, i) => sources[i] === source)
    return own.reduce((sum, value) => sum + value, 0) / own.length
  })
  return { low: Math.min(...means), high: Math.max(...means) }
}

/** The paired difference of two interventions over shifts. */
export interface ShiftComparison extends ShiftAverage {
  /** Sign-flip test over sources, all shifts of a source together; absent for fewer than {@link fewestSources}. */
  readonly signFlip?: SignFlipTest
  /** The same over shifts taken as independent, as the published comparison has it: it rejects too often. */
  readonly signFlipSingly: SignFlipTest
  /** Shifts on which the first is better, on which both are equal. */
  readonly wins: number
  readonly draws: number
  readonly median: number
  /** Range of the mean as each shift in turn is left out, indices into the values given; absent for one shift. */
  readonly leaveOneOut?: LeaveOneOutRange
}

/**
 * Compares two interventions shift by shift.
 *
 * @param differences - first minus second, one per shift, `undefined` where either has no figure, shape `[nShifts]`
 * @param sources - source of each shift, shape `[nShifts]`
 * @param options - of the resampling (10 000 by default), and the seed of a sign-flip test with too many shifts to be exact
 * @returns the comparison, or `undefined` if no shift has a difference
 * @throws {ShapeError | LitmusError} as {@link averageOverShifts}
 */
export function compareOverShifts(
  differences: readonly (number | undefined)[],
  sources: readonly string[],
  options: IntervalOptions = {},
): ShiftComparison | undefined {
  const average = averageOverShifts(differences, sources, { nResamples: 10_000, ...options })
  if (!average) return undefined
  const places = differences.flatMap((value, i) => (value === undefined ? [] : [i]))
  const values = places.map((i) => differences[i]!)
  const seed = options.seed ?? 0
  const sums = new Map<string, number>()
  for (const i of places) sums.set(sources[i]!, (sums.get(sources[i]!) ?? 0) + differences[i]!)
  const comparison = {
    ...average,
    ...(sums.size < fewestSources ? {} : { signFlip: signFlipTest([...sums.values()], { seed }) }),
    signFlipSingly: signFlipTest(values, { seed }),
    wins: values.filter((value) => value > 0).length,
    draws: values.filter((value) => value === 0).length,
    median: medianOf(values),
  }
  if (values.length < 2) return comparison
  const range = leaveOneOutRange(values)
  const lowWithout = places[range.lowWithout]!
  const highWithout = places[range.highWithout]!
  return { ...comparison, leaveOneOut: { ...range, lowWithout, highWithout } }
}

/**
 * Interval of an average over shifts, over prompts with the shifts fixed: every resample draws the prompts of all
 * shifts anew.
 *
 * @param draws - the figure of each shift in each resample, shape `[nShifts][nResamples]`; draw shifts that share a
 *   target jointly (equal labels in `resampleMeans`)
 * @param level - coverage, in (0, 1), defaults to 0.95
 * @returns the interval, or `undefined` if there is no resample in which all figures are finite (c = 0)
 * @throws {ShapeError} if shifts differ in the number of resamples
 * @throws {LitmusError} if there is no shift
 */
export function intervalOverPrompts(
  draws: readonly ArrayLike<number>[],
  level = 0.95,
): { low: number; high: number } | undefined {
  const first = draws[0]
  if (!first) throw new LitmusError("intervalOverPrompts: expected at least one shift, got none")
  const sums = new Float64Array(first.length)
  for (const shift of draws) {
    if (shift.length !== first.length) {
      throw new ShapeError(
        `intervalOverPrompts: expected ${first.length} resamples of every shift, got ${shift.length}`,
      )
    }
    for (let r = 0; r < sums.length; r++) sums[r]! += shift[r]!
  }
  const defined = sums.filter(Number.isFinite).map((sum) => sum / draws.length)
  return defined.length === 0 ? undefined : percentileInterval(defined, level)
}

function requireShares(shares: Readonly<Record<string, number>>): void {
  for (const [name, share] of Object.entries(shares)) {
    requireEach(name, [share], "a share in [0, 1]", (value) => value >= 0 && value <= 1)
  }
}
