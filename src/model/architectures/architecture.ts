// What a decoder-only transformer is, as data: sizes, the modules of a block by their names in the checkpoint, and how
// they are put together. The graph (decoder.ts), the list of parameters, adapters and the packing planner's cost model
// all read this and nothing else; architectures/ holds one reader of config.json for each kind of model.

import type { Rope } from "./rope.ts"

/** The function between the two products of an MLP; `gelu-tanh` is the approximation by a hyperbolic tangent. */
export type Activation = "silu" | "gelu" | "gelu-tanh" | "relu"

/** How features are normalised; `plusOne`: what is stored is the scale less one (Gemma). */
export type Norm =
  | { readonly kind: "rms"; readonly epsilon: number; readonly plusOne?: true }
  | { readonly kind: "layer"; readonly epsilon: number }

/** A linear layer by its name within its block. */
export interface Module {
  readonly name: string
  readonly bias?: true
}

/** Where queries, keys and values come from. */
export type Projections =
  | { readonly kind: "separate"; readonly queries: Module; readonly keys: Module; readonly values: Module }
  /**
   * One product. `by kind`: all queries, then all keys, then all values; `by head`: of every head its query, its key and
   * its value.
   */
  | { readonly kind: "fused"; readonly all: Module; readonly order: "by kind" | "by head" }

/** The first layer of an MLP; where there is a gate, it passes the activation and multiplies the rest. */
export type MlpInput =
  | { readonly kind: "plain"; readonly up: Module }
  | { readonly kind: "gated"; readonly gate: Module; readonly up: Module }
  /** One product: all gates, then the rest. */
  | { readonly kind: "fused"; readonly gateAndUp: Module }

/** A block: what is there, by its name in the checkpoint below `<blocks>.<i>.`; what has no name is not there. */
export interface Block {
  /** Norm of what attention reads; absent: attention reads the residual stream as it is. */
  readonly attentionNorm?: string
  readonly projections: Projections
  /** Norms of each head's query and key, before they are rotated; one scale, `[dHead]`, for all heads. */
  readonly headNorms?: { readonly queries: string; readonly keys: string }
  /** Norms over the queries of all heads together, `[nHeads · dHead]`, and over the keys, `[nKvHeads · dHead]`. */
  readonly projectionNorms?: { readonly queries: string; readonly keys: string }
  readonly output: Module
  /** Norm of the attention's output, before it joins the residual stream. */
  readonly attentionPostNorm?: string
  /** Norm of what the MLP reads; absent: the MLP reads the residual stream as it is. */
  readonly mlpNorm?: string
  readonly mlp: { readonly input: MlpInput; readonly down: Module; readonly activation: Activation }
  /** Norm of the MLP's output, before it joins the residual stream. */
  readonly mlpPostNorm?: string
  /** Attention and MLP read the same stream and join it together, instead of one after the other. */
  readonly parallel?: true
  /** Linear layers are stored as `[in, out]` (GPT-2's Conv1D) instead of `[out, in]`. */
  readonly inOut?: true
}

export interface Architecture {
  readonly modelType: string
  /** Stem of Hugging Face's class names: `Llama` of LlamaForCausalLM. */
  readonly className: string
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
  /** What the names of all parameters but the heads begin with; checkpoints without any head leave it out. */
  readonly prefix: string
  readonly embedding: {
    readonly name: string
    /** Embeddings are multiplied by this. */
    readonly scale?: number
    /** Learned positions, added to the embeddings; position p is row p + `first`. */
    readonly positions?: { readonly name: string; readonly first: number }
  }
  /** Rotary positions: the first `width` of every head's dims are turned. */
  readonly rotary?: { readonly rope: Rope; readonly width: number }
  readonly norm: Norm
  /** Name of the list of blocks: `model.layers`. */
  readonly blocks: string
  readonly block: Block
  readonly attention: {
    /** Factor of every product of query and key. */
    readonly scale: number
    /** Scores are bent to stay within ± this: c · tanh(score / c). */
    readonly softCap?: number
    /** For every block, how many tokens back a token sees, itself among them; null: all. Absent: all, in every block. */
    readonly windows?: readonly (number | null)[]
  }
  readonly finalNorm: string
  /** Name of the output head; where embeddings are tied, it is the embedding matrix. */
  readonly head: string
  readonly tiedEmbeddings: boolean
  /** Logits are bent to stay within ± this. */
  readonly logitSoftCap?: number
  /** Outputs of the score head of a reward model (…ForSequenceClassification), which has it in place of the output head. */
  readonly scoreLabels?: number
}

/** A weight: its name in the checkpoint (Hugging Face's) and its shape as stored there. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** A linear layer of a block. */
export interface LinearLayer {
  readonly name: string
  readonly nOut: number
  readonly nIn: number
  readonly bias: boolean
  /** Stored as `[in, out]` instead of `[out, in]`. */
  readonly inOut: boolean
}

/** Name of the weight of a reward model's head, in every architecture. */
export const scoreHead = "score.weight"

/** Name of the output head's weight. */
export function headName({ tiedEmbeddings, embedding, head }: Architecture): string {
  return `${tiedEmbeddings ? embedding.name : head}.weight`
}

const known = new WeakMap<Architecture, ReadonlyMap<string, LinearLayer>>()

/** Every linear layer of the blocks, by name, in the order in which they are computed. */
export function linearLayers(architecture: Architecture): ReadonlyMap<string, LinearLayer> {
  const found = known.get(architecture) ?? listLinearLayers(architecture)
  known.set(architecture, found)
  return found
}

function listLinearLayers(architecture: Architecture): Map<string, LinearLayer> {
  const { dModel, nHeads, nKvHeads, dHead, dMlp, blocks, block, nLayers } = architecture
  const { projections, output, mlp, inOut = false } = block
  const [q, kv] = [nHeads * dHead, nKvHeads * dHead]
  const sized: [Module, nOut: number, nIn: number][] =
    projections.kind === "fused"
      ? [[projections.all, q + 2 * kv, dModel]]
      : [
          [projections.queries, q, dModel],
          [projections.keys, kv, dModel],
          [projections.values, kv, dModel],
        ]
  sized.push([output, dModel, q])
  const { input } = mlp
  if (input.kind === "fused") sized.push([input.gateAndUp, 2 * dMlp, dModel])
  else {
    if (input.kind === "gated") sized.push([input.gate, dMlp, dModel])
    sized.push([input.up, dMlp, dModel])
  }
  sized.push([mlp.down, dModel, dMlp])
  const layers = new Map<string, LinearLayer>()
  for (let i = 0; i < nLayers; i++) {
    for (const [{ name: module, bias = false }, nOut, nIn] of sized) {
      const name = `${blocks}.${i}.${module}`
      layers.set(name, { name, nOut, nIn, bias, inOut })
    }
  }
  return layers
}

/** Every parameter of a model, in the order in which a bundle stores and a fingerprint counts them. */
export function parameterSpecs(architecture: Architecture): ParameterSpec[] {
  const { vocabSize, contextLength, dModel, nHeads, nKvHeads, dHead, nLayers } = architecture
  const { embedding, norm, blocks, block } = architecture
  const specs: ParameterSpec[] = [{ name: `${embedding.name}.weight`, shape: [vocabSize, dModel] }]
  const { positions } = embedding
  if (positions) {
    specs.push({ name: `${positions.name}.weight`, shape: [contextLength + positions.first, dModel] })
  }
  const addNorm = (name: string | undefined, width = dModel): void => {
    if (name === undefined) return
    specs.push({ name: `${name}.weight`, shape: [width] })
    if (norm.kind === "layer") specs.push({ name: `${name}.bias`, shape: [width] })
  }
  const layers = [...linearLayers(architecture).values()]
  for (let i = 0; i < nLayers; i++) {
    const prefix = `${blocks}.${i}.`
    const { attentionNorm, headNorms, projectionNorms, attentionPostNorm, mlpNorm, mlpPostNorm } = block
    for (const name of [attentionNorm, attentionPostNorm, mlpNorm, mlpPostNorm]) {
      addNorm(name && prefix + name)
    }
    for (const name of headNorms ? [headNorms.queries, headNorms.keys] : []) addNorm(prefix + name, dHead)
    if (projectionNorms) {
      addNorm(prefix + projectionNorms.queries, nHeads * dHead)
      addNorm(prefix + projectionNorms.keys, nKvHeads * dHead)
    }
    for (const { name, nOut, nIn, bias, inOut } of layers.filter((layer) => layer.name.startsWith(prefix))) {
      specs.push({ name: `${name}.weight`, shape: inOut ? [nIn, nOut] : [nOut, nIn] })
      if (bias) specs.push({ name: `${name}.bias`, shape: [nOut] })
    }
  }
  addNorm(architecture.finalNorm)
  if (architecture.scoreLabels !== undefined) {
    specs.push({ name: scoreHead, shape: [architecture.scoreLabels, dModel] })
  } else if (!architecture.tiedEmbeddings) {
    specs.push({ name: headName(architecture), shape: [vocabSize, dModel] })
  }
  return specs
}

/** Number of parameters; tied embeddings count once. */
export function parameterCount(architecture: Architecture): number {
  return parameterSpecs(architecture).reduce(
    (sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1),
    0,
  )
}
