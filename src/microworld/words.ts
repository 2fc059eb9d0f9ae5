// What a run of the small world shows, in words, from its figures and their intervals.

import {
  addVariances,
  describeDifference,
  studentInterval,
  type Ends,
  type Estimate,
} from "../metrics/index.ts"

/** Accuracy of an intervention on the shifts of one label, each the mean over its seeds, 0 to 1. */
export interface LabelAccuracies {
  readonly label: string
  readonly accuracies: readonly number[]
}

/** How a probe does against LoRA on the probing shifts: its accuracy less LoRA's, over the capability. */
export interface AgainstLora {
  readonly probe: string
  readonly difference: number
  readonly interval: Ends | undefined
}

/**
 * The sentences under the table of `litmus demo`.
 *
 * LoRA's accuracies on extreme shifts against those on probing ones, by Welch's interval over shifts; an accuracy is the mean
 * over seeds, so that their spread is part of it. Then each probe against LoRA on the probing shifts.
 *
 * @param seeds - how many trainings with other seeds the accuracies are means of
 * @returns a plain line where a label has no result
 */
export function whatItShows(
  lora: readonly LabelAccuracies[],
  probes: readonly AgainstLora[],
  seeds: number,
): string {
  const of = (label: string): readonly number[] =>
    lora.find((group) => group.label === label)?.accuracies ?? []
  const [extreme, probing] = [of("extreme"), of("probing")]
  if (extreme.length < 2 || probing.length < 2) return "Not every shift has a result (see above)."
  const [a, b] = [estimate(extreme), estimate(probing)]
  const difference = { mean: b.mean - a.mean, ...addVariances([a, b]) }
  const sentences = [
    `LoRA is right on ${share(a.mean)} of the pairs of ${extreme.length} extreme shifts and on ${share(b.mean)} of ` +
      `${probing.length} probing ones: ${describeDifference(difference.mean, studentInterval(difference))}, ` +
      `95 % interval over shifts and ${seeds === 1 ? "one seed" : `${seeds} seeds`}.`,
    ...(probes.length === 0
      ? []
      : [
          `Against LoRA on the probing shifts, as shares of the capability: ` +
            probes
              .map(
                ({ probe, difference: points, interval }) =>
                  `${probe} ${describeDifference(points, interval)}`,
              )
              .join("; ") +
            `, 95 % intervals over prompts${seeds === 1 ? "" : " and seeds"}.`,
        ]),
    "All of it is of one pretrained model and its small world: other models may say otherwise.",
  ]
  return sentences.join(" ")
}

function estimate(accuracies: readonly number[]): Estimate {
  const n = accuracies.length
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / n
  const squares = accuracies.reduce((sum, accuracy) => sum + (accuracy - mean) ** 2, 0)
  return { mean, variance: squares / (n - 1) / n, df: n - 1 }
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}
