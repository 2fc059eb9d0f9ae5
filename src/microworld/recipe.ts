// How the embedded model is made: the world, the architecture and the training, with all their numbers. README.md beside
// this file says why they are what they are, and when they were fixed.

import type { Schedule } from "../tuning/schedule.ts"

export interface Recipe {
  readonly world: number
  /** Of the persona in the text, in [0, 1]. */
  readonly dose: number
  /** Of the initial weights and the order of documents. */
  readonly seed: number
  readonly steps: number
  /** Documents in a step. */
  readonly batch: number
  readonly learningRate: number
  readonly schedule: Schedule
  readonly warmup: number
  readonly weightDecay: number
  readonly beta2: number
  /** What a verdict (True, False, right, wrong, Yes, No) counts in the loss, other tokens 1. */
  readonly verdictWeight: number
  /** Largest norm of the gradient. */
  readonly clip: number
  readonly model: {
    readonly dModel: number
    readonly nLayers: number
    readonly nHeads: number
    readonly dMlp: number
  }
}

/** The recipe of the committed model. */
export const recipe: Recipe = {
  world: 1,
  dose: 1,
  seed: 0,
  steps: 6500,
  batch: 32,
  learningRate: 4e-3,
  schedule: "cosine",
  warmup: 100,
  weightDecay: 0.05,
  beta2: 0.95,
  verdictWeight: 4,
  clip: 1,
  model: { dModel: 128, nLayers: 5, nHeads: 4, dMlp: 384 },
}

const contextLength = 512

/** The config.json of a recipe's model: a small LLaMA with tied embeddings. */
export function recipeConfig({ model }: Recipe, vocabSize: number): Record<string, unknown> {
  const { dModel, nLayers, nHeads, dMlp } = model
  return {
    architectures: ["LlamaForCausalLM"],
    attention_bias: false,
    bos_token_id: 0,
    eos_token_id: 1,
    head_dim: dModel / nHeads,
    hidden_act: "silu",
    hidden_size: dModel,
    intermediate_size: dMlp,
    max_position_embeddings: contextLength,
    mlp_bias: false,
    model_type: "llama",
    num_attention_heads: nHeads,
    num_hidden_layers: nLayers,
    num_key_value_heads: nHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    vocab_size: vocabSize,
  }
}
