// The norms of a decoder.

import type { Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Architecture } from "../architectures/architecture.ts"
import type { DecoderWeights } from "./inputs.ts"

/** Normalises the last axis with the norm of that name. */
export function emitNorm(
  graph: Graph,
  { norm }: Architecture,
  { parameter }: Pick<DecoderWeights, "parameter">,
  name: string,
  x: Value,
): Value {
  const scale = parameter(`${name}.weight`)
  if (norm.kind === "layer") return ops.layerNorm(graph, x, scale, parameter(`${name}.bias`), norm.epsilon)
  const one = (): Value => graph.constant("float32", [], [1])
  return ops.rmsNorm(graph, x, norm.plusOne ? ops.add(graph, scale, one()) : scale, norm.epsilon)
}
