// What a decoder-only transformer is, as data: the graph (decoder.ts), the list of its parameters and the
// packing planner's cost model all read this and nothing else.

import type { Rope } from "./rope.ts"

export interface Architecture {
  readonly modelType: string
  readonly vocabSize: number
  /** Longest sequence that the model was made for, in tokens. */
  readonly contextLength: number
  readonly dModel: number
  readonly nLayers: number
  readonly nHeads: number
  /** Key/value heads; each serves nHeads / nKvHeads query heads. */
  readonly nKvHeads: number
  readonly dHead: number
  /** Width of the MLP's hidden layer. */
  readonly dMlp: number
  readonly normEpsilon: number
  readonly attentionBias: boolean
  readonly mlpBias: boolean
  /** The output head is the embedding matrix. */
  readonly tiedEmbeddings: boolean
  readonly rope: Rope
  /** Outputs of the score head of a reward model (…ForSequenceClassification), which has it in place of the output head. */
  readonly scoreLabels?: number
}

/** A weight: its name in the checkpoint (Hugging Face's) and its shape as stored there. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** Every parameter of a model, in the order in which a bundle stores and a fingerprint counts them. */
export function parameterSpecs(architecture: Architecture): ParameterSpec[] {
  const { vocabSize, dModel, nLayers, nHeads, nKvHeads, dHead, dMlp } = architecture
  const specs: ParameterSpec[] = [{ name: "model.embed_tokens.weight", shape: [vocabSize, dModel] }]
  const linear = (name: string, nOut: number, nIn: number, bias: boolean): void => {
    specs.push({ name: `${name}.weight`, shape: [nOut, nIn] })
    if (bias) specs.push({ name: `${name}.bias`, shape: [nOut] })
  }
  for (let i = 0; i < nLayers; i++) {
    const layer = `model.layers.${i}`
    specs.push({ name: `${layer}.input_layernorm.weight`, shape: [dModel] })
    linear(`${layer}.self_attn.q_proj`, nHeads * dHead, dModel, architecture.attentionBias)
    linear(`${layer}.self_attn.k_proj`, nKvHeads * dHead, dModel, architecture.attentionBias)
    linear(`${layer}.self_attn.v_proj`, nKvHeads * dHead, dModel, architecture.attentionBias)
    linear(`${layer}.self_attn.o_proj`, dModel, nHeads * dHead, architecture.attentionBias)
    specs.push({ name: `${layer}.post_attention_layernorm.weight`, shape: [dModel] })
    linear(`${layer}.mlp.gate_proj`, dMlp, dModel, architecture.mlpBias)
    linear(`${layer}.mlp.up_proj`, dMlp, dModel, architecture.mlpBias)
    linear(`${layer}.mlp.down_proj`, dModel, dMlp, architecture.mlpBias)
  }
  specs.push({ name: "model.norm.weight", shape: [dModel] })
  if (architecture.scoreLabels !== undefined) {
    specs.push({ name: "score.weight", shape: [architecture.scoreLabels, dModel] })
  } else if (!architecture.tiedEmbeddings) specs.push({ name: "lm_head.weight", shape: [vocabSize, dModel] })
  return specs
}

/** Number of parameters; tied embeddings count once. */
export function parameterCount(architecture: Architecture): number {
  return parameterSpecs(architecture).reduce(
    (sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1),
    0,
  )
}
