// Which parts are there. While a cache is being made, each finished part has its own small record beside it
// (part-00007.json) and manifest.json lists none; when all are there, manifest.json is written once with all of
// them and the records go. So manifest.json only ever takes one of two contents, each determined by the
// description: processes that make the same cache at once write over each other nothing but equal bytes.

import { rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { canonicalJson, fingerprint, listFolder, readJson, writeFileAtomic } from "../../src/base/files.ts"
import { FileError, isMissing } from "../../src/base/errors.ts"
import { isPartEntry, makeManifest, manifestPath, manifestText, partName, readManifest } from "./manifest.ts"
import type { CacheDescription, Manifest, PartEntry } from "./types.ts"

/** Records a finished part. Its file must already be in place. */
export async function recordPart(
  folder: string,
  index: number,
  description: CacheDescription,
  entry: PartEntry,
): Promise<void> {
  const record = { cache: cacheName(description), entry }
  await writeFileAtomic(recordPath(folder, index), `${canonicalJson(record, 1)}\n`)
}

/**
 * The parts on record, by index; a record beside the part goes before the manifest's.
 *
 * A record that cannot be read, or is another cache's, counts as none: that part is made again.
 */
export async function recordedParts(folder: string, manifest: Manifest): Promise<(PartEntry | undefined)[]> {
  const cache = cacheName(manifest)
  const entries = Array.from({ length: manifest.nParts }, (_, i): PartEntry | undefined => manifest.parts[i])
  for (const index of await recordIndices(folder)) {
    if (index >= entries.length) continue
    const record = await readRecord(recordPath(folder, index))
    if (record?.cache === cache && isPartEntry(record.entry, index)) entries[index] = record.entry
  }
  return entries
}

/** The recorded parts whose file is there, with the recorded size. */
export async function presentParts(folder: string, manifest: Manifest): Promise<(PartEntry | undefined)[]> {
  const entries = await recordedParts(folder, manifest)
  const present = entries.map(async (entry) =>
    entry !== undefined && (await sizeOf(join(folder, entry.file))) === entry.bytes ? entry : undefined,
  )
  return Promise.all(present)
}

/** Writes the whole manifest and removes the records, if every part is there; otherwise does nothing. */
export async function completeIfWhole(folder: string): Promise<void> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) return
  const indices = await recordIndices(folder)
  // A look at the names first: reading every record after every part would take time in the square of the parts.
  const listed = new Set(indices)
  for (let i = 0; i < manifest.nParts; i++) if (!listed.has(i) && manifest.parts[i] === undefined) return
  const entries = (await presentParts(folder, manifest)).filter((entry) => entry !== undefined)
  if (entries.length < manifest.nParts) return
  const text = manifestText(makeManifest(manifest, entries))
  if (text !== manifestText(manifest)) await writeFileAtomic(manifestPath(folder), text)
  for (const index of indices) await rm(recordPath(folder, index), { force: true })
}

/** Names a cache by its description, so that records left by another one are not taken for its own. */
function cacheName(description: CacheDescription): string {
  return fingerprint(makeManifest(description, []))
}

function recordPath(folder: string, index: number): string {
  return join(folder, partName(index).replace(/arrow$/, "json"))
}

async function recordIndices(folder: string): Promise<number[]> {
  return (await listFolder(folder)).flatMap((name) => {
    const match = /^part-(\d{5,})\.json$/.exec(name)
    return match ? [Number(match[1])] : []
  })
}

async function readRecord(path: string): Promise<{ cache?: unknown; entry?: unknown } | undefined> {
  try {
    return (await readJson(path)) as { cache?: unknown; entry?: unknown }
  } catch {
    return undefined
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new FileError(`cannot read ${path}`, error)
  }
}
