// A graph rewritten for WebGPU computes the same: checked on the CPU, which runs both.

import { InferenceSession, Tensor } from "onnxruntime-node"
import { describe, expect, it } from "vitest"
import { gradients } from "../../src/graph/gradient.ts"
import { Graph } from "../../src/graph/graph.ts"
import { encodeModel } from "../../src/graph/onnx.ts"
import * as ops from "../../src/graph/ops.ts"
import { forWebGpu } from "../../src/graph/webgpu.ts"
import { random } from "../../src/base/random.ts"
import { maxAbsDifference } from "../support/numbers.ts"

/** Products of every form, and the gradients by all they multiply. */
function products(): Graph {
  const graph = new Graph()
  const weight = graph.input("weight", "float32", [5, 4])
  const rows = graph.input("rows", "float32", ["T", 4])
  const heads = graph.input("heads", "float32", [2, 3, "T", 4])
  const keys = graph.input("keys", "float32", [2, 1, "T", 4])
  const plain = ops.matMul(graph, rows, weight, { transposeB: true })
  const scaled = ops.matMul(graph, rows, weight, { transposeB: true, alpha: 0.3 })
  const scores = ops.matMul(graph, heads, keys, { transposeB: true, alpha: 0.5 })
  const sums = ops.matMul(graph, heads, scores, { transposeA: true })
  const both = ops.matMul(graph, rows, ops.transpose(graph, rows, [1, 0]), {
    transposeA: true,
    transposeB: true,
  })
  const outputs = [plain, scaled, scores, sums, both]
  outputs.forEach((value, k) => graph.output(`y${k}`, value))
  const loss = outputs
    .map((value) => ops.reduceSum(graph, ops.mul(graph, value, value)))
    .reduce((a, b) => ops.add(graph, a, b))
  gradients(graph, loss, [weight, rows, heads, keys]).forEach((value, k) => graph.output(`d${k}`, value))
  return graph
}

describe("a graph for WebGPU", () => {
  it("has no fused products, and gives the numbers of the graph that it was made from", async () => {
    const graph = products()
    const nodes = forWebGpu(graph)
    const count = (op: string, list = nodes): number => list.filter((node) => node.op === op).length
    expect(count("FusedMatMul", graph.nodes)).toBeGreaterThan(8)
    expect(count("FusedMatMul")).toBe(0)
    expect(count("Gemm")).toBeGreaterThan(3)
    const { uniform } = random(0, "webgpu")
    const draw = (...shape: number[]): Tensor =>
      new Tensor(
        "float32",
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => uniform() - 0.5),
        shape,
      )
    const feeds = { weight: draw(5, 4), rows: draw(7, 4), heads: draw(2, 3, 7, 4), keys: draw(2, 1, 7, 4) }
    const run = async (model: Uint8Array): Promise<InferenceSession.OnnxValueMapType> => {
      const session = await InferenceSession.create(model)
      const results = await session.run(feeds)
      await session.release()
      return results
    }
    const [expected, found] = [await run(encodeModel(graph)), await run(encodeModel(graph, nodes))]
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const [name, tensor] of Object.entries(expected)) {
      const values = tensor
      expect((found[name] as Tensor).dims).toEqual(values.dims)
      const difference = maxAbsDifference(
        (found[name] as Tensor).data as Float32Array,
        values.data as Float32Array,
      )
      expect(difference).toBeLessThan(1e-5)
    }
  })
})
