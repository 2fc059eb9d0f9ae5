// The nodes of an MLP's activation function.

import type { Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Activation } from "../architectures/architecture.ts"

/** Applies an activation. */
export function emitActivation(graph: Graph, activation: Activation, x: Value): Value {
  switch (activation) {
    case "silu":
      return ops.silu(graph, x)
    case "gelu":
      return ops.gelu(graph, x)
    case "gelu-tanh":
      return ops.gelu(graph, x, { approximate: true })
    case "relu":
      return ops.relu(graph, x)
  }
}
