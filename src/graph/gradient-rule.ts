// What a gradient rule is given and returns, and the sum that undoes a broadcast.

import { LitmusError } from "../base/errors.ts"
import type { Dim, Graph, GraphNode, Value } from "./graph.ts"
import * as ops from "./ops.ts"

/** A node met on the way back. */
export interface Backward {
  readonly graph: Graph
  readonly node: GraphNode
  readonly output: Value
  /** Gradient of the loss by the output, of its shape. */
  readonly dy: Value
  /** Whether a gradient by this value is wanted. */
  readonly needs: (value: Value | null) => boolean
  /** The node that uses this value, if the loss depends on it through one node alone. */
  readonly onlyUser: (value: Value) => GraphNode | undefined
  /** Gradient of the loss by a value that the walk has passed already. */
  readonly gradientOf: (value: Value) => Value | undefined
}

/** The gradient by every input, of its shape; those not needed, or that carry none, may be null or left out. */
export type Rule = (backward: Backward) => readonly (Value | null)[]

/** An input that the operator cannot do without. */
export function inputOf(node: GraphNode, k: number): Value {
  const input = node.inputs[k]
  if (!input) throw new LitmusError(`gradients: ${node.op} has no input ${k}`)
  return input
}

/** Sums a gradient over the axes along which a value of this shape was broadcast. */
export function sumTo(graph: Graph, x: Value, shape: readonly Dim[]): Value {
  const extra = x.shape.length - shape.length
  const inner = shape.flatMap((dim, axis) => (dim === 1 && x.shape[axis + extra] !== 1 ? [axis + extra] : []))
  const outer = Array.from({ length: extra }, (_, axis) => axis)
  if (inner.length === 0) return extra === 0 ? x : ops.reduceSum(graph, x, { axes: outer })
  const sum = ops.reduceSum(graph, x, { axes: [...outer, ...inner], keepDims: true })
  return extra === 0 ? sum : ops.reshape(graph, sum, shape)
}
