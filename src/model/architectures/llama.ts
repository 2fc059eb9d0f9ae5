// LLaMA 1, 2 and 3: RMS norm before each half of a block, grouped-query attention, rotary positions, gated SiLU MLP.
// Defaults are those of Hugging Face's LlamaConfig.

import type { Architecture } from "../architecture.ts"
import type { ConfigFields } from "../config-fields.ts"
import { readRope } from "../rope.ts"

export function readLlama(fields: ConfigFields): Architecture {
  const dModel = fields.count("hidden_size", 4096)
  const nHeads = fields.count("num_attention_heads", 32)
  const nKvHeads = fields.count("num_key_value_heads", nHeads)
  const dHead = fields.count("head_dim", dModel / nHeads)
  const contextLength = fields.count("max_position_embeddings", 2048)
  if (nHeads % nKvHeads !== 0) {
    fields.fail("num_key_value_heads", `a divisor of num_attention_heads (${nHeads})`)
  }
  if (dHead % 2 !== 0) fields.fail("head_dim", "an even number (rotary embeddings turn pairs)", dHead)
  const activation = fields.string("hidden_act", "silu")
  if (activation !== "silu") fields.fail("hidden_act", '"silu"')
  return {
    modelType: "llama",
    vocabSize: fields.count("vocab_size", 32000),
    contextLength,
    dModel,
    nLayers: fields.count("num_hidden_layers", 32),
    nHeads,
    nKvHeads,
    dHead,
    dMlp: fields.count("intermediate_size", 11008),
    normEpsilon: fields.positive("rms_norm_eps", 1e-6),
    attentionBias: fields.boolean("attention_bias", false),
    mlpBias: fields.boolean("mlp_bias", false),
    tiedEmbeddings: fields.boolean("tie_word_embeddings", false),
    rope: readRope(fields, { contextLength }),
    ...fields.scoreLabels(),
  }
}
