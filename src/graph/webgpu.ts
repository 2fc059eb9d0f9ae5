// A graph for WebGPU. Its provider has no FusedMatMul, and that is where the time goes: the product becomes Gemm, or a
// transposition and a plain product. Everything else runs there as it is, or does not matter.

import { Graph, type Attribute, type Dim, type GraphNode, type Value } from "./graph.ts"

/** The same computation in operators that the WebGPU provider runs. Values keep their names. */
export function forWebGpu(graph: Graph): GraphNode[] {
  const nodes: GraphNode[] = []
  graph.nodes.forEach((node, k) => {
    if (node.op === "FusedMatMul") nodes.push(...plainProduct(graph, node, k))
    else nodes.push(node)
  })
  return nodes
}

function plainProduct(graph: Graph, node: GraphNode, k: number): GraphNode[] {
  const [a, b] = node.inputs as readonly [Value, Value]
  const [output] = node.outputs as readonly [Value]
  const flag = (name: string): boolean => node.attributes[name]?.value === 1
  const [transA, transB] = [flag("transA"), flag("transB")]
  const alpha = Number(node.attributes.alpha?.value ?? 1)
  if (a.shape.length === 2 && b.shape.length === 2) {
    const attributes: Record<string, Attribute> = {
      transA: { type: "int", value: +transA },
      transB: { type: "int", value: +transB },
      alpha: { type: "float", value: alpha },
    }
    return [{ op: "Gemm", domain: "", inputs: [a, b], outputs: [output], attributes }]
  }
  const nodes: GraphNode[] = []
  const step = (op: string, inputs: Value[], value: Value, attributes = {}): Value => {
    nodes.push({ op, domain: "", inputs, outputs: [value], attributes })
    return value
  }
  const swapped = (x: Value, side: string): Value => {
    const rank = x.shape.length
    const order = Array.from({ length: rank }, (_, axis) =>
      axis < rank - 2 ? axis : axis === rank - 1 ? rank - 2 : rank - 1,
    )
    const shape = order.map((axis): Dim => x.shape[axis]!)
    const attributes: Record<string, Attribute> = { perm: { type: "ints", value: order } }
    return step("Transpose", [x], { ...x, name: `${output.name} ${side} ${k}`, shape }, attributes)
  }
  const inputs = [transA ? swapped(a, "left") : a, transB ? swapped(b, "right") : b]
  if (alpha === 1) step("MatMul", inputs, output)
  else {
    const product = step("MatMul", inputs, { ...output, name: `${output.name} product ${k}` })
    step("Mul", [product, graph.constant("float32", [], [alpha])], output)
  }
  return nodes
}
