// Operators that move elements without changing them, and those that make lengths and indices.

import { ShapeError } from "../base/errors.ts"
import { add, cast, equal, mul, where } from "./elementwise.ts"
import type { Attribute, Dim, Graph, Value } from "./graph.ts"

const int = (value: number): Attribute => ({ type: "int", value })

/** `a + b` of two lengths; of named ones a name that dimLength understands, such as `T+10`. */
export function plusDim(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a + b : a === 0 ? b : b === 0 ? a : `${a}+${b}`
}

/** `a · b` of two lengths; of named ones a name that dimLength understands, such as `4*T`. */
export function timesDim(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b
  if (a === 1) return b
  if (b === 1) return a
  const terms = (dim: Dim): string[] => String(dim).split("+")
  return terms(a)
    .flatMap((x) => terms(b).map((y) => `${x}*${y}`))
    .join("+")
}

/** A length as int64 `[1]`: a number, a dim named by an input, or sums and products of these. */
export function dimLength(graph: Graph, dim: Dim): Value {
  if (typeof dim === "number" || /^-?\d+$/.test(dim)) return graph.constant("int64", [1], [Number(dim)])
  const terms = dim.split("+")
  if (terms.length > 1) return terms.map((term) => dimLength(graph, term)).reduce((a, b) => add(graph, a, b))
  const factors = dim.split("*")
  if (factors.length > 1)
    return factors.map((name) => dimLength(graph, name)).reduce((a, b) => mul(graph, a, b))
  const { input, axis } = graph.dimSource(dim)
  const attributes = { start: int(axis), end: int(axis + 1) }
  return graph.node("Shape", [input], { dtype: "int64", shape: [1] }, { attributes })
}

/** A shape as int64 `[rank]`. */
export function shapeVector(graph: Graph, shape: readonly Dim[]): Value {
  if (shape.every((dim) => typeof dim === "number")) return graph.constant("int64", [shape.length], shape)
  const output = { dtype: "int64", shape: [shape.length] } as const
  const parts = shape.map((dim) => dimLength(graph, dim))
  return graph.node("Concat", parts, output, { attributes: { axis: int(0) } })
}

/** The same elements under another shape; named dims get their length when the graph runs. */
export function reshape(graph: Graph, x: Value, shape: readonly Dim[]): Value {
  const named = shape.filter((dim) => typeof dim === "string")
  const target =
    named.length <= 1
      ? graph.constant(
          "int64",
          [shape.length],
          shape.map((dim) => (typeof dim === "string" ? -1 : dim)),
        )
      : shapeVector(graph, shape)
  return graph.node("Reshape", [x, target], { dtype: x.dtype, shape })
}

export function transpose(graph: Graph, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!)
  const attributes: Record<string, Attribute> = { perm: { type: "ints", value: permutation } }
  return graph.node("Transpose", [x], { dtype: x.dtype, shape }, { attributes })
}

/** `x` repeated along its axes of length 1 until it has the shape. */
export function expand(graph: Graph, x: Value, shape: readonly Dim[]): Value {
  const offset = shape.length - x.shape.length
  if (offset < 0 || x.shape.some((dim, axis) => dim !== 1 && dim !== shape[axis + offset])) {
    throw new ShapeError(`Expand: [${x.shape.join(", ")}] does not broadcast to [${shape.join(", ")}]`)
  }
  return graph.node("Expand", [x, shapeVector(graph, shape)], { dtype: x.dtype, shape })
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

/** Of every row the element that `indices` `[…]` names: `[…, n]` → `[…]`, a loss's log-probabilities of targets. */
export function pick(graph: Graph, x: Value, indices: Value): Value {
  const rows = x.shape.slice(0, -1)
  if (indices.shape.join() !== rows.join()) {
    throw new ShapeError(`pick: expected indices of [${rows.join(", ")}], got [${indices.shape.join(", ")}]`)
  }
  const column = reshape(graph, indices, [...rows, 1])
  const attributes = { axis: int(-1) }
  const output = { dtype: x.dtype, shape: column.shape }
  return reshape(graph, graph.node("GatherElements", [x, column], output, { attributes }), rows)
}

/** 1 in the column that an index names, 0 elsewhere: `[…]` → float32 `[…, n]`. */
export function oneHot(graph: Graph, indices: Value, n: Dim): Value {
  const column = reshape(graph, indices, [...indices.shape, 1])
  const one = graph.constant("float32", [], [1])
  const zero = graph.constant("float32", [], [0])
  return where(graph, equal(graph, column, range(graph, n)), one, zero)
}

/**
 * Values one after another along an axis.
 *
 * @param options.dim - name of the axis's length where it is a dim of an input (`T` = prompt and text)
 */
export function concat(
  graph: Graph,
  parts: readonly Value[],
  { axis, dim }: { axis: number; dim?: string },
): Value {
  const first = parts[0]
  if (!first) throw new ShapeError("Concat: expected at least one part, got none")
  for (const part of parts) {
    if (
      part.shape.length !== first.shape.length ||
      part.shape.some((d, k) => k !== axis && d !== first.shape[k])
    ) {
      throw new ShapeError(
        `Concat: shapes [${first.shape.join(", ")}] and [${part.shape.join(", ")}] differ beside axis ${axis}`,
      )
    }
  }
  const length = dim ?? parts.map((part) => part.shape[axis]!).reduce(plusDim)
  const shape = first.shape.map((d, k) => (k === axis ? length : d))
  return graph.node("Concat", parts, { dtype: first.dtype, shape }, { attributes: { axis: int(axis) } })
}

/** Elements `start` up to `end` (the end by default) along an axis; both count from 0. */
export function slice(
  graph: Graph,
  x: Value,
  { axis, start = 0, end }: { axis: number; start?: number; end?: number },
): Value {
  const whole = x.shape[axis]
  const stop = end ?? whole
  const outside = typeof stop === "number" && !(start <= stop)
  if (
    whole === undefined ||
    !(start >= 0) ||
    outside ||
    (typeof whole === "number" && Number(stop) > whole)
  ) {
    throw new ShapeError(`Slice: ${start} to ${stop} along axis ${axis} is outside [${x.shape.join(", ")}]`)
  }
  const from = graph.constant("int64", [1], [start])
  return sliceAt(graph, x, axis, from, plusDim(stop!, -start))
}

/** `length` elements along an axis from a place known when the graph runs, int64 `[1]`. */
export function sliceAt(graph: Graph, x: Value, axis: number, start: Value, length: Dim): Value {
  const end = add(graph, start, dimLength(graph, length))
  const shape = x.shape.map((dim, k) => (k === axis ? length : dim))
  const inputs = [x, start, end, graph.constant("int64", [1], [axis])]
  return graph.node("Slice", inputs, { dtype: x.dtype, shape })
}

/** 0, 1, … up to a length, int32 `[dim]`. */
export function range(graph: Graph, dim: Dim): Value {
  if (typeof dim === "number") {
    return graph.constant(
      "int32",
      [dim],
      Array.from({ length: dim }, (_, i) => i),
    )
  }
  const scalar = graph.constant("int64", [0], [])
  const limit = graph.node("Reshape", [dimLength(graph, dim), scalar], { dtype: "int64", shape: [] })
  const start = graph.constant("int64", [], [0])
  const step = graph.constant("int64", [], [1])
  return cast(graph, graph.node("Range", [start, limit, step], { dtype: "int64", shape: [dim] }), "int32")
}
