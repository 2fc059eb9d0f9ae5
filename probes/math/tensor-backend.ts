// TensorFlow.js for the probes that are trained by gradient. It is loaded when the first of them is fitted, so that
// nothing else pays for it: WebAssembly everywhere, or the native package that the user has installed beside it.

import { createRequire } from "node:module"
import { LitmusError, messageOf } from "../../src/base/errors.ts"
import { backendVariable, requestedBackend, type TensorBackendName } from "./tensor-backend-name.ts"

/** The tensor library: `@tensorflow/tfjs-core`, or what a native package exports under the same names. */
export type Tf = typeof import("@tensorflow/tfjs-core")

export interface TensorBackend {
  readonly tf: Tf
  /** What runs the products: results of two backends differ in their last digits. */
  readonly name: Exclude<TensorBackendName, "auto">
}

const packages = { node: "@tensorflow/tfjs-node", "node-gpu": "@tensorflow/tfjs-node-gpu" } as const

const loaded = new Map<TensorBackend["name"], Promise<TensorBackend>>()

/**
 * Loads the backend, once.
 *
 * @param name - defaults to what was chosen
 * @throws {LitmusError} if it was asked for by name and is not installed, or is installed and cannot be loaded
 */
export async function tensorBackend(name?: TensorBackendName): Promise<TensorBackend> {
  const requested = requestedBackend(name)
  const resolved = requested === "auto" ? firstInstalled() : requested
  let backend = loaded.get(resolved)
  if (!backend) {
    backend = resolved === "wasm" ? loadWasm() : loadNative(resolved)
    loaded.set(resolved, backend)
  }
  const { tf } = await backend
  // The two native packages and WebAssembly may share one library: the last to be asked for must be the one that runs.
  await tf.setBackend(resolved === "wasm" ? "wasm" : "tensorflow")
  return await backend
}

async function loadWasm(): Promise<TensorBackend> {
  const tf = await import("@tensorflow/tfjs-core")
  await import("@tensorflow/tfjs-backend-wasm")
  const restore = processListeners()
  try {
    if (!(await tf.setBackend("wasm"))) {
      throw new LitmusError("tfjs: the WebAssembly backend does not start on this machine")
    }
    await tf.ready()
  } finally {
    restore()
  }
  return { tf, name: "wasm" }
}

/** The compiled module listens for uncaught errors and throws them again with all of its source: not in our process. */
function processListeners(): () => void {
  const events = ["uncaughtException", "unhandledRejection"] as const
  const before = events.map((event) => process.rawListeners(event))
  return () => {
    events.forEach((event, k) => {
      for (const listener of process.rawListeners(event)) {
        const isTheirs = !before[k]!.includes(listener) && /throw (?:ex|reason)\b/.test(String(listener))
        if (isTheirs) process.removeListener(event, listener as () => void)
      }
    })
  }
}

async function loadNative(name: keyof typeof packages): Promise<TensorBackend> {
  const id = packages[name]
  if (!isInstalled(id)) {
    throw new LitmusError(`tfjs backend ${name}: ${id} is not installed (npm install ${id}, or use wasm)`)
  }
  try {
    const tf = (await import(id)) as Tf
    await tf.ready()
    return { tf, name }
  } catch (error) {
    throw new LitmusError(
      `tfjs backend ${name}: ${id} is installed and cannot be loaded: ${messageOf(error)} (use wasm: ${backendVariable}=wasm)`,
      { cause: error },
    )
  }
}

function firstInstalled(): TensorBackend["name"] {
  return (["node-gpu", "node"] as const).find((name) => isInstalled(packages[name])) ?? "wasm"
}

function isInstalled(id: string): boolean {
  try {
    createRequire(import.meta.url).resolve(id)
    return true
  } catch {
    return false
  }
}
