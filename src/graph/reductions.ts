// Operators that combine the elements of whole axes.

import { ShapeError } from "../base/errors.ts"
import type { Attribute, Dim, Graph, Value } from "./graph.ts"

const lastAxis: Record<string, Attribute> = { axis: { type: "int", value: -1 } }

export interface ReduceOptions {
  /** Axes to combine, counted from 0, or from the end if negative; all by default. */
  readonly axes?: readonly number[]
  /** Keep the combined axes with length 1. */
  readonly keepDims?: boolean
}

export const reduceSum = (graph: Graph, x: Value, options: ReduceOptions = {}): Value =>
  reduce(graph, "ReduceSum", x, options)
export const reduceMean = (graph: Graph, x: Value, options: ReduceOptions = {}): Value =>
  reduce(graph, "ReduceMean", x, options)

/** Sum of squares. */
export const reduceSumSquare = (graph: Graph, x: Value, options: ReduceOptions = {}): Value =>
  reduce(graph, "ReduceSumSquare", x, options)

/** log(sum(exp(x))), without overflow: with `pick` the log-probability of a token costs no second copy of the logits. */
export const logSumExp = (graph: Graph, x: Value, options: ReduceOptions = {}): Value =>
  reduce(graph, "ReduceLogSumExp", x, options)

/** Softmax over the last axis. */
export const softmax = (graph: Graph, x: Value): Value =>
  graph.node("Softmax", [x], { dtype: x.dtype, shape: x.shape }, { attributes: lastAxis })

/** log(softmax(x)) over the last axis. */
export const logSoftmax = (graph: Graph, x: Value): Value =>
  graph.node("LogSoftmax", [x], { dtype: x.dtype, shape: x.shape }, { attributes: lastAxis })

function reduce(graph: Graph, op: string, x: Value, { axes, keepDims = false }: ReduceOptions): Value {
  const rank = x.shape.length
  const combined = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis))
  if (combined.some((axis) => !(axis >= 0 && axis < rank))) {
    throw new ShapeError(`${op}: no axes ${combined.join(", ")} in [${x.shape.join(", ")}]`)
  }
  const shape = x.shape.flatMap((dim, axis): Dim[] =>
    combined.includes(axis) ? (keepDims ? [1] : []) : [dim],
  )
  const attributes: Record<string, Attribute> = {
    keepdims: { type: "int", value: +keepDims },
    noop_with_empty_axes: { type: "int", value: 1 },
  }
  const inputs = [x, graph.constant("int64", [combined.length], combined)]
  return graph.node(op, inputs, { dtype: x.dtype, shape }, { attributes })
}
