// Weights of a graph from their parameters: those of a bundle's file, or any others.

import type { ExternalBytes, Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import { linearLayers, type Architecture } from "../architectures/architecture.ts"
import { bundleWeightsFile, type Bundle } from "../bundle/format.ts"
import { bundleTensor } from "../bundle/tensors.ts"
import type { ByteRange } from "../bundle/format.ts"
import type { DecoderWeights } from "./inputs.ts"
import { bitsOf } from "../bundle/quantize.ts"

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
  const plain = plainWeights(graph, bundle.architecture, (name) => {
    const { shape, offset, length } = bundleTensor(bundle, name)
    return graph.weight(name, "float32", shape, { file: bundleWeightsFile, offset, length })
  })
  const { quantization } = bundle
  if (!quantization) return plain
  const inFile = (range: ByteRange): ExternalBytes => ({ file: bundleWeightsFile, ...range })
  const layers = linearLayers(bundle.architecture)
  return {
    ...plain,
    linear(name, x) {
      const { nOut, nIn, blocks, scales } = quantization.tensors[name]!
      const product = ops.quantizedMatMul(graph, x, {
        name,
        nOut,
        nIn,
        bits: bitsOf(quantization.type),
        blocks: inFile(blocks),
        scales: inFile(scales),
        zeros: inFile(quantization.zeros),
      })
      return layers.get(name)!.bias ? ops.add(graph, product, plain.parameter(`${name}.bias`)) : product
    },
  }
}
