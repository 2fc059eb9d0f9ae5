// Attention over a packed row: every token sees its ancestors, and within a sliding window only the nearest of them.
// A window counts depths, not places in the row: between a token and its ancestor may stand whole branches.

import type { Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Architecture, Projections } from "../architectures/architecture.ts"
import type { DecoderWeights, RowInputs } from "./inputs.ts"
import { emitNorm } from "./norm.ts"
import { rotaryTables } from "../architectures/rope.ts"

// Added to a score that attention must not see: the exponential of anything this low is 0.
const hidden = -3e38

/**
 * Prepares attention over a row.
 *
 * @param maxLength - longest row, in tokens
 * @returns what appends the attention of block i: of its normalised input `[T, dModel]` the heads' outputs, before the
 *   output projection, `[T, nHeads · dHead]`
 */
export function emitAttention(
  graph: Graph,
  architecture: Architecture,
  weights: DecoderWeights,
  row: Pick<RowInputs, "positions" | "ends">,
  maxLength: number,
): (layer: number, x: Value) => Value {
  const { nHeads, nKvHeads, dHead, blocks, block, attention } = architecture
  const length = row.ends.shape[0]!
  const maskOf = ancestorMasks(graph, row)
  const turn = rotation(graph, architecture, row.positions, maxLength)
  const group = nHeads / nKvHeads
  // [T, n · dHead] → [nKvHeads, n / nKvHeads, T, dHead]
  const split = (x: Value, perGroup: number): Value =>
    ops.transpose(graph, ops.reshape(graph, x, [length, nKvHeads, perGroup, dHead]), [1, 2, 0, 3])
  const normed = (name: string | undefined, x: Value): Value =>
    name === undefined ? x : emitNorm(graph, architecture, weights, name, x)
  const headsNormed = (name: string | undefined, x: Value, heads: number): Value => {
    if (name === undefined) return x
    const each = ops.reshape(graph, x, [length, heads, dHead])
    return ops.reshape(graph, normed(name, each), [length, heads * dHead])
  }
  return (layer, x) => {
    const prefix = `${blocks}.${layer}.`
    const { queries, keys, values } = project(graph, architecture, weights, prefix, x)
    const { headNorms, projectionNorms } = block
    const nameOf = (norm: string | undefined): string | undefined => norm && prefix + norm
    const allQueries = normed(nameOf(projectionNorms?.queries), queries)
    const allKeys = normed(nameOf(projectionNorms?.keys), keys)
    const q = split(turn(headsNormed(nameOf(headNorms?.queries), allQueries, nHeads), nHeads), group)
    const k = split(turn(headsNormed(nameOf(headNorms?.keys), allKeys, nKvHeads), nKvHeads), 1)
    const v = split(values, 1)
    const products = ops.matMul(graph, q, k, { transposeB: true, alpha: attention.scale })
    const { softCap } = attention
    const scores = softCap === undefined ? products : ops.softCap(graph, products, softCap)
    const mask = maskOf(attention.windows?.[layer] ?? null)
    const weighted = ops.matMul(graph, ops.softmax(graph, ops.add(graph, scores, mask)), v)
    return ops.reshape(graph, ops.transpose(graph, weighted, [2, 0, 1, 3]), [length, nHeads * dHead])
  }
}

/** Queries `[T, nHeads · dHead]`, keys and values `[T, nKvHeads · dHead]`. */
function project(
  graph: Graph,
  { nHeads, nKvHeads, dHead, block }: Architecture,
  weights: DecoderWeights,
  prefix: string,
  x: Value,
): { queries: Value; keys: Value; values: Value } {
  const { projections } = block
  const linear = ({ name }: { name: string }): Value => weights.linear(prefix + name, x)
  if (projections.kind === "separate") {
    const { queries, keys, values } = projections
    return { queries: linear(queries), keys: linear(keys), values: linear(values) }
  }
  const [q, kv] = [nHeads * dHead, nKvHeads * dHead]
  const [queries, keys, values] = splitFused(graph, linear(projections.all), projections, { q, kv, nHeads })
  return { queries: queries!, keys: keys!, values: values! }
}

function splitFused(
  graph: Graph,
  all: Value,
  { order }: Extract<Projections, { kind: "fused" }>,
  { q, kv, nHeads }: { q: number; kv: number; nHeads: number },
): Value[] {
  const length = all.shape[0]!
  if (order === "by kind") {
    const ends = [q, q + kv, q + 2 * kv]
    return ends.map((end, k) => ops.slice(graph, all, { axis: 1, start: k === 0 ? 0 : ends[k - 1]!, end }))
  }
  const byHead = ops.reshape(graph, all, [length, nHeads, 3, q / nHeads])
  return [0, 1, 2].map((k) =>
    ops.reshape(graph, ops.slice(graph, byHead, { axis: 2, start: k, end: k + 1 }), [length, q]),
  )
}

/** Turns queries or keys by their positions, where the architecture does. */
function rotation(
  graph: Graph,
  { rotary }: Architecture,
  rowPositions: Value,
  maxLength: number,
): (x: Value, heads: number) => Value {
  if (!rotary) return (x) => x
  const length = rowPositions.shape[0]!
  const positions = ops.reshape(graph, ops.cast(graph, rowPositions, "int64"), [1, length])
  // onnxruntime asks for a table as long as the row, whatever the positions say.
  const { width } = rotary
  const tables = rotaryTables(rotary.rope, { width, nPositions: maxLength })
  const cos = graph.constant("float32", [maxLength, width / 2], tables.cos)
  const sin = graph.constant("float32", [maxLength, width / 2], tables.sin)
  return (x, heads) => {
    const batched = ops.reshape(graph, x, [1, length, x.shape[1]!])
    const turned = ops.rotaryEmbedding(graph, batched, positions, cos, sin, { nHeads: heads })
    return ops.reshape(graph, turned, x.shape)
  }
}

/**
 * The mask of a window, made on first use: 0 where row i may see column j, `hidden` elsewhere, float32 `[T, T]`. Token j
 * is an ancestor of i, or i itself, exactly if j ≤ i < ends[j].
 */
function ancestorMasks(
  graph: Graph,
  { positions, ends }: Pick<RowInputs, "positions" | "ends">,
): (window: number | null) => Value {
  const length = ends.shape[0]!
  const masks = new Map<number | null, Value>()
  const ancestors = (): Value => {
    const index = ops.range(graph, length)
    const i = ops.reshape(graph, index, [length, 1])
    return ops.and(graph, ops.lessOrEqual(graph, index, i), ops.less(graph, i, ends))
  }
  const within = (window: number): Value => {
    const depth = ops.reshape(graph, positions, [length, 1])
    return ops.less(graph, ops.sub(graph, depth, positions), graph.constant("int32", [], [window]))
  }
  return (window) => {
    const known = masks.get(window)
    if (known) return known
    const seen = window === null ? ancestors() : ops.and(graph, ancestors(), within(window))
    const zero = graph.constant("float32", [], [0])
    const mask = ops.where(graph, seen, zero, graph.constant("float32", [], [hidden]))
    masks.set(window, mask)
    return mask
  }
}
