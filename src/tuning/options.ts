// The options of every way of tuning, with the paper's values as defaults. Source: GENIES, arXiv:2311.07723, appendix, and
// its training code (AdamW, constant learning rate 2e-4, gradient norm at most 0.3, no weight decay).

import type { OptionSpecs, OptionValues } from "../base/options.ts"
import { schedules } from "./schedule.ts"

const learningRate = {
  kind: "rate",
  default: "auto",
  description:
    "learning rate; auto: the best of several, tried on held-out prompts of the source (successive halving)",
} as const

const shared = {
  steps: { kind: "count", default: 100, description: "optimiser steps" },
  batch: { kind: "count", default: 16, description: "pairs in a step" },
  schedule: {
    kind: "choice",
    values: schedules,
    default: "constant",
    description: "learning rate over the steps",
  },
  warmup: { kind: "number", min: 0, default: 0, description: "steps over which the learning rate rises" },
  weightDecay: { kind: "number", min: 0, default: 0, description: "decoupled weight decay" },
  clip: { kind: "number", min: 0, default: 0.3, description: "largest norm of the gradient" },
  labels: {
    kind: "choice",
    values: ["1", "2"],
    default: "1",
    description: "outputs of the score head; 2 is GENIES' form, whose loss is elementwise",
  },
  validation: {
    kind: "number",
    min: 0,
    default: 1 / 6,
    description:
      "share of the source's prompts held out: half of them choose rate and checkpoint, the other half, which no choice sees, gives the held-out accuracy; 0 trains on all, keeps the last",
  },
  evaluateEvery: { kind: "count", default: 10, description: "steps between looks at the held-out pairs" },
  memory: { kind: "count", default: 1024, description: "MiB that a row's activations may take" },
} as const satisfies OptionSpecs

export const loraOptions = {
  rank: { kind: "count", description: "rank (default: 64, at most the narrowest target's width)" },
  alpha: { kind: "number", min: 0, default: 16, description: "the update is scaled by alpha / rank" },
  dropout: { kind: "number", min: 0, default: 0.1, description: "dropout on the adapter's input" },
  targets: {
    kind: "names",
    description:
      "linear layers to adapt, or all-linear (default: q_proj,v_proj, or the layer that holds queries and values)",
  },
  learningRate,
  ...shared,
} as const satisfies OptionSpecs

export const promptTuningOptions = {
  virtualTokens: { kind: "count", default: 10, description: "learned embeddings before every sequence" },
  learningRate,
  ...shared,
} as const satisfies OptionSpecs

export const fullOptions = {
  learningRate,
  ...shared,
} as const satisfies OptionSpecs

export const tuningOptions = { lora: loraOptions, "prompt-tuning": promptTuningOptions, full: fullOptions }
export type TuningKind = keyof typeof tuningOptions
export const tuningKinds = Object.keys(tuningOptions) as TuningKind[]

/** What every way of tuning is told. */
export type TrainingOptions = OptionValues<typeof shared> & {
  readonly learningRate: number | "auto"
  readonly dropout?: number
}
export type LoraOptions = OptionValues<typeof loraOptions>
export type PromptTuningOptions = OptionValues<typeof promptTuningOptions>
