// The safetensors format: an 8-byte header length, a JSON header naming each tensor's type, shape and byte range,
// then the bytes. Read by ranges, so that a file larger than memory costs only the tensors asked for.
// Format: https://github.com/huggingface/safetensors, "Format". Nothing in a header is believed unchecked.

import { open, type FileHandle } from "node:fs/promises"
import { FileError, LitmusError } from "../base/errors.ts"
import { writeFileAtomic } from "../base/files.ts"
import { toFloat32 } from "./element-types.ts"
import { checkDisjoint, type TensorEntry, type TensorFile } from "./tensor-file.ts"
import { readRange, readRows } from "./tensor-rows.ts"

const bytesPerElement: ReadonlyMap<string, number> = new Map(
  Object.entries({
    BOOL: 1,
    U8: 1,
    I8: 1,
    F8_E4M3: 1,
    F8_E5M2: 1,
    I16: 2,
    U16: 2,
    F16: 2,
    BF16: 2,
    I32: 4,
    U32: 4,
    F32: 4,
    F64: 8,
    I64: 8,
    U64: 8,
  }),
)

// The format's own limit; without it a header that lies makes us reserve as much memory as the file is long.
const maxHeaderBytes = 100_000_000

/** An open safetensors file. */
export interface SafetensorsFile extends TensorFile {
  readonly metadata: Readonly<Record<string, string>>
  /** Raw little-endian bytes of a tensor, or of a range of it. */
  readBytes(name: string, range?: { begin: number; end: number }): Promise<Uint8Array<ArrayBuffer>>
  /** A tensor as float32; F32, F16 and BF16 are understood. */
  readFloat32(name: string): Promise<Float32Array<ArrayBuffer>>
}

/**
 * Opens a safetensors file and checks its header.
 *
 * @throws {LitmusError} if the file is truncated, its header lies, or byte ranges overlap or leave the file
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  let file: FileHandle
  try {
    file = await open(path, "r")
  } catch (error) {
    throw new FileError(`cannot read ${path}`, error)
  }
  try {
    const { size } = await file.stat()
    const { tensors, metadata } = await readHeader(file, size, path)
    const entryOf = (name: string): TensorEntry => {
      const entry = tensors.get(name)
      if (!entry) throw new LitmusError(`${path}: tensor ${name} is missing`)
      return entry
    }
    const readBytes: SafetensorsFile["readBytes"] = async (name, range) => {
      const entry = entryOf(name)
      const begin = entry.begin + (range?.begin ?? 0)
      return await readRange(file, begin, range ? entry.begin + range.end : entry.end, path)
    }
    return {
      path,
      describedBy: "config.json",
      tensors,
      metadata,
      readBytes,
      readRows: (name, onBytes) => readRows(file, path, name, entryOf(name), onBytes),
      readFloat32: async (name) => {
        const { dtype } = entryOf(name)
        return toFloat32(await readBytes(name), dtype, `${path}: tensor ${name}`)
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readHeader(
  file: FileHandle,
  size: number,
  path: string,
): Promise<{ tensors: Map<string, TensorEntry>; metadata: Record<string, string> }> {
  const fail = (reason: string): never => {
    throw new LitmusError(`${path}: ${reason} (the file is truncated or not a safetensors file)`)
  }
  if (size < 8) fail(`expected a header of at least 8 bytes, got a file of ${size}`)
  const length = new DataView((await readRange(file, 0, 8, path)).buffer).getBigUint64(0, true)
  if (length > BigInt(size - 8)) fail(`header length ${length} exceeds the file's ${size} bytes`)
  if (length > BigInt(maxHeaderBytes))
    fail(`header length ${length} exceeds the format's ${maxHeaderBytes} bytes`)
  const start = 8 + Number(length)
  const text = Buffer.from(await readRange(file, 8, start, path)).toString("utf8")
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch {
    fail("its header is not JSON")
  }
  if (header === null || typeof header !== "object" || Array.isArray(header))
    fail("its header is not an object")
  const tensors = new Map<string, TensorEntry>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name === "__metadata__") metadata = value as Record<string, string>
    else tensors.set(name, checkEntry(value, start, size, `${path}: tensor ${name}`))
  }
  checkDisjoint(tensors, path)
  return { tensors, metadata }
}

function checkEntry(value: unknown, start: number, size: number, what: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  const isLength = (entry: unknown): entry is number => Number.isSafeInteger(entry) && (entry as number) >= 0
  const element = typeof dtype === "string" ? bytesPerElement.get(dtype) : undefined
  if (typeof dtype !== "string" || element === undefined) {
    throw new LitmusError(`${what}: unknown element type ${JSON.stringify(dtype)}`)
  }
  if (!Array.isArray(shape) || !shape.every(isLength)) {
    throw new LitmusError(`${what}: expected a shape of lengths, got ${JSON.stringify(shape)}`)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isLength)) {
    throw new LitmusError(`${what}: expected two byte offsets, got ${JSON.stringify(offsets)}`)
  }
  const [begin, end] = offsets as [number, number]
  if (begin > end || start + end > size) {
    throw new LitmusError(
      `${what}: byte range ${begin}–${end} leaves the file's ${size - start} bytes of data (is the file truncated?)`,
    )
  }
  const expected = shape.reduce((product, dim) => product * dim, 1) * element
  if (end - begin !== expected) {
    throw new LitmusError(
      `${what}: expected ${expected} bytes for ${dtype} [${shape.join(", ")}], got ${end - begin}`,
    )
  }
  return { dtype, shape, begin: start + begin, end: start + end }
}

/** A tensor to be written: float32, int32, or bfloat16 as its 16-bit words. */
export interface WritableTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array | Uint16Array
}

/**
 * Writes a safetensors file, whole or not at all; tensors in the given order, data aligned to 8 bytes. The tensors are
 * written from where they lie, so that a file may be larger than any one buffer.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, safetensorsPieces(tensors, metadata))
}

/** The bytes of a safetensors file in memory: for small ones. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return Buffer.concat(safetensorsPieces(tensors, metadata))
}

/** Header and tensors as pieces of a file; the tensors are views, not copies. */
function safetensorsPieces(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {}
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    const dtype = data instanceof Int32Array ? "I32" : data instanceof Uint16Array ? "BF16" : "F32"
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = Buffer.from(JSON.stringify(header), "utf8")
  const padded = Math.ceil(text.length / 8) * 8
  const head = Buffer.alloc(8 + padded, " ")
  head.writeBigUInt64LE(BigInt(padded), 0)
  text.copy(head, 8)
  const views = Array.from(tensors.values(), ({ data: { buffer, byteOffset, byteLength } }) => {
    return new Uint8Array(buffer, byteOffset, byteLength)
  })
  return [head, ...views]
}
