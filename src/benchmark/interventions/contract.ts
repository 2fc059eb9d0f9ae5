// The contract of an intervention: whatever can be fitted on a source distribution and then tell better from worse
// responses on another. A probe is one; so is a tuned model. Everything after this line is shared.

import type { ProbeNeeds, SingleOutcomes } from "../../../probes/contract/probe.ts"
import type { Departure } from "../../../probes/contract/departures.ts"
import type { Traits } from "../../../probes/contract/traits.ts"
import type { Distribution, Pair, PairSet } from "../../data/index.ts"
import type { OptionSpecs } from "../../base/options.ts"
import type { TuningKind } from "../../tuning/options.ts"
import type { TrainingRecord } from "../../tuning/training-record.ts"
import type { Workbench } from "../workbench/workbench.ts"

/** What an intervention says of a distribution. */
export interface Scores {
  /** The pairs that could be scored, in the distribution's order. */
  readonly pairs: readonly Pair[]
  /** Above 0 where the better response is preferred, `[nPairs]`. */
  readonly logits: ArrayLike<number>
  /** Probability that the better response is the better one, `[nPairs]`. */
  readonly probabilities: ArrayLike<number>
  /** Of a control that is a distribution: scores of each of its draws, `[nDraws][nPairs]`. */
  readonly draws?: readonly ArrayLike<number>[]
  /** Where accuracy is of single responses rather than of pairs. */
  readonly singly?: SingleOutcomes
  /**
   * The score of every single response whose differences rank the pairs; absent where the intervention ranks pairs by
   * another score, or only pairs.
   */
  readonly responses?: {
    readonly scores: ArrayLike<number>
    readonly labels: ArrayLike<number>
    /** `Example.index` of each. */
    readonly examples: ArrayLike<number>
  }
}

export interface FittedIntervention {
  /** One line on what was fitted. */
  readonly summary: string
  /** The pairs that it was trained on; absent where nothing is trained but the slope of the probability. */
  readonly trainedOn?: PairSet
  /** Of a tuned model: what its training came to. */
  readonly training?: TrainingRecord
  score(bench: Workbench, target: Distribution, pairs: readonly Pair[]): Promise<Scores>
}

/** An intervention fitted on several sets of shuffled labels. */
export interface ShuffledIntervention {
  /** Logits of the pairs that can be scored, of every draw: `[nDraws][nPairs]`. */
  score(bench: Workbench, target: Distribution, pairs: readonly Pair[]): Promise<readonly ArrayLike<number>[]>
}

export interface Intervention {
  readonly name: string
  readonly description: string
  /** The options it was made with, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>
  /** The activations that it reads, on any distribution; absent if it reads none. */
  readonly needs?: ProbeNeeds
  /** The way of tuning, of an intervention that trains the model. */
  readonly tunes?: TuningKind
  /**
   * The distribution of which it asks where responses begin, of one that it reads; absent if it never asks. A result
   * depends on the answer where a prompt and its responses meet inside a token.
   */
  responsesOf?(bench: Workbench, source: Distribution, read: Distribution): Distribution
  /** What else its scores depend on, for their fingerprint: fields of config.json, say; absent if on nothing else. */
  dependsOn?(bench: Pick<Workbench, "model">): Promise<unknown>
  /** Whether nothing of it depends on the seed: fitted once, it serves all seeds of a benchmark. */
  readonly seedless?: true
  /** Raised when the same inputs give other scores than before; absent until then. */
  readonly revision?: number
  fit(bench: Workbench, source: Distribution): Promise<FittedIntervention>
  /**
   * Fits on the source with its labels shuffled, selection included: what it reaches where there is nothing to learn.
   * Absent where labels are not fitted, and of tuned models, whose training is too long to be repeated.
   */
  fitShuffled?(bench: Workbench, source: Distribution, draws: number): Promise<ShuffledIntervention>
}

/** A kind of intervention: its name, what it is, its options, and how one is made of them. */
export interface InterventionKind {
  readonly name: string
  readonly description: string
  /** Where it differs from what it is named after; none if absent. */
  readonly departures?: readonly Departure[]
  readonly options: OptionSpecs
  /** What the rest of the program must know of it; nothing if absent. */
  readonly traits?: Traits
  /** Whether it is a probe, which reads the model's activations. */
  readonly readsActivations?: true
  /** @param options - checked, defaults filled in */
  make(options: Readonly<Record<string, unknown>>): Intervention
}
