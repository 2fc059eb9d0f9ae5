// Every gradient rule against central differences, at two lengths of the named dims in one session.
// Tolerance 5e-5 relative to max(1, |gradient|): outputs round at 6e-8 · size, divided by a step of 0.03; what is
// wrong by a factor, a sign or a missed term differs by far more.

import { describe, expect, it } from "vitest"
import * as ops from "../../src/graph/ops.ts"
import { rotaryTables } from "../../src/model/architectures/rope.ts"
import { gradientError, type GradientCase } from "../support/gradients.ts"

const tolerance = 5e-5
const lengths = [
  { T: 5, S: 3, N: 3, U: 5 },
  { T: 1, S: 2, N: 1, U: 3 },
]

const every = (n: number, factor: number, modulus: number): number[] =>
  Array.from({ length: n }, (_, i) => (i * factor) % modulus)
const positive = [0.5, 1.5] as const

const cases: Record<string, GradientCase> = {
  add: { inputs: { a: ["T", 3], b: [3] }, build: (g, { a, b }) => ops.add(g, a!, b!) },
  "add of a value to itself": { inputs: { a: ["T"] }, build: (g, { a }) => ops.add(g, a!, a!) },
  sub: { inputs: { a: [3], b: ["T", 3] }, build: (g, { a, b }) => ops.sub(g, a!, b!) },
  mul: { inputs: { a: ["T", 1, 3], b: [2, 1] }, build: (g, { a, b }) => ops.mul(g, a!, b!) },
  "mul of a value with itself": { inputs: { a: ["T"] }, build: (g, { a }) => ops.mul(g, a!, a!) },
  div: { inputs: { a: ["T", 2], b: ["T", 1] }, from: positive, build: (g, { a, b }) => ops.div(g, a!, b!) },
  neg: { inputs: { x: ["T"] }, build: (g, { x }) => ops.neg(g, x!) },
  reciprocal: { inputs: { x: ["T"] }, from: positive, build: (g, { x }) => ops.reciprocal(g, x!) },
  sqrt: { inputs: { x: ["T"] }, from: positive, build: (g, { x }) => ops.sqrt(g, x!) },
  exp: { inputs: { x: ["T"] }, build: (g, { x }) => ops.exp(g, x!) },
  log: { inputs: { x: ["T"] }, from: positive, build: (g, { x }) => ops.log(g, x!) },
  tanh: { inputs: { x: ["T"] }, build: (g, { x }) => ops.tanh(g, x!) },
  "relu above zero": { inputs: { x: ["T"] }, from: positive, build: (g, { x }) => ops.relu(g, x!) },
  "relu below zero": { inputs: { x: ["T"] }, from: [-1.5, -0.5], build: (g, { x }) => ops.relu(g, x!) },
  sigmoid: { inputs: { x: ["T"] }, build: (g, { x }) => ops.sigmoid(g, x!) },
  silu: { inputs: { x: ["T", 2] }, from: [-4, 4], build: (g, { x }) => ops.silu(g, x!) },
  gelu: { inputs: { x: ["T", 2] }, from: [-4, 4], build: (g, { x }) => ops.gelu(g, x!) },
  "gelu by a hyperbolic tangent": {
    inputs: { x: ["T", 2] },
    from: [-4, 4],
    build: (g, { x }) => ops.gelu(g, x!, { approximate: true }),
  },
  softCap: { inputs: { x: ["T", 2] }, from: [-4, 4], build: (g, { x }) => ops.softCap(g, x!, 1.5) },
  softplus: { inputs: { x: ["T"] }, from: [-4, 4], build: (g, { x }) => ops.softplus(g, x!) },
  logSigmoid: { inputs: { x: ["T"] }, from: [-4, 4], build: (g, { x }) => ops.logSigmoid(g, x!) },
  where: {
    inputs: { a: ["T", 3], b: [] },
    integers: { which: { shape: ["T", 3], values: ({ T }) => every(3 * T!, 1, 2) } },
    build: (g, { a, b, which }) =>
      ops.where(g, ops.equal(g, which!, g.constant("int32", [], [1])), a!, ops.mul(g, b!, b!)),
  },
  "cast to the same type": { inputs: { x: ["T"] }, build: (g, { x }) => ops.cast(g, x!, "float32") },
  reduceSum: {
    inputs: { x: ["T", 2, 3] },
    build: (g, { x }) => ops.reduceSum(g, ops.mul(g, x!, x!), { axes: [0, -1] }),
  },
  "reduceSum that keeps dims": {
    inputs: { x: ["T", 2, 3] },
    build: (g, { x }) => ops.reduceSum(g, ops.mul(g, x!, x!), { axes: [1], keepDims: true }),
  },
  "reduceMean over a named dim": {
    inputs: { x: ["T", 2] },
    build: (g, { x }) => ops.reduceMean(g, ops.mul(g, x!, x!), { axes: [0] }),
  },
  "reduceMean of everything": {
    inputs: { x: ["T", 2] },
    build: (g, { x }) => ops.reduceMean(g, ops.exp(g, x!)),
  },
  "reduceMean over a known dim": {
    inputs: { x: ["T", 4] },
    build: (g, { x }) => ops.reduceMean(g, x!, { axes: [1], keepDims: true }),
  },
  reduceSumSquare: {
    inputs: { x: ["T", 3] },
    build: (g, { x }) => ops.reduceSumSquare(g, x!, { axes: [1] }),
  },
  logSumExp: { inputs: { x: ["T", 3] }, build: (g, { x }) => ops.logSumExp(g, x!, { axes: [-1] }) },
  softmax: { inputs: { x: ["T", 4] }, build: (g, { x }) => ops.softmax(g, x!) },
  "softmax that multiplies from the left": {
    inputs: { x: [2, "T", "S"], v: [2, "S", 3] },
    build: (g, { x, v }) => ops.matMul(g, ops.softmax(g, x!), v!, { alpha: 0.5 }),
  },
  "softmax that multiplies from the left, transposed": {
    inputs: { x: ["T", "S"], v: ["T", 3] },
    build: (g, { x, v }) => ops.matMul(g, ops.softmax(g, x!), v!, { transposeA: true }),
  },
  "softmax, square, that multiplies from the left, transposed": {
    inputs: { x: ["T", "T"], v: ["T", 3] },
    build: (g, { x, v }) => ops.matMul(g, ops.softmax(g, x!), v!, { transposeA: true }),
  },
  "softmax used twice": {
    inputs: { x: ["T", "S"], v: ["S", 3] },
    build: (g, { x, v }) => {
      const y = ops.softmax(g, x!)
      return ops.mul(g, ops.matMul(g, y, v!), ops.reduceSumSquare(g, y, { axes: [1], keepDims: true }))
    },
  },
  "softmax that multiplies with broadcasting": {
    inputs: { x: ["T", "S"], v: [2, "S", 3] },
    build: (g, { x, v }) => ops.matMul(g, ops.softmax(g, x!), v!),
  },
  logSoftmax: { inputs: { x: ["T", 4] }, build: (g, { x }) => ops.logSoftmax(g, x!) },
  pick: {
    inputs: { x: ["T", 4] },
    integers: { index: { shape: ["T"], values: ({ T }) => every(T!, 3, 4) } },
    build: (g, { x, index }) => ops.pick(g, ops.mul(g, x!, x!), index!),
  },
  reshape: {
    inputs: { x: ["T", 2, "S", 3] },
    build: (g, { x }) => ops.reshape(g, ops.mul(g, x!, x!), ["T", "S", 6]),
  },
  transpose: {
    inputs: { x: ["T", 2, 3, "S"] },
    build: (g, { x }) => ops.transpose(g, ops.mul(g, x!, x!), [2, 0, 3, 1]),
  },
  expand: {
    inputs: { x: [1, 3], named: ["T"] },
    build: (g, { x, named }) => ops.mul(g, ops.expand(g, x!, [2, "T", 3]), ops.reshape(g, named!, ["T", 1])),
  },
  "concat along a named dim": {
    inputs: { a: [2, 3], b: ["T", 3], c: ["S", 3] },
    build: (g, { a, b, c }) => {
      const all = ops.concat(g, [a!, b!, c!], { axis: 0 })
      return ops.mul(g, all, all)
    },
  },
  "concat to a dim that an input names": {
    inputs: { prompt: [2, 3], text: ["N", 3], all: ["U", 3] },
    build: (g, { prompt, text, all }) =>
      ops.mul(g, ops.concat(g, [prompt!, text!], { axis: 0, dim: "U" }), all!),
  },
  "matMul of a batch whose rows have a computed length": {
    inputs: { a: [3, "T", 2], b: [3, 4, 2], w: [5, 2] },
    build: (g, { a, b, w }) => ops.matMul(g, ops.concat(g, [a!, b!], { axis: 1 }), w!, { transposeB: true }),
  },
  "slice of a known dim": {
    inputs: { x: ["T", 6] },
    build: (g, { x }) => ops.slice(g, ops.mul(g, x!, x!), { axis: 1, start: 1, end: 4 }),
  },
  "slice of a named dim": {
    inputs: { x: [2, "T"] },
    build: (g, { x }) => ops.slice(g, ops.mul(g, x!, x!), { axis: 1, start: 1 }),
  },
  "gather of rows, with duplicates": {
    inputs: { table: [4, 3] },
    integers: { index: { shape: ["T"], values: ({ T }) => every(T!, 2, 4) } },
    build: (g, { table, index }) => ops.gather(g, ops.mul(g, table!, table!), index!),
  },
  "gather with indices of two axes from a table of three": {
    inputs: { table: ["T", 2, 2] },
    integers: { index: { shape: ["S", 2], values: ({ S, T }) => every(2 * S!, 1, Math.min(2, T!)) } },
    build: (g, { table, index }) => ops.gather(g, table!, index!),
  },
  rmsNorm: {
    inputs: { x: ["T", 4], scale: [4] },
    from: positive,
    build: (g, { x, scale }) => ops.rmsNorm(g, x!, scale!, 1e-5),
  },
  layerNorm: {
    inputs: { x: ["T", 4], scale: [4], bias: [4] },
    build: (g, { x, scale, bias }) => ops.layerNorm(g, x!, scale!, bias!, 1e-2),
  },
  "rotaryEmbedding of a part of every head": {
    inputs: { x: [1, "T", 16] },
    integers: { positions: { shape: [1, "T"], values: ({ T }) => every(T!, 2, 7) } },
    build: (g, { x, positions }) => {
      const { cos, sin } = rotaryTables({ type: "default", theta: 10 }, { width: 4, nPositions: 9 })
      const at = ops.cast(g, positions!, "int64")
      const table = (values: Float32Array) => g.constant("float32", [9, 2], values)
      return ops.rotaryEmbedding(g, x!, at, table(cos), table(sin), { nHeads: 2 })
    },
  },
  rotaryEmbedding: {
    inputs: { x: [1, "T", 16] },
    integers: { positions: { shape: [1, "T"], values: ({ T }) => every(T!, 2, 7) } },
    build: (g, { x, positions }) => {
      const { cos, sin } = rotaryTables({ type: "default", theta: 10 }, { width: 8, nPositions: 9 })
      const at = ops.cast(g, positions!, "int64")
      const table = (values: Float32Array) => g.constant("float32", [9, 4], values)
      return ops.rotaryEmbedding(g, x!, at, table(cos), table(sin), { nHeads: 2 })
    },
  },
}

const flags = [false, true]
for (const transposeA of flags) {
  for (const transposeB of flags) {
    for (const [name, batchA, batchB] of [
      ["matrices", [], []],
      ["a batch and one matrix", ["T"], []],
      ["a batch of two axes and one matrix", [2, "T"], [1]],
      ["one matrix and a batch", [], ["T"]],
      ["grouped queries and their key", [2, 3], [2, 1]],
      ["a broadcast of the outer axis", [2, 3], [1, 3]],
      ["a broadcast of both", [2, 1], [1, "T"]],
    ] as const) {
      const a = transposeA ? [4, "S"] : ["S", 4]
      const b = transposeB ? [2, 4] : [4, 2]
      cases[`matMul of ${name}, transposed ${transposeA}, ${transposeB}`] = {
        inputs: { a: [...batchA, ...a], b: [...batchB, ...b] },
        build: (g, values) => ops.matMul(g, values.a!, values.b!, { transposeA, transposeB, alpha: 0.7 }),
      }
    }
  }
}

describe("a gradient rule agrees with central differences", () => {
  it.each(Object.entries(cases))("%s", async (name, gradientCase) => {
    const sets = name === "slice of a named dim" ? [lengths[0]!, { T: 2 }] : lengths
    expect(await gradientError(gradientCase, sets)).toBeLessThan(tolerance)
  })
})
