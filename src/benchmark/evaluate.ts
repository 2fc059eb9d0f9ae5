// The shared metrics of one intervention on one distribution.

import { allPairs, chooseLonger, clusterByPrompt, type Distribution } from "../data/index.ts"
import { LitmusError } from "../errors.ts"
import {
  agreement,
  auroc,
  bootstrapMean,
  brierScore,
  pairOutcomes,
  promptAccuracy,
  rmsCalibrationError,
  rmsCalibrationErrorGenies2023,
  type Interval,
} from "../metrics/index.ts"
import type { FittedIntervention, Scores } from "./contract.ts"
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
  { pairs, logits, probabilities, responses }: Scores,
  { asked, seed }: { asked: number; seed: number },
): Evaluation {
  const { id, split, examples } = distribution
  if (pairs.length === 0) {
    throw new LitmusError(`${id} ${split}: none of its ${asked} pairs fits the model's context`)
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
    promptAccuracy: promptAccuracy(
      outcomes,
      pairs.map(({ example }) => example),
    ),
    auroc: (responses && auroc(responses.scores, responses.labels)) ?? null,
    rmsCalibrationError: rmsCalibrationError(probabilities),
    rmsCalibrationErrorGenies2023: rmsCalibrationErrorGenies2023(probabilities) ?? null,
    brierScore: brierScore(probabilities),
    agreementWithLonger: agreement(outcomes, pairOutcomes(chooseLonger(distribution, pairs))),
  }
}
