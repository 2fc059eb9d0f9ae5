// Probes whose loss has several minima are trained from several starts. The one of least loss on held-out prompts of the
// source is kept, and what the others came to is reported: where they disagree, a single start is a draw.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { fitAntisymmetric, type Calibrator } from "../contract/calibrator.ts"
import { responsesOf, type ScoreResponses } from "./response-probe.ts"
import type { SourcePairs } from "./source-pairs.ts"

/** The `starts` option. */
export const startsOption = {
  kind: "count",
  default: 5,
  description: "starts, of which the one of least loss on held-out prompts of the source is kept",
} as const

/** How a start did on held-out prompts of the source. */
export interface JudgedStart {
  /** Mean log loss of single responses. */
  readonly loss: number
  /** Share of pairs in which the better response is preferred, a tie counting ½. */
  readonly accuracy: number
  /** Share of pairs in which it prefers the response that the best start prefers. */
  readonly agreement: number
}

export interface FittedStart<Model> {
  readonly model: Model
  readonly calibrator: Calibrator
  /** In the order of their seeds. */
  readonly starts: readonly JudgedStart[]
  readonly best: number
}

/**
 * Trains on 70 % of the source's prompts from every start, keeps the start of least loss on the others, and trains from it
 * on all of them. The scores held out fit the calibrator.
 *
 * @param train - models from the starts of these numbers, scores being logits
 */
export async function fitBestStart<Model>(
  source: ActivationSet,
  { pairs, fitPairs, heldOutPairs }: SourcePairs,
  nStarts: number,
  train: (pairs: readonly Pair[], starts: readonly number[]) => Promise<Model[]>,
  score: (model: Model) => ScoreResponses,
): Promise<FittedStart<Model>> {
  const numbers = Array.from({ length: nStarts }, (_, k) => k)
  const candidates = await train(fitPairs, numbers)
  const asked = responsesOf(heldOutPairs)
  const judged: { loss: number; raw: Float64Array }[] = []
  for (const candidate of candidates) {
    const logits = await score(candidate)(source, asked)
    judged.push({
      loss: logits.reduce((sum, logit, i) => sum + softplus(i % 2 === 0 ? -logit : logit), 0) / logits.length,
      raw: Float64Array.from(heldOutPairs, (_, k) => logits[2 * k]! - logits[2 * k + 1]!),
    })
  }
  const best = judged.reduce((least, { loss }, k) => (loss < judged[least]!.loss ? k : least), 0)
  const { raw: own } = judged[best]!
  const [model] = await train(pairs, [best])
  return {
    model: model!,
    calibrator: fitAntisymmetric(own),
    best,
    starts: judged.map(({ loss, raw }) => ({
      loss,
      accuracy: meanOf(raw, (difference) => (Math.sign(difference) + 1) / 2),
      agreement: meanOf(raw, (difference, k) => (Math.sign(difference * own[k]!) + 1) / 2),
    })),
  }
}

/** "best of 5 starts by held-out loss: 0.6921 (others to 0.7013); accuracy on held-out prompts 0.533 (others 0.500 … 0.560), …" */
export function describeStarts({ starts, best }: Pick<FittedStart<unknown>, "starts" | "best">): string {
  const own = starts[best]!
  const loss = own.loss.toFixed(4)
  const accuracy = own.accuracy.toFixed(3)
  if (starts.length === 1) {
    return `1 start: held-out loss ${loss}, accuracy on held-out prompts of the source ${accuracy}`
  }
  const others = starts.filter((_, k) => k !== best)
  const range = (values: readonly number[]): string =>
    `${Math.min(...values).toFixed(3)} … ${Math.max(...values).toFixed(3)}`
  return (
    `best of ${starts.length} starts by held-out loss: ${loss} (others to ${Math.max(...others.map((one) => one.loss)).toFixed(4)}); ` +
    `accuracy on held-out prompts of the source ${accuracy} (others ${range(others.map((one) => one.accuracy))}), ` +
    `which agree with it on ${range(others.map(({ agreement }) => agreement))}`
  )
}

function meanOf(values: Float64Array, of: (value: number, k: number) => number): number {
  return values.reduce((sum, value, k) => sum + of(value, k), 0) / values.length
}

/** log(1 + exp(x)), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
