// What a forward pass costs, for planning rows. The constants are fixed, not timed here and now: the plan must be the
// same on every machine.

import type { CostModel } from "../../rows/packing.ts"
import type { Architecture } from "../architectures/architecture.ts"

// Measured on two cores, against the operations of a large matrix product (~300 GFLOP/s there):
// without packed copies of the weights each product first rearranges its weight, as long as ~30 tokens' products take;
const weightPassTokens = 30
// a pass of the graph costs ~0.1 ms besides;
const passOperations = 3e7
// norms, rotations and activations cost as much as ~1000 operations per feature of a block's residual stream;
const featureOperations = 1000
// and masking, exponential and sum of one attention score as much as ~50.
const scoreOperations = 50

/** The cost model of a forward pass through `nLayers` blocks (by default all). */
export function forwardCost(
  { dModel, nHeads, nKvHeads, dHead, dMlp, nLayers: depth, block }: Architecture,
  { nLayers = depth }: { nLayers?: number } = {},
): CostModel {
  const mlpProducts = block.mlp.input.kind === "plain" ? 2 : 3
  const layerWeights = dModel * dHead * (2 * nHeads + 2 * nKvHeads) + mlpProducts * dModel * dMlp
  const products = 2 * layerWeights * nLayers
  return {
    perRow: passOperations + weightPassTokens * products,
    perToken: products + featureOperations * dModel * nLayers,
    perPair: nLayers * nHeads * (4 * dHead + scoreOperations),
  }
}

/** The cost model of a forward pass that ends in the output head, whose product counts like the layers'. */
export function forwardCostWithHead(architecture: Architecture): CostModel {
  const { perRow, perToken, perPair } = forwardCost(architecture)
  const head = 2 * architecture.dModel * architecture.vocabSize
  const weightPass = perRow - forwardCost(architecture, { nLayers: 0 }).perRow
  return { perRow: perRow + (weightPass * head) / perToken, perToken: perToken + head, perPair }
}
