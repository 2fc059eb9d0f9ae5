// Reading single parameters of a bundle into memory.

import { open } from "node:fs/promises"
import { join } from "node:path"
import { LitmusError } from "../../base/errors.ts"
import { bundleWeightsFile, type Bundle, type BundleTensor } from "./format.ts"

/**
 * Where a parameter of a bundle lies.
 *
 * @throws {LitmusError} if there is none of that name, or it is quantised
 */
export function bundleTensor({ tensors, quantization, fingerprint }: Bundle, name: string): BundleTensor {
  const tensor = tensors[name]
  if (tensor) return tensor
  if (quantization?.tensors[name.replace(/\.weight$/, "")]) {
    throw new LitmusError(
      `model ${fingerprint}: ${name} is stored as ${quantization.type}: leave out --quantize`,
    )
  }
  throw new LitmusError(`model ${fingerprint}: no parameter ${name}`)
}

/** A parameter of a bundle, float32. */
export async function readBundleTensor(bundle: Bundle, name: string): Promise<Float32Array<ArrayBuffer>> {
  const tensor = bundleTensor(bundle, name)
  // Read as bytes: Deno does not fill other views.
  const bytes = new Uint8Array(tensor.length)
  const file = await open(join(bundle.folder, bundleWeightsFile), "r")
  try {
    await file.read(bytes, 0, tensor.length, tensor.offset)
    return new Float32Array(bytes.buffer)
  } finally {
    await file.close()
  }
}
