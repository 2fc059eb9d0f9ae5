// Runs a graph in onnxruntime. Weights are mapped from their folder, not copied: prepacking and memory patterns
// are off, because each would keep a private copy (measured: sessions load in ~30 ms and share the page cache).
// Quantised weights are packed, where nothing else reads them: a row of 128 tokens then runs 2.7 times as fast, and what
// is packed takes the place of what was mapped.

import { existsSync } from "node:fs"
import { realpath } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node"
import { LitmusError, messageOf } from "../base/errors.ts"
import type { Device } from "./device.ts"
import { encodeModel } from "./onnx.ts"
import { forWebGpu } from "./webgpu.ts"
import type { Graph } from "./graph.ts"

/** What a run is fed and returns: elements in row-major order with their shape. */
export interface Tensor<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: Data
  readonly shape: readonly number[]
}

export interface SessionOptions {
  /** Folder of the files that the graph's weights name. */
  readonly weightsFolder?: string
  /** Threads inside one operator; 0, the default, lets onnxruntime choose (one per core). */
  readonly threads?: number
  /** Defaults to the CPU. */
  readonly device?: Device | undefined
  /**
   * Whether threads wait for each other by spinning, as by default: a little faster on an idle machine, several times
   * slower on one whose cores others want too. Results are the same.
   */
  readonly spinning?: boolean
  /** Let the engine keep packed copies of weights; false by default. */
  readonly prepack?: boolean
}

/** A graph ready to run. */
export interface Session {
  /**
   * Runs the graph once. The event loop is blocked until it ends.
   *
   * @param into - arrays to write outputs into, by their names; what is not named is allocated. The engine's own
   *   allocations are freed only when JavaScript next collects garbage: give arrays wherever runs are many
   * @returns every output of the graph, float32
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    into?: ReadonlyMap<string, Tensor<Float32Array>>,
  ): Promise<Record<string, Tensor<Float32Array>>>
  /** Frees the memory of the session. */
  release(): Promise<void>
}

/** Loads a graph into onnxruntime. */
export async function createSession(
  graph: Graph,
  { weightsFolder, threads = 0, spinning = true, device = "cpu", prepack = false }: SessionOptions = {},
): Promise<Session> {
  if (device === "cuda" && !hasCudaLibraries()) {
    throw new LitmusError(`device cuda: onnxruntime's CUDA libraries are not installed (${cudaHint})`)
  }
  // Loaded late: commands that answer from the cache never pay for it.
  const ort = await import("onnxruntime-node")
  const options: InferenceSession.SessionOptions = {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    logSeverityLevel: 3,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    enableMemPattern: false,
    extra: {
      session: {
        disable_prepacking: prepack ? "0" : "1",
        "intra_op.allow_spinning": spinning ? "1" : "0",
        ...(weightsFolder === undefined
          ? {}
          : { model_external_initializers_file_folder_path: await realpath(weightsFolder) }),
      },
    },
  }
  let session: InferenceSession
  try {
    const nodes = device === "webgpu" ? forWebGpu(graph) : graph.nodes
    session = await ort.InferenceSession.create(encodeModel(graph, nodes), options)
  } catch (error) {
    const hint = device === "cpu" ? "" : " (litmus devices says what works here)"
    throw new LitmusError(`onnxruntime cannot load the graph on ${device}: ${reasonOf(error)}${hint}`, {
      cause: error,
    })
  }
  return {
    async run(feeds, into) {
      const inputs: Record<string, OrtTensor> = {}
      for (const [name, { data, shape }] of Object.entries(feeds)) {
        inputs[name] =
          data instanceof Float32Array
            ? new ort.Tensor("float32", data, shape)
            : new ort.Tensor("int32", data, shape)
      }
      const fetches: Record<string, OrtTensor | null> = {}
      for (const name of session.outputNames) {
        const place = into?.get(name)
        fetches[name] = place ? new ort.Tensor("float32", place.data, place.shape) : null
      }
      const results = await session.run(inputs, fetches).catch((error: unknown) => {
        throw new LitmusError(`onnxruntime failed on ${device}: ${reasonOf(error)}`, { cause: error })
      })
      const outputs: Record<string, Tensor<Float32Array>> = {}
      for (const [name, tensor] of Object.entries(results)) {
        outputs[name] = { data: tensor.data as Float32Array, shape: tensor.dims }
      }
      return outputs
    },
    release: () => session.release(),
  }
}

const cudaHint =
  "for Linux on x64 with CUDA 12, this downloads them: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install"

/** False where onnxruntime would fail to load its provider, and write lines of its own to the terminal. */
function hasCudaLibraries(): boolean {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node")
  const folder = join(dirname(main), "..", "bin", "napi-v6", process.platform, process.arch)
  const names = ["libonnxruntime_providers_cuda.so", "onnxruntime_providers_cuda.dll"]
  return names.some((name) => existsSync(join(folder, name)))
}

/** What onnxruntime says went wrong, without the place in its sources. */
export function reasonOf(error: unknown): string {
  const lines = messageOf(error)
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
  return (lines[0] ?? "unknown error").replace(/^\/\S+:\d+ .* was false\. /, "")
}
