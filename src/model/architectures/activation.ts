// The activation functions of MLPs: their names in config.json, and their nodes.

import type { Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Activation } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"

const names: Readonly<Record<string, Activation>> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  relu: "relu",
}

/** Reads the field that names the activation, in Hugging Face's names. */
export function readActivation(fields: ConfigFields, field: string, fallback: string): Activation {
  const name = fields.string(field, fallback)
  return Object.hasOwn(names, name)
    ? names[name]!
    : fields.fail(field, `one of ${Object.keys(names).join(", ")}`, name)
}

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
