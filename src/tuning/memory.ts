// How long a training row may be. Its activations are kept for the backward pass: about 24 floats per token, layer and
// feature, and 1.7 per layer, head and pair of tokens; dropout adds 1.5 for each of its masks' entries. (Measured on the
// 100 M-parameter model at 256 to 768 tokens, where rows took 70 to 92 % of this. The parameters' own gradients and
// moments are not counted: they do not grow with the row.)

import { type CostModel } from "../rows/packing.ts"
import { forwardCost } from "../model/decoder/cost.ts"
import type { Architecture } from "../model/architectures/architecture.ts"

const floatsPerFeature = 24
const floatsPerScore = 1.7
const floatsPerMask = 1.5

/**
 * Bytes that a training row of so many tokens takes.
 *
 * @param options.maskWidth - entries of all dropout masks for one token
 */
export function trainingBytes(
  { nLayers, dModel, nHeads }: Architecture,
  tokens: number,
  { maskWidth = 0 }: { maskWidth?: number } = {},
): number {
  const perToken = nLayers * floatsPerFeature * dModel + floatsPerMask * maskWidth
  return 4 * (perToken * tokens + nLayers * floatsPerScore * nHeads * tokens * tokens)
}

/** The longest row that fits a budget in bytes. */
export function longestTrainingRow(
  architecture: Architecture,
  budget: number,
  options: { maskWidth?: number } = {},
): number {
  let [low, high] = [1, 1 << 16]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (trainingBytes(architecture, middle, options) <= budget) low = middle
    else high = middle - 1
  }
  return low
}

/** The cost of a training row: forward, backward through the activations, and the recomputed small things. */
export function trainingCost(architecture: Architecture): CostModel {
  const { perRow, perToken, perPair } = forwardCost(architecture)
  return { perRow: 2 * perRow, perToken: 2 * perToken, perPair: 3 * perPair }
}
