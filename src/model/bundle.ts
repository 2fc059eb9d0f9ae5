// A checkpoint compiled for the engine: every parameter as float32 in one file, each at a page boundary, so that
// onnxruntime maps it and sessions and processes share one copy in the page cache. The layout stays Hugging Face's
// ([out, in]): the product with a transposed weight runs as fast as one with a transposed copy (measured).
//
// A bundle stands under the fingerprint of what it was made from, so an edited checkpoint gets a new one. It is
// written under a temporary name and renamed: two processes that compile at once both end with the same bundle.

import { createHash } from "node:crypto"
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { LitmusError } from "../errors.ts"
import {
  canonicalJson,
  describeIo,
  fingerprint,
  isAlive,
  isMissing,
  temporaryOwner,
  temporaryPath,
  writeFileAtomic,
} from "../files.ts"
import { parameterSpecs, type Architecture, type ParameterSpec } from "./architecture.ts"
import { checkModelFolder, openCheckpoint, weightFiles, type Checkpoint } from "./checkpoint.ts"
import { readArchitecture } from "./config.ts"
import { toFloat32, type SafetensorsFile, type TensorEntry } from "./safetensors.ts"

const bundleFormat = 2
const pageBytes = 4096
const chunkBytes = 32 << 20
export const bundleWeightsFile = "weights.bin"

/** Byte range and shape of a parameter in a bundle's weights file, float32. */
export interface BundleTensor {
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
}

export interface Bundle {
  /** Covers the architecture and every weight, bit for bit, in the checkpoint's own element type. */
  readonly fingerprint: string
  readonly architecture: Architecture
  /** Element types found in the checkpoint. */
  readonly sourceDtypes: readonly string[]
  readonly tensors: Readonly<Record<string, BundleTensor>>
  /** Folder that holds the weights file. */
  readonly folder: string
}

export interface BundleOptions {
  /** Cache folder; bundles lie in `models/` below it. */
  readonly cache: string
  /** Called while compiling with bytes done and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** The bundle of a checkpoint folder; compiled when it is not in the cache yet. */
export async function openBundle(modelFolder: string, options: BundleOptions): Promise<Bundle> {
  await checkModelFolder(modelFolder)
  const architecture = await readArchitecture(modelFolder)
  const files = await weightFiles(modelFolder)
  const models = join(options.cache, "models")
  await mkdir(join(models, "known"), { recursive: true })
  // Hashing every weight at every start would take longer than running small models: what was found for files of
  // the same identity, size and times is remembered.
  const notePath = join(models, "known", `${await identity(files, architecture)}.json`)
  const note = await readIfPresent(notePath)
  if (note) {
    const { fingerprint: known } = (parsed(note) ?? {}) as { fingerprint?: unknown }
    const bundle = typeof known === "string" ? await readBundle(join(models, known)) : undefined
    if (bundle) return bundle
  }
  const bundle = await compile(files, architecture, models, options)
  await writeFileAtomic(notePath, canonicalJson({ fingerprint: bundle.fingerprint }))
  return bundle
}

async function identity(files: readonly string[], architecture: Architecture): Promise<string> {
  const parts = await Promise.all(
    files.map(async (path) => {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
      return [await realpath(path), ...[dev, ino, size, mtimeNs, ctimeNs].map(String)]
    }),
  )
  return fingerprint([bundleFormat, parts, architecture])
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new LitmusError(`cannot read ${path}: ${describeIo(error)}`, { cause: error })
  }
}

async function readBundle(folder: string): Promise<Bundle | undefined> {
  const text = await readIfPresent(join(folder, "bundle.json"))
  if (text === undefined) return undefined
  const content = parsed(text) as (Omit<Bundle, "folder"> & { bytes: number; written: string }) | undefined
  const found = await stat(join(folder, bundleWeightsFile), { bigint: true }).catch(() => undefined)
  if (!content || !found) return undefined
  const { bytes, written, ...bundle } = content
  // Someone wrote to the weights or shortened them: as if they had never been compiled. (Reading them all to compare a
  // checksum would take longer than running a small model.)
  const untouched = found.size === BigInt(bytes) && String(found.mtimeNs) === written
  return untouched ? { ...bundle, folder } : undefined
}

/** Undefined for what is not JSON: a damaged file in the cache counts as none. */
function parsed(text: string): object | undefined {
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

/** Removes what compilations left that were killed. */
async function removeStale(models: string): Promise<void> {
  for (const folder of [models, join(models, "known")]) {
    for (const name of await readdir(folder)) {
      const owner = temporaryOwner(name)
      if (owner !== undefined && !isAlive(owner))
        await rm(join(folder, name), { recursive: true, force: true })
    }
  }
}

async function compile(
  files: readonly string[],
  architecture: Architecture,
  models: string,
  { onProgress }: BundleOptions,
): Promise<Bundle> {
  const checkpoint = await openCheckpoint(files)
  const temporary = temporaryPath(join(models, "bundle"))
  try {
    const specs = parameterSpecs(architecture)
    const places = findParameters(checkpoint, specs, architecture)
    await removeStale(models)
    await mkdir(temporary)
    const weights = await open(join(temporary, bundleWeightsFile), "w")
    const hash = createHash("sha256").update(canonicalJson([bundleFormat, architecture]))
    const tensors: Record<string, BundleTensor> = {}
    const total = specs.reduce((sum, spec) => sum + byteLength(spec), 0)
    let offset = 0
    let done = 0
    let written = ""
    try {
      for (const spec of specs) {
        const place = places.get(spec.name)!
        hash.update(`${spec.name} ${place.entry.dtype} ${spec.shape.join("x")};`)
        await copyTensor(place, weights, offset, (raw, written) => {
          hash.update(raw)
          done += written
          onProgress?.(done, total)
        })
        tensors[spec.name] = { shape: spec.shape, offset, length: byteLength(spec) }
        offset = Math.ceil((offset + byteLength(spec)) / pageBytes) * pageBytes
      }
      await weights.truncate(offset)
      await weights.sync()
      written = String((await weights.stat({ bigint: true })).mtimeNs)
    } finally {
      await weights.close()
    }
    const bundle = {
      fingerprint: hash.digest("hex").slice(0, 16),
      architecture,
      sourceDtypes: [...new Set([...places.values()].map(({ entry }) => entry.dtype))].sort(),
      tensors,
    }
    await writeFileAtomic(
      join(temporary, "bundle.json"),
      canonicalJson({ ...bundle, bytes: offset, written }, 2),
    )
    const folder = join(models, bundle.fingerprint)
    if (!(await readBundle(folder))) {
      // Another process may put its own there meanwhile; it holds the same bytes.
      await rename(temporary, folder).catch(async (error: unknown) => {
        if (await readBundle(folder)) return
        await rm(folder, { recursive: true, force: true })
        await rename(temporary, folder).catch(() => {
          throw new LitmusError(`cannot write ${folder}: ${describeIo(error)}`, { cause: error })
        })
      })
    }
    return { ...bundle, folder }
  } catch (error) {
    if (error instanceof LitmusError) throw error
    throw new LitmusError(`cannot compile the model into ${models}: ${describeIo(error)}`, { cause: error })
  } finally {
    await checkpoint.close()
    await rm(temporary, { recursive: true, force: true })
  }
}

function byteLength({ shape }: ParameterSpec): number {
  return shape.reduce((product, dim) => product * dim, 4)
}

/** Copies one tensor as float32, chunk by chunk; `onChunk` sees the raw bytes and the number written. */
async function copyTensor(
  { file, entry, name }: Place,
  weights: FileHandle,
  offset: number,
  onChunk: (raw: Uint8Array, written: number) => void,
): Promise<void> {
  let position = offset
  for (let begin = 0; begin < entry.end - entry.begin; begin += chunkBytes) {
    const end = Math.min(begin + chunkBytes, entry.end - entry.begin)
    const raw = await file.readBytes(name, { begin, end })
    const values = toFloat32(raw, entry.dtype, `${file.path}: tensor ${name}`)
    await weights.write(values, 0, values.byteLength, position)
    position += values.byteLength
    onChunk(raw, values.byteLength)
  }
}

// Buffers that old checkpoints carry and no computation needs.
const ignorable = /(rotary_emb\.inv_freq|\.(attention|attn)\.(bias|masked_bias))$/

/** Where a parameter stands in a checkpoint, and under what name. */
interface Place {
  readonly file: SafetensorsFile
  readonly entry: TensorEntry
  readonly name: string
}

/**
 * Finds every parameter in a checkpoint, and refuses one that has others or not these. A checkpoint that was saved without
 * any head (the hub's GPT-2) has names without the trunk's prefix.
 */
function findParameters(
  checkpoint: Checkpoint,
  specs: readonly ParameterSpec[],
  architecture: Architecture,
): Map<string, Place> {
  const { files, tensors } = checkpoint
  const { prefix } = architecture
  const storedName = (name: string): string =>
    !tensors.has(name) && name.startsWith(prefix) && tensors.has(name.slice(prefix.length))
      ? name.slice(prefix.length)
      : name
  const places = new Map<string, Place>()
  const where = files.map(({ path }) => path).join(", ")
  for (const { name, shape } of specs) {
    const stored = storedName(name)
    const found = tensors.get(stored)
    if (!found) throw new LitmusError(`${where}: tensor ${name} is missing (config.json asks for it)`)
    const actual = found.entry.shape
    if (actual.length !== shape.length || actual.some((dim, axis) => dim !== shape[axis])) {
      throw new LitmusError(
        `${found.file.path}: tensor ${stored}: expected shape [${shape.join(", ")}] by config.json, got [${actual.join(", ")}]`,
      )
    }
    if (!["F32", "F16", "BF16"].includes(found.entry.dtype)) {
      throw new LitmusError(
        `${found.file.path}: tensor ${stored}: expected F32, F16 or BF16, got ${found.entry.dtype}`,
      )
    }
    places.set(name, { ...found, name: stored })
  }
  const known = new Set([...places.values()].map(({ name }) => name))
  for (const name of tensors.keys()) {
    if (known.has(name) || ignorable.test(name)) continue
    if (name === `${architecture.head}.weight` && architecture.tiedEmbeddings) continue
    throw new LitmusError(
      `${where}: config.json and the weights contradict each other: tensor ${name} has no place in this ${architecture.modelType} of ${architecture.nLayers} layers`,
    )
  }
  return places
}
