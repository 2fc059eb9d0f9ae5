// The operators that Litmus builds models from. Each checks and infers shapes when the graph is built, so that
// a mistake names the operator rather than appearing inside onnxruntime.

import { ShapeError } from "../errors.ts"
import type { Attribute, Dim, DType, Graph, Value } from "./graph.ts"

const int = (value: number): Attribute => ({ type: "int", value })
const float = (value: number): Attribute => ({ type: "float", value })
const ints = (value: readonly number[]): Attribute => ({ type: "ints", value })

/** Shape of an elementwise operation, by NumPy's broadcasting rules. */
export function broadcastShapes(what: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, k) => {
    const x = a[k - rank + a.length] ?? 1
    const y = b[k - rank + b.length] ?? 1
    if (x === y || y === 1) return x
    if (x === 1) return y
    throw new ShapeError(`${what}: shapes [${a.join(", ")}] and [${b.join(", ")}] do not broadcast`)
  })
}

function elementwise(graph: Graph, op: string, a: Value, b: Value, dtype: DType = a.dtype): Value {
  if (a.dtype !== b.dtype) throw new ShapeError(`${op}: element types ${a.dtype} and ${b.dtype} differ`)
  return graph.node(op, [a, b], { dtype, shape: broadcastShapes(op, a.shape, b.shape) })
}

function unary(graph: Graph, op: string, x: Value, attributes: Record<string, Attribute> = {}): Value {
  return graph.node(op, [x], { dtype: x.dtype, shape: x.shape }, { attributes })
}

export const add = (graph: Graph, a: Value, b: Value): Value => elementwise(graph, "Add", a, b)
export const mul = (graph: Graph, a: Value, b: Value): Value => elementwise(graph, "Mul", a, b)
export const sigmoid = (graph: Graph, x: Value): Value => unary(graph, "Sigmoid", x)
export const lessOrEqual = (graph: Graph, a: Value, b: Value): Value =>
  elementwise(graph, "LessOrEqual", a, b, "bool")
export const less = (graph: Graph, a: Value, b: Value): Value => elementwise(graph, "Less", a, b, "bool")
export const and = (graph: Graph, a: Value, b: Value): Value => elementwise(graph, "And", a, b)

/** Softmax over the last axis. */
export const softmax = (graph: Graph, x: Value): Value => unary(graph, "Softmax", x, { axis: int(-1) })

/** `condition ? a : b`, elementwise. */
export function where(graph: Graph, condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShapes("Where", condition.shape, broadcastShapes("Where", a.shape, b.shape))
  return graph.node("Where", [condition, a, b], { dtype: a.dtype, shape })
}

export function cast(graph: Graph, x: Value, dtype: "float32" | "int32" | "int64"): Value {
  const to = { float32: 1, int32: 6, int64: 7 }[dtype]
  return graph.node("Cast", [x], { dtype, shape: x.shape }, { attributes: { to: int(to) } })
}

/**
 * Matrix product `alpha · A · B` over the last two axes, the leading ones broadcast.
 *
 * @param options.transposeB - `B` is given as `[…, n, k]`, as linear layers store it
 */
export function matMul(
  graph: Graph,
  a: Value,
  b: Value,
  {
    transposeA = false,
    transposeB = false,
    alpha = 1,
  }: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {},
): Value {
  const [m, k] = lastTwo(a, transposeA)
  const [k2, n] = lastTwo(b, transposeB)
  if (k !== k2) {
    throw new ShapeError(
      `MatMul: inner dims ${k} and ${k2} differ ([${a.shape.join(", ")}] · [${b.shape.join(", ")}])`,
    )
  }
  const shape = [...broadcastShapes("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]
  const output = { dtype: a.dtype, shape }
  if (!transposeA && !transposeB && alpha === 1) return graph.node("MatMul", [a, b], output)
  const attributes = { transA: int(+transposeA), transB: int(+transposeB), alpha: float(alpha) }
  return graph.node("FusedMatMul", [a, b], output, { domain: "com.microsoft", attributes })
}

function lastTwo(x: Value, transpose: boolean): [Dim, Dim] {
  const row = x.shape.at(-2)
  const column = x.shape.at(-1)
  if (row === undefined || column === undefined)
    throw new ShapeError(`MatMul: ${x.name} has fewer than two axes`)
  return transpose ? [column, row] : [row, column]
}

/** Rows of `table` `[n, …]` named by `indices` `[…]`. */
export function gather(graph: Graph, table: Value, indices: Value): Value {
  const shape = [...indices.shape, ...table.shape.slice(1)]
  return graph.node(
    "Gather",
    [table, indices],
    { dtype: table.dtype, shape },
    { attributes: { axis: int(0) } },
  )
}

export function transpose(graph: Graph, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!)
  return graph.node("Transpose", [x], { dtype: x.dtype, shape }, { attributes: { perm: ints(permutation) } })
}

/** The same elements under another shape; named dims get their length when the graph runs. */
export function reshape(graph: Graph, x: Value, shape: readonly Dim[]): Value {
  const named = shape.filter((dim) => typeof dim === "string")
  let target: Value
  if (named.length <= 1) {
    const lengths = shape.map((dim) => (typeof dim === "string" ? -1 : dim))
    target = graph.constant("int64", [shape.length], lengths)
  } else {
    const parts = shape.map((dim) =>
      typeof dim === "string" ? dimLength(graph, dim) : graph.constant("int64", [1], [dim]),
    )
    target = graph.node(
      "Concat",
      parts,
      { dtype: "int64", shape: [shape.length] },
      { attributes: { axis: int(0) } },
    )
  }
  return graph.node("Reshape", [x, target], { dtype: x.dtype, shape })
}

/** The length of a named dim, int64 `[1]`. */
export function dimLength(graph: Graph, dim: string): Value {
  const { input, axis } = graph.dimSource(dim)
  const attributes = { start: int(axis), end: int(axis + 1) }
  return graph.node("Shape", [input], { dtype: "int64", shape: [1] }, { attributes })
}

/** 0, 1, … up to the length of a named dim, int32 `[dim]`. */
export function range(graph: Graph, dim: string): Value {
  const scalar = graph.constant("int64", [0], [])
  const limit = graph.node("Reshape", [dimLength(graph, dim), scalar], { dtype: "int64", shape: [] })
  const start = graph.constant("int64", [], [0])
  const step = graph.constant("int64", [], [1])
  return cast(graph, graph.node("Range", [start, limit, step], { dtype: "int64", shape: [dim] }), "int32")
}

/** Root-mean-square normalisation over the last axis: x / sqrt(mean(x²) + epsilon) · scale. */
export function rmsNorm(graph: Graph, x: Value, scale: Value, epsilon: number): Value {
  if (scale.shape.length !== 1 || scale.shape[0] !== x.shape.at(-1)) {
    throw new ShapeError(
      `RMSNormalization: expected a scale of [${x.shape.at(-1)}], got [${scale.shape.join(", ")}]`,
    )
  }
  const attributes = { axis: int(-1), epsilon: float(epsilon) }
  return graph.node("RMSNormalization", [x, scale], { dtype: x.dtype, shape: x.shape }, { attributes })
}

/**
 * Rotary position embedding, half-split as LLaMA's: pairs (i, i + dHead/2) of every head are rotated.
 *
 * @param x - `[1, T, nHeads · dHead]`
 * @param positions - int64 `[1, T]`
 * @param cos - `[nPositions, dHead / 2]`, as `sin`
 */
export function rotaryEmbedding(
  graph: Graph,
  x: Value,
  positions: Value,
  cos: Value,
  sin: Value,
  { nHeads }: { nHeads: number },
): Value {
  const width = x.shape.at(-1)
  const half = cos.shape.at(-1)
  if (typeof width !== "number" || typeof half !== "number" || width !== nHeads * half * 2) {
    throw new ShapeError(
      `RotaryEmbedding: ${nHeads} heads and tables of ${half} do not fit a width of ${width}`,
    )
  }
  const attributes = { interleaved: int(0), num_heads: int(nHeads), rotary_embedding_dim: int(half * 2) }
  return graph.node(
    "RotaryEmbedding",
    [x, positions, cos, sin],
    { dtype: x.dtype, shape: x.shape },
    { domain: "com.microsoft", attributes },
  )
}
