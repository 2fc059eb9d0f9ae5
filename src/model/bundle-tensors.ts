// Reading single parameters of a bundle into memory.

import { open } from "node:fs/promises"
import { join } from "node:path"
import { LitmusError } from "../errors.ts"
import { bundleWeightsFile, type Bundle } from "./bundle.ts"

/** A parameter of a bundle, float32. */
export async function readBundleTensor(bundle: Bundle, name: string): Promise<Float32Array<ArrayBuffer>> {
  const tensor = bundle.tensors[name]
  if (!tensor) throw new LitmusError(`model ${bundle.fingerprint}: no parameter ${name}`)
  const values = new Float32Array(tensor.length / 4)
  const file = await open(join(bundle.folder, bundleWeightsFile), "r")
  try {
    await file.read(values, 0, tensor.length, tensor.offset)
  } finally {
    await file.close()
  }
  return values
}
