// 95 % intervals over prompts of the metrics of one evaluation, other than its accuracy. How often they hold the truth is
// measured in docs/coverage.md.

import {
  accuracyInterval,
  calibrationInterval,
  jackknifeOfSums,
  promptOutcomes,
  type AccuracyInterval,
  type Ends,
} from "../metrics/index.ts"

/** Intervals over prompts; null where one is not defined. */
export interface MetricIntervals {
  readonly promptAccuracy: AccuracyInterval
  readonly brierScore: Ends | null
  /** Of the error that very many prompts would show: noise makes the figure itself too large. */
  readonly rmsCalibrationError: Ends | null
  /** Of the truthfulness task alone. */
  readonly yes?: YesIntervals
}

/** Of the answers to Yes/No questions. */
export interface YesIntervals {
  /** Share of the pairs in which Yes is right that are answered Yes; null where it is right in none. */
  readonly recallOfYes: AccuracyInterval | null
  /** The same of No. */
  readonly recallOfNo: AccuracyInterval | null
  readonly balancedAccuracy: Ends | null
}

/** What intervals are made from, a value for each pair. */
export interface ScoredPairs {
  readonly outcomes: Float64Array
  readonly probabilities: ArrayLike<number>
  /** Index of the example. */
  readonly examples: readonly number[]
  /** Cluster (prompt). */
  readonly clusters: readonly number[]
}

/**
 * @param isYes - 1 where Yes is right, of the truthfulness task, shape `[nPairs]`
 */
export function metricIntervals(
  { outcomes, probabilities, examples, clusters }: ScoredPairs,
  isYes?: ArrayLike<number>,
): MetricIntervals {
  const clusterOf = new Map(examples.map((example, k) => [example, clusters[k]!]))
  const byPrompt = promptOutcomes(outcomes, examples)
  const squares = Float64Array.from(probabilities, (p) => (1 - p) ** 2)
  const ones = new Float64Array(squares.length).fill(1)
  const brier = jackknifeOfSums(clusters, [squares, ones], ([sum, n]) => sum! / n!, { scale: "share" })
  return {
    promptAccuracy: accuracyInterval(
      byPrompt.outcomes,
      byPrompt.examples.map((example) => clusterOf.get(example)!),
    ),
    brierScore: brier ?? null,
    rmsCalibrationError: calibrationInterval(probabilities, clusters) ?? null,
    ...(isYes ? { yes: yesIntervals(outcomes, clusters, isYes) } : {}),
  }
}

function yesIntervals(
  outcomes: Float64Array,
  clusters: readonly number[],
  isYes: ArrayLike<number>,
): YesIntervals {
  const recall = (answer: 0 | 1): AccuracyInterval | null => {
    const chosen = clusters.flatMap((_, k) => (isYes[k] === answer ? [k] : []))
    if (chosen.length === 0) return null
    return accuracyInterval(
      chosen.map((k) => outcomes[k]!),
      chosen.map((k) => clusters[k]!),
    )
  }
  const yes = Float64Array.from(outcomes, (_, k) => isYes[k]!)
  const no = yes.map((one) => 1 - one)
  const columns = [
    outcomes.map((outcome, k) => outcome * yes[k]!),
    yes,
    outcomes.map((o, k) => o * no[k]!),
    no,
  ]
  const balanced = jackknifeOfSums(
    clusters,
    columns,
    ([rightYes, nYes, rightNo, nNo]) =>
      nYes! > 0 && nNo! > 0 ? (rightYes! / nYes! + rightNo! / nNo!) / 2 : undefined,
    { scale: "share" },
  )
  return { recallOfYes: recall(1), recallOfNo: recall(0), balancedAccuracy: balanced ?? null }
}
