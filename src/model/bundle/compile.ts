// Compiling a checkpoint: every parameter into one weights file, tensor by tensor and these in pieces, so that it takes
// the memory of a piece however large the model is. (A matrix that is stored the other way round, as GPT-2's, is read
// whole to be quantised.)

import { createHash, type Hash } from "node:crypto"
import { open, type FileHandle } from "node:fs/promises"
import { LitmusError, messageOf } from "../../base/errors.ts"
import { canonicalJson } from "../../base/files.ts"
import { blocksOf, quantizedBlock, type QuantizedBits } from "../../graph/quantized.ts"
import {
  linearLayers,
  parameterSpecs,
  type Architecture,
  type ParameterSpec,
} from "../architectures/architecture.ts"
import {
  bundleFormat,
  type Bundle,
  type BundleTensor,
  type ByteRange,
  type QuantizedTensor,
} from "./format.ts"
import type { Checkpoint } from "../checkpoint/checkpoint.ts"
import { findParameters, type Place } from "./parameters.ts"
import { bitsOf, quantizeRows, zeroByte, type Quantization } from "./quantize.ts"

const pageBytes = 4096

export interface CompileOptions {
  readonly quantize?: Quantization | undefined
  /** Called with bytes done and in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

type Compiled = Omit<Bundle, "folder"> & { readonly bytes: number; readonly written: string }

/**
 * Writes a checkpoint's weights file.
 *
 * @param path - of the weights file
 * @throws {LitmusError} if the weights are not those that the architecture has
 */
export async function compileWeights(
  checkpoint: Checkpoint,
  architecture: Architecture,
  path: string,
  { quantize, onProgress }: CompileOptions,
): Promise<Compiled> {
  const specs = parameterSpecs(architecture)
  const places = findParameters(checkpoint, specs, architecture)
  const layers = quantize ? linearLayers(architecture) : new Map<string, never>()
  const hash = createHash("sha256").update(canonicalJson([bundleFormat, architecture, quantize ?? null]))
  const tensors: Record<string, BundleTensor> = {}
  const quantized: Record<string, QuantizedTensor> = {}
  const total = specs.reduce((sum, { name }) => sum + sizeOf(places.get(name)!), 0)
  let done = 0
  const weights = await open(path, "w")
  try {
    const output = new PagedOutput(weights)
    for (const spec of specs) {
      const place = places.get(spec.name)!
      hash.update(`${spec.name} ${place.entry.dtype} ${spec.shape.join("x")};`)
      const onChunk = (raw: Uint8Array): void => {
        hash.update(raw)
        done += raw.byteLength
        onProgress?.(done, total)
      }
      const layer = spec.name.endsWith(".weight") ? layers.get(spec.name.slice(0, -7)) : undefined
      if (layer) {
        quantized[layer.name] = await quantizeTensor(place, layer, bitsOf(quantize!), output, onChunk)
      } else tensors[spec.name] = { shape: spec.shape, ...(await copyTensor(place, spec, output, onChunk)) }
    }
    const zeros = quantize && (await writeZeros(quantized, bitsOf(quantize), output))
    await weights.truncate(output.end)
    await weights.sync()
    // Whole milliseconds: Deno does not know finer ones.
    const written = String((await weights.stat({ bigint: true })).mtimeMs)
    return {
      fingerprint: fingerprintOf(hash),
      architecture,
      sourceDtypes: [...new Set([...places.values()].map(({ entry }) => entry.dtype))].sort(),
      tensors,
      ...(quantize && zeros ? { quantization: { type: quantize, tensors: quantized, zeros } } : {}),
      bytes: output.end,
      written,
    }
  } finally {
    await weights.close()
  }
}

/**
 * Writes some of a checkpoint's parameters as float32 into a file of their own.
 *
 * @param isWanted - which, by name
 */
export async function writeParameters(
  checkpoint: Checkpoint,
  architecture: Architecture,
  isWanted: (name: string) => boolean,
  path: string,
): Promise<Map<string, BundleTensor>> {
  const specs = parameterSpecs(architecture)
  const places = findParameters(checkpoint, specs, architecture)
  const tensors = new Map<string, BundleTensor>()
  const file = await open(path, "w")
  try {
    const output = new PagedOutput(file)
    for (const spec of specs.filter(({ name }) => isWanted(name))) {
      const range = await copyTensor(places.get(spec.name)!, spec, output, () => {})
      tensors.set(spec.name, { shape: spec.shape, ...range })
    }
    await file.truncate(output.end)
  } finally {
    await file.close()
  }
  return tensors
}

function fingerprintOf(hash: Hash): string {
  return hash.digest("hex").slice(0, 16)
}

function sizeOf({ entry: { begin, end } }: Place): number {
  return end - begin
}

/** A file of byte ranges that begin at page boundaries, where they can be mapped. */
class PagedOutput {
  end = 0
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Makes room for so many bytes. */
  reserve(length: number): ByteRange {
    const range = { offset: this.end, length }
    this.end = Math.ceil((this.end + length) / pageBytes) * pageBytes
    return range
  }

  async write(values: NodeJS.ArrayBufferView, position: number): Promise<void> {
    // As bytes: Deno writes other views at the end, whatever the position.
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    let done = 0
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, position + done)
      done += bytesWritten
    }
  }
}

async function copyTensor(
  { file, name }: Place,
  { shape }: ParameterSpec,
  output: PagedOutput,
  onChunk: (raw: Uint8Array) => void,
): Promise<ByteRange> {
  const range = output.reserve(shape.reduce((product, dim) => product * dim, 4))
  let position = range.offset
  for await (const values of file.readRows(name, onChunk)) {
    await output.write(values, position)
    position += values.byteLength
  }
  return range
}

async function quantizeTensor(
  place: Place,
  { nOut, nIn, inOut }: { nOut: number; nIn: number; inOut: boolean },
  bits: QuantizedBits,
  output: PagedOutput,
  onChunk: (raw: Uint8Array) => void,
): Promise<QuantizedTensor> {
  const nBlocks = blocksOf(nIn)
  const blocks = output.reserve((nOut * nBlocks * quantizedBlock * bits) / 8)
  const scales = output.reserve(4 * nOut * nBlocks)
  let [blockAt, scaleAt] = [blocks.offset, scales.offset]
  const stored = place.file.readRows(place.name, onChunk)
  const source = inOut ? transposed(stored, { nOut, nIn }) : stored
  for await (const values of source) {
    const rows = quantizeNamed(values, nIn, bits, place)
    await output.write(rows.blocks, blockAt)
    await output.write(rows.scales, scaleAt)
    blockAt += rows.blocks.byteLength
    scaleAt += rows.scales.byteLength
  }
  return { nOut, nIn, blocks, scales }
}

function quantizeNamed(
  values: Float32Array,
  nIn: number,
  bits: QuantizedBits,
  { file, name }: Place,
): ReturnType<typeof quantizeRows> {
  try {
    return quantizeRows(values, nIn, bits)
  } catch (error) {
    throw new LitmusError(`${file.path}: tensor ${name}: ${messageOf(error)}`, { cause: error })
  }
}

/** The rows of a matrix `[nOut, nIn]` that is stored as `[nIn, nOut]`, all at once. */
async function* transposed(
  rows: AsyncIterable<Float32Array>,
  { nOut, nIn }: { nOut: number; nIn: number },
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const whole = new Float32Array(nOut * nIn)
  let first = 0
  for await (const values of rows) {
    const n = values.length / nOut
    for (let i = 0; i < n; i++) {
      for (let out = 0; out < nOut; out++) whole[out * nIn + first + i] = values[i * nOut + out]!
    }
    first += n
  }
  yield whole
}

/** The stored zeros that unpacking asks for, as many as the largest matrix has blocks. */
async function writeZeros(
  quantized: Readonly<Record<string, QuantizedTensor>>,
  bits: QuantizedBits,
  output: PagedOutput,
): Promise<ByteRange> {
  const blocks = Math.max(...Object.values(quantized).map(({ nOut, nIn }) => nOut * blocksOf(nIn)))
  const range = output.reserve(Math.ceil((blocks * bits) / 8))
  await output.write(new Uint8Array(range.length).fill(zeroByte(bits)), range.offset)
  return range
}
