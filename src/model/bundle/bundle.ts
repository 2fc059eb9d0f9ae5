// A checkpoint compiled for the engine: every parameter as float32 (or, where asked for, linear layers in blocks of 4 or
// 8 bits) in one file, each at a page boundary, so that onnxruntime maps it and sessions and processes share one copy in
// the page cache. The layout of float32 stays Hugging Face's ([out, in]): the product with a transposed weight runs as
// fast as one with a transposed copy (measured).
//
// A bundle stands under the fingerprint of what it was made from, so an edited checkpoint gets a new one. It is
// written under a temporary name and renamed: two processes that compile at once both end with the same bundle.

import { mkdir, readdir, realpath, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { FileError, LitmusError } from "../../base/errors.ts"
import {
  canonicalJson,
  fingerprint,
  isAlive,
  makeFolder,
  readKeptJson,
  temporaryOwner,
  temporaryPath,
  writeFileAtomic,
} from "../../base/files.ts"
import type { Architecture } from "../architectures/architecture.ts"
import { resolveContradictions } from "./contradictions.ts"
import { compileWeights } from "./compile.ts"
import { bundleFormat, bundleWeightsFile, type Bundle } from "./format.ts"
import { readArchitecture } from "../architectures/config.ts"
import type { Quantization } from "./quantize.ts"
import type { Checkpoint } from "../checkpoint/checkpoint.ts"
import type { ModelSource } from "../checkpoint/source.ts"

export interface BundleOptions {
  /** Cache folder; bundles lie in `models/` below it. */
  readonly cache: string
  /** Store the linear layers of the blocks in 4 or 8 bits; embeddings, norms, biases and heads stay as they are. */
  readonly quantize?: Quantization | undefined
  /** Called while compiling with bytes done and in all. */
  readonly onProgress?: (done: number, total: number) => void
  /** Called with a line where configuration and weights contradict each other: which won, and why. */
  readonly onNotice?: ((line: string) => void) | undefined
}

/** What is remembered of files whose weights were compiled. */
interface Note {
  readonly fingerprint: string
  readonly notices: readonly string[]
}

/** The bundle of a model; compiled when it is not in the cache yet. */
export async function openBundle(source: ModelSource, options: BundleOptions): Promise<Bundle> {
  const configured = await readArchitecture(source)
  const files = await source.weightFiles()
  const models = join(options.cache, "models")
  await makeFolder(join(models, "known"))
  // Hashing every weight at every start would take longer than running small models: what was found for files of
  // the same identity, size and times is remembered.
  const notePath = join(models, "known", `${await identity(files, configured, options.quantize)}.json`)
  const note: Partial<Note> = (await readKeptJson(notePath)) ?? {}
  const known =
    typeof note.fingerprint === "string" ? await readBundle(join(models, note.fingerprint)) : undefined
  const notices = known ? note.notices : undefined
  if (known && notices) {
    notices.forEach((line) => options.onNotice?.(line))
    return known
  }
  const checkpoint = await source.openWeights()
  try {
    const resolved = await resolveContradictions(checkpoint, configured)
    resolved.notices.forEach((line) => options.onNotice?.(line))
    // What earlier versions compiled stays good where weights and configuration agree.
    const isGood = known && canonicalJson(known.architecture) === canonicalJson(resolved.architecture)
    const bundle = isGood ? known : await compile(checkpoint, resolved.architecture, models, options)
    const { fingerprint } = bundle
    await writeFileAtomic(notePath, canonicalJson({ fingerprint, notices: resolved.notices }))
    return bundle
  } finally {
    await checkpoint.close()
  }
}

async function identity(
  files: readonly string[],
  architecture: Architecture,
  quantize: Quantization | undefined,
): Promise<string> {
  const parts = await Promise.all(
    files.map(async (path) => {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
      return [await realpath(path), ...[dev, ino, size, mtimeNs, ctimeNs].map(String)]
    }),
  )
  return fingerprint([bundleFormat, parts, architecture, quantize ?? null])
}

async function readBundle(folder: string): Promise<Bundle | undefined> {
  const content = (await readKeptJson(join(folder, "bundle.json"))) as
    | (Omit<Bundle, "folder"> & { bytes: number; written: string })
    | undefined
  const found = await stat(join(folder, bundleWeightsFile), { bigint: true }).catch(() => undefined)
  if (!content || !found) return undefined
  const { bytes, written, ...bundle } = content
  // Someone wrote to the weights or shortened them: as if they had never been compiled. (Reading them all to compare a
  // checksum would take longer than running a small model.)
  const untouched = found.size === BigInt(bytes) && String(found.mtimeMs) === written
  return untouched ? { ...bundle, folder } : undefined
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
  checkpoint: Checkpoint,
  architecture: Architecture,
  models: string,
  options: BundleOptions,
): Promise<Bundle> {
  const temporary = temporaryPath(join(models, "bundle"))
  try {
    await removeStale(models)
    await mkdir(temporary)
    const compiled = await compileWeights(
      checkpoint,
      architecture,
      join(temporary, bundleWeightsFile),
      options,
    )
    const { bytes: _, written: __, ...bundle } = compiled
    await writeFileAtomic(join(temporary, "bundle.json"), canonicalJson(compiled, 2))
    const folder = join(models, bundle.fingerprint)
    if (!(await readBundle(folder))) {
      // Another process may put its own there meanwhile; it holds the same bytes.
      await rename(temporary, folder).catch(async (error: unknown) => {
        if (await readBundle(folder)) return
        await rm(folder, { recursive: true, force: true })
        await rename(temporary, folder).catch(() => {
          throw new FileError(`cannot write ${folder}`, error)
        })
      })
    }
    return { ...bundle, folder }
  } catch (error) {
    if (error instanceof LitmusError) throw error
    throw new FileError(`cannot compile the model into ${models}`, error)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
