// How long a training row may be. Its activations are kept for the backward pass: about 24 floats per token, layer and
// feature, and 1.7 per layer, head and pair of tokens (measured on the 100 M-parameter model).

import { forwardCost, type CostModel } from "../../activations/packing.ts"
import type { Architecture } from "../model/architecture.ts"

const floatsPerFeature = 24
const floatsPerScore = 1.7

/** Bytes that a training row of so many tokens takes. */
export function trainingBytes({ nLayers, dModel, nHeads }: Architecture, tokens: number): number {
  return 4 * nLayers * (floatsPerFeature * dModel * tokens + floatsPerScore * nHeads * tokens * tokens)
}

/** The longest row that fits a budget in bytes. */
export function longestTrainingRow(architecture: Architecture, budget: number): number {
  let [low, high] = [1, 1 << 16]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (trainingBytes(architecture, middle) <= budget) low = middle
    else high = middle - 1
  }
  return low
}

/** The cost of a training row: forward, backward through the activations, and the recomputed small things. */
export function trainingCost(architecture: Architecture): CostModel {
  const { perRow, perToken, perPair } = forwardCost(architecture)
  return { perRow: 2 * perRow, perToken: 2 * perToken, perPair: 3 * perPair }
}
