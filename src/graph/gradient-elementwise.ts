// Gradients of elementwise operators and of reductions. y is the output, dy the gradient of the loss by it.

import type { Dim, Graph, Value } from "./graph.ts"
import { inputOf, sumTo, type Backward, type Rule } from "./gradient-rule.ts"
import * as ops from "./ops.ts"

/** Rule of a function of one value. */
const unary =
  (derive: (graph: Graph, dy: Value, x: Value, y: Value) => Value): Rule =>
  ({ graph, node, output, dy }) => [derive(graph, dy, inputOf(node, 0), output)]

/** Rule of a function of two values that broadcast: the gradient by each, before the broadcast is undone. */
const binary =
  (
    byA: (graph: Graph, dy: Value, a: Value, b: Value, y: Value) => Value,
    byB: (graph: Graph, dy: Value, a: Value, b: Value, y: Value) => Value,
  ): Rule =>
  ({ graph, node, output, dy, needs }) => {
    const a = inputOf(node, 0)
    const b = inputOf(node, 1)
    return [
      needs(a) ? sumTo(graph, byA(graph, dy, a, b, output), a.shape) : null,
      needs(b) ? sumTo(graph, byB(graph, dy, a, b, output), b.shape) : null,
    ]
  }

const pass = (_: Graph, dy: Value): Value => dy

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Identity: unary(pass),
  // Casts to integers end the path; what is left is float32 to float32.
  Cast: unary(pass),
  Add: binary(pass, pass),
  Sub: binary(pass, ops.neg),
  Mul: binary(
    (g, dy, _, b) => ops.mul(g, dy, b),
    (g, dy, a) => ops.mul(g, dy, a),
  ),
  Div: binary(
    (g, dy, _, b) => ops.div(g, dy, b),
    (g, dy, _, b, y) => ops.neg(g, ops.mul(g, dy, ops.div(g, y, b))),
  ),
  Neg: unary(ops.neg),
  Reciprocal: unary((g, dy, _, y) => ops.neg(g, ops.mul(g, dy, ops.mul(g, y, y)))),
  Sqrt: unary((g, dy, _, y) => ops.scale(g, ops.div(g, dy, y), 0.5)),
  Exp: unary((g, dy, _, y) => ops.mul(g, dy, y)),
  Log: unary((g, dy, x) => ops.div(g, dy, x)),
  Tanh: unary((g, dy, _, y) => ops.sub(g, dy, ops.mul(g, dy, ops.mul(g, y, y)))),
  Relu: unary((g, dy, x) => {
    const zero = g.constant("float32", [], [0])
    return ops.where(g, ops.less(g, zero, x), dy, zero)
  }),
  Sigmoid: unary((g, dy, _, y) => ops.mul(g, dy, ops.sub(g, y, ops.mul(g, y, y)))),
  Softplus: unary((g, dy, x) => ops.mul(g, dy, ops.sigmoid(g, x))),
  // Only as silu: (x · s)' = s + y − y · s with s = sigmoid(x), computed again rather than kept.
  QuickGelu: unary((g, dy, x, y) => {
    const s = ops.sigmoid(g, x)
    return ops.mul(g, dy, ops.add(g, s, ops.sub(g, y, ops.mul(g, y, s))))
  }),
  Gelu: ({ graph, node, dy }) => {
    const x = inputOf(node, 0)
    const derive = node.attributes.approximate?.value === "tanh" ? geluTanhDerivative : geluDerivative
    return [ops.mul(graph, dy, derive(graph, x))]
  },
  Where: ({ graph, node, dy, needs }) => {
    const [condition, a, b] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)]
    const zero = graph.constant("float32", [], [0])
    return [
      null,
      needs(a) ? sumTo(graph, ops.where(graph, condition, dy, zero), a.shape) : null,
      needs(b) ? sumTo(graph, ops.where(graph, condition, zero, dy), b.shape) : null,
    ]
  },
}

/** Φ(x) + x φ(x). */
function geluDerivative(g: Graph, x: Value): Value {
  const one = g.constant("float32", [], [1])
  const share = ops.scale(g, ops.add(g, ops.erf(g, ops.scale(g, x, Math.SQRT1_2)), one), 0.5)
  const density = ops.scale(g, ops.exp(g, ops.scale(g, ops.mul(g, x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
  return ops.add(g, share, ops.mul(g, x, density))
}

/** ½ (1 + t) + ½ x (1 − t²) u′ with t = tanh(u), u = √(2/π) (x + 0.044715 x³), computed again rather than kept. */
function geluTanhDerivative(g: Graph, x: Value): Value {
  const one = g.constant("float32", [], [1])
  const square = ops.mul(g, x, x)
  const root = Math.sqrt(2 / Math.PI)
  const within = (factor: number): Value => ops.add(g, ops.scale(g, square, factor), one)
  const t = ops.tanh(g, ops.scale(g, ops.mul(g, x, within(0.044715)), root))
  const slope = ops.mul(g, ops.sub(g, one, ops.mul(g, t, t)), ops.scale(g, within(3 * 0.044715), root))
  return ops.scale(g, ops.add(g, ops.add(g, one, t), ops.mul(g, x, slope)), 0.5)
}

export const reductionRules: Readonly<Record<string, Rule>> = {
  ReduceSum: (backward) => {
    const { graph, node, dy } = backward
    return [ops.expand(graph, kept(backward, dy), inputOf(node, 0).shape)]
  },
  ReduceMean: (backward) => {
    const { graph, node, dy } = backward
    const { shape } = inputOf(node, 0)
    const count = reducedAxes(backward)
      .map((axis) => shape[axis]!)
      .reduce<Dim>(ops.timesDim, 1)
    const each =
      typeof count === "number"
        ? ops.scale(graph, dy, 1 / count)
        : ops.div(graph, dy, ops.cast(graph, ops.reshape(graph, ops.dimLength(graph, count), []), "float32"))
    return [ops.expand(graph, kept(backward, each), shape)]
  },
  ReduceSumSquare: (backward) => {
    const { graph, node, dy } = backward
    const x = inputOf(node, 0)
    return [ops.mul(graph, x, kept(backward, ops.scale(graph, dy, 2)))]
  },
  // dx = dy · exp(x − y), the softmax
  ReduceLogSumExp: (backward) => {
    const { graph, node, dy, output } = backward
    const share = ops.exp(graph, ops.sub(graph, inputOf(node, 0), kept(backward, output)))
    return [ops.mul(graph, share, kept(backward, dy))]
  },
  // dx = y · (dy − sum(y · dy))
  Softmax: (backward) => {
    const { graph, output: y, dy } = backward
    return [ops.mul(graph, y, ops.sub(graph, dy, rowProducts(backward)))]
  },
  // dx = dy − exp(y) · sum(dy)
  LogSoftmax: ({ graph, output: y, dy }) => {
    const sum = ops.reduceSum(graph, dy, { axes: [-1], keepDims: true })
    return [ops.sub(graph, dy, ops.mul(graph, ops.exp(graph, y), sum))]
  },
}

/**
 * sum(y · dy) over the last axis. Where y only multiplies something from the left, z = y · v, it is the sum of
 * z · dz: for attention that is a sum over dHead instead of a pass over [T, T] and a temporary of that size.
 */
function rowProducts({ graph, output: y, dy, onlyUser, gradientOf }: Backward): Value {
  const user = onlyUser(y)
  const z = user?.outputs[0]
  const dz = z && gradientOf(z)
  const isLeft =
    user !== undefined &&
    (user.op === "MatMul" || user.op === "FusedMatMul") &&
    user.inputs[0]?.name === y.name &&
    user.inputs[1]?.name !== y.name &&
    user.attributes.transA?.value !== 1
  const [a, b] =
    isLeft && z && dz && z.shape.slice(0, -1).join() === y.shape.slice(0, -1).join() ? [z, dz] : [y, dy]
  return ops.reduceSum(graph, ops.mul(graph, a, b), { axes: [-1], keepDims: true })
}

function reducedAxes({ graph, node }: Backward): number[] {
  return Array.from(graph.constantValues(inputOf(node, 1)) ?? [])
}

/** A value of a reduction's output shape, with length 1 where axes were combined. */
function kept(backward: Backward, value: Value): Value {
  const { shape } = inputOf(backward.node, 0)
  if (value.shape.length === shape.length) return value
  const axes = reducedAxes(backward)
  return ops.reshape(
    backward.graph,
    value,
    shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  )
}
