// A session that computes a loss and its gradient by every trained parameter. Parameters are inputs of the graph: every
// run is fed the current ones, and writes the gradients into the same arrays.

import { gradients } from "../graph/gradient.ts"
import type { Graph, Value } from "../graph/graph.ts"
import { createSession, type SessionOptions, type Tensor } from "../graph/session.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"

export interface GradientResult {
  readonly loss: number
  /** Every output that the graph had before, by its name. */
  readonly outputs: Readonly<Record<string, Tensor<Float32Array>>>
  /** Valid until the next run, which writes into the same arrays. */
  readonly gradients: ReadonlyMap<string, Float32Array>
}

export interface GradientSession {
  run(
    feeds: Readonly<Record<string, Tensor>>,
    parameters: ReadonlyMap<string, ParameterArray>,
  ): Promise<GradientResult>
  release(): Promise<void>
}

/** Declares an input for every parameter. */
export function parameterInputs(
  graph: Graph,
  parameters: ReadonlyMap<string, Pick<ParameterArray, "shape">>,
): Map<string, Value> {
  return new Map([...parameters].map(([name, { shape }]) => [name, graph.input(name, "float32", shape)]))
}

/**
 * Appends the gradients of a loss to its graph and loads it.
 *
 * @param loss - float32 scalar
 * @param parameters - inputs of the graph, by the names that a run feeds them by; their shapes are known
 * @param options.weightsFolder - folder of the files that the graph's frozen weights name, where it has any
 */
export async function createGradientSession(
  graph: Graph,
  loss: Value,
  parameters: ReadonlyMap<string, Value>,
  options: SessionOptions,
): Promise<GradientSession> {
  const names = [...parameters.keys()]
  const found = gradients(graph, loss, [...parameters.values()])
  graph.output("loss", loss)
  names.forEach((name, k) => graph.output(`gradient of ${name}`, found[k]!))
  const session = await createSession(graph, options)
  const places = new Map(
    [...parameters].map(([name, value]) => {
      const shape = value.shape.map(Number)
      const length = shape.reduce((product, dim) => product * dim, 1)
      return [`gradient of ${name}`, { shape, data: new Float32Array(length) }]
    }),
  )
  return {
    async run(feeds, current) {
      const outputs = await session.run({ ...feeds, ...Object.fromEntries(current) }, places)
      return {
        loss: outputs.loss!.data[0]!,
        outputs,
        gradients: new Map(names.map((name) => [name, places.get(`gradient of ${name}`)!.data])),
      }
    },
    release: () => session.release(),
  }
}

/** Adds a run's gradients to the sums of a batch; the batch's first run replaces them. */
export function addGradients(
  sums: ReadonlyMap<string, Float32Array>,
  gradients: ReadonlyMap<string, Float32Array>,
  isFirst: boolean,
): void {
  for (const [name, gradient] of gradients) {
    const sum = sums.get(name)!
    if (isFirst) sum.set(gradient)
    else for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!
  }
}
