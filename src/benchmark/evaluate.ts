// The shared metrics of one intervention on one distribution.

import {
  allPairs,
  chooseLonger,
  clusterByPrompt,
  yesIsRight,
  type Distribution,
  type Pair,
} from "../data/index.ts"
import { UnusableDataError } from "../errors.ts"
import {
  agreement,
  auroc,
  bootstrapMean,
  brierScore,
  pairAccuracy,
  pairOutcomes,
  percentileInterval,
  promptAccuracy,
  rmsCalibrationError,
  rmsCalibrationErrorGenies2023,
  type Interval,
} from "../metrics/index.ts"
import type { FittedIntervention, Scores } from "./interventions/contract.ts"
import type { Workbench } from "./workbench.ts"

/** What an intervention reaches on a distribution. Shares are between 0 and 1. */
export interface Evaluation {
  readonly distribution: string
  readonly split: string
  /** Pairs scored. */
  readonly pairs: number
  /** Pairs left out because a response is longer than the model's context. */
  readonly skippedPairs: number
  /** Share of pairs in which the better response is preferred, a tie counting ½; 95 % interval by bootstrap. */
  readonly accuracy: Interval
  /** Of a control with several draws: the band in which 95 % of the draws' accuracies lie; null elsewhere. */
  readonly nullBand: NullBand | null
  /** Share of prompts whose better response beats all others. */
  readonly promptAccuracy: number
  /** Over pooled single responses; null where responses have no scores of their own. */
  readonly auroc: number | null
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
  const asked = allPairs(distribution.examples)
  const scores = await fitted.score(bench, distribution, asked)
  return evaluateScores(distribution, scores, { asked: asked.length, seed: bench.seed })
}

/** The metrics of scores. */
export function evaluateScores(
  distribution: Distribution,
  { pairs, logits, probabilities, responses, draws }: Scores,
  { asked, seed }: { asked: number; seed: number },
): Evaluation {
  const { id, split, examples } = distribution
  if (pairs.length === 0) {
    throw new UnusableDataError(`${id} ${split}: none of its ${asked} pairs fits the model's context`)
  }
  const outcomes = pairOutcomes(logits)
  const clusters = clusterByPrompt(examples)
  const clusterOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
  return {
    distribution: id,
    split,
    pairs: pairs.length,
    skippedPairs: asked - pairs.length,
    accuracy: bootstrapMean(
      outcomes,
      pairs.map(({ example }) => clusterOf.get(example)!),
      {
        seed,
        labels: [id, split],
      },
    ),
    nullBand: draws ? bandOf(draws) : null,
    promptAccuracy: promptAccuracy(
      outcomes,
      pairs.map(({ example }) => example),
    ),
    auroc: (responses && auroc(responses.scores, responses.labels)) ?? null,
    rmsCalibrationError: rmsCalibrationError(probabilities),
    rmsCalibrationErrorGenies2023: rmsCalibrationErrorGenies2023(probabilities) ?? null,
    brierScore: brierScore(probabilities),
    agreementWithLonger: agreement(outcomes, pairOutcomes(chooseLonger(distribution, pairs))),
    ...(distribution.task === "truthfulness" ? { yes: yesBias(distribution, pairs, outcomes) } : {}),
  }
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
  return { ...percentileInterval(draws.map(pairAccuracy)), draws: draws.length }
}
