// What a result depends on besides its inputs: the engine and the machine's kind of arithmetic.

import { readFileSync } from "node:fs"
import { arch } from "node:process"
import { versionOf } from "../base/version.ts"
import type { Device } from "./device.ts"

/** Changes when the same inputs would give other numbers than before; independent of the package's version. */
export const numericsVersion = 1

/**
 * Names the engine, how it runs and the instruction set it would choose: bits differ between these, so that
 * activations made with one are not taken for another's. (Quantised weights, which are packed, have fingerprints of their own.)
 */
export function engineName(provider: Device = "cpu"): string {
  const onnxruntime = versionOf("onnxruntime-node/package.json")
  return `onnxruntime ${onnxruntime} ${provider} no-prepacking ${instructionSet()} numerics ${numericsVersion}`
}

function instructionSet(): string {
  let flags: string
  try {
    flags = readFileSync("/proc/cpuinfo", "utf8")
  } catch {
    return arch
  }
  const known = ["amx_tile", "avx512_bf16", "avx512f", "avx2", "avx", "sve", "asimd"]
  return `${arch} ${known.find((name) => new RegExp(`\\b${name}\\b`).test(flags)) ?? "baseline"}`
}
