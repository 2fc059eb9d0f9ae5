// The shared metrics of one intervention on one distribution.

import {
  allPairs,
  chooseLonger,
  clusterByPrompt,
  yesIsRight,
  type Distribution,
  type Pair,
} from "../data/index.ts"
import { UnusableDataError } from "../base/errors.ts"
import {
  agreement,
  auroc,
  accuracyInterval,
  brierScore,
  clusteredMean,
  detectableDifference,
  aurocWithout,
  intervalWithout,
  numberClusters,
  pairAccuracy,
  pairOutcomes,
  percentileInterval,
  promptAccuracy,
  rmsCalibrationError,
  rmsCalibrationErrorGenies2023,
  type AccuracyInterval,
  type Ends,
} from "../metrics/index.ts"
import { chanceOf, type Chance } from "./chance.ts"
import { metricIntervals, type MetricIntervals } from "./metric-intervals.ts"
import type { FittedIntervention, Scores, ShuffledIntervention } from "./interventions/contract.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** What an intervention reaches on a distribution. Shares are between 0 and 1. */
export interface Evaluation {
  readonly distribution: string
  readonly split: string
  /** Pairs scored. */
  readonly pairs: number
  /** Pairs left out because a response is longer than the model's context. */
  readonly skippedPairs: number
  /** Share of pairs in which the better response is preferred, a tie counting ½, with its 95 % interval over prompts. */
  readonly accuracy: AccuracyInterval
  /** Of what: pairs, or single responses that come out right (CCS as published). The other figures are of pairs. */
  readonly accuracyOf: "pairs" | "responses"
  /** Smallest difference from chance that 80 % of such test splits would show at 5 %; null where it is not known. */
  readonly detectable: number | null
  /** 95 % intervals over prompts of the figures below. */
  readonly intervals: MetricIntervals
  /**
   * In which 95 % of the accuracies lie that refits on shuffled labels reach, or a control's own draws; null where there
   * are none.
   */
  readonly nullBand: NullBand | null
  /** Share of prompts whose better response beats all others. */
  readonly promptAccuracy: number
  /** What an intervention gets that looks at no response. */
  readonly chance: Chance
  /** Area under the ROC curve; null where only one class occurs. */
  readonly auroc: number | null
  /** Of what: pooled single responses, or, where pairs have a score of their own, pairs in both orders. */
  readonly aurocOf: "responses" | "pairs"
  /** Its 95 % interval over prompts. */
  readonly aurocInterval: Ends | null
  /** Every pair in both orders, 10 bins. */
  readonly rmsCalibrationError: number
  /** As the 2023 release computes it; null where that is not a number. */
  readonly rmsCalibrationErrorGenies2023: number | null
  /** Mean of (1 − p)². */
  readonly brierScore: number
  /** Share of pairs on which it agrees with "choose the longer response". */
  readonly agreementWithLonger: number
  /** Of the truthfulness task alone. */
  readonly yes?: YesBias
}

/** Bias towards Yes. Where a prompt has three worse responses, saying No to everything is right on 75 % of the pairs. */
export interface YesBias {
  /** Share of pairs in which Yes is preferred, a tie counting ½. */
  readonly preferred: number
  /** Share of pairs in which Yes is right. */
  readonly right: number
  /** Mean of the accuracies where Yes and where No is right: ½ for one answer to everything; null where one is never. */
  readonly balancedAccuracy: number | null
}

/** Quantiles 2.5 % and 97.5 % of the accuracies of so many draws. */
export interface NullBand {
  readonly low: number
  readonly high: number
  readonly draws: number
}

/** Scores all pairs of a distribution and computes the metrics. */
export async function evaluate(
  bench: Workbench,
  fitted: FittedIntervention,
  distribution: Distribution,
): Promise<Evaluation> {
  const { evaluation } = await measure(distribution, (pairs) => fitted.score(bench, distribution, pairs))
  return evaluation
}

/** An evaluation, the scores that it is of, and the pairs that were asked for. */
export interface Measurement {
  readonly asked: readonly Pair[]
  readonly scores: Scores
  readonly evaluation: Evaluation
}

/** Asks for the scores of all pairs of a distribution and computes the metrics. */
export async function measure(
  distribution: Distribution,
  score: (pairs: readonly Pair[]) => Promise<Scores>,
): Promise<Measurement> {
  const asked = allPairs(distribution.examples)
  const scores = await score(asked)
  return { asked, scores, evaluation: evaluateScores(distribution, scores, { asked: asked.length }) }
}

/** The metrics of scores. */
export function evaluateScores(
  distribution: Distribution,
  { pairs, logits, probabilities, responses, draws, singly }: Scores,
  { asked }: { asked: number },
): Evaluation {
  const { id, split, examples } = distribution
  if (pairs.length === 0) {
    throw new UnusableDataError(`${id} ${split}: none of its ${asked} pairs fits the model's context`)
  }
  const outcomes = pairOutcomes(logits)
  const clusters = clusterByPrompt(examples)
  const clusterOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
  const pairClusters = pairs.map(({ example }) => clusterOf.get(example)!)
  return {
    distribution: id,
    split,
    pairs: pairs.length,
    skippedPairs: asked - pairs.length,
    accuracy: singly
      ? accuracyInterval(
          singly.outcomes,
          Array.from(singly.examples, (example) => clusterOf.get(example)!),
        )
      : accuracyInterval(outcomes, pairClusters),
    accuracyOf: singly ? "responses" : "pairs",
    // The better of two signs is above chance by itself.
    detectable: singly ? null : (detectableDifference(errorOf(outcomes, pairClusters)) ?? null),
    intervals: metricIntervals(
      { outcomes, probabilities, examples: pairs.map(({ example }) => example), clusters: pairClusters },
      distribution.task === "truthfulness" ? yesIsRight(distribution, pairs) : undefined,
    ),
    nullBand: draws ? bandOf(draws) : null,
    promptAccuracy: promptAccuracy(
      outcomes,
      pairs.map(({ example }) => example),
    ),
    chance: chanceOf(distribution, pairs),
    ...areaOf(logits, pairClusters, responses, clusterOf),
    rmsCalibrationError: rmsCalibrationError(probabilities),
    rmsCalibrationErrorGenies2023: rmsCalibrationErrorGenies2023(probabilities) ?? null,
    brierScore: brierScore(probabilities),
    agreementWithLonger: agreement(outcomes, pairOutcomes(chooseLonger(distribution, pairs))),
    ...(distribution.task === "truthfulness" ? { yes: yesBias(distribution, pairs, outcomes) } : {}),
  }
}

/** The area under the ROC curve of the score that ranks the pairs. */
function areaOf(
  logits: ArrayLike<number>,
  pairClusters: readonly number[],
  responses: Scores["responses"],
  clusterOf: ReadonlyMap<number, number>,
): Pick<Evaluation, "auroc" | "aurocOf" | "aurocInterval"> {
  const scores = responses
    ? Array.from(responses.scores)
    : Array.from(logits).flatMap((logit) => [logit, -logit])
  const labels = responses ? Array.from(responses.labels) : Array.from(logits).flatMap(() => [1, 0])
  const clusters = responses
    ? Array.from(responses.examples, (example) => clusterOf.get(example)!)
    : pairClusters.flatMap((cluster) => [cluster, cluster])
  const { unitOf, nClusters } = numberClusters(clusters)
  const area = auroc(scores, labels)
  const without = aurocWithout(scores, labels, unitOf, nClusters)
  return {
    auroc: area ?? null,
    aurocOf: responses ? "responses" : "pairs",
    aurocInterval: intervalWithout(area, without, { scale: "share" }) ?? null,
  }
}

/** The variance that an accuracy of ½ would have with these clusters: what a difference from chance is held against. */
function errorOf(outcomes: Float64Array, clusters: readonly number[]): { variance: number; df: number } {
  const { variance, df, nItems, nClusters } = clusteredMean(outcomes, clusters)
  const { effectiveItems } = accuracyInterval(outcomes, clusters)
  return nClusters > 1
    ? { variance: Math.max(variance, 0.25 / effectiveItems), df }
    : { variance: 0.25 / nItems, df: nItems - 1 }
}

function yesBias(distribution: Distribution, pairs: readonly Pair[], outcomes: Float64Array): YesBias {
  const right = yesIsRight(distribution, pairs)
  const accuracyWhere = (isYes: number): number | null => {
    const chosen = outcomes.filter((_, k) => right[k] === isYes)
    return chosen.length > 0 ? chosen.reduce((sum, outcome) => sum + outcome, 0) / chosen.length : null
  }
  const onYes = accuracyWhere(1)
  const onNo = accuracyWhere(0)
  return {
    preferred: agreement(outcomes, right),
    right: right.reduce((sum, isYes) => sum + isYes, 0) / right.length,
    balancedAccuracy: onYes === null || onNo === null ? null : (onYes + onNo) / 2,
  }
}

function bandOf(draws: readonly ArrayLike<number>[]): NullBand {
  return nullBandOf(draws.map(pairAccuracy))
}

/** The band of accuracies that draws reach. */
export function nullBandOf(accuracies: readonly number[]): NullBand {
  return { ...percentileInterval(accuracies), draws: accuracies.length }
}

/** Accuracies on a distribution, over all pairs that can be scored, of fits on shuffled labels, `[nDraws]`. */
export async function nullAccuracies(
  bench: Workbench,
  shuffled: ShuffledIntervention,
  distribution: Distribution,
): Promise<number[]> {
  const draws = await shuffled.score(bench, distribution, allPairs(distribution.examples))
  return draws.map(pairAccuracy)
}
