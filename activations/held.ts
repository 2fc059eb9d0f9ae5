// Looking for a cache that holds what an extraction asks for.

import { stat } from "node:fs/promises"
import { join } from "node:path"
import { fingerprint, ifThere, listFolder } from "../src/base/files.ts"
import { completeCache, openCache, type ActivationCache } from "./cache/index.ts"

export interface HeldCache {
  readonly folder: string
  readonly cache: ActivationCache
}

/**
 * A complete cache of the same input that has these sites, or more.
 *
 * @param parent - folder of the model's caches
 * @param options.stem - how its name begins
 * @param options.input - its key but for the sites
 * @param options.isShard - leaves the manifest of a cache alone that other shards may still be writing
 */
export async function findHeld(
  parent: string,
  {
    stem,
    input,
    sites,
    isShard,
  }: {
    stem: string
    input: Readonly<Record<string, unknown>>
    sites: readonly string[]
    isShard: boolean
  },
): Promise<HeldCache | undefined> {
  const names = (await ifThere(listFolder(parent))) ?? []
  const wanted = fingerprint(input)
  for (const name of names.filter((candidate) => candidate.startsWith(stem)).sort()) {
    const folder = join(parent, name)
    // One that was killed before its manifest was there, or is damaged: not what we look for. If it stands where this
    // extraction will write, the writer goes on from it or says what is wrong.
    const cache = await openCache(folder).catch(() => undefined)
    if (!cache?.complete) continue
    const { sites: _, ...key } = cache.manifest.key
    if (fingerprint(key) !== wanted) continue
    const present = new Set(cache.manifest.sites.map(({ site }) => site))
    if (sites.every((site) => present.has(site)) && (await allPartsThere(folder, cache))) {
      // Shards that were copied together have their parts, and no manifest that says so.
      if (!isShard) await completeCache(folder)
      return { folder, cache }
    }
  }
  return undefined
}

/** False where someone deleted a part or cut it short: the writer will make it again. */
async function allPartsThere(folder: string, { manifest }: ActivationCache): Promise<boolean> {
  const sizes = await Promise.all(
    manifest.parts.map(({ file }) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  )
  return manifest.parts.every(({ bytes }, k) => sizes[k] === bytes)
}
