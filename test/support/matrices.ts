// Matrices and float64 tensors for tests.

import { openSafetensors } from "../../src/formats/safetensors.ts"
import type { FeatureView } from "../../probes/math/logistic.ts"
import { random } from "../../src/base/random.ts"

/** All of a matrix, as the logistic regression takes it. */
export function viewOf(data: ArrayLike<number>, width: number): FeatureView {
  return {
    data,
    stride: width,
    begin: 0,
    width,
    rows: Array.from({ length: data.length / width }, (_, row) => row),
  }
}

/** Standard normal numbers. */
export function normals(length: number, ...labels: (string | number)[]): Float64Array {
  return Float64Array.from({ length }, random(1, ...labels).normal)
}

/** Reads tensors of any of the three types that the golden files use. */
export async function readTensors(path: string, names: readonly string[]): Promise<number[][]> {
  const file = await openSafetensors(path)
  try {
    const read: number[][] = []
    for (const name of names) {
      const { buffer, byteOffset, byteLength } = await file.readBytes(name)
      const bytes = buffer.slice(byteOffset, byteOffset + byteLength)
      const { dtype } = file.tensors.get(name)!
      if (dtype === "F64") read.push([...new Float64Array(bytes)])
      else if (dtype === "F32") read.push([...new Float32Array(bytes)])
      else read.push([...new Int32Array(bytes)])
    }
    return read
  } finally {
    await file.close()
  }
}
