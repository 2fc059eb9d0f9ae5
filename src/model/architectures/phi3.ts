// Phi-3: LLaMA with queries, keys and values in one product, gate and up projection in another, and a sliding window.
// Defaults are those of Hugging Face's Phi3Config.

import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily } from "./llama-family.ts"
import { readWindows } from "./windows.ts"

export function readPhi3(fields: ConfigFields): Architecture {
  const plain = readLlamaFamily(fields, {
    modelType: "phi3",
    className: "Phi3",
    defaults: {
      vocabSize: 32064,
      contextLength: 4096,
      dModel: 3072,
      nLayers: 32,
      nHeads: 32,
      dMlp: 8192,
      epsilon: 1e-5,
    },
  })
  const window = fields.countOrNull("sliding_window")
  return {
    ...plain,
    block: {
      ...plain.block,
      projections: { kind: "fused", all: { name: "self_attn.qkv_proj" }, order: "by kind" },
      mlp: { ...plain.block.mlp, input: { kind: "fused", gateAndUp: { name: "mlp.gate_up_proj" } } },
    },
    attention: { ...plain.attention, ...readWindows(fields, { ...plain, window, readsTypes: false }) },
  }
}
