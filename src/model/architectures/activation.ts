// The activation functions of MLPs, by their names in config.json.

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
