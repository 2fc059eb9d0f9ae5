// What every part of the decoder is given: where its weights come from, and the vectors that describe a packed row.

import type { Graph, Value } from "../../graph/graph.ts"
import type { Tensor } from "../../graph/session.ts"
import type { Row } from "../../rows/row.ts"

/** Where the decoder's weights come from: plain, quantised, or with an adapter beside them. */
export interface DecoderWeights {
  /** A parameter by its name in the checkpoint. */
  parameter(name: string): Value
  /** `x · Wᵀ (+ bias)` for the linear layer of that name. */
  linear(name: string, x: Value): Value
  /** Rows of the embedding matrix, `[T]` → `[T, dModel]`; by default those of the parameter. */
  embed?(tokens: Value): Value
  /** The output head's matrix, `[vocabSize, dModel]`; by default the parameter, which may be the embedding matrix. */
  head?(): Value
  /** Learned embeddings that come before every sequence, `[n, dModel]` (prompt tuning). */
  readonly prefix?: Value
}

/** The vectors that describe a packed row, int32 `[T]` each. */
export interface RowInputs {
  readonly tokens: Value
  readonly positions: Value
  readonly ends: Value
}

/** Declares the inputs of a packed row. */
export function rowInputs(graph: Graph): RowInputs {
  return {
    tokens: graph.input("tokens", "int32", ["T"]),
    positions: graph.input("positions", "int32", ["T"]),
    ends: graph.input("ends", "int32", ["T"]),
  }
}

/** A packed row as {@link rowInputs} are fed. */
export function rowFeeds({ tokens, positions, ends }: Row): Record<keyof Row, Tensor> {
  return { tokens: vector(tokens), positions: vector(positions), ends: vector(ends) }
}

/** A tensor of one axis. */
export function vector<Data extends Float32Array | Int32Array>(data: Data): Tensor<Data> {
  return { data, shape: [data.length] }
}
