// Does a device work here? A block's kinds of operators on small numbers, on the device and on the CPU.

import { random } from "../base/random.ts"
import { deviceTolerance, type Device } from "./device.ts"
import { Graph } from "./graph.ts"
import * as ops from "./ops.ts"
import { createSession, type Tensor } from "./session.ts"

export interface DeviceCheck {
  /** Largest difference to the CPU's numbers, relative to the largest of them. */
  readonly difference: number
  readonly works: boolean
}

const [length, width] = [48, 64]

/**
 * Runs a small graph on a device.
 *
 * @throws {LitmusError} if there is no such device here
 */
export async function checkDevice(device: Device): Promise<DeviceCheck> {
  const [expected, found] = [await runOn("cpu"), await runOn(device)]
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  let difference = 0
  expected.forEach((value, i) => {
    const error = Math.abs(found[i]! - value) / largest
    if (!(error <= difference)) difference = Number.isNaN(error) ? Infinity : error
  })
  return { difference, works: difference <= deviceTolerance[device] }
}

async function runOn(device: Device): Promise<Float32Array> {
  const graph = new Graph()
  const x = graph.input("x", "float32", ["T", width])
  const ends = graph.input("ends", "int32", ["T"])
  const weight = graph.input("weight", "float32", [width, width])
  const scale = graph.input("scale", "float32", [width])
  const normed = ops.rmsNorm(graph, x, scale, 1e-5)
  const product = ops.matMul(graph, normed, weight, { transposeB: true })
  const scores = ops.matMul(graph, product, normed, { transposeB: true, alpha: 0.2 })
  const hidden = graph.constant("float32", [], [-3e38])
  const mask = ops.where(graph, ops.less(graph, ops.range(graph, "T"), ends), scores, hidden)
  graph.output("y", ops.matMul(graph, ops.softmax(graph, mask), ops.silu(graph, product)))
  const session = await createSession(graph, { device })
  try {
    return (await session.run(feeds())).y!.data
  } finally {
    await session.release()
  }
}

function feeds(): Record<string, Tensor> {
  const { uniform } = random(0, "device check")
  const draw = (...shape: number[]): Tensor => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => uniform() - 0.5),
    shape,
  })
  return {
    x: draw(length, width),
    weight: draw(width, width),
    scale: draw(width),
    ends: { data: Int32Array.from({ length }, (_, i) => length - (i % 5)), shape: [length] },
  }
}
