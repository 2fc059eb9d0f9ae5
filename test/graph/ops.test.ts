// Operators whose meaning is ours (a name for several nodes, or shapes with named lengths), and their errors.

import { describe, expect, it } from "vitest"
import { Graph } from "../../src/graph/graph.ts"
import * as ops from "../../src/graph/ops.ts"
import { createSession, type Tensor } from "../../src/graph/session.ts"

const floats = (shape: number[], ...values: number[]): Tensor => ({ data: Float32Array.from(values), shape })

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, number[]>> {
  const session = await createSession(graph, { threads: 1 })
  const results = await session.run(feeds)
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]))
}

describe("operators", () => {
  it("silu is x · sigmoid(x), logSigmoid is finite far from 0", async () => {
    const graph = new Graph()
    const x = graph.input("x", "float32", ["T"])
    graph.output("silu", ops.silu(graph, x))
    graph.output("product", ops.mul(graph, x, ops.sigmoid(graph, x)))
    graph.output("logSigmoid", ops.logSigmoid(graph, x))
    const { silu, product, logSigmoid } = await run(graph, { x: floats([4], -200, -1, 2, 200) })
    silu!.forEach((value, k) => expect(value).toBeCloseTo(product![k]!, 6))
    const expected = [-200, -Math.log1p(Math.exp(1)), -Math.log1p(Math.exp(-2)), 0]
    logSigmoid!.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 5))
  })

  it("pick, oneHot and slice take what the indices name", async () => {
    const graph = new Graph()
    const x = graph.input("x", "float32", ["T", 3])
    const index = graph.input("index", "int32", ["T"])
    graph.output("picked", ops.pick(graph, x, index))
    graph.output("oneHot", ops.oneHot(graph, index, 3))
    graph.output("oneHotNamed", ops.oneHot(graph, index, "T"))
    graph.output("middle", ops.slice(graph, x, { axis: 1, start: 1, end: 2 }))
    graph.output("rest", ops.slice(graph, x, { axis: 0, start: 1 }))
    const feeds = { x: floats([2, 3], 1, 2, 3, 4, 5, 6), index: { data: Int32Array.of(2, 0), shape: [2] } }
    expect(await run(graph, feeds)).toEqual({
      picked: [3, 4],
      oneHot: [0, 0, 1, 1, 0, 0],
      oneHotNamed: [0, 0, 1, 0],
      middle: [2, 5],
      rest: [4, 5, 6],
    })
  })

  it("sums and products of named lengths are found when the graph runs", async () => {
    const graph = new Graph()
    const x = graph.input("x", "float32", ["T", "S"])
    const both = ops.concat(graph, [x, x], { axis: 0 })
    const longer = ops.plusDim(ops.timesDim(2, ops.plusDim("T", 3)), -1)
    expect(both.shape).toEqual(["T+T", "S"])
    expect(longer).toBe("2*T+2*3+-1")
    graph.output("length", ops.cast(graph, ops.dimLength(graph, longer), "float32"))
    graph.output("sizes", ops.cast(graph, ops.shapeVector(graph, [...both.shape, 4]), "float32"))
    graph.output("sevens", ops.expand(graph, graph.constant("float32", [1], [7]), [2, "S"]))
    const found = await run(graph, { x: floats([1, 2], 0, 0) })
    expect(found).toEqual({ length: [7], sizes: [2, 2, 4], sevens: [7, 7, 7, 7] })
  })
})

describe("errors of operators", () => {
  const graph = new Graph()
  const x = graph.input("x", "float32", ["T", 3])
  const y = graph.input("y", "float32", ["S", 4])
  const index = graph.input("index", "int32", ["S"])
  it.each<[string, () => unknown]>([
    ["Mul: shapes [T, 3] and [S, 4] do not broadcast", () => ops.mul(graph, x, y)],
    ["Add: element types float32 and int32 differ", () => ops.add(graph, x, index)],
    ["MatMul: inner dims 3 and S differ ([T, 3] · [S, 4])", () => ops.matMul(graph, x, y)],
    ["pick: expected indices of [T], got [S]", () => ops.pick(graph, x, index)],
    ["Expand: [T, 3] does not broadcast to [T, 4]", () => ops.expand(graph, x, ["T", 4])],
    ["Concat: shapes [T, 3] and [S, 4] differ beside axis 0", () => ops.concat(graph, [x, y], { axis: 0 })],
    ["Concat: expected at least one part, got none", () => ops.concat(graph, [], { axis: 0 })],
    [
      "Slice: 2 to 4 along axis 1 is outside [T, 3]",
      () => ops.slice(graph, x, { axis: 1, start: 2, end: 4 }),
    ],
    [
      "Slice: 3 to 2 along axis 0 is outside [T, 3]",
      () => ops.slice(graph, x, { axis: 0, start: 3, end: 2 }),
    ],
    ["ReduceSum: no axes 2 in [T, 3]", () => ops.reduceSum(graph, x, { axes: [2] })],
    ["graph: no input has a dim named U", () => ops.expand(graph, x, ["U", "T", 3])],
  ])("%s", (message, build) => {
    expect(build).toThrow(message)
  })
})
