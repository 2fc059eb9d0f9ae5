// Coverage of the intervals of AUROC, recall, Brier score and calibration error.

import { metricIntervals, type YesIntervals } from "../../src/benchmark/metric-intervals.ts"
import {
  auroc,
  aurocWithout,
  brierScore,
  calibrationInterval,
  intervalWithout,
  jackknifeOfSums,
  numberClusters,
  rmsCalibrationError,
  type Ends,
} from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"
import { beta, coverage, repetitions, type Stream } from "./coverage-samples.ts"

/** Prompts of the samples of {@link otherMetrics}. */
export const promptCounts = [20, 30, 50, 100, 250]

/** Scores of pairs, or of single responses, whose prompts are alike. */
interface Scored {
  readonly scores: number[]
  /** Of responses, 1 for the better one; of pairs none. */
  readonly labels: number[]
  readonly clusters: number[]
}

/** Three pairs a prompt: normal logits, and prompts of their own difficulty. */
function pairsOf(stream: Stream, prompts: number, margin: number): Scored {
  const scores: number[] = []
  const clusters: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    const level = margin + 0.8 * stream.normal()
    for (let k = 0; k < 3; k++) {
      scores.push(level + stream.normal())
      clusters.push(prompt)
    }
  }
  return { scores, labels: [], clusters }
}

/** One better and three worse responses a prompt; prompts differ in the level of their scores and in the margin. */
function responsesOf(stream: Stream, prompts: number, margin: number): Scored {
  const scores: number[] = []
  const labels: number[] = []
  const clusters: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    const level = 0.8 * stream.normal()
    const own = margin + 0.8 * stream.normal()
    for (const label of [1, 0, 0, 0]) {
      scores.push(level + label * own + stream.normal())
      labels.push(label)
      clusters.push(prompt)
    }
  }
  return { scores, labels, clusters }
}

/**
 * Answers to Yes/No questions, four a prompt, Yes right to one: scores are outcomes, labels whether Yes is right.
 * No is right as often as half-way from Yes to 1.
 */
function answersOf(stream: Stream, prompts: number, accuracy: number): Scored {
  const scores: number[] = []
  const labels: number[] = []
  const clusters: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    const ofYes = beta(stream, accuracy, 0.5)
    const ofNo = beta(stream, (1 + accuracy) / 2, 0.5)
    for (const label of [1, 0, 0, 0]) {
      scores.push(stream.uniform() < (label === 1 ? ofYes : ofNo) ? 1 : 0)
      labels.push(label)
      clusters.push(prompt)
    }
  }
  return { scores, labels, clusters }
}

function ofAnswers({ scores, labels, clusters }: Scored): YesIntervals {
  const outcomes = Float64Array.from(scores)
  const examples = clusters
  return metricIntervals({ outcomes, probabilities: outcomes, examples, clusters }, labels).yes!
}

function meanWhere(values: readonly number[], labels: readonly number[], label: number): number {
  const own = values.filter((_, i) => labels[i] === label)
  return own.reduce((sum, value) => sum + value, 0) / own.length
}

interface Metric {
  readonly draw: (stream: Stream, prompts: number, margin: number) => Scored
  readonly margins: readonly number[]
  readonly figure: (sample: Scored) => number | undefined
  readonly interval: (sample: Scored) => Ends | undefined
}

/** Each with its interval as `evaluate` makes it. */
const metrics: Readonly<Record<string, Metric>> = {
  "AUROC of pairs": areaMetric(pairsOf, [0.3, 1, 1.6, 2, 2.5]),
  "AUROC of responses": areaMetric(responsesOf, [0.5, 2.5, 3.5, 4.5]),
  "recall of Yes": {
    draw: answersOf,
    margins: [0.5, 0.7, 0.9],
    figure: ({ scores, labels }) => meanWhere(scores, labels, 1),
    interval: (sample) => ofAnswers(sample).recallOfYes ?? undefined,
  },
  "balanced accuracy": {
    draw: answersOf,
    margins: [0.5, 0.7, 0.9],
    figure: ({ scores, labels }) => (meanWhere(scores, labels, 1) + meanWhere(scores, labels, 0)) / 2,
    interval: (sample) => ofAnswers(sample).balancedAccuracy ?? undefined,
  },
  "Brier score": {
    draw: pairsOf,
    margins: [0, 1, 2.5, 4],
    figure: ({ scores }) => brierScore(scores.map(sigmoid)),
    interval: ({ scores, clusters }) => {
      const squares = scores.map((score) => sigmoid(-score) ** 2)
      const ones = squares.map(() => 1)
      return jackknifeOfSums(clusters, [squares, ones], ([sum, n]) => sum! / n!, { scale: "share" })
    },
  },
  "calibration error": {
    draw: pairsOf,
    margins: [0, 0.5, 1, 1.5, 2.5, 4],
    figure: ({ scores }) => rmsCalibrationError(scores.map(sigmoid)),
    interval: ({ scores, clusters }) => calibrationInterval(scores.map(sigmoid), clusters),
  },
  "calibration error, calibrated": calibrationOf(1),
  "calibration error, logits doubled": calibrationOf(2),
  "calibration error, logits halved": calibrationOf(0.5),
}

/** Of logits that are right as often as they say, then multiplied. */
function calibrationOf(factor: number): Metric {
  return {
    draw: (stream, prompts, spread) => calibratedPairs(stream, prompts, { spread, factor }),
    margins: [2],
    figure: ({ scores }) => rmsCalibrationError(scores.map(sigmoid)),
    interval: ({ scores, clusters }) => calibrationInterval(scores.map(sigmoid), clusters),
  }
}

/** Pairs that are right as often as their logits say, logits then multiplied by a factor. */
function calibratedPairs(
  stream: Stream,
  prompts: number,
  { spread, factor }: { spread: number; factor: number },
): Scored {
  const { scores, labels, clusters } = pairsOf(stream, prompts, 0)
  const logits = scores.map((score) => (spread * score) / Math.sqrt(1.64))
  return {
    scores: logits.map((logit) => factor * (stream.uniform() < sigmoid(logit) ? logit : -logit)),
    labels,
    clusters,
  }
}

function areaMetric(draw: Metric["draw"], margins: readonly number[]): Metric {
  // A pair in both orders is an item of either class.
  const items = ({ scores, labels, clusters }: Scored): Scored =>
    labels.length > 0
      ? { scores, labels, clusters }
      : {
          scores: scores.flatMap((score) => [score, -score]),
          labels: scores.flatMap(() => [1, 0]),
          clusters: clusters.flatMap((cluster) => [cluster, cluster]),
        }
  return {
    draw,
    margins,
    figure: (sample) => {
      const { scores, labels } = items(sample)
      return auroc(scores, labels)
    },
    interval: (sample) => {
      const { scores, labels, clusters } = items(sample)
      const { unitOf, nClusters } = numberClusters(clusters)
      const without = aurocWithout(scores, labels, unitOf, nClusters)
      return intervalWithout(auroc(scores, labels), without, { scale: "share" })
    },
  }
}

/** A row of each metric at each true value, a cell for each number of prompts. */
export function otherMetrics(): string[][] {
  return Object.entries(metrics).flatMap(([name, { draw, margins, figure, interval }]) =>
    margins.flatMap((margin) => {
      const truth = figure(draw(random(1, "truth", name, margin), 60_000, margin))!
      const cells = promptCounts.map((prompts) => {
        const stream = random(0, "metric", name, prompts, margin)
        return coverage(repetitions, () => interval(draw(stream, prompts, margin)), truth)
      })
      return [[name, truth.toFixed(3), ...cells]]
    }),
  )
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}
