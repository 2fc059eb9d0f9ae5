// GPT-2: layer norms, learned positions, queries, keys and values in one product, a plain MLP, tied embeddings; linear
// layers are stored as [in, out]. Defaults are those of Hugging Face's GPT2Config.

import { readActivation } from "./activation.ts"
import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { linear } from "./llama-family.ts"

export function readGpt2(fields: ConfigFields): Architecture {
  const dModel = fields.count("n_embd", 768)
  const nHeads = fields.count("n_head", 12)
  const dHead = dModel / nHeads
  if (!Number.isInteger(dHead)) fields.fail("n_head", `a divisor of n_embd (${dModel})`)
  if (fields.boolean("scale_attn_by_inverse_layer_idx", false)) {
    fields.fail("scale_attn_by_inverse_layer_idx", "false")
  }
  return {
    modelType: "gpt2",
    className: "GPT2",
    vocabSize: fields.count("vocab_size", 50257),
    contextLength: fields.count("n_positions", 1024),
    dModel,
    nLayers: fields.count("n_layer", 12),
    nHeads,
    nKvHeads: nHeads,
    dHead,
    dMlp: fields.count("n_inner", 4 * dModel),
    prefix: "transformer.",
    embedding: { name: "transformer.wte", positions: { name: "transformer.wpe", first: 0 } },
    norm: { kind: "layer", epsilon: fields.positive("layer_norm_epsilon", 1e-5) },
    blocks: "transformer.h",
    block: {
      attentionNorm: "ln_1",
      projections: { kind: "fused", all: linear("attn.c_attn", true), order: "by kind" },
      output: linear("attn.c_proj", true),
      mlpNorm: "ln_2",
      mlp: {
        input: { kind: "plain", up: linear("mlp.c_fc", true) },
        down: linear("mlp.c_proj", true),
        activation: readActivation(fields, "activation_function", "gelu_new"),
      },
      inOut: true,
    },
    attention: { scale: fields.boolean("scale_attn_weights", true) ? 1 / Math.sqrt(dHead) : 1 },
    finalNorm: "transformer.ln_f",
    head: "lm_head",
    tiedEmbeddings: fields.boolean("tie_word_embeddings", true),
    ...fields.scoreLabels(),
  }
}
