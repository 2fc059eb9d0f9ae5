// The header of a GGUF file, llama.cpp's format: metadata, and where each tensor lies. @huggingface/gguf parses it; what
// it says is checked here against the file before anything believes it.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { open, type FileHandle } from "node:fs/promises"
import { resolve } from "node:path"
import type { GGUFParseOutput } from "@huggingface/gguf"
import { FileError, LitmusError, messageOf } from "../../base/errors.ts"
import { elementTypes } from "../../formats/element-types.ts"
import { checkDisjoint, type TensorEntry } from "../../formats/tensor-file.ts"
import { readRange } from "../../formats/tensor-rows.ts"

/** What a GGUF file says of itself. */
export interface GgufHeader {
  readonly path: string
  /** By llama.cpp's keys; integers of 64 bits as numbers, decimals as they were before they were rounded to float32. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** By llama.cpp's names; shapes with the longest stride first, as Hugging Face has them. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
}

// Magic, version, two counts; and the least that an entry of the metadata and a tensor take.
const leastBytes = { header: 24, entry: 13, tensor: 24 }

/**
 * Reads the header of a GGUF file.
 *
 * @throws {LitmusError} if it is none, is truncated, has tensors of a type that is not read, or its header lies
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const size = await checkBeginning(path)
  const { gguf, GGMLQuantizationType } = await import("@huggingface/gguf")
  let parsed: GGUFParseOutput
  try {
    // As an absolute path, which is never taken for an address.
    parsed = await gguf(resolve(path), { allowLocalFile: true })
  } catch (error) {
    const why = error instanceof RangeError ? "its header has no end" : messageOf(error)
    throw new LitmusError(`${path}: ${why} (the file is truncated or not a GGUF file)`, { cause: error })
  }
  const { tensorInfos, tensorDataOffset, tensorInfoByteRange, littleEndian } = parsed
  if (!littleEndian) throw new LitmusError(`${path}: expected little-endian numbers, got big-endian ones`)
  const begin = Number(tensorDataOffset)
  if (tensorInfoByteRange[1] > size || (tensorInfos.length > 0 && begin > size)) {
    throw new LitmusError(`${path}: its header exceeds its ${size} bytes (the file is truncated)`)
  }
  const metadata = plainMetadata({ ...parsed.metadata })
  const alignment = Number(metadata["general.alignment"] ?? 32)
  if (!(Number.isInteger(Math.log2(alignment)) && alignment >= 8)) {
    throw new LitmusError(
      `${path}: general.alignment: expected a power of two of at least 8, got ${alignment}`,
    )
  }
  const tensors = new Map<string, TensorEntry>()
  for (const { name, shape, dtype, offset } of tensorInfos) {
    if (tensors.has(name)) throw new LitmusError(`${path}: tensor ${name} occurs twice`)
    const place = { shape: shape.map(Number).reverse(), offset: Number(offset), alignment, begin, size }
    const type = GGMLQuantizationType[dtype] ?? `of the unknown type ${String(dtype)}`
    tensors.set(name, entryOf(type, place, `${path}: tensor ${name}`))
  }
  checkDisjoint(tensors, path)
  return { path, metadata, tensors }
}

/** Opens a file for reading. */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r")
  } catch (error) {
    throw new FileError(`cannot read ${path}`, error)
  }
}

/** The size of a file that begins as GGUF files do, and is long enough for as much as it says that it holds. */
async function checkBeginning(path: string): Promise<number> {
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    const bytes = await readRange(file, 0, Math.min(size, leastBytes.header), path)
    const magic = Buffer.from(bytes.subarray(0, 4)).toString("latin1")
    if (magic !== "GGUF") {
      throw new LitmusError(
        `${path}: not a GGUF file: expected it to begin with "GGUF", got ${JSON.stringify(magic)}`,
      )
    }
    if (size < leastBytes.header) {
      throw new LitmusError(
        `${path}: expected a header of at least ${leastBytes.header} bytes, got a file of ${size} (it is truncated)`,
      )
    }
    const view = new DataView(bytes.buffer)
    const version = view.getUint32(4, true)
    const [nTensors, nEntries] = [view.getBigUint64(8, true), view.getBigUint64(16, true)].map(Number)
    const { header, entry, tensor } = leastBytes
    if ((version === 2 || version === 3) && header + entry * nEntries! + tensor * nTensors! > size) {
      throw new LitmusError(
        `${path}: ${nTensors} tensors and ${nEntries} entries of metadata exceed its ${size} bytes (the file is truncated, or its header lies)`,
      )
    }
    return size
  } finally {
    await file.close()
  }
}

function plainMetadata(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain = (value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : typeof value === "number" ? shortest(value) : value
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, plain(value)]))
}

/** The shortest decimal that a float32 stands for: an epsilon of 1e-5 is stored as 0.000009999999747378752. */
function shortest(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value) || Math.fround(value) !== value) return value
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return rounded
  }
  return value
}

interface Place {
  readonly shape: readonly number[]
  /** From where the data begin. */
  readonly offset: number
  readonly alignment: number
  readonly begin: number
  /** Of the file. */
  readonly size: number
}

function entryOf(dtype: string, { shape, offset, alignment, begin, size }: Place, what: string): TensorEntry {
  const type = elementTypes.get(dtype)
  if (!type) {
    throw new LitmusError(
      `${what} is ${dtype}: expected ${[...elementTypes.keys()].join(", ")} (llama-quantize --pure writes all tensors in one type)`,
    )
  }
  const nEntries = shape.reduce((product, dim) => product * dim, 1)
  if (shape.length < 1 || shape.length > 4 || !Number.isSafeInteger(nEntries)) {
    throw new LitmusError(
      `${what}: expected 1 to 4 dimensions of possible lengths, got [${shape.join(", ")}]`,
    )
  }
  if (type.entries > 1 && (shape.length < 2 || shape.at(-1)! % type.entries !== 0)) {
    throw new LitmusError(
      `${what}: expected rows of a multiple of ${type.entries} entries for ${dtype}, got [${shape.join(", ")}]`,
    )
  }
  const length = (nEntries / type.entries) * type.bytes
  if (offset % alignment !== 0) {
    throw new LitmusError(`${what}: expected an offset that ${alignment} divides, got ${offset}`)
  }
  if (!(begin + offset + length <= size)) {
    throw new LitmusError(
      `${what}: byte range ${offset}–${offset + length} leaves the file's ${size - begin} bytes of data (is the file truncated?)`,
    )
  }
  return { dtype, shape, begin: begin + offset, end: begin + offset + length }
}
