// OLMo 2: LLaMA without norms before attention and MLP. Their outputs are normalised instead, and so are the queries and
// the keys, over all heads together.
// Defaults are those of Hugging Face's Olmo2Config.

import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily } from "./llama-family.ts"

const defaults = {
  vocabSize: 50304,
  contextLength: 2048,
  dModel: 4096,
  nLayers: 32,
  nHeads: 32,
  dMlp: 11008,
  epsilon: 1e-5,
}

export function readOlmo2(fields: ConfigFields): Architecture {
  const bias = fields.boolean("attention_bias", false)
  const plain = readLlamaFamily(fields, {
    modelType: "olmo2",
    className: "Olmo2",
    defaults,
    biases: { projections: bias, output: bias },
  })
  const { projections, output, mlp } = plain.block
  return {
    ...plain,
    block: {
      projections,
      projectionNorms: { queries: "self_attn.q_norm", keys: "self_attn.k_norm" },
      output,
      attentionPostNorm: "post_attention_layernorm",
      mlp,
      mlpPostNorm: "post_feedforward_layernorm",
    },
  }
}
