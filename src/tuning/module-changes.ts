// Adapters that change modules as a whole or the embedding matrix: copies of the base's parameters, rows of the
// embeddings for some tokens, and LoRA on the embeddings or the output head.

import type { Graph, Value } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import type { ParameterSource } from "../model/decoder/adapter.ts"
import { linearLayers, type Architecture } from "../model/architectures/architecture.ts"
import type { DecoderWeights } from "../model/decoder/inputs.ts"
import { plainWeights } from "../model/decoder/weights.ts"

/** What an adapter does to a matrix of the vocabulary, `[vocabSize, dModel]`. */
export type TableChange =
  | { readonly kind: "whole"; readonly table: string }
  /** The table plus `factor` · (B A)ᵀ: A `[rank, vocabSize]`, B `[dModel, rank]`. */
  | { readonly kind: "embedding-lora"; readonly a: string; readonly b: string; readonly factor: number }
  /** The table plus `factor` · B A: A `[rank, dModel]`, B `[vocabSize, rank]`. */
  | { readonly kind: "linear-lora"; readonly a: string; readonly b: string; readonly factor: number }
  /** Some tokens' rows are replaced: `rows` is `[nTokens, dModel]`. */
  | { readonly kind: "rows"; readonly rows: string; readonly tokens: readonly number[] }

export type EmbeddingChange = Exclude<TableChange, { readonly kind: "linear-lora" }>

/** Names of parameters, and what becomes of the two matrices of the vocabulary. */
export interface ModuleChanges {
  /** Parameters that replace the base's of the same name, wherever the base uses it. */
  readonly replaced: ReadonlySet<string>
  readonly embedding?: EmbeddingChange | undefined
  readonly head?: TableChange | undefined
}

/** The base's weights with the changes. */
export function changedWeights(
  graph: Graph,
  architecture: Architecture,
  base: DecoderWeights,
  { replaced, embedding, head }: ModuleChanges,
  parameter: ParameterSource,
): DecoderWeights {
  const own = (name: string): Value => (replaced.has(name) ? parameter(name) : base.parameter(name))
  const plain = plainWeights(graph, architecture, own)
  const table = (): Value => own(`${architecture.embedding.name}.weight`)
  const headTable = (): Value => (architecture.tiedEmbeddings ? table() : own(`${architecture.head}.weight`))
  const layers = linearLayers(architecture)
  const isChanged = (name: string): boolean =>
    replaced.has(`${name}.weight`) || (layers.get(name)?.bias === true && replaced.has(`${name}.bias`))
  return {
    ...base,
    parameter: own,
    linear: (name, x) => (isChanged(name) ? plain.linear(name, x) : base.linear(name, x)),
    ...(embedding && { embed: (tokens) => rowsOf(graph, table, embedding, parameter, tokens) }),
    ...(head && { head: () => changedTable(graph, headTable, head, parameter) }),
  }
}

/** Rows of a changed table, `[T]` → `[T, dModel]`, at a cost that does not grow with the vocabulary. */
function rowsOf(
  graph: Graph,
  table: () => Value,
  change: EmbeddingChange,
  parameter: ParameterSource,
  tokens: Value,
): Value {
  switch (change.kind) {
    case "whole":
      return ops.gather(graph, parameter(change.table), tokens)
    case "embedding-lora": {
      const inner = ops.gather(graph, ops.transpose(graph, parameter(change.a), [1, 0]), tokens)
      const update = ops.matMul(graph, inner, parameter(change.b), { transposeB: true, alpha: change.factor })
      return ops.add(graph, ops.gather(graph, table(), tokens), update)
    }
    case "rows": {
      const { slots, isOther, rows } = slotsOf(graph, table(), change, parameter)
      const slot = ops.gather(graph, slots, tokens)
      return ops.where(
        graph,
        ops.gather(graph, isOther, tokens),
        ops.gather(graph, rows, slot),
        ops.gather(graph, table(), tokens),
      )
    }
  }
}

/** The whole of a changed table, `[vocabSize, dModel]`. */
function changedTable(
  graph: Graph,
  table: () => Value,
  change: TableChange,
  parameter: ParameterSource,
): Value {
  switch (change.kind) {
    case "whole":
      return parameter(change.table)
    case "embedding-lora": {
      const [a, b] = [change.a, change.b].map((name) => ops.transpose(graph, parameter(name), [1, 0]))
      return ops.add(graph, table(), ops.matMul(graph, a!, b!, { alpha: change.factor }))
    }
    case "linear-lora": {
      const [a, b] = [parameter(change.a), parameter(change.b)]
      return ops.add(graph, table(), ops.matMul(graph, b, a, { alpha: change.factor }))
    }
    case "rows": {
      const { slots, isOther, rows } = slotsOf(graph, table(), change, parameter)
      return ops.where(graph, isOther, ops.gather(graph, rows, slots), table())
    }
  }
}

/** For every token whether its row is replaced, bool `[vocabSize, 1]`, and by which, int32 `[vocabSize]` (0 otherwise). */
function slotsOf(
  graph: Graph,
  table: Value,
  { rows, tokens }: Extract<TableChange, { kind: "rows" }>,
  parameter: ParameterSource,
): { slots: Value; isOther: Value; rows: Value } {
  const vocabSize = Number(table.shape[0])
  const slots = new Int32Array(vocabSize)
  const isOther = new Int32Array(vocabSize)
  for (const [slot, token] of tokens.entries()) {
    slots[token] = slot
    isOther[token] = 1
  }
  const one = graph.constant("int32", [1, 1], [1])
  return {
    slots: graph.constant("int32", [vocabSize], slots),
    isOther: ops.equal(graph, graph.constant("int32", [vocabSize, 1], isOther), one),
    rows: parameter(rows),
  }
}
