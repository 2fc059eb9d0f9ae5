// LLaMA 1, 2 and 3. Defaults are those of Hugging Face's LlamaConfig.

import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily } from "./llama-family.ts"

export function readLlama(fields: ConfigFields): Architecture {
  const bias = fields.boolean("attention_bias", false)
  return readLlamaFamily(fields, {
    modelType: "llama",
    className: "Llama",
    defaults: {
      vocabSize: 32000,
      contextLength: 2048,
      dModel: 4096,
      nLayers: 32,
      nHeads: 32,
      dMlp: 11008,
      epsilon: 1e-6,
    },
    biases: { projections: bias, output: bias, mlp: fields.boolean("mlp_bias", false) },
  })
}
