// What a run of the small world shows, in words, from its figures and their intervals.

import { reversedByDesign } from "../data/microworld-suite.ts"
import {
  addVariances,
  describeDifference,
  studentInterval,
  type Ends,
  type Estimate,
} from "../metrics/index.ts"

/** Accuracy of an intervention on the shifts of one label, 0 to 1. */
export interface LabelAccuracies {
  readonly label: string
  readonly shifts: readonly { readonly target: string; readonly accuracy: number }[]
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
 * LoRA's accuracies on extreme shifts against those on probing ones, without the shifts that reverse by design, by Welch's
 * interval over shifts; then each probe against LoRA on the probing shifts.
 *
 * @returns a plain line where a label has no result
 */
export function whatItShows(lora: readonly LabelAccuracies[], probes: readonly AgainstLora[]): string {
  const of = (label: string): LabelAccuracies["shifts"] =>
    lora.find((group) => group.label === label)?.shifts ?? []
  const [extreme, probing] = [of("extreme"), of("probing")]
  const open = probing.filter(({ target }) => !reversedByDesign.includes(target))
  if (extreme.length < 2 || open.length < 2) return "Not every shift has a result (see above)."
  const [a, b] = [estimate(extreme), estimate(open)]
  const difference = { mean: b.mean - a.mean, ...addVariances([a, b]) }
  const sentences = [
    `LoRA is right on ${share(a.mean)} of the pairs of ${extreme.length} extreme shifts and on ` +
      `${share(estimate(probing).mean)} of ${probing.length} probing ones.`,
    `${reversedByDesign.join(" and ")} reverse a cue of their source by design, so whatever learnt it must fail: ` +
      `without them it is ${share(b.mean)}, which against the extreme shifts is ` +
      `${describeDifference(difference.mean, studentInterval(difference))}, 95 % interval over shifts.`,
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
            `, 95 % intervals over prompts.`,
        ]),
    "One model and one seed: other ones may say otherwise.",
  ]
  return sentences.join(" ")
}

function estimate(shifts: LabelAccuracies["shifts"]): Estimate {
  const n = shifts.length
  const mean = shifts.reduce((sum, { accuracy }) => sum + accuracy, 0) / n
  const squares = shifts.reduce((sum, { accuracy }) => sum + (accuracy - mean) ** 2, 0)
  return { mean, variance: squares / (n - 1) / n, df: n - 1 }
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}
