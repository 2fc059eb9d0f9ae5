// Making an activation cache, part by part; an interrupted one goes on with the parts that are missing.

import { join } from "node:path"
import { FileError, LitmusError } from "../../src/base/errors.ts"
import { makeFolder } from "../../src/base/files.ts"
import {
  begunBy,
  checkDescription,
  makeManifest,
  manifestPath,
  manifestText,
  partName,
  readManifest,
  refuseForeign,
} from "./manifest.ts"
import { encodePart } from "./part.ts"
import { createFileAtomic, removeStale, writeChunksAtomic } from "./place.ts"
import { completeIfWhole, presentParts, recordPart } from "./records.ts"
import type { CacheDescription, Part } from "./types.ts"

/** An activation cache being made. Several processes may make the same one at once. */
export interface CacheWriter {
  /** Indices of the parts that were not there at opening, ascending: the parts to make. */
  readonly missing: readonly number[]
  /**
   * Writes one part, whole or not at all, and records it; the last one completes the cache.
   *
   * @throws {ShapeError} if the part's arrays do not agree with one another or with the sites
   * @throws {LitmusError} if it cannot be written; what was written before is kept
   */
  writePart(index: number, part: Part): Promise<void>
}

/**
 * Opens a folder to make, or go on making, an activation cache.
 *
 * A part that was recorded but whose file is gone, or has another size, is missing again.
 *
 * @param folder - made where it does not exist
 * @param options.complete - list the parts in the manifest once all are there (the default). Without it every part keeps
 *   its own record, so that folders can be copied over each other, in any order, without one hiding another's parts
 * @throws {LitmusError} if the folder holds a cache of another description, which is left as it is
 */
export async function openCacheForWriting(
  folder: string,
  description: CacheDescription,
  { complete = true }: { complete?: boolean } = {},
): Promise<CacheWriter> {
  const checked = checkDescription(description)
  await makeFolder(folder)
  try {
    await removeStale(folder)
  } catch (error) {
    throw new FileError(`cannot write ${folder}`, error)
  }
  let manifest = await readManifest(folder)
  if (manifest === undefined) {
    await createFileAtomic(manifestPath(folder), manifestText(makeManifest(checked, [])))
    manifest = await readManifest(folder)
  }
  if (manifest === undefined) throw new LitmusError(`${manifestPath(folder)}: removed while it was written`)
  refuseForeign(folder, manifest, checked)
  const asked = begunBy(manifest, checked)
  const missing = (await presentParts(folder, manifest)).flatMap((entry, i) => (entry ? [] : [i]))
  if (missing.length === 0 && complete) await completeIfWhole(folder)
  return {
    missing,
    async writePart(index, part) {
      if (!(Number.isSafeInteger(index) && index >= 0 && index < asked.nParts)) {
        throw new LitmusError(`part: expected an index below ${asked.nParts}, got ${index}`)
      }
      const { chunks, entry } = encodePart(partName(index), asked, part)
      await writeChunksAtomic(join(folder, entry.file), chunks)
      await recordPart(folder, index, asked, entry)
      if (complete) await completeIfWhole(folder)
    },
  }
}

/**
 * Makes a cache whose parts were copied together, from the shards that made them, the same as if one process had made all:
 * lists them in the manifest and removes their records. A cache that may not be written stays as it is, and reads alike.
 */
export async function completeCache(folder: string): Promise<void> {
  const manifest = await readManifest(folder)
  if (manifest === undefined || manifest.parts.length === manifest.nParts) return
  await completeIfWhole(folder).catch((error: unknown) => {
    if (!(error instanceof LitmusError)) throw error
  })
}
