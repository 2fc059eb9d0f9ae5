// Gradients of matrix products, normalisation and rotary embeddings: where a model's time goes.

import { LitmusError, ShapeError } from "../base/errors.ts"
import type { Dim, Graph, Value } from "./graph.ts"
import { inputOf, sumTo, type Rule } from "./gradient-rule.ts"
import * as ops from "./ops.ts"

/**
 * Y = alpha · op(A) · op(B), where op may transpose. No operand is ever copied to be transposed: the gradients are
 * products with the transposition flags of FusedMatMul, and by a linear layer's input (B is `[out, in]`, transposed
 * going forward) a plain product.
 */
const matMulRule: Rule = ({ graph, node, dy, needs }) => {
  const a = inputOf(node, 0)
  const b = inputOf(node, 1)
  const flag = (name: string): boolean => node.attributes[name]?.value === 1
  const transA = flag("transA")
  const transB = flag("transB")
  const alpha = (node.attributes.alpha?.value as number | undefined) ?? 1
  const byA = (): Value =>
    transA
      ? ops.matMul(graph, b, dy, { transposeA: transB, transposeB: true, alpha })
      : ops.matMul(graph, dy, b, { transposeB: !transB, alpha })
  const byB = (): Value => {
    // Both factors are multiplied along their rows, so a broadcast of B is undone inside the product.
    const merged = transA ? undefined : mergeRows(graph, b.shape, a, dy)
    const [left, right] = merged ?? [a, dy]
    return transB
      ? ops.matMul(graph, right, left, { transposeA: true, transposeB: transA, alpha })
      : ops.matMul(graph, left, right, { transposeA: !transA, alpha })
  }
  return [needs(a) ? sumTo(graph, byA(), a.shape) : null, needs(b) ? sumTo(graph, byB(), b.shape) : null]
}

/** Y = X · Wᵀ with a frozen W of 4 or 8 bits: dX = dY · W, W unpacked for this product. */
const quantizedRule: Rule = ({ graph, node, dy, needs }) => {
  if (!needs(inputOf(node, 0))) return [null]
  return [ops.matMul(graph, dy, ops.dequantized(graph, ops.quantizedMatrixOf(graph, node)))]
}

/**
 * Where B was broadcast along the innermost batch axes, `[…, g, m, k]` is taken as `[…, g · m, k]`, which moves no
 * element: the product along these rows sums over g as well. Grouped queries over one key, or a batch over one weight.
 *
 * @returns A and dY with their rows merged; undefined where B's broadcast is none or of another form
 */
function mergeRows(graph: Graph, shape: readonly Dim[], a: Value, dy: Value): [Value, Value] | undefined {
  const nBatch = dy.shape.length - 2
  if (a.shape.length !== dy.shape.length || nBatch === 0) return undefined
  const batch = shape.slice(0, -2)
  const padded = [...Array<Dim>(nBatch - batch.length).fill(1), ...batch]
  const isBroadcast = padded.map((dim, axis) => dim === 1 && dy.shape[axis] !== 1)
  const first = isBroadcast.indexOf(true)
  if (first < 0 || padded.slice(first).some((dim) => dim !== 1)) return undefined
  const merge = (x: Value): Value => {
    const rows = x.shape.slice(first, -1).reduce(ops.timesDim)
    const ones = padded.slice(first).map(() => 1)
    return ops.reshape(graph, x, [...x.shape.slice(0, first), ...ones, rows, x.shape.at(-1)!])
  }
  return [merge(a), merge(dy)]
}

/**
 * y = x · r · scale with r = 1 / sqrt(mean(x²) + epsilon), computed again rather than kept. With h = dy · scale:
 * dx = r · h − x · r³ · mean(x · h), dscale = sum over rows of dy · x · r.
 */
const rmsNormRule: Rule = ({ graph, node, dy, needs }) => {
  const x = inputOf(node, 0)
  const weight = inputOf(node, 1)
  const width = x.shape.at(-1)
  if (typeof width !== "number")
    throw new ShapeError(`RMSNormalization: expected a known width, got ${width}`)
  const epsilon = graph.constant("float32", [], [node.attributes.epsilon?.value as number])
  const rows = { axes: [-1], keepDims: true }
  const meanSquare = ops.scale(graph, ops.reduceSumSquare(graph, x, rows), 1 / width)
  const r = ops.reciprocal(graph, ops.sqrt(graph, ops.add(graph, meanSquare, epsilon)))
  const byX = (): Value => {
    const h = ops.mul(graph, dy, weight)
    const product = ops.reduceSum(graph, ops.mul(graph, h, x), rows)
    const cube = ops.mul(graph, ops.mul(graph, r, r), r)
    const along = ops.mul(graph, product, ops.scale(graph, cube, 1 / width))
    return ops.sub(graph, ops.mul(graph, h, r), ops.mul(graph, x, along))
  }
  return [
    needs(x) ? byX() : null,
    needs(weight) ? sumTo(graph, ops.mul(graph, dy, ops.mul(graph, x, r)), weight.shape) : null,
  ]
}

/**
 * y = x̂ · scale + bias with x̂ = (x − mean) · r, r = 1 / sqrt(variance + epsilon), computed again rather than kept. With
 * h = dy · scale: dx = r · (h − mean(h) − x̂ · mean(x̂ · h)), dscale = sum over rows of dy · x̂, dbias that of dy.
 */
const layerNormRule: Rule = ({ graph, node, dy, needs }) => {
  const [x, weight, bias] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)]
  const epsilon = graph.constant("float32", [], [node.attributes.epsilon?.value as number])
  const rows = { axes: [-1], keepDims: true }
  const centred = ops.sub(graph, x, ops.reduceMean(graph, x, rows))
  const variance = ops.reduceMean(graph, ops.mul(graph, centred, centred), rows)
  const r = ops.reciprocal(graph, ops.sqrt(graph, ops.add(graph, variance, epsilon)))
  const normed = ops.mul(graph, centred, r)
  const byX = (): Value => {
    const h = ops.mul(graph, dy, weight)
    const along = ops.mul(graph, normed, ops.reduceMean(graph, ops.mul(graph, h, normed), rows))
    return ops.mul(graph, r, ops.sub(graph, ops.sub(graph, h, ops.reduceMean(graph, h, rows)), along))
  }
  return [
    needs(x) ? byX() : null,
    needs(weight) ? sumTo(graph, ops.mul(graph, dy, normed), weight.shape) : null,
    needs(bias) ? sumTo(graph, dy, bias.shape) : null,
  ]
}

/** A rotation is undone by the opposite angle: the same operator with the sines negated. */
const rotaryRule: Rule = ({ graph, node, dy, needs }) => {
  const [positions, cos, sin] = [inputOf(node, 1), inputOf(node, 2), inputOf(node, 3)]
  if (needs(cos) || needs(sin)) {
    throw new LitmusError("gradients: RotaryEmbedding has no gradient rule for its tables")
  }
  const inputs = [dy, positions, cos, negated(graph, sin)]
  const { domain, attributes } = node
  return [graph.node(node.op, inputs, { dtype: dy.dtype, shape: dy.shape }, { domain, attributes })]
}

// The layers of a model share their table, so they share its negative.
const negatives = new WeakMap<Graph, Map<string, Value>>()

function negated(graph: Graph, table: Value): Value {
  const known = negatives.get(graph) ?? new Map<string, Value>()
  negatives.set(graph, known)
  const values = graph.constantValues(table)
  const negative =
    known.get(table.name) ??
    (values
      ? graph.constant(
          "float32",
          table.shape as number[],
          Float32Array.from(values, (value) => -value),
        )
      : ops.neg(graph, table))
  known.set(table.name, negative)
  return negative
}

export const productRules: Readonly<Record<string, Rule>> = {
  MatMul: matMulRule,
  FusedMatMul: matMulRule,
  MatMulNBits: quantizedRule,
  RMSNormalization: rmsNormRule,
  LayerNormalization: layerNormRule,
  RotaryEmbedding: rotaryRule,
}
