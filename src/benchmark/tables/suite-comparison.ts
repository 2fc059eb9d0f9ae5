// Interventions compared with each other, shift by shift: the paired difference of their differential elicitations,
// which is that of their accuracies as a share of the capability (zero-shot cancels). Shifts on which the two are not
// measured alike are left out, and it is said of how many and why.

import { meanOf } from "../../numbers/lists.ts"
import { shiftKey } from "../../data/index.ts"
import { unknownName } from "../../base/errors.ts"
import {
  compareOverShifts,
  detectableDifference,
  holmAdjusted,
  type ResampleOptions,
  type ShiftComparison,
} from "../../metrics/index.ts"
import { commonSeeds, comparable, type Side } from "./comparable.ts"
import { averageOverPrompts, type OverPrompts } from "./over-prompts.ts"
import { combined, promptDraws, type Draw, type PromptDraws } from "./prompt-draws.ts"
import { interventionOf } from "../store/places.ts"
import {
  isLeaky,
  random,
  type InterventionResults,
  type ShiftResult,
  type SuiteResults,
} from "./suite-results.ts"

/** How two interventions compare on the shifts that both have results on. */
export interface SuiteComparison extends ShiftComparison, OverPrompts {
  readonly model: string
  readonly published: boolean
  readonly first: string
  readonly second: string
  /** Smallest true difference that 80 % of such experiments would show at 5 %, over prompts and over sources. */
  readonly detectable: { readonly overPrompts?: number; readonly overSources?: number }
  /** Target of the shift without which the mean is lowest and highest. */
  readonly withoutForLowest?: string
  readonly withoutForHighest?: string
  /** Either's figures are no evidence about transfer (†). */
  readonly noEvidence: boolean
}

/** Shifts that two interventions have results on, but that are left out of their comparison. */
export interface NotCompared {
  readonly model: string
  readonly published: boolean
  readonly first: string
  readonly second: string
  readonly reason: string
  readonly shifts: number
}

/**
 * The interventions that are meant by names, ours or the release's.
 *
 * @throws {LitmusError} for a name that no model has results of
 */
export function resolveInterventions({ results }: SuiteResults, names: readonly string[]): string[] {
  const known = [...new Set(results.map(({ intervention }) => intervention))]
  const meant = names.map((name) => {
    const intervention = known.includes(name) ? name : interventionOf(name)
    if (known.includes(intervention)) return intervention
    throw unknownName("intervention", name, known)
  })
  return [...new Set(meant)]
}

/**
 * Compares interventions, each with each, on every model that has two of them.
 *
 * With several seeds: on those that both have, each seed's difference, averaged. On the pairs that both could score,
 * where these differ and are known. For what is left out see {@link notCompared}; the order of two interventions decides
 * the sign of their difference alone.
 *
 * @param draws - resamples of accuracies, defaults to new ones; see `summarizeSuite`
 */
export function compareInSuite(
  results: SuiteResults,
  interventions: readonly string[],
  options: Pick<ResampleOptions, "nResamples" | "seed"> = {},
  draws: PromptDraws = promptDraws(results.prompts, options),
): SuiteComparison[] {
  const pending = pairsOf(results, interventions).map(([one, other]) =>
    prepare(results, one, other, draws, options),
  )
  return pending.map((compute) => compute()).filter((comparison) => comparison !== undefined)
}

/**
 * Holm's correction of the sign-flip p of all comparisons that are shown together, whatever tables they are in.
 *
 * @returns adjusted p in the same order; undefined where a comparison has none
 */
export function holmOf(comparisons: readonly SuiteComparison[]): (number | undefined)[] {
  const tested = comparisons.flatMap(({ signFlip }) => signFlip ?? [])
  if (tested.length === 0) return comparisons.map(() => undefined)
  const adjusted = [...holmAdjusted(tested.map(({ p }) => p))]
  return comparisons.map(({ signFlip }) => signFlip && adjusted[tested.indexOf(signFlip)]!)
}

/** The shifts that {@link compareInSuite} leaves out although both interventions have a result, counted by reason. */
export function notCompared(results: SuiteResults, interventions: readonly string[]): NotCompared[] {
  return pairsOf(results, interventions).flatMap(([one, other]) => {
    const counts = new Map<string, number>()
    for (const i of results.shifts.keys()) {
      const reason = reasonOf(sidesOf(one, other, i))
      if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    const { model, published, intervention: first } = one
    return [...counts].map(([reason, shifts]) => ({
      model,
      published,
      first,
      second: other.intervention,
      reason,
      shifts,
    }))
  })
}

/** Every two of the interventions, on every model that has both. */
function pairsOf(
  { results }: SuiteResults,
  interventions: readonly string[],
): [InterventionResults, InterventionResults][] {
  return interventions.flatMap((first, i) =>
    interventions.slice(i + 1).flatMap((second) =>
      results
        .filter(({ intervention }) => intervention === first)
        .flatMap((one): [InterventionResults, InterventionResults][] => {
          const other = results.find(
            ({ intervention, model, published }) =>
              intervention === second && model === one.model && published === one.published,
          )
          return other ? [[one, other]] : []
        }),
    ),
  )
}

function detectableIn(
  name: "overPrompts" | "overSources",
  error: { variance: number; df: number } | undefined,
): SuiteComparison["detectable"] {
  const difference = error && detectableDifference(error)
  return difference === undefined ? {} : { [name]: difference }
}

/** Variance of the mean difference from seed to seed, over as many seeds as every shift has. */
function spreadOverSeeds(differences: readonly Difference[]): { variance: number; df: number } | undefined {
  const n = Math.min(...differences.map(({ bySeed }) => bySeed.length))
  if (!(n > 1)) return undefined
  const means = Array.from(
    { length: n },
    (_, k) => differences.reduce((sum, { bySeed }) => sum + bySeed[k]!, 0) / differences.length,
  )
  const mean = means.reduce((sum, value) => sum + value, 0) / n
  const squares = means.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { variance: squares / (n - 1) / n, df: n - 1 }
}

interface Difference {
  readonly value: number
  /** The difference with each seed that both have. */
  readonly bySeed: readonly number[]
  /** The difference in each resample; undefined where pairs are not known. */
  readonly draw: Draw | undefined
}

/** Registers what is to be drawn; the comparison is made when all of it is registered. */
function prepare(
  { shifts }: SuiteResults,
  one: InterventionResults,
  other: InterventionResults,
  draws: PromptDraws,
  options: Pick<ResampleOptions, "nResamples" | "seed">,
): () => SuiteComparison | undefined {
  const differences = shifts.map((_, i) => differenceOf(sidesOf(one, other, i), draws))
  return () => {
    const comparison = compareOverShifts(
      differences.map((difference) => difference?.value),
      shifts.map(({ source }) => source),
      options,
    )
    if (!comparison) return undefined
    const { leaveOneOut } = comparison
    const kept = differences.flatMap((difference) => difference ?? [])
    const overPrompts = averageOverPrompts(
      kept.map(({ draw }) => draw),
      { mean: comparison.mean, seeds: spreadOverSeeds(kept) },
    )
    return {
      ...comparison,
      model: one.model,
      published: one.published,
      first: one.intervention,
      second: other.intervention,
      noEvidence: isLeaky(one.intervention) || isLeaky(other.intervention),
      ...overPrompts,
      detectable: {
        ...detectableIn("overPrompts", overPrompts.promptError),
        ...detectableIn("overSources", comparison.sourceError),
      },
      ...(leaveOneOut
        ? {
            withoutForLowest: shifts[leaveOneOut.lowWithout]!.target,
            withoutForHighest: shifts[leaveOneOut.highWithout]!.target,
          }
        : {}),
    }
  }
}

/** The figures of both on a shift, seed by seed; none where one of them has no result. */
function sidesOf(one: InterventionResults, other: InterventionResults, i: number): [Side, Side][] {
  const [first, second]: (ShiftResult | undefined)[] = [one.shifts[i], other.shifts[i]]
  if (!first || !second || shiftKey(first.shift) !== shiftKey(second.shift)) return []
  return commonSeeds(
    { intervention: one.intervention, shift: first },
    { intervention: other.intervention, shift: second },
  )
}

/** Why a shift is left out: what is wrong with the first seed with which something is. */
function reasonOf(sides: readonly (readonly [Side, Side])[]): string | undefined {
  return sides
    .map(([one, other]) => comparable(one, other))
    .find((shared): shared is string => typeof shared === "string")
}

/** The difference on one shift, the mean over the seeds that both have. */
function differenceOf(sides: readonly (readonly [Side, Side])[], draws: PromptDraws): Difference | undefined {
  if (sides.length === 0 || reasonOf(sides) !== undefined) return undefined
  const bySeed = sides.map(([one, other]) => differenceOfSeed(one, other, draws)!)
  const drawn = bySeed.flatMap(({ draw }) => draw ?? [])
  return {
    value: bySeed.reduce((sum, { value }) => sum + value, 0) / bySeed.length,
    bySeed: bySeed.map(({ value }) => value),
    draw: drawn.length === bySeed.length ? draws.mean(drawn) : undefined,
  }
}

function differenceOfSeed(
  one: Side,
  other: Side,
  draws: PromptDraws,
): Omit<Difference, "bySeed"> | undefined {
  const shared = comparable(one, other)
  if (typeof shared === "string") return undefined
  const { common, capability, capable } = shared
  const { target, targetReference } = one.shift
  const register = (
    { intervention, accuracy, turned, evaluations: { own } }: Side,
    outcomes: Float64Array | undefined,
  ): Draw | undefined => {
    if (outcomes) return draws.add(target, outcomes, common!.pairs)
    if (intervention === random) return draws.constant(accuracy)
    return own && draws.addEvaluation(target, own, { turned })
  }
  const [a, b] = common ? [meanOf(common.first), meanOf(common.second)] : [one.accuracy, other.accuracy]
  const drawA = register(one, common?.first)
  const drawB = register(other, common?.second)
  const drawC = (capable && draws.addEvaluation(targetReference, capable)) ?? draws.constant(capability)
  return {
    value: (a - b) / capability,
    draw: drawA && drawB && combined([drawA, drawB, drawC], ([ofA, ofB, ofC]) => (ofA! - ofB!) / ofC!),
  }
}
