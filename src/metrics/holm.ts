// Holm's step-down correction of several p-values. Holm 1979, Scandinavian Journal of Statistics 6.

import { requireProbabilities } from "./checks.ts"

/**
 * Adjusted p-values: rejecting those ≤ α keeps the chance of any false rejection ≤ α, whatever the dependence.
 *
 * The i-th smallest of m (i from 0) becomes the largest of (m − j)·p₍ⱼ₎ over j ≤ i, at most 1.
 *
 * @param pValues - shape `[m]`, in any order
 * @returns adjusted p-values in the same order, shape `[m]`
 * @throws {LitmusError} if there is no p-value or one lies outside [0, 1]
 */
export function holmAdjusted(pValues: ArrayLike<number>): Float64Array {
  requireProbabilities("p-values", pValues)
  const m = pValues.length
  const order = Array.from({ length: m }, (_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!)
  const adjusted = new Float64Array(m)
  let largest = 0
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (m - rank) * pValues[index]!))
    adjusted[index] = largest
  }
  return adjusted
}
