// What LLaMA and its descendants share: RMS norm before each half of a block, grouped-query attention, rotary positions,
// a gated MLP, and Hugging Face's names for all of it. A reader says in what its model differs.

import { readActivation } from "./activation.ts"
import type { Architecture, Block, Module } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { ropeContext } from "./rope.ts"
import { readRope } from "./rope-fields.ts"
import { readRotaryWidth } from "./rotary-width.ts"

export interface FamilyMember {
  readonly modelType: string
  readonly className: string
  /** Where config.json says nothing: the defaults of Hugging Face's configuration class. */
  readonly defaults: {
    readonly vocabSize: number
    readonly contextLength: number
    readonly dModel: number
    readonly nLayers: number
    readonly nHeads: number
    /** Defaults to as many as query heads. */
    readonly nKvHeads?: number
    /** Defaults to an even share of dModel. */
    readonly dHead?: number
    readonly dMlp: number
    readonly epsilon: number
    readonly tied?: boolean
  }
  /** Which linear layers have biases; none by default. */
  readonly biases?: {
    readonly projections?: boolean
    readonly output?: boolean
    readonly mlp?: boolean
  }
}

/** A linear layer, with a bias or without. */
export function linear(name: string, bias = false): Module {
  return bias ? { name, bias } : { name }
}

/** Reads the fields that LLaMA's configuration has too. */
export function readLlamaFamily(
  fields: ConfigFields,
  { modelType, className, defaults, biases = {} }: FamilyMember,
): Architecture {
  const dModel = fields.count("hidden_size", defaults.dModel)
  const nHeads = fields.count("num_attention_heads", defaults.nHeads)
  const nKvHeads = fields.count(
    "num_key_value_heads",
    fields.absent("num_key_value_heads", defaults.nKvHeads) ?? nHeads,
  )
  const dHead = fields.count("head_dim", defaults.dHead ?? dModel / nHeads)
  const contextLength = fields.count("max_position_embeddings", defaults.contextLength)
  if (nHeads % nKvHeads !== 0) {
    fields.fail("num_key_value_heads", `a divisor of num_attention_heads (${nHeads})`)
  }
  if (dHead % 2 !== 0) fields.fail("head_dim", "an even number (rotary embeddings turn pairs)", dHead)
  const width = readRotaryWidth(fields, { dHead })
  const rope = readRope(fields, { contextLength, width })
  const activation = readActivation(fields, "hidden_act", "silu")
  const { projections = false, output = false, mlp = false } = biases
  const block: Block = {
    attentionNorm: "input_layernorm",
    projections: {
      kind: "separate",
      queries: linear("self_attn.q_proj", projections),
      keys: linear("self_attn.k_proj", projections),
      values: linear("self_attn.v_proj", projections),
    },
    output: linear("self_attn.o_proj", output),
    mlpNorm: "post_attention_layernorm",
    mlp: {
      input: { kind: "gated", gate: linear("mlp.gate_proj", mlp), up: linear("mlp.up_proj", mlp) },
      down: linear("mlp.down_proj", mlp),
      activation,
    },
  }
  return {
    modelType,
    className,
    vocabSize: fields.count("vocab_size", defaults.vocabSize),
    contextLength: ropeContext(rope, contextLength),
    dModel,
    nLayers: fields.count("num_hidden_layers", defaults.nLayers),
    nHeads,
    nKvHeads,
    dHead,
    dMlp: fields.count("intermediate_size", defaults.dMlp),
    prefix: "model.",
    embedding: { name: "model.embed_tokens" },
    rotary: { rope, width },
    norm: { kind: "rms", epsilon: fields.positive("rms_norm_eps", defaults.epsilon) },
    blocks: "model.layers",
    block,
    attention: { scale: 1 / Math.sqrt(dHead) },
    finalNorm: "model.norm",
    head: "lm_head",
    tiedEmbeddings: fields.boolean("tie_word_embeddings", defaults.tied ?? false),
    ...fields.scoreLabels(),
  }
}
