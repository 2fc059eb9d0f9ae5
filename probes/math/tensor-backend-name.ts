// The choice of a tensor backend, apart from loading one: it is part of the library's interface, whose declarations must
// not depend on TensorFlow.js's own (they fail to compile under `skipLibCheck: false`).

import { unknownName } from "../../src/base/errors.ts"

/** `auto`: the native GPU package where it is installed, else the native CPU package, else WebAssembly. */
export const tensorBackendNames = ["auto", "wasm", "node", "node-gpu"] as const
export type TensorBackendName = (typeof tensorBackendNames)[number]

/** Environment variable that names the backend where the program does not. */
export const backendVariable = "LITMUS_TFJS_BACKEND"

let chosen: TensorBackendName | undefined

/**
 * Chooses the backend for this process; without it the environment's LITMUS_TFJS_BACKEND decides, and then `auto`.
 *
 * @throws {LitmusError} listing the known names if the name is unknown
 */
export function chooseTensorBackend(name: string): void {
  chosen = checkedName(name)
}

/** The backend to load: the one named here, else the chosen one, else the environment's, else `auto`. */
export function requestedBackend(name?: TensorBackendName): TensorBackendName {
  return checkedName(name ?? chosen ?? (process.env[backendVariable] || "auto"))
}

function checkedName(name: string): TensorBackendName {
  const known = tensorBackendNames.find((candidate) => candidate === name)
  if (known === undefined) throw unknownName("tfjs backend", name, tensorBackendNames)
  return known
}
