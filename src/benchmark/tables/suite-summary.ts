// A suite's table: the figures of each intervention, averaged over shifts, with both kinds of interval.

import { meanOfAll } from "../../numbers/lists.ts"
import {
  agreement,
  averageOverShifts,
  conditionalElicitation,
  differentialElicitation,
  elicitation,
  type ResampleOptions,
  type ShiftAverage,
} from "../../metrics/index.ts"
import { nullBandOf, type NullBand } from "../evaluate.ts"
import { pairedOutcomes } from "./paired-outcomes.ts"
import { shiftMetric, shiftMetricNames, type ShiftMetric } from "./shift-metrics.ts"
import { averageOverPrompts, type OverPrompts } from "./over-prompts.ts"
import { combined, promptDraws, type Draw, type PromptDraws } from "./prompt-draws.ts"
import {
  isLeaky,
  random,
  type InterventionResults,
  type SeedResult,
  type ShiftResult,
  type SuiteResults,
} from "./suite-results.ts"

/** An average over shifts, with its interval over prompts (the shifts fixed) where all pairs are known. */
export interface SuiteFigure extends ShiftAverage, OverPrompts {
  /** Standard deviation, over seeds, of the average; absent for one seed. */
  readonly overSeeds?: number
}

/** One row of the table. Shares are between 0 and 1; undefined where no shift has the figure. */
export interface SuiteSummary extends Pick<InterventionResults, "model" | "intervention" | "published"> {
  /** Its figures are no evidence about transfer (†). */
  readonly noEvidence: boolean
  /** Shifts with a result. */
  readonly nShifts: number
  /** Those among them whose reference is the target: what a conditional elicitation can be known on. */
  readonly nOwnReference: number
  readonly accuracy: SuiteFigure
  /**
   * In which 95 % of the average accuracies lie that fits on shuffled labels of the sources reach; undefined where a
   * shift has none.
   */
  readonly nullBand: NullBand | undefined
  /** Accuracy of the models tuned on the targets' references. */
  readonly capability: SuiteFigure | undefined
  /** Shifts without an elicitation although they have a capability, counted by the reason. */
  readonly withheld: Readonly<Record<string, number>>
  readonly elicitation: SuiteFigure | undefined
  readonly differentialElicitation: SuiteFigure | undefined
  /** Ties count ½; shifts whose reference is another distribution are left out. */
  readonly conditionalElicitation: ShiftAverage | undefined
  readonly sourceAccuracy: ShiftAverage | undefined
  /** Share of pairs on which it prefers what zero-shot prefers, a tie counting ½. */
  readonly agreementWithZeroShot: ShiftAverage | undefined
  /** The other metrics, averaged over the shifts that have them. */
  readonly metrics: { readonly [metric in ShiftMetric]?: ShiftAverage }
  /** Seeds behind the figures of the shift that has most. */
  readonly nSeeds: number
  /** Pairs left out because a response is longer than the model's context, of all shifts. */
  readonly skippedPairs: number
}

export interface SuiteTable {
  readonly summaries: readonly SuiteSummary[]
  /** Test splits whose pairs were drawn singly for the intervals over prompts. */
  readonly drawnSingly: readonly string[]
}

export type SummaryOptions = Pick<ResampleOptions, "nResamples" | "seed">

/**
 * Averages each intervention's figures over the shifts that it has results on.
 *
 * @param draws - resamples of accuracies, defaults to new ones; give the comparison's to draw equal splits once
 */
export function summarizeSuite(
  results: SuiteResults,
  options: SummaryOptions = {},
  draws: PromptDraws = promptDraws(results.prompts, options),
): SuiteTable {
  // Everything is registered before anything is drawn.
  const scored = results.results.filter(({ shifts }) => shifts.some((shift) => shift))
  const registered = scored.map(({ intervention, shifts }) =>
    shifts.map((shift) => shift && drawsOf(draws, intervention, shift)),
  )
  const summaries = scored.map((row, i) => summarize(row, registered[i]!, options))
  return {
    summaries,
    drawnSingly: [...draws.drawnSingly].sort(),
  }
}

/** Accuracies of a shift in each resample over prompts; undefined where pairs are not known. */
export interface ShiftDraws {
  readonly accuracy: Draw | undefined
  readonly zeroShot: Draw | undefined
  readonly capability: Draw
}

/** Registers the accuracies of a shift. A capability without an evaluation is taken as known. */
export function drawsOf(
  draws: PromptDraws,
  intervention: string,
  { shift, inverted, turned, bySeed }: ShiftResult,
): ShiftDraws {
  const accuracy = bySeed.map(({ evaluations: { own }, accuracy: known }) =>
    intervention === random
      ? draws.constant(known)
      : own && draws.addEvaluation(shift.target, own, { turned }),
  )
  const zeroShot = bySeed.map(
    ({ evaluations: { zeroShot: one } }) =>
      one && draws.addEvaluation(shift.target, one, { turned: inverted }),
  )
  const capability = bySeed.map(
    ({ evaluations: { capability: one }, capability: known }) =>
      (one && draws.addEvaluation(shift.targetReference, one)) ?? draws.constant(known ?? 0),
  )
  const mixed = (list: readonly (Draw | undefined)[]): Draw | undefined => {
    const known = list.filter((one) => one !== undefined)
    return known.length === list.length ? draws.mean(known) : undefined
  }
  return { accuracy: mixed(accuracy), zeroShot: mixed(zeroShot), capability: draws.mean(capability) }
}

function summarize(
  { model, intervention, published, shifts: all }: InterventionResults,
  allDraws: readonly (ShiftDraws | undefined)[],
  options: SummaryOptions,
): SuiteSummary {
  const shifts = all.filter((shift) => shift !== undefined)
  const draws = allDraws.filter((draw) => draw !== undefined)
  const sources = shifts.map(({ shift }) => shift.source)
  const average = (of: (shift: ShiftResult) => number | undefined): ShiftAverage | undefined =>
    averageOverShifts(shifts.map(of), sources, options)
  const figure = (
    of: (shift: ShiftResult) => number | undefined,
    drawOf: (draws: ShiftDraws) => Draw | undefined,
    isShare = false,
  ): SuiteFigure | undefined => {
    const found = average(of)
    if (!found) return undefined
    const { mean } = found
    const seeds = spreadOverSeeds(shifts, of)
    const overPrompts = averageOverPrompts(draws.filter((_, i) => of(shifts[i]!) !== undefined).map(drawOf), {
      mean,
      isShare,
      seeds: seeds && { variance: seeds.deviation ** 2 / seeds.n, df: seeds.n - 1 },
    })
    return {
      ...found,
      ...overPrompts,
      ...(seeds ? { overSeeds: seeds.deviation } : {}),
    }
  }
  const metrics = shiftMetricNames.flatMap((metric) => {
    const mean = average((shift) => shiftMetric(metric, shift))
    return mean ? [[metric, mean] as const] : []
  })
  return {
    model,
    intervention,
    published,
    noEvidence: isLeaky(intervention),
    nShifts: shifts.length,
    nOwnReference: shifts.filter(({ shift }) => shift.target === shift.targetReference).length,
    accuracy: figure(
      ({ accuracy }) => accuracy,
      (drawn) => drawn.accuracy,
      true,
    )!,
    nullBand: nullBandOver(shifts),
    capability: figure(
      ({ capability }) => capability,
      (drawn) => drawn.capability,
      true,
    ),
    elicitation: figure(
      elicitationOf,
      ({ accuracy, capability }) => accuracy && combined([accuracy, capability], ([a, c]) => a! / c!),
    ),
    differentialElicitation: figure(
      differentialOf,
      ({ accuracy, zeroShot, capability }) =>
        accuracy && zeroShot && combined([accuracy, zeroShot, capability], ([a, b, c]) => (a! - b!) / c!),
    ),
    withheld: countReasons(shifts),
    conditionalElicitation: average(conditionalOf),
    sourceAccuracy: average(({ sourceAccuracy }) => sourceAccuracy),
    agreementWithZeroShot: average(agreementOf),
    metrics: Object.fromEntries(metrics),
    nSeeds: Math.max(...shifts.map(({ bySeed }) => bySeed.length)),
    skippedPairs: shifts.reduce((sum, shift) => sum + (shift.skippedPairs ?? 0), 0),
  }
}

/** The band of the average over shifts and seeds: the n-th draws of all of them make the n-th average. */
function nullBandOver(shifts: readonly ShiftResult[]): NullBand | undefined {
  const all = shifts.flatMap(({ bySeed }) =>
    bySeed.map(({ nullAccuracies = [] }) => ({ accuracies: nullAccuracies, weight: 1 / bySeed.length })),
  )
  const nDraws = Math.min(...all.map(({ accuracies }) => accuracies.length))
  if (!(nDraws > 0)) return undefined
  return nullBandOf(
    Array.from({ length: nDraws }, (_, draw) =>
      all.reduce((sum, { accuracies, weight }) => sum + (weight * accuracies[draw]!) / shifts.length, 0),
    ),
  )
}

/** Shifts whose elicitation is withheld, by the reason. */
function countReasons(shifts: readonly ShiftResult[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { bySeed } of shifts) {
    const reason = bySeed.find(({ withheld }) => withheld !== undefined)?.withheld
    if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1
  }
  return counts
}

/** Standard deviation of the average over shifts from seed to seed, over the seeds that all shifts have. */
function spreadOverSeeds(
  shifts: readonly ShiftResult[],
  of: (shift: ShiftResult) => number | undefined,
): { deviation: number; n: number } | undefined {
  const having = shifts.filter((shift) => of(shift) !== undefined)
  const seeds = (having[0]?.bySeed ?? []).map(({ seed }) => seed)
  const averages = seeds.flatMap((seed) => {
    const ofSeed = having.map((shift) => {
      const one = shift.bySeed.find((candidate) => candidate.seed === seed)
      return one && of({ ...shift, ...one, bySeed: [one] })
    })
    return meanOfAll(ofSeed) ?? []
  })
  if (averages.length < 2) return undefined
  const mean = averages.reduce((sum, value) => sum + value, 0) / averages.length
  const squares = averages.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { deviation: Math.sqrt(squares / (averages.length - 1)), n: averages.length }
}

/**
 * Elicitation of a shift, where its capability is known: each seed's quotient, averaged over the seeds. The quotient of the
 * averages would be another estimate than that of the comparisons and intervals, which know one seed at a time.
 */
export function elicitationOf({ bySeed }: ShiftResult): number | undefined {
  return meanOfAll(
    bySeed.map(({ accuracy, capability, withheld }) =>
      capability === undefined || withheld !== undefined ? undefined : elicitation(accuracy, capability),
    ),
  )
}

/** Differential elicitation of a shift, where its zero-shot accuracy and capability are known; seeds as above. */
export function differentialOf({ bySeed }: ShiftResult): number | undefined {
  return meanOfAll(
    bySeed.map(({ accuracy, zeroShot, capability, withheld }) =>
      zeroShot === undefined || capability === undefined || withheld !== undefined
        ? undefined
        : differentialElicitation(accuracy, zeroShot, capability),
    ),
  )
}

function conditionalOf({ turned, bySeed }: ShiftResult): number | undefined {
  return meanOfAll(bySeed.map((seed) => conditionalOfSeed(seed, turned)))
}

function conditionalOfSeed(
  { evaluations: { own, targetTuned } }: SeedResult,
  turned: boolean,
): number | undefined {
  const common = own && targetTuned && pairedOutcomes(own, targetTuned, 0.5)
  if (!common) return undefined
  const outcomes = turned ? common.first.map((outcome) => 1 - outcome) : common.first
  return conditionalElicitation(outcomes, common.second)
}

function agreementOf({ bySeed }: ShiftResult): number | undefined {
  return meanOfAll(
    bySeed.map(({ evaluations: { own, zeroShot } }) => {
      const common = own && zeroShot && pairedOutcomes(own, zeroShot, 0.5)
      return common && agreement(common.first, common.second)
    }),
  )
}
