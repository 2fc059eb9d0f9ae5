// Area under the ROC curve over pooled single responses: unlike pair accuracy it compares responses to different
// prompts, so it asks whether a score means the same everywhere.

import { requireEach, requireNumbers, requireSameLength } from "./checks.ts"

/**
 * P(score of a random response labelled 1 > score of a random one labelled 0) + ½ P(equal), from midranks
 * (Mann and Whitney 1947). In O(n log n).
 *
 * @param scores - raw scores of single responses, any monotone scale, may be infinite, shape `[nSamples]`
 * @param labels - 0 or 1, shape `[nSamples]`
 * @returns the area, or `undefined` if only one class occurs
 * @throws {ShapeError} if the two lists differ in length
 * @throws {LitmusError} if there is no score, a score is NaN or a label is not 0 or 1
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number | undefined {
  requireNumbers("scores of responses", scores)
  requireSameLength("labels", labels.length, "scores of responses", scores.length)
  requireEach("labels", labels, "labels 0 or 1", (label) => label === 0 || label === 1)
  const order = Uint32Array.from(scores, (_, i) => i).sort((i, j) => compare(scores[i]!, scores[j]!))
  let nPositive = 0
  let rankSum = 0
  for (let start = 0, end = 0; start < order.length; start = end) {
    const score = scores[order[start]!]
    let positives = 0
    for (end = start; end < order.length && scores[order[end]!] === score; end++)
      positives += labels[order[end]!]!
    rankSum += (positives * (start + 1 + end)) / 2 // ranks count from 1; equal scores share their middle rank
    nPositive += positives
  }
  const nNegative = order.length - nPositive
  if (nPositive === 0 || nNegative === 0) return undefined
  return (rankSum - (nPositive * (nPositive + 1)) / 2) / (nPositive * nNegative)
}

// Not a difference: that of two equal infinities is NaN.
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
