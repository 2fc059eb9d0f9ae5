// The walk itself: what gets nodes and what does not, errors, and rules against closed forms in float64.

import { describe, expect, it } from "vitest"
import { gradients } from "../../src/graph/gradient.ts"
import { Graph, type Value } from "../../src/graph/graph.ts"
import * as ops from "../../src/graph/ops.ts"
import { createSession, type Tensor } from "../../src/graph/session.ts"
import { random } from "../../src/base/random.ts"
import { maxAbsDifference } from "../support/numbers.ts"

const normals = (label: string, ...shape: number[]): Tensor<Float32Array> => {
  const { normal } = random(3, label)
  return { data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal), shape }
}

/** Sum of all elements times constants of the same shape: hands them back as the gradient by x. */
const weightedSum = (graph: Graph, x: Value, weights: Value): Value =>
  ops.reduceSum(graph, ops.mul(graph, x, weights))

async function runOnce(
  graph: Graph,
  feeds: Record<string, Tensor>,
  threads = 2,
): Promise<Record<string, Float32Array>> {
  const session = await createSession(graph, { threads })
  const results = await session.run(feeds)
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]))
}

describe("what gets gradient nodes", () => {
  const chain = (graph: Graph, x: Value, nLayers: number): Value[] => {
    const values = [x]
    for (let i = 0; i < nLayers; i++) values.push(ops.tanh(graph, values.at(-1)!))
    return values
  }

  it("adds none below the lowest parameter and none beside the path", () => {
    const count = (parameterAt: number): number => {
      const graph = new Graph()
      const values = chain(graph, graph.input("x", "float32", ["T"]), 10)
      const loss = ops.reduceSum(graph, values.at(-1)!)
      chain(graph, values[3]!, 20)
      const before = graph.nodes.length
      gradients(graph, loss, [values[parameterAt]!])
      return graph.nodes.length - before
    }
    const perLayer = count(8) - count(9)
    expect(perLayer).toBeGreaterThan(0)
    expect(count(0)).toBe(count(9) + 9 * perLayer)
  })

  it("multiplies by a frozen weight once, and by a trained one twice", () => {
    const products = (parameters: readonly string[]): string[] => {
      const graph = new Graph()
      const values: Record<string, Value> = {
        x: graph.input("x", "float32", ["T", 4]),
        w: graph.weight("w", "float32", [3, 4], { file: "none", offset: 0, length: 48 }),
      }
      const loss = ops.reduceSum(graph, ops.matMul(graph, values.x!, values.w!, { transposeB: true }))
      const before = graph.nodes.length
      gradients(
        graph,
        loss,
        parameters.map((name) => values[name]!),
      )
      return graph.nodes
        .slice(before)
        .flatMap(({ op }) => (/MatMul|Transpose/.test(op) ? [op] : []))
        .sort()
    }
    expect(products(["x"])).toEqual(["MatMul"])
    expect(products(["w"])).toEqual(["FusedMatMul"])
    expect(products(["x", "w"])).toEqual(["FusedMatMul", "MatMul"])
  })

  it("negates a rotary table once for all layers", () => {
    const graph = new Graph()
    const x = graph.input("x", "float32", [1, "T", 4])
    const at = ops.cast(graph, graph.input("at", "int32", [1, "T"]), "int64")
    const table = graph.constant("float32", [3, 2], [1, 2, 3, 4, 5, 6])
    let y = x
    for (let i = 0; i < 3; i++) y = ops.rotaryEmbedding(graph, y, at, table, table, { nHeads: 1 })
    const loss = ops.reduceSum(graph, y)
    const before = graph.initializers.length
    gradients(graph, loss, [x])
    const tables = graph.initializers.slice(before).filter(({ value }) => value.shape.join() === "3,2")
    expect(tables).toHaveLength(1)
  })

  it("orders the gradients of a chain so that onnxruntime makes the upper layers' first", () => {
    // It starts from the last node that nothing uses; see runEarly.
    const graph = new Graph()
    const weights = [0, 1, 2].map((i) => graph.input(`w${i}`, "float32", [4, 4]))
    let y = graph.input("x", "float32", ["T", 4])
    for (const w of weights) y = ops.matMul(graph, y, w, { transposeB: true })
    const found = gradients(graph, ops.reduceSum(graph, y), weights)
    const made = graph.nodes.slice(-3).map(({ outputs }) => outputs[0])
    expect(made).toEqual(found)
  })

  it("takes parameters that are asked for twice, are the loss, or lie between others", async () => {
    const graph = new Graph()
    const x = graph.input("x", "float32", [2])
    const y = ops.mul(graph, x, x)
    const loss = ops.reduceSum(graph, y)
    const [dx, dy, again, one] = gradients(graph, loss, [x, y, x, loss])
    expect(again).toBe(dx)
    graph.output("dx", dx!)
    graph.output("dy", dy!)
    graph.output("one", one!)
    const found = await runOnce(graph, { x: { data: Float32Array.of(3, -2), shape: [2] } })
    expect(found).toEqual({
      dx: Float32Array.of(6, -4),
      dy: Float32Array.of(1, 1),
      one: Float32Array.of(1),
    })
  })
})

describe("closed forms", () => {
  it("Bradley-Terry: the gradient by a margin is -sigmoid(-margin) / n, also where the sigmoid is 0 or 1", async () => {
    const margins = Float32Array.of(-200, -3, 0, 0.5, 200)
    const graph = new Graph()
    const x = graph.input("x", "float32", ["S"])
    const loss = ops.neg(graph, ops.reduceMean(graph, ops.logSigmoid(graph, x)))
    graph.output("loss", loss)
    graph.output("dx", gradients(graph, loss, [x])[0]!)
    const found = await runOnce(graph, { x: { data: margins, shape: [5] } })
    const losses = Array.from(margins, (m) => (m < -100 ? -m : Math.log1p(Math.exp(-m))))
    expect(found.loss![0]).toBeCloseTo(losses.reduce((a, b) => a + b) / 5, 5)
    const expected = Array.from(margins, (m) => -1 / (1 + Math.exp(m)) / 5)
    expect(maxAbsDifference(found.dx!, expected)).toBeLessThan(1e-7)
  })

  it("log-probability of a token by pick and logSumExp: one-hot minus softmax", async () => {
    const logits = normals("logits", 3, 50)
    const targets = [7, 49, 0]
    const graph = new Graph()
    const x = graph.input("x", "float32", ["S", 50])
    const index = graph.input("index", "int32", ["S"])
    const logProbabilities = ops.sub(graph, ops.pick(graph, x, index), ops.logSumExp(graph, x, { axes: [1] }))
    graph.output("dx", gradients(graph, ops.reduceSum(graph, logProbabilities), [x])[0]!)
    const feeds = { x: logits, index: { data: Int32Array.from(targets), shape: [3] } }
    const found = await runOnce(graph, feeds)
    const expected = Array.from(logits.data, (logit, i) => {
      const row = logits.data.subarray(Math.floor(i / 50) * 50, Math.floor(i / 50) * 50 + 50)
      const total = row.reduce((sum, other) => sum + Math.exp(other), 0)
      return (i % 50 === targets[Math.floor(i / 50)] ? 1 : 0) - Math.exp(logit) / total
    })
    expect(maxAbsDifference(found.dx!, expected)).toBeLessThan(1e-6)
  })

  it("RMS normalisation: r · (h − x · r² · mean(x · h)) at width 256", async () => {
    const width = 256
    const [x, scale, dy] = [normals("x", 4, width), normals("scale", width), normals("dy", 4, width)]
    const graph = new Graph()
    const values = {
      x: graph.input("x", "float32", ["T", width]),
      scale: graph.input("scale", "float32", [width]),
      dy: graph.input("dy", "float32", ["T", width]),
    }
    const loss = weightedSum(graph, ops.rmsNorm(graph, values.x, values.scale, 1e-5), values.dy)
    const [dx, dscale] = gradients(graph, loss, [values.x, values.scale])
    graph.output("dx", dx!)
    graph.output("dscale", dscale!)
    const found = await runOnce(graph, { x, scale, dy })
    const wantedScale = new Float64Array(width)
    const wanted = new Float64Array(4 * width)
    for (let t = 0; t < 4; t++) {
      const row = x.data.subarray(t * width, (t + 1) * width)
      const r = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / width + 1e-5)
      const h = Array.from(scale.data, (s, j) => s * dy.data[t * width + j]!)
      const mean = h.reduce((sum, v, j) => sum + v * row[j]!, 0) / width
      for (let j = 0; j < width; j++) {
        wanted[t * width + j] = r * (h[j]! - row[j]! * r * r * mean)
        wantedScale[j]! += dy.data[t * width + j]! * row[j]! * r
      }
    }
    expect(maxAbsDifference(found.dx!, wanted)).toBeLessThan(5e-6)
    expect(maxAbsDifference(found.dscale!, wantedScale)).toBeLessThan(5e-6)
  })

  it("a linear layer over a batch: dx = dy · W, dW = dyᵀ · x, at 64 × 48 × 80", async () => {
    const [B, T, n, k] = [2, 32, 48, 80]
    const [x, w, dy] = [normals("x", B, T, k), normals("w", n, k), normals("dy", B, T, n)]
    const graph = new Graph()
    const values = {
      x: graph.input("x", "float32", ["B", "T", k]),
      w: graph.input("w", "float32", [n, k]),
      dy: graph.input("dy", "float32", ["B", "T", n]),
    }
    const loss = weightedSum(graph, ops.matMul(graph, values.x, values.w, { transposeB: true }), values.dy)
    const [dx, dw] = gradients(graph, loss, [values.x, values.w])
    graph.output("dx", dx!)
    graph.output("dw", dw!)
    const found = await runOnce(graph, { x, w, dy })
    const wantedX = new Float64Array(B * T * k)
    const wantedW = new Float64Array(n * k)
    for (let t = 0; t < B * T; t++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < k; j++) {
          wantedX[t * k + j]! += dy.data[t * n + i]! * w.data[i * k + j]!
          wantedW[i * k + j]! += dy.data[t * n + i]! * x.data[t * k + j]!
        }
      }
    }
    expect(maxAbsDifference(found.dx!, wantedX)).toBeLessThan(2e-5)
    expect(maxAbsDifference(found.dw!, wantedW)).toBeLessThan(2e-5)
  })
})

describe("duplicates in gather", () => {
  it("add up at 4096 indices into 64 rows of 256 on two threads, the same bits in ten runs", async () => {
    const [nIndices, nRows, width] = [4096, 64, 256]
    const dy = normals("dy", nIndices, width)
    const { integer } = random(5)
    const index = { data: Int32Array.from({ length: nIndices }, () => integer(nRows)), shape: [nIndices] }
    const graph = new Graph()
    const table = graph.input("table", "float32", [nRows, width])
    const indices = graph.input("index", "int32", ["S"])
    const weights = graph.input("dy", "float32", ["S", width])
    const loss = weightedSum(graph, ops.gather(graph, table, indices), weights)
    graph.output("d", gradients(graph, loss, [table])[0]!)
    const wanted = new Float64Array(nRows * width)
    for (let i = 0; i < nIndices; i++) {
      for (let j = 0; j < width; j++) wanted[index.data[i]! * width + j]! += dy.data[i * width + j]!
    }
    const session = await createSession(graph, { threads: 2 })
    const first = (await session.run({ table: normals("table", nRows, width), index, dy })).d!.data
    // Sums of 64 values of size 1 in float32.
    expect(maxAbsDifference(first, wanted)).toBeLessThan(2e-5)
    for (let run = 1; run < 10; run++) {
      const again = (await session.run({ table: normals("table", nRows, width), index, dy })).d!.data
      expect(again).toEqual(first)
    }
    await session.release()
  })
})

describe("errors", () => {
  const graph = new Graph()
  const x = graph.input("x", "float32", ["T", 3])
  const other = graph.input("other", "float32", [])
  const index = graph.input("index", "int32", ["T"])
  const total = ops.reduceSum(graph, x)

  it("names an operator without a rule, but only on the way from a parameter", () => {
    const odd = graph.node("Erf", [x], { dtype: "float32", shape: x.shape })
    const loss = ops.reduceSum(graph, odd)
    expect(() => gradients(graph, loss, [x])).toThrow(
      "gradients: operator Erf has no gradient rule (erf lies between a parameter and the loss)",
    )
    expect(() => gradients(graph, ops.mul(graph, loss, other), [other])).not.toThrow()
  })
  it("refuses a loss that is no scalar", () => {
    expect(() => gradients(graph, x, [x])).toThrow("gradients: expected a scalar loss, got [T, 3] (x)")
  })
  it("refuses parameters that the loss does not depend on, or only through integers", () => {
    expect(() => gradients(graph, total, [x, other])).toThrow("gradients: the loss does not depend on other")
    const rounded = ops.cast(graph, ops.cast(graph, other, "int32"), "float32")
    expect(() => gradients(graph, rounded, [other])).toThrow("gradients: the loss does not depend on other")
  })
  it("refuses integer parameters", () => {
    expect(() => gradients(graph, total, [index])).toThrow(
      "gradients: expected float32 parameters, got int32 (index)",
    )
  })
  it("refuses the tables of a rotary embedding as parameters", () => {
    const table = graph.input("table", "float32", [4, 2])
    const batched = graph.input("batched", "float32", [1, "T", 4])
    const at = graph.input("at", "int64", [1, "T"])
    const y = ops.rotaryEmbedding(graph, batched, at, table, table, { nHeads: 1 })
    expect(() => gradients(graph, ops.reduceSum(graph, y), [table])).toThrow(
      "gradients: RotaryEmbedding has no gradient rule for its tables",
    )
  })
})
