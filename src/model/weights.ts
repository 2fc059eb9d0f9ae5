// Weights of a graph from their parameters: those of a bundle's file, or any others.

import type { Graph, Value } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import { LitmusError } from "../errors.ts"
import { linearLayers, type Architecture } from "./architecture.ts"
import { bundleWeightsFile, type Bundle } from "./bundle.ts"
import type { DecoderWeights } from "./decoder.ts"

/** Weights whose every parameter `parameter` hands out as the checkpoint stores it. */
export function plainWeights(
  graph: Graph,
  architecture: Architecture,
  parameter: (name: string) => Value,
): DecoderWeights {
  const layers = linearLayers(architecture)
  return {
    parameter,
    linear(name, x) {
      const { bias, inOut } = layers.get(name)!
      const product = ops.matMul(graph, x, parameter(`${name}.weight`), { transposeB: !inOut })
      return bias ? ops.add(graph, product, parameter(`${name}.bias`)) : product
    },
  }
}

/** The weights of a bundle. */
export function bundleWeights(graph: Graph, bundle: Bundle): DecoderWeights {
  return plainWeights(graph, bundle.architecture, (name) => {
    const tensor = bundle.tensors[name]
    if (!tensor) throw new LitmusError(`model ${bundle.fingerprint}: no parameter ${name}`)
    const { shape, offset, length } = tensor
    return graph.weight(name, "float32", shape, { file: bundleWeightsFile, offset, length })
  })
}
