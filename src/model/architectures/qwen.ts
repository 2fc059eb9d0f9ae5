// Qwen 2 and 2.5: LLaMA with biases on queries, keys and values. Qwen 3: without these, with a norm on every head's
// query and key. Both may have windows in their upper blocks, and most have none.
// Defaults are those of Hugging Face's Qwen2Config and Qwen3Config.

import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily } from "./llama-family.ts"
import { readWindows } from "./windows.ts"

const defaults = {
  vocabSize: 151936,
  contextLength: 32768,
  dModel: 4096,
  nLayers: 32,
  nHeads: 32,
  nKvHeads: 32,
  dMlp: 22016,
  epsilon: 1e-6,
}

export function readQwen2(fields: ConfigFields): Architecture {
  const biases = { projections: true }
  return withWindows(
    fields,
    readLlamaFamily(fields, { modelType: "qwen2", className: "Qwen2", defaults, biases }),
  )
}

export function readQwen3(fields: ConfigFields): Architecture {
  const bias = fields.boolean("attention_bias", false)
  const plain = readLlamaFamily(fields, {
    modelType: "qwen3",
    className: "Qwen3",
    defaults: { ...defaults, dHead: 128 },
    biases: { projections: bias, output: bias },
  })
  const headNorms = { queries: "self_attn.q_norm", keys: "self_attn.k_norm" }
  return withWindows(fields, { ...plain, block: { ...plain.block, headNorms } })
}

function withWindows(fields: ConfigFields, plain: Architecture): Architecture {
  const given = fields.countOrNull("sliding_window", 4096)
  const window = fields.boolean("use_sliding_window", false) ? given : undefined
  // Zero, the lowest blocks without a window, is a count too.
  const first = fields.has("max_window_layers") ? fields.integer("max_window_layers") : 28
  const has = (layer: number): boolean => layer >= first
  return { ...plain, attention: { ...plain.attention, ...readWindows(fields, { ...plain, window, has }) } }
}
