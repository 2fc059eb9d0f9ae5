// Gradients of the operators that move elements.

import type { Attribute, Dim, Graph, Value } from "./graph.ts"
import { inputOf, sumTo, type Rule } from "./gradient-rule.ts"
import * as ops from "./ops.ts"

export const layoutRules: Readonly<Record<string, Rule>> = {
  Reshape: ({ graph, node, dy }) => [ops.reshape(graph, dy, inputOf(node, 0).shape)],

  Transpose: ({ graph, node, dy }) => {
    const permutation = node.attributes.perm?.value as readonly number[]
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis))
    return [ops.transpose(graph, dy, inverse)]
  },

  Expand: ({ graph, node, dy }) => [sumTo(graph, dy, inputOf(node, 0).shape)],

  Gather: ({ graph, node, dy }) => [sumRows(graph, dy, inputOf(node, 1), inputOf(node, 0).shape)],

  // One index a row (ops.pick), so no two elements fall on one place.
  GatherElements: ({ graph, node, dy }) => {
    const { shape } = inputOf(node, 0)
    const isPicked = ops.equal(graph, inputOf(node, 1), ops.range(graph, shape.at(-1)!))
    return [ops.where(graph, isPicked, dy, graph.constant("float32", [], [0]))]
  },

  Concat: ({ graph, node, dy, needs }) => {
    const axis = node.attributes.axis?.value as number
    let start: Dim = 0
    return node.inputs.map((part) => {
      const length = part!.shape[axis]!
      const from: Dim = start
      start = ops.plusDim(start, length)
      return needs(part) ? ops.sliceAt(graph, dy, axis, ops.dimLength(graph, from), length) : null
    })
  },

  // Zeros before and after; how many is computed from the slice's own bounds.
  Slice: ({ graph, node, dy }) => {
    const x = inputOf(node, 0)
    const [start, end, axes] = [inputOf(node, 1), inputOf(node, 2), inputOf(node, 3)]
    const axis = graph.constantValues(axes)![0]!
    const after = ops.sub(graph, ops.dimLength(graph, x.shape[axis]!), end)
    const pads = ops.concat(graph, [start, after], { axis: 0 })
    return [graph.node("Pad", [dy, pads, null, axes], { dtype: x.dtype, shape: x.shape })]
  },
}

/**
 * Adds the rows of dy `[…, w]` up into a table `[n, w]`, each at its index. ScatterElements, one index per element:
 * onnxruntime runs it on one thread, in order, so that duplicates are right (ScatterND's sum races).
 */
function sumRows(graph: Graph, dy: Value, indices: Value, shape: readonly Dim[]): Value {
  const nRows = indices.shape.reduce<Dim>(ops.timesDim, 1)
  const flat = [nRows, ...shape.slice(1)]
  const rows = indices.shape.length === 1 ? dy : ops.reshape(graph, dy, flat)
  const column = ops.reshape(graph, indices, [nRows, ...shape.slice(1).map(() => 1)])
  const attributes: Record<string, Attribute> = {
    axis: { type: "int", value: 0 },
    reduction: { type: "string", value: "add" },
  }
  const inputs = [freshZeros(graph, shape, rows), ops.expand(graph, column, flat), rows]
  return graph.node("ScatterElements", inputs, { dtype: dy.dtype, shape }, { attributes })
}

/**
 * Zeros that are made in every run. With a shape known beforehand, onnxruntime would make them when it loads the
 * graph, keep them, and copy them in every run: for an embedding matrix its size twice.
 */
function freshZeros(graph: Graph, shape: readonly Dim[], rows: Value): Value {
  const nRows = graph.node(
    "Shape",
    [rows],
    { dtype: "int64", shape: [1] },
    { attributes: { start: { type: "int", value: 0 }, end: { type: "int", value: 1 } } },
  )
  const target = ops.add(graph, ops.shapeVector(graph, shape), ops.sub(graph, nRows, nRows))
  return graph.node("ConstantOfShape", [target], { dtype: "float32", shape })
}
