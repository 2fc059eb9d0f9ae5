// The contract of a probe. A probe is fitted on a source's activations and nothing else: selection, sign and calibration
// never see a target, because `fit` is never given one. A fitted probe scores any distribution's activations.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Positions } from "../../activations/positions.ts"
import type { Pair } from "../../src/data/pairs.ts"
import type { Calibrator } from "./calibrator.ts"
import type { OptionSpecs, OptionValues } from "../../src/base/options.ts"
import type { Departure } from "./departures.ts"
import type { Traits } from "./traits.ts"

/** What must be extracted before a probe can be fitted or can score. */
export interface ProbeNeeds {
  /** A stimulus of src/data. */
  readonly stimulus: string
  readonly positions: Positions
  /** Sites, or kinds of sites. */
  readonly sites: readonly string[]
}

/** What every fit is told besides the probe's own options. */
export interface FitOptions {
  readonly seed: number
  /**
   * The fit is asked which responses it prefers and nothing else: it need not calibrate probabilities, and may stop at
   * fewer digits. Defaults to false.
   */
  readonly accuracyOnly?: boolean
}

/** A kind of probe: how it is named, configured, fitted and read back. */
export interface Probe<Specs extends OptionSpecs = OptionSpecs, Name extends string = string> {
  readonly name: Name
  /** One line for lists and help. */
  readonly description: string
  /** Where it differs from what it is named after; none if absent. */
  readonly departures?: readonly Departure[]
  readonly options: Specs
  /** What the rest of the program must know of it; nothing if absent. */
  readonly traits?: Traits
  /** Raised when the same activations give other scores than before; absent until then. */
  readonly revision?: number
  needs(options: OptionValues<Specs>): ProbeNeeds
  /**
   * Fits on the source. Every random choice comes from the seed.
   */
  fit(source: ActivationSet, options: OptionValues<Specs> & FitOptions): Promise<FittedProbe>
  /** Fits on shuffled labels, where there is a quicker way than a fit for each draw. */
  fitShuffled?(
    source: ActivationSet,
    options: OptionValues<Specs> & FitOptions,
    draws: number,
  ): Promise<ShuffledFits>
  /** False where the source's labels decide nothing, or the probe is a band of draws itself. */
  readonly hasNullBand?: false
  /** The fitted probe that was saved as this record. */
  restore(record: ProbeRecord): FittedProbe
}

/** A direction at a site, or at one head of a `heads` site. */
export interface Direction {
  readonly site: string
  /** Query head, where the direction lives in one head's columns. */
  readonly head?: number
  /** First column of the site that the direction covers. */
  readonly begin: number
  readonly values: Float32Array
}

/** Scores of pairs, antisymmetric unless the calibrator has an intercept. */
export interface PairScores {
  /** Above 0: the better response is preferred. Swapping the responses flips the sign. float64 `[nPairs]` */
  readonly logits: Float64Array
  /** Calibrated probability that the better response is the better one, float64 `[nPairs]`. */
  readonly probabilities: Float64Array
  /** Of a control that is a distribution of probes: scores of each of its draws, `[nDraws][nPairs]`. */
  readonly draws?: readonly Float64Array[]
  /** Where a method's accuracy is of single responses, as that of published CCS is; absent elsewhere. */
  readonly singly?: SingleOutcomes
}

/** Whether single responses came out right. */
export interface SingleOutcomes {
  /** 1 or 0, float64 `[nResponses]`. */
  readonly outcomes: Float64Array
  /** `Example.index` of each. */
  readonly examples: Int32Array
}

/** A probe fitted on several sets of shuffled labels. */
export interface ShuffledFits {
  /** Logits of pairs, of every draw: `[nDraws][nPairs]`. */
  scorePairs(target: ActivationSet, pairs: readonly Pair[]): Promise<readonly Float64Array[]>
}

export interface FittedProbe {
  /** Name of the kind of probe. */
  readonly probe: string
  /** Sites that scoring reads. */
  readonly sites: readonly string[]
  readonly directions: readonly Direction[]
  readonly calibrator: Calibrator
  /** One line on what was fitted: what was selected out of what. */
  readonly summary: string
  /**
   * Whether pairs are ranked by another score than the difference of their responses' scores, as the cosine of the
   * difference is: metrics of single responses would then contradict those of pairs.
   */
  readonly scoresPairsApart?: true
  /** A score for every row of the set, higher for better, NaN where it cannot be scored; float64 `[nRows]`. Scores compare within one fitted probe. */
  scoreResponses(target: ActivationSet): Promise<Float64Array>
  /** Scores of pairs, all of which must be scorable. */
  scorePairs(target: ActivationSet, pairs: readonly Pair[]): Promise<PairScores>
  /** All that `restore` needs. */
  record(): ProbeRecord
}

/** A fitted probe as data: JSON and tensors. */
export interface ProbeRecord {
  readonly probe: string
  /** Plain JSON. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
}
