// A bundle's parameters as weights of a graph.

import type { Graph } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import { LitmusError } from "../errors.ts"
import { bundleWeightsFile, type Bundle } from "./bundle.ts"
import type { DecoderWeights } from "./decoder.ts"

/** The plain weights of a bundle; a linear layer has a bias exactly if the bundle holds one. */
export function bundleWeights(graph: Graph, bundle: Bundle): DecoderWeights {
  const parameter: DecoderWeights["parameter"] = (name) => {
    const tensor = bundle.tensors[name]
    if (!tensor) throw new LitmusError(`model ${bundle.fingerprint}: no parameter ${name}`)
    const { shape, offset, length } = tensor
    return graph.weight(name, "float32", shape, { file: bundleWeightsFile, offset, length })
  }
  return {
    parameter,
    linear(name, x) {
      const product = ops.matMul(graph, x, parameter(`${name}.weight`), { transposeB: true })
      return bundle.tensors[`${name}.bias`] ? ops.add(graph, product, parameter(`${name}.bias`)) : product
    },
  }
}
