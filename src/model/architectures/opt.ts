// OPT: layer norms before each half of a block, learned positions (the first two rows are not used), a ReLU MLP, tied
// embeddings. Defaults are those of Hugging Face's OPTConfig.

import { readActivation } from "./activation.ts"
import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { linear } from "./llama-family.ts"

export function readOpt(fields: ConfigFields): Architecture {
  const dModel = fields.count("hidden_size", 768)
  const nHeads = fields.count("num_attention_heads", 12)
  const dHead = dModel / nHeads
  if (!Number.isInteger(dHead)) fields.fail("num_attention_heads", `a divisor of hidden_size (${dModel})`)
  // Only OPT-350M differs in these.
  if (!fields.boolean("do_layer_norm_before", true)) fields.fail("do_layer_norm_before", "true")
  if (fields.boolean("_remove_final_layer_norm", false)) fields.fail("_remove_final_layer_norm", "false")
  if (fields.count("word_embed_proj_dim", dModel) !== dModel) {
    fields.fail("word_embed_proj_dim", `hidden_size (${dModel})`)
  }
  if (!fields.boolean("layer_norm_elementwise_affine", true)) {
    fields.fail("layer_norm_elementwise_affine", "true")
  }
  const bias = fields.boolean("enable_bias", true)
  return {
    modelType: "opt",
    className: "OPT",
    vocabSize: fields.count("vocab_size", 50272),
    contextLength: fields.count("max_position_embeddings", 2048),
    dModel,
    nLayers: fields.count("num_hidden_layers", 12),
    nHeads,
    nKvHeads: nHeads,
    dHead,
    dMlp: fields.count("ffn_dim", 3072),
    prefix: "model.",
    embedding: {
      name: "model.decoder.embed_tokens",
      positions: { name: "model.decoder.embed_positions", first: 2 },
    },
    norm: { kind: "layer", epsilon: 1e-5 },
    blocks: "model.decoder.layers",
    block: {
      attentionNorm: "self_attn_layer_norm",
      projections: {
        kind: "separate",
        queries: linear("self_attn.q_proj", bias),
        keys: linear("self_attn.k_proj", bias),
        values: linear("self_attn.v_proj", bias),
      },
      output: linear("self_attn.out_proj", bias),
      mlpNorm: "final_layer_norm",
      mlp: {
        input: { kind: "plain", up: linear("fc1", bias) },
        down: linear("fc2", bias),
        activation: readActivation(fields, "activation_function", "relu"),
      },
    },
    attention: { scale: 1 / Math.sqrt(dHead) },
    finalNorm: "model.decoder.final_layer_norm",
    head: "lm_head",
    tiedEmbeddings: fields.boolean("tie_word_embeddings", true),
    ...fields.scoreLabels(),
  }
}
