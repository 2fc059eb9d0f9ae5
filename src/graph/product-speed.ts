// How fast this machine multiplies matrices: the yardstick by which the time of planned work is estimated.

import { InferenceSession, Tensor } from "onnxruntime-node"
import { Graph } from "./graph.ts"
import { encodeModel } from "./onnx.ts"
import { matMul } from "./ops.ts"

const [m, k, n] = [512, 2048, 2048]

/**
 * Floating-point operations per second of a float32 matrix product in the engine, the best of a few runs.
 *
 * @param threads - 0 for one per core
 */
export async function productSpeed(threads: number): Promise<number> {
  const graph = new Graph()
  const x = graph.input("x", "float32", [m, k])
  const weight = new Float32Array(k * n).map((_, i) => ((i % 97) - 48) / 1e3)
  graph.output("y", matMul(graph, x, graph.constant("float32", [k, n], weight)))
  const session = await InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  const feed = { x: new Tensor("float32", new Float32Array(m * k).fill(0.5), [m, k]) }
  let best = 0
  for (let run = 0; run < 5; run++) {
    const began = performance.now()
    await session.run(feed)
    best = Math.max(best, (2 * m * k * n) / ((performance.now() - began) / 1000))
  }
  await session.release()
  return best
}
