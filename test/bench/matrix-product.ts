// The yardstick of every speed figure: onnxruntime's own float32 product of 2048×4096 by 4096×4096, its weight packed
// beforehand. Measured in turn with what is compared, because the machine's speed wanders.

import { InferenceSession, Tensor } from "onnxruntime-node"
import { Graph } from "../../src/graph/graph.ts"
import { encodeModel } from "../../src/graph/onnx.ts"
import { matMul } from "../../src/graph/ops.ts"

const [m, k, n] = [2048, 4096, 4096]

export interface MatrixProduct {
  /** Runs the product once; returns its speed in operations per second. */
  run(): Promise<number>
  release(): Promise<void>
}

export async function matrixProduct(threads: number): Promise<MatrixProduct> {
  const graph = new Graph()
  const x = graph.input("x", "float32", [m, k])
  const weight = new Float32Array(k * n).map((_, i) => ((i % 97) - 48) / 1e3)
  const w = graph.constant("float32", [k, n], weight)
  graph.output("y", matMul(graph, x, w))
  const session = await InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  const feed = { x: new Tensor("float32", new Float32Array(m * k).fill(0.5), [m, k]) }
  return {
    async run() {
      const began = performance.now()
      await session.run(feed)
      return (2 * m * k * n) / ((performance.now() - began) / 1000)
    },
    release: () => session.release(),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

export interface PairedRatio {
  /** Median over the rounds of speed / yardstick. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** Median speed, operations per second. */
  readonly speed: number
  readonly yardstick: number
}

/** Measures something in turn with the yardstick; `run` returns its speed in operations per second. */
export async function pairedRatio(
  run: () => Promise<number>,
  yardstick: MatrixProduct,
  rounds = 9,
): Promise<PairedRatio> {
  await run()
  await yardstick.run()
  const ratios: number[] = []
  const speeds: number[] = []
  const yardsticks: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = await yardstick.run()
    const speed = await run()
    const after = await yardstick.run()
    yardsticks.push((before + after) / 2)
    speeds.push(speed)
    ratios.push((2 * speed) / (before + after))
  }
  const sorted = ratios.toSorted((a, b) => a - b)
  return {
    ratio: median(ratios),
    low: sorted[0]!,
    high: sorted.at(-1)!,
    speed: median(speeds),
    yardstick: median(yardsticks),
  }
}
