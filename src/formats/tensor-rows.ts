// Reads a tensor from an open file by ranges, in pieces of whole rows, so that a tensor larger than memory costs only a
// piece. Apart from tensor-file.ts, whose types the library exports: they need no declarations of Node.

import type { FileHandle } from "node:fs/promises"
import { LitmusError } from "../base/errors.ts"
import { elementTypes, toFloat32 } from "./element-types.ts"
import type { TensorEntry } from "./tensor-file.ts"

/** Bytes of float32 that a piece has at most, but for rows that are longer. */
const pieceBytes = 32 << 20

/** The rows of one tensor of an open file, as `TensorFile` has it. */
export async function* readRows(
  file: FileHandle,
  path: string,
  name: string,
  { dtype, shape, begin, end, interleaved = 1 }: TensorEntry,
  onBytes: (bytes: Uint8Array) => void = () => {},
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const type = elementTypes.get(dtype)
  if (!type) throw new LitmusError(`${path}: tensor ${name}: expected F32, F16 or BF16, got ${dtype}`)
  // The entries of a vector, a bias among them, are rows of their own.
  const rowEntries = shape.length > 1 ? shape.at(-1)! : type.entries
  const rowBytes = (rowEntries / type.entries) * type.bytes
  const groupBytes = interleaved * rowBytes
  const step = Math.max(1, Math.floor(pieceBytes / (4 * rowEntries * interleaved))) * groupBytes
  for (let at = begin; at < end; at += step) {
    const stored = await readRange(file, at, Math.min(at + step, end), path)
    const bytes = interleaved > 1 ? deinterleaved(stored, interleaved, rowBytes) : stored
    const values = toFloat32(bytes, dtype, `${path}: tensor ${name}`)
    onBytes(bytes)
    yield values
  }
}

/** Rows of groups whose halves are interleaved, one half after the other. */
function deinterleaved(stored: Uint8Array, nRows: number, rowBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(stored.length)
  const groupBytes = nRows * rowBytes
  for (let group = 0; group < stored.length; group += groupBytes) {
    for (let row = 0; row < nRows; row++) {
      const from = group + row * rowBytes
      const place = (row >> 1) + (row & 1 ? nRows / 2 : 0)
      bytes.set(stored.subarray(from, from + rowBytes), group + place * rowBytes)
    }
  }
  return bytes
}

/** Bytes `begin` to `end` of a file. */
export async function readRange(
  file: FileHandle,
  begin: number,
  end: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - begin)
  let done = 0
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, 1 << 30)
    const { bytesRead } = await file.read(bytes, done, length, begin + done)
    if (bytesRead === 0)
      throw new LitmusError(`${path}: the file ends at byte ${begin + done} (it is truncated)`)
    done += bytesRead
  }
  return bytes
}
