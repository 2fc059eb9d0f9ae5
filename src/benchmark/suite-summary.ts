// A suite's table: the figures of each intervention, averaged over shifts, with both kinds of interval.

import {
  agreement,
  averageOverShifts,
  conditionalElicitation,
  differentialElicitation,
  elicitation,
  intervalOverPrompts,
  type ResampleOptions,
  type ShiftAverage,
} from "../metrics/index.ts"
import { pairedOutcomes } from "./paired-outcomes.ts"
import { promptDraws, type PromptDraws } from "./prompt-draws.ts"
import {
  leaky,
  random,
  type InterventionResults,
  type ShiftResult,
  type SuiteResults,
} from "./suite-results.ts"

/** An average over shifts, with its interval over prompts (the shifts fixed) where all pairs are known. */
export interface SuiteFigure extends ShiftAverage {
  readonly overPrompts?: { readonly low: number; readonly high: number }
}

/** One row of the table. Shares are between 0 and 1; undefined where no shift has the figure. */
export interface SuiteSummary extends Pick<InterventionResults, "model" | "intervention" | "published"> {
  /** Its figures are no evidence about transfer (†). */
  readonly noEvidence: boolean
  /** Shifts with a result. */
  readonly nShifts: number
  readonly accuracy: SuiteFigure
  readonly elicitation: SuiteFigure | undefined
  readonly differentialElicitation: SuiteFigure | undefined
  /** Ties count ½; shifts whose reference is another distribution are left out. */
  readonly conditionalElicitation: ShiftAverage | undefined
  readonly sourceAccuracy: ShiftAverage | undefined
  /** Share of pairs on which it prefers what zero-shot prefers, a tie counting ½. */
  readonly agreementWithZeroShot: ShiftAverage | undefined
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
  const registered = results.results.map(({ intervention, shifts }) =>
    shifts.map((shift) => shift && drawsOf(draws, intervention, shift)),
  )
  const summaries = results.results.map((row, i) => summarize(row, registered[i]!, options))
  return { summaries, drawnSingly: [...draws.drawnSingly].sort() }
}

/** Reads an accuracy in each resample. */
type Draws = () => Float64Array

interface ShiftDraws {
  readonly accuracy: Draws | undefined
  readonly zeroShot: Draws | undefined
  readonly capability: Draws
}

/** Registers the accuracies of a shift. A capability without an evaluation is taken as known. */
function drawsOf(
  draws: PromptDraws,
  intervention: string,
  { shift, evaluations, inverted, turned, accuracy, capability }: ShiftResult,
): ShiftDraws {
  const { own, zeroShot, capability: capable } = evaluations
  return {
    accuracy:
      intervention === random
        ? draws.constant(accuracy)
        : own && draws.addEvaluation(shift.target, own, { turned }),
    zeroShot: zeroShot && draws.addEvaluation(shift.target, zeroShot, { turned: inverted }),
    capability:
      (capable && draws.addEvaluation(shift.targetReference, capable)) ?? draws.constant(capability ?? 0),
  }
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
    ofDraws: (draw: ShiftDraws) => Float64Array | undefined,
  ): SuiteFigure | undefined => {
    const mean = average(of)
    if (!mean) return undefined
    const columns = draws.filter((_, i) => of(shifts[i]!) !== undefined).map(ofDraws)
    const complete = columns.filter((column) => column !== undefined)
    const overPrompts = complete.length === columns.length ? intervalOverPrompts(complete) : undefined
    return { ...mean, ...(overPrompts ? { overPrompts } : {}) }
  }
  return {
    model,
    intervention,
    published,
    noEvidence: intervention === leaky,
    nShifts: shifts.length,
    accuracy: figure(
      ({ accuracy }) => accuracy,
      ({ accuracy }) => accuracy?.(),
    )!,
    elicitation: figure(elicitationOf, ({ accuracy, capability }) => {
      const c = capability()
      return accuracy?.().map((a, r) => a / c[r]!)
    }),
    differentialElicitation: figure(differentialOf, ({ accuracy, zeroShot, capability }) => {
      const [b, c] = [zeroShot?.(), capability()]
      return b && accuracy?.().map((a, r) => (a - b[r]!) / c[r]!)
    }),
    conditionalElicitation: average(conditionalOf),
    sourceAccuracy: average(({ sourceAccuracy }) => sourceAccuracy),
    agreementWithZeroShot: average(agreementOf),
  }
}

function elicitationOf({ accuracy, capability }: ShiftResult): number | undefined {
  return capability === undefined ? undefined : elicitation(accuracy, capability)
}

/** Differential elicitation of a shift, where its zero-shot accuracy and capability are known. */
export function differentialOf({ accuracy, zeroShot, capability }: ShiftResult): number | undefined {
  if (zeroShot === undefined || capability === undefined) return undefined
  return differentialElicitation(accuracy, zeroShot, capability)
}

function conditionalOf({ turned, evaluations: { own, targetTuned } }: ShiftResult): number | undefined {
  const common = own && targetTuned && pairedOutcomes(own, targetTuned, 0.5)
  if (!common) return undefined
  const outcomes = turned ? common.first.map((outcome) => 1 - outcome) : common.first
  return conditionalElicitation(outcomes, common.second)
}

function agreementOf({ evaluations: { own, zeroShot } }: ShiftResult): number | undefined {
  const common = own && zeroShot && pairedOutcomes(own, zeroShot, 0.5)
  return common && agreement(common.first, common.second)
}
