// Operators that work on every element by itself, with NumPy's broadcasting.

import { ShapeError } from "../base/errors.ts"
import type { Attribute, Dim, DType, Graph, Value } from "./graph.ts"

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

function binary(graph: Graph, op: string, a: Value, b: Value, dtype: DType = a.dtype): Value {
  if (a.dtype !== b.dtype) throw new ShapeError(`${op}: element types ${a.dtype} and ${b.dtype} differ`)
  return graph.node(op, [a, b], { dtype, shape: broadcastShapes(op, a.shape, b.shape) })
}

function unary(graph: Graph, op: string, x: Value): Value {
  return graph.node(op, [x], { dtype: x.dtype, shape: x.shape })
}

export const add = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Add", a, b)
export const sub = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Sub", a, b)
export const mul = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Mul", a, b)
export const div = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Div", a, b)
export const neg = (graph: Graph, x: Value): Value => unary(graph, "Neg", x)
export const reciprocal = (graph: Graph, x: Value): Value => unary(graph, "Reciprocal", x)
export const sqrt = (graph: Graph, x: Value): Value => unary(graph, "Sqrt", x)
export const exp = (graph: Graph, x: Value): Value => unary(graph, "Exp", x)
export const log = (graph: Graph, x: Value): Value => unary(graph, "Log", x)
export const tanh = (graph: Graph, x: Value): Value => unary(graph, "Tanh", x)
export const erf = (graph: Graph, x: Value): Value => unary(graph, "Erf", x)
export const relu = (graph: Graph, x: Value): Value => unary(graph, "Relu", x)
export const sigmoid = (graph: Graph, x: Value): Value => unary(graph, "Sigmoid", x)

/** log(1 + exp(x)), without overflow. */
export const softplus = (graph: Graph, x: Value): Value => unary(graph, "Softplus", x)

/** log(sigmoid(x)), without underflow. */
export const logSigmoid = (graph: Graph, x: Value): Value => neg(graph, softplus(graph, neg(graph, x)))

/** x · sigmoid(x) as one operator. */
export function silu(graph: Graph, x: Value): Value {
  const attributes: Record<string, Attribute> = { alpha: { type: "float", value: 1 } }
  const output = { dtype: x.dtype, shape: x.shape }
  return graph.node("QuickGelu", [x], output, { domain: "com.microsoft", attributes })
}

/**
 * x · Φ(x), Φ the normal distribution.
 *
 * @param options.approximate - ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) instead
 */
export function gelu(graph: Graph, x: Value, { approximate = false }: { approximate?: boolean } = {}): Value {
  const attributes: Record<string, Attribute> = {
    approximate: { type: "string", value: approximate ? "tanh" : "none" },
  }
  return graph.node("Gelu", [x], { dtype: x.dtype, shape: x.shape }, { attributes })
}

/** c · tanh(x / c): stays within ± c. */
export function softCap(graph: Graph, x: Value, c: number): Value {
  return scale(graph, tanh(graph, scale(graph, x, 1 / c)), c)
}

/** x times a number. */
export function scale(graph: Graph, x: Value, factor: number): Value {
  return factor === 1 ? x : mul(graph, x, graph.constant("float32", [], [factor]))
}

export const lessOrEqual = (graph: Graph, a: Value, b: Value): Value =>
  binary(graph, "LessOrEqual", a, b, "bool")
export const less = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Less", a, b, "bool")
export const equal = (graph: Graph, a: Value, b: Value): Value => binary(graph, "Equal", a, b, "bool")
export const and = (graph: Graph, a: Value, b: Value): Value => binary(graph, "And", a, b)

/** `condition ? a : b`, elementwise. */
export function where(graph: Graph, condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShapes("Where", condition.shape, broadcastShapes("Where", a.shape, b.shape))
  return graph.node("Where", [condition, a, b], { dtype: a.dtype, shape })
}

export function cast(graph: Graph, x: Value, dtype: "float32" | "int32" | "int64"): Value {
  const to = { float32: 1, int32: 6, int64: 7 }[dtype]
  return graph.node(
    "Cast",
    [x],
    { dtype, shape: x.shape },
    { attributes: { to: { type: "int", value: to } } },
  )
}
