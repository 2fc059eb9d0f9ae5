// Which tensor library runs, and that it costs nothing until it does.

import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { tensorBackend } from "../../probes/math/tensor-backend.ts"
import { chooseTensorBackend } from "../../probes/math/tensor-backend-name.ts"

describe("tensorBackend", () => {
  it("is WebAssembly where no native package is installed, and leaves the process's error handling alone", async () => {
    const { name, tf } = await tensorBackend()
    expect(name).toBe("wasm")
    expect(tf.getBackend()).toBe("wasm")
    // Emscripten would print all of its source and throw again.
    const listeners = [
      ...process.rawListeners("unhandledRejection"),
      ...process.rawListeners("uncaughtException"),
    ]
    expect(listeners.filter((listener) => /throw (?:ex|reason)\b/.test(String(listener)))).toEqual([])
  })

  it("says what to do where a native package was asked for and is missing", async () => {
    await expect(tensorBackend("node-gpu")).rejects.toThrow(
      "tfjs backend node-gpu: @tensorflow/tfjs-node-gpu is not installed (npm install @tensorflow/tfjs-node-gpu, or use wasm)",
    )
    expect(() => chooseTensorBackend("webgl")).toThrow(
      'unknown tfjs backend "webgl": known: auto, wasm, node, node-gpu',
    )
  })

  it("is not loaded by looking at the probes", async () => {
    const script =
      'import("./probes/index.ts").then(() => console.log(Object.keys(require("module")._cache).some((f) => f.includes("tfjs"))))'
    const output = execFileSync(process.execPath, ["--import", "tsx", "-e", script], { encoding: "utf8" })
    expect(output.trim()).toBe("false")
  })
})
