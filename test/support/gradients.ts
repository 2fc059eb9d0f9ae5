// Gradients of a graph against central differences of its outputs. The loss is a weighted sum of the outputs; for
// the differences it is summed in float64 from the engine's float32 outputs, at four points, so that the error is
// of order step⁴ and the outputs' rounding (6e-8, divided by the step) is what is left.

import { gradients } from "../../src/graph/gradient.ts"
import { Graph, type Dim, type Value } from "../../src/graph/graph.ts"
import * as ops from "../../src/graph/ops.ts"
import { createSession, type Tensor } from "../../src/graph/session.ts"
import { random } from "../../src/base/random.ts"

export interface GradientCase {
  /** Float inputs, each differentiated. */
  readonly inputs: Readonly<Record<string, readonly Dim[]>>
  /** Integer inputs and what to feed, given the length of every named dim. */
  readonly integers?: Readonly<
    Record<string, { shape: readonly Dim[]; values: (lengths: Lengths) => number[] }>
  >
  /** Where the inputs are drawn from, uniformly; defaults to [-1, 1]. */
  readonly from?: readonly [number, number]
  readonly build: (graph: Graph, values: Readonly<Record<string, Value>>) => Value
}

export type Lengths = Readonly<Record<string, number>>

/** Length of a dim such as `4`, `T`, `2*T` or `T+3`. */
const lengthOf = (dim: Dim, lengths: Lengths): number =>
  typeof dim === "number"
    ? dim
    : dim
        .split("+")
        .map((term) =>
          term.split("*").reduce((product, factor) => product * (lengths[factor] ?? Number(factor)), 1),
        )
        .reduce((a, b) => a + b)

/** Largest difference between gradient and central difference over all inputs, relative to max(1, |gradient|). */
export async function gradientError(
  { inputs, integers = {}, from = [-1, 1], build }: GradientCase,
  lengthSets: readonly Lengths[],
  step = 0.03,
): Promise<number> {
  const graph = new Graph()
  const values: Record<string, Value> = {}
  for (const [name, shape] of Object.entries(inputs)) values[name] = graph.input(name, "float32", shape)
  for (const [name, { shape }] of Object.entries(integers)) values[name] = graph.input(name, "int32", shape)
  const parameters = Object.keys(inputs).map((name) => values[name]!)
  const output = build(graph, values)
  const weights = graph.input("outputWeights", "float32", output.shape)
  const loss = ops.reduceSum(graph, ops.mul(graph, output, weights))
  gradients(graph, loss, parameters).forEach((gradient, k) => graph.output(`d${k}`, gradient))
  graph.output("output", output)
  const session = await createSession(graph, { threads: 1 })
  const { uniform } = random(1, "gradient check")
  const draw = (shape: readonly Dim[], lengths: Lengths, [low, high]: readonly [number, number]): Tensor => {
    const concrete = shape.map((dim) => lengthOf(dim, lengths))
    const data = new Float32Array(concrete.reduce((a, b) => a * b, 1))
    return { data: data.map(() => low + (high - low) * uniform()), shape: concrete }
  }
  let worst = 0
  for (const lengths of lengthSets) {
    const feeds: Record<string, Tensor> = { outputWeights: draw(output.shape, lengths, [-1, 1]) }
    for (const [name, shape] of Object.entries(inputs)) feeds[name] = draw(shape, lengths, from)
    for (const [name, { shape, values }] of Object.entries(integers)) {
      feeds[name] = {
        data: Int32Array.from(values(lengths)),
        shape: shape.map((dim) => lengthOf(dim, lengths)),
      }
    }
    const lossOf = async (): Promise<number> => {
      const { data } = (await session.run(feeds)).output!
      return data.reduce((sum, y, i) => sum + y * feeds.outputWeights!.data[i]!, 0)
    }
    const found = await session.run(feeds)
    for (const [k, name] of Object.keys(inputs).entries()) {
      const { data } = feeds[name]!
      const gradient = found[`d${k}`]!
      if (gradient.shape.join() !== feeds[name]!.shape.join()) return Infinity
      for (let i = 0; i < data.length; i++) {
        const x = data[i]!
        const at = async (offset: number): Promise<number> => {
          data[i] = x + offset
          return lossOf()
        }
        const near = (await at(step)) - (await at(-step))
        const far = (await at(2 * step)) - (await at(-2 * step))
        data[i] = x
        const expected = (8 * near - far) / (12 * step)
        const error = Math.abs(gradient.data[i]! - expected) / Math.max(1, Math.abs(expected))
        if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error
      }
    }
  }
  await session.release()
  return worst
}
