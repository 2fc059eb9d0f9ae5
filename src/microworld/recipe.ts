// How the embedded model is made: the world, the architecture and the training, with all their numbers. README.md beside
// this file says why they are what they are, and when they were fixed.

import type { Architecture } from "../model/architecture.ts"
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
  clip: 1,
  model: { dModel: 128, nLayers: 5, nHeads: 4, dMlp: 384 },
}

const contextLength = 512

/** The architecture of a recipe: a small LLaMA with tied embeddings. */
export function recipeArchitecture({ model }: Recipe, vocabSize: number): Architecture {
  const { dModel, nLayers, nHeads, dMlp } = model
  return {
    modelType: "llama",
    vocabSize,
    contextLength,
    dModel,
    nLayers,
    nHeads,
    nKvHeads: nHeads,
    dHead: dModel / nHeads,
    dMlp,
    normEpsilon: 1e-5,
    attentionBias: false,
    mlpBias: false,
    tiedEmbeddings: true,
    rope: { type: "default", theta: 10_000 },
  }
}
