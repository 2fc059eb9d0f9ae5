// Interventions compared with each other, shift by shift: the paired difference of their differential elicitations,
// which is that of their accuracies as a share of the capability (zero-shot cancels).

import { shiftKey } from "../../data/index.ts"
import { unknownName } from "../../errors.ts"
import {
  compareOverShifts,
  holmAdjusted,
  intervalOverPrompts,
  type ResampleOptions,
  type ShiftComparison,
} from "../../metrics/index.ts"
import { pairedOutcomes, type PairedOutcomes } from "./paired-outcomes.ts"
import { promptDraws, type PromptDraws } from "./prompt-draws.ts"
import { interventionOf } from "../store/results.ts"
import {
  leaky,
  random,
  type InterventionResults,
  type SeedResult,
  type ShiftResult,
  type SuiteResults,
} from "./suite-results.ts"

/** How two interventions compare on the shifts that both have results on. */
export interface SuiteComparison extends ShiftComparison {
  readonly model: string
  readonly published: boolean
  readonly first: string
  readonly second: string
  /** Over prompts with the shifts fixed, where all pairs are known. */
  readonly overPrompts?: { readonly low: number; readonly high: number }
  /** Sign-flip p after Holm's correction for all comparisons of the table. */
  readonly holm: number
  /** Target of the shift without which the mean is lowest and highest. */
  readonly withoutForLowest?: string
  readonly withoutForHighest?: string
  /** Either's figures are no evidence about transfer (†). */
  readonly noEvidence: boolean
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
 * @param draws - resamples of accuracies, defaults to new ones; see `summarizeSuite`
 */
export function compareInSuite(
  results: SuiteResults,
  interventions: readonly string[],
  options: Pick<ResampleOptions, "nResamples" | "seed"> = {},
  draws: PromptDraws = promptDraws(results.prompts, options),
): SuiteComparison[] {
  const pending: (() => SuiteComparison | undefined)[] = []
  for (const [i, first] of interventions.entries()) {
    for (const second of interventions.slice(i + 1)) {
      for (const one of results.results.filter(({ intervention }) => intervention === first)) {
        const other = results.results.find(
          ({ intervention, model, published }) =>
            intervention === second && model === one.model && published === one.published,
        )
        if (other) pending.push(prepare(results, one, other, draws, options))
      }
    }
  }
  const comparisons = pending.map((compute) => compute()).filter((comparison) => comparison !== undefined)
  if (comparisons.length === 0) return []
  const adjusted = holmAdjusted(comparisons.map(({ signFlip }) => signFlip.p))
  return comparisons.map((comparison, i) => ({ ...comparison, holm: adjusted[i]! }))
}

interface Difference {
  readonly value: number | undefined
  /** The difference in each resample; undefined where pairs are not known. */
  readonly draws: (() => Float64Array) | undefined
}

/** Registers what is to be drawn; the comparison is made when all of it is registered. */
function prepare(
  { shifts }: SuiteResults,
  one: InterventionResults,
  other: InterventionResults,
  draws: PromptDraws,
  options: Pick<ResampleOptions, "nResamples" | "seed">,
): () => SuiteComparison | undefined {
  const differences = shifts.map((_, i) =>
    differenceOf(one.shifts[i], other.shifts[i], { first: one, second: other, draws }),
  )
  return () => {
    const comparison = compareOverShifts(
      differences.map(({ value }) => value),
      shifts.map(({ source }) => source),
      options,
    )
    if (!comparison) return undefined
    const { leaveOneOut } = comparison
    const overPrompts = drawnInterval(differences)
    return {
      ...comparison,
      model: one.model,
      published: one.published,
      first: one.intervention,
      second: other.intervention,
      holm: comparison.signFlip.p,
      noEvidence: one.intervention === leaky || other.intervention === leaky,
      ...(overPrompts ? { overPrompts } : {}),
      ...(leaveOneOut
        ? {
            withoutForLowest: shifts[leaveOneOut.lowWithout]!.target,
            withoutForHighest: shifts[leaveOneOut.highWithout]!.target,
          }
        : {}),
    }
  }
}

/** The difference on one shift, the mean over the seeds that both have. */
function differenceOf(
  one: ShiftResult | undefined,
  other: ShiftResult | undefined,
  { first, second, draws }: { first: InterventionResults; second: InterventionResults; draws: PromptDraws },
): Difference {
  if (!one?.capability || !other || shiftKey(one.shift) !== shiftKey(other.shift)) {
    return { value: undefined, draws: undefined }
  }
  const nSeeds = Math.min(one.bySeed.length, other.bySeed.length)
  const bySeed = Array.from({ length: nSeeds }, (_, k) =>
    differenceOfSeed(
      { ...one, ...one.bySeed[k]!, intervention: first.intervention },
      { ...other, ...other.bySeed[k]!, intervention: second.intervention },
      draws,
    ),
  )
  const drawn = bySeed.flatMap(({ draws: read }) => read ?? [])
  const values = bySeed.flatMap(({ value }) => value ?? [])
  return {
    value: values.length === nSeeds ? values.reduce((sum, value) => sum + value, 0) / nSeeds : undefined,
    draws: drawn.length === nSeeds ? draws.mixed(drawn) : undefined,
  }
}

type Side = ShiftResult & SeedResult & { readonly intervention: string }

/** With one seed: on the pairs that both could score, where these differ and are known. */
function differenceOfSeed(one: Side, other: Side, draws: PromptDraws): Difference {
  const { capability } = one
  if (!capability) return { value: undefined, draws: undefined }
  const { target, targetReference } = one.shift
  const common = commonSubset(one, other)
  const [a, b] = common ? [meanOf(common.first), meanOf(common.second)] : [one.accuracy, other.accuracy]
  const register = (
    { intervention, accuracy, turned, evaluations: { own } }: Side,
    outcomes: Float64Array | undefined,
  ): (() => Float64Array) | undefined => {
    if (outcomes) return draws.add(target, outcomes, common!.pairs)
    if (intervention === random) return draws.constant(accuracy)
    return own && draws.addEvaluation(target, own, { turned })
  }
  const readA = register(one, common?.first)
  const readB = register(other, common?.second)
  const capable = one.evaluations.capability
  const readC = (capable && draws.addEvaluation(targetReference, capable)) ?? draws.constant(capability)
  const drawn = (): Float64Array => {
    const [ofB, ofC] = [readB!(), readC()]
    return readA!().map((accuracy, r) => (accuracy - ofB[r]!) / ofC[r]!)
  }
  return { value: (a - b) / capability, draws: readA && readB ? drawn : undefined }
}

/** Outcomes on the common pairs, where either lacks some, turned round where the view does so. */
function commonSubset(one: Side, other: Side): PairedOutcomes | undefined {
  const { own: a } = one.evaluations
  const { own: b } = other.evaluations
  const common = a && b && (a.pairs ?? b.pairs) ? pairedOutcomes(a, b) : undefined
  if (!common) return undefined
  const turn = (outcomes: Float64Array, turned: boolean): Float64Array =>
    turned ? outcomes.map((outcome) => 1 - outcome) : outcomes
  return {
    first: turn(common.first, one.turned),
    second: turn(common.second, other.turned),
    pairs: common.pairs,
  }
}

function drawnInterval(differences: readonly Difference[]): { low: number; high: number } | undefined {
  const kept = differences.filter(({ value }) => value !== undefined)
  const drawn = kept.flatMap(({ draws }) => (draws ? [draws()] : []))
  return drawn.length > 0 && drawn.length === kept.length ? intervalOverPrompts(drawn) : undefined
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
