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

/**
 * The area without the items of each cluster in turn, in O(n log n) and the square of the largest cluster.
 *
 * The pairs of a positive and a negative that a cluster has a part in are counted and taken away.
 *
 * @param units - cluster of each item, integers from 0, shape `[nSamples]`
 * @returns one area for each cluster, `undefined` where only one class is left
 */
export function aurocWithout(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  units: ArrayLike<number>,
  nUnits: number,
): (number | undefined)[] {
  const n = scores.length
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => compare(scores[i]!, scores[j]!))
  // Of a positive the negatives below it, of a negative the positives above it, a tie counting ½.
  const beaten = new Float64Array(n)
  const nPositive = Array.from(labels).reduce((sum, label) => sum + label, 0)
  let [positivesBelow, negativesBelow] = [0, 0]
  for (let start = 0, end = 0; start < n; start = end) {
    let positives = 0
    for (end = start; end < n && scores[order[end]!] === scores[order[start]!]; end++) {
      positives += labels[order[end]!]!
    }
    const negatives = end - start - positives
    for (let k = start; k < end; k++) {
      beaten[order[k]!] =
        labels[order[k]!] === 1 ? negativesBelow + negatives / 2 : nPositive - positivesBelow - positives / 2
    }
    positivesBelow += positives
    negativesBelow += negatives
  }
  const members = Array.from({ length: nUnits }, (): number[] => [])
  for (let i = 0; i < n; i++) members[units[i]!]!.push(i)
  let all = 0
  for (let i = 0; i < n; i++) if (labels[i] === 1) all += beaten[i]!
  return members.map((own) => {
    const ones = own.filter((i) => labels[i] === 1)
    const zeros = own.filter((i) => labels[i] !== 1)
    let within = 0
    for (const i of ones) {
      for (const j of zeros) within += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0
    }
    const taken = own.reduce((sum, i) => sum + beaten[i]!, 0) - within
    const [p, q] = [nPositive - ones.length, n - nPositive - zeros.length]
    return p > 0 && q > 0 ? (all - taken) / (p * q) : undefined
  })
}

// Not a difference: that of two equal infinities is NaN.
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
