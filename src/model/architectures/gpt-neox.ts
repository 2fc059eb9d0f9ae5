// GPT-NeoX and Pythia: layer norms, attention and MLP in parallel, rotary positions on a quarter of every head, queries,
// keys and values of each head in one product. Defaults are those of Hugging Face's GPTNeoXConfig.

import { readActivation } from "./activation.ts"
import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { ropeContext } from "./rope.ts"
import { readRope } from "./rope-fields.ts"
import { linear } from "./llama-family.ts"
import { readRotaryWidth } from "./rotary-width.ts"

/**
 * Refuses newer names at the top without the older ones, but for the defaults: transformers 5 reads them only inside
 * rope_parameters, earlier releases at the top too.
 */
function checkOlderNames(fields: ConfigFields): void {
  const names = [
    ["rope_theta", "rotary_emb_base", 10_000],
    ["partial_rotary_factor", "rotary_pct", 0.25],
  ] as const
  const nested = fields.object("rope_parameters") ?? fields.object("rope_scaling")
  for (const [newer, older, usual] of names) {
    const isSaid = fields.isSet(older) || nested?.isSet(newer)
    if (!isSaid && fields.positive(newer, usual) !== usual) fields.fail(older, `what ${newer} says`)
  }
}

export function readGptNeox(fields: ConfigFields): Architecture {
  const dModel = fields.count("hidden_size", 6144)
  const nHeads = fields.count("num_attention_heads", 64)
  const contextLength = fields.count("max_position_embeddings", 2048)
  const dHead = dModel / nHeads
  if (!Number.isInteger(dHead)) fields.fail("num_attention_heads", `a divisor of hidden_size (${dModel})`)
  checkOlderNames(fields)
  const width = readRotaryWidth(fields, { dHead, factor: 0.25 })
  const rope = readRope(fields, { contextLength, width, thetaField: "rotary_emb_base" })
  const bias = fields.boolean("attention_bias", true)
  return {
    modelType: "gpt_neox",
    className: "GPTNeoX",
    vocabSize: fields.count("vocab_size", 50432),
    contextLength: ropeContext(rope, contextLength),
    dModel,
    nLayers: fields.count("num_hidden_layers", 44),
    nHeads,
    nKvHeads: nHeads,
    dHead,
    dMlp: fields.count("intermediate_size", 24576),
    prefix: "gpt_neox.",
    embedding: { name: "gpt_neox.embed_in" },
    rotary: { rope, width },
    norm: { kind: "layer", epsilon: fields.positive("layer_norm_eps", 1e-5) },
    blocks: "gpt_neox.layers",
    block: {
      attentionNorm: "input_layernorm",
      projections: { kind: "fused", all: linear("attention.query_key_value", bias), order: "by head" },
      output: linear("attention.dense", bias),
      mlpNorm: "post_attention_layernorm",
      mlp: {
        input: { kind: "plain", up: linear("mlp.dense_h_to_4h", true) },
        down: linear("mlp.dense_4h_to_h", true),
        activation: readActivation(fields, "hidden_act", "gelu"),
      },
      ...(fields.boolean("use_parallel_residual", true) ? { parallel: true } : {}),
    },
    attention: { scale: 1 / Math.sqrt(dHead) },
    finalNorm: "gpt_neox.final_layer_norm",
    head: "embed_out",
    tiedEmbeddings: fields.boolean("tie_word_embeddings", false),
    ...fields.scoreLabels(),
  }
}
