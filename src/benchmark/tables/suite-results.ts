// What a store (or the published tables) holds for the shifts of a suite, in a view.

import { probes } from "../../../probes/registry.ts"
import type { Shift, View } from "../../data/index.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import type { SuiteRow } from "../store/suite-rows.ts"

/** An intervention's figures on one shift with one seed, labels inverted where the view does so. */
export interface SeedResult extends Pick<
  SuiteRow,
  "accuracy" | "zeroShot" | "capability" | "capabilityBy" | "sourceAccuracy"
> {
  /** Which of the further seeds; absent for the store's first. */
  readonly seed?: number
  /** Why there is no elicitation although there is a capability; absent where there is one. */
  readonly withheld?: string
  /** Whether the store has since got the evaluation of another run: the figure is an older one's. */
  readonly isReplaced?: boolean
  /** Accuracies of fits on the source with its labels shuffled; absent where there are none. */
  readonly nullAccuracies?: readonly number[]
  /** The evaluations behind the figures, where they are there. */
  readonly evaluations: {
    readonly own?: StoredEvaluation
    readonly zeroShot?: StoredEvaluation
    /** The one that the capability is the accuracy of. */
    readonly capability?: StoredEvaluation
    /** LoRA tuned and tested on the target itself; absent where the reference is another distribution. */
    readonly targetTuned?: StoredEvaluation
  }
}

/** An intervention's figures on one shift, the means of those of its seeds. (Quotients of them: of each seed, then averaged.) */
export interface ShiftResult extends Omit<SuiteRow, "differentialElicitation"> {
  readonly shift: Shift
  /** Whether the view turns the target's labels round, and with them the zero-shot accuracy. */
  readonly inverted: boolean
  /** Whether the accuracy was inverted, too: that of CCS, max(acc, 1 − acc), is not in the corrected view. */
  readonly turned: boolean
  /** At least one; published figures and most runs have one alone. */
  readonly bySeed: readonly SeedResult[]
}

/** An intervention on a model; `shifts` is parallel to the suite's, undefined where there is no result. */
export interface InterventionResults {
  readonly model: string
  readonly intervention: string
  /** From the tables that are shipped with the package, without single pairs. */
  readonly published: boolean
  readonly shifts: readonly (ShiftResult | undefined)[]
  /** Shifts that could not be scored, and why. */
  readonly skipped: readonly { readonly shift: Shift; readonly reason: string }[]
}

/** What there is for a suite. */
export interface SuiteResults {
  readonly suite: string
  readonly view: View
  readonly shifts: readonly Shift[]
  readonly results: readonly InterventionResults[]
  /** Prompt of each pair of a test split, by distribution, where it is known. */
  readonly prompts: ReadonlyMap<string, readonly number[]>
}

const leaky = new Set(probes.flatMap(({ name, traits }) => (traits?.leaky ? [name] : [])))

/** Whether an intervention's accuracy is max(acc, 1 − acc) of the test set: no evidence of transfer. */
export function isLeaky(intervention: string): boolean {
  return leaky.has(intervention)
}

/** The intervention that is always there: p = ½. */
export const random = "random"
