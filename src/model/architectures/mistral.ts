// Mistral: LLaMA with a sliding window in every block. Defaults are those of Hugging Face's MistralConfig.

import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily } from "./llama-family.ts"
import { readWindows } from "./windows.ts"

export function readMistral(fields: ConfigFields): Architecture {
  const plain = readLlamaFamily(fields, {
    modelType: "mistral",
    className: "Mistral",
    defaults: {
      vocabSize: 32000,
      contextLength: 131072,
      dModel: 4096,
      nLayers: 32,
      nHeads: 32,
      nKvHeads: 8,
      dMlp: 14336,
      epsilon: 1e-6,
    },
  })
  const window = fields.countOrNull("sliding_window", 4096)
  return { ...plain, attention: { ...plain.attention, ...readWindows(fields, { ...plain, window }) } }
}
