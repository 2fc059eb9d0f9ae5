// An adapter: small weights beside a checkpoint's own that change what it computes. LoRA adds a low-rank product to
// linear layers; prompt tuning puts learned embeddings before every sequence. Training and inference build the same
// graph from it: only where its parameters come from differs.

import type { Graph, Value } from "../../graph/graph.ts"
import type { DecoderWeights } from "./inputs.ts"

/** A float32 array with its shape. */
export interface ParameterArray {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Where an adapter's parameters come from: inputs that every run feeds, or constants of the graph. */
export type ParameterSource = (name: string) => Value

/** Dropout on the input of an adapted module, while training. */
export type ModuleDropout = (module: string, x: Value) => Value

/** How an adapter's parameters enter the decoder. */
export interface AdapterForm {
  /** Positions that come before every sequence. */
  readonly prefixLength: number
  /** The base's weights with the adapter's beside them. */
  apply(
    graph: Graph,
    base: DecoderWeights,
    parameter: ParameterSource,
    dropout?: ModuleDropout,
  ): DecoderWeights
}

/** A trained adapter. */
export interface Adapter {
  readonly form: AdapterForm
  /** Covers the parameters and how they are applied. */
  readonly fingerprint: string
  readonly parameters: ReadonlyMap<string, ParameterArray>
  /** Weights of the score head, `[nLabels, dModel]`, where the adapter has one. */
  readonly scoreHead?: ParameterArray
  /** Trained by Litmus, which reads rewards at the last token; others are read as transformers reads them. */
  readonly isOurs?: boolean
}

/** The parameters of an adapter as constants of a graph. */
export function constantParameters(
  graph: Graph,
  parameters: ReadonlyMap<string, ParameterArray>,
): ParameterSource {
  const values = new Map<string, Value>()
  return (name) => {
    const known = values.get(name)
    if (known) return known
    const { shape, data } = parameters.get(name)!
    const value = graph.constant("float32", shape, data)
    values.set(name, value)
    return value
  }
}

/** A checkpoint's weights as an adapter, if there is one, changes them. */
export function adaptedWeights(
  graph: Graph,
  base: DecoderWeights,
  adapter: Adapter | undefined,
): DecoderWeights {
  return adapter ? adapter.form.apply(graph, base, constantParameters(graph, adapter.parameters)) : base
}
