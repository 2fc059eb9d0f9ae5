// manifest.json: reading it, writing it, and telling whether it is the cache that was asked for.

import { join } from "node:path"
import { LitmusError } from "../../src/base/errors.ts"
import { canonicalJson, readJson } from "../../src/base/files.ts"
import { isMissing } from "../../src/base/errors.ts"
import { rowColumns, storedDtypes } from "./schema.ts"
import type { CacheDescription, Manifest, PartEntry, SiteColumn } from "./types.ts"

/** Metadata that names the version of the package by which a cache was begun. */
export const versionEntry = "litmus:version"

const format = "litmus-activations"
const version = 1

/** The manifest of a cache folder. */
export function manifestPath(folder: string): string {
  return join(folder, "manifest.json")
}

/** The name of a part: `part-00007.arrow`. */
export function partName(index: number): string {
  return `part-${String(index).padStart(5, "0")}.arrow`
}

/** The manifest of a description and the parts that are there; without parts, what a new cache starts with. */
export function makeManifest(description: CacheDescription, parts: readonly PartEntry[]): Manifest {
  const { key, summary, sites, dtype, positions, nParts, metadata } = description
  return { format, version, key, summary, sites, dtype, positions, nParts, metadata, parts }
}

/** The manifest's text: equal manifests give equal bytes. */
export function manifestText(manifest: Manifest): string {
  return `${canonicalJson(manifest, 1)}\n`
}

/** A caller's description, checked, and as it reads back from JSON. */
export function checkDescription(description: CacheDescription): CacheDescription {
  const { sites, dtype, nParts } = description
  if (!storedDtypes.includes(dtype)) {
    throw new LitmusError(`dtype: expected ${storedDtypes.join(", ")}, got ${dtype}`)
  }
  if (!(Number.isSafeInteger(nParts) && nParts >= 1)) {
    throw new LitmusError(`nParts: expected a positive integer, got ${nParts}`)
  }
  if (sites.length === 0) throw new LitmusError("sites: expected at least one, got none")
  const names = new Set<string>(rowColumns)
  for (const { site, width } of sites) {
    if (names.has(site))
      throw new LitmusError(`sites: "${site}" is there twice or names a column of the rows`)
    if (!(Number.isSafeInteger(width) && width >= 1)) {
      throw new LitmusError(`sites: ${site}: expected a positive width, got ${width}`)
    }
    names.add(site)
  }
  return JSON.parse(canonicalJson(makeManifest(description, []))) as Manifest
}

/**
 * Reads a cache's manifest.
 *
 * @returns undefined where there is none
 * @throws {LitmusError} if it is malformed or another version's
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = manifestPath(folder)
  let content: unknown
  try {
    content = await readJson(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    if (error instanceof LitmusError && error.cause instanceof SyntaxError) {
      throw new LitmusError(`${error.message}: ${startOver}`, { cause: error })
    }
    throw error
  }
  if (!isRecord(content) || content.format !== format) {
    throw new LitmusError(`${path}: not the manifest of an activation cache: choose another folder`)
  }
  if (content.version !== version) {
    throw new LitmusError(
      `${path}: expected version ${version}, got ${JSON.stringify(content.version)}: written by another version of Litmus; use that one, or delete the folder and run the command again`,
    )
  }
  return parseManifest(content, (fault) => {
    throw new LitmusError(`${path}: ${fault}: ${startOver}`)
  })
}

const startOver = "delete the folder and run the command again"

/** True for a well-formed record of the part of that index. */
export function isPartEntry(value: unknown, index: number): value is PartEntry {
  return (
    isRecord(value) &&
    value.file === partName(index) &&
    isCount(value.rows) &&
    isCount(value.bytes) &&
    typeof value.sha256 === "string" &&
    isRecord(value.metadata) &&
    typeof value.metadata.footer === "string" &&
    typeof value.metadata.batch === "string" &&
    isRecord(value.columns) &&
    Object.values(value.columns).every((column) => isRecord(column) && typeof column.sha256 === "string")
  )
}

/**
 * Refuses a cache that was made from something else.
 *
 * @param found - the manifest in the folder
 * @param asked - the description that the caller wants there
 */
export function refuseForeign(folder: string, found: Manifest, asked: CacheDescription): void {
  const differences = differencesOf(makeManifest(found, []), makeManifest(begunBy(found, asked), []), "")
  if (differences.length === 0) return
  const more = differences.length > 3 ? `; and ${differences.length - 3} more` : ""
  throw new LitmusError(
    `${folder} holds another activation cache: ${differences.slice(0, 3).join("; ")}${more}: choose another folder, or delete this one to compute it anew`,
  )
}

/**
 * A description that goes on with a cache of another version of the package. The version determines no value (what does is
 * in the key), so an upgrade does not throw away what is there; all parts name the version that began.
 */
export function begunBy(found: Manifest, asked: CacheDescription): CacheDescription {
  const version = found.metadata[versionEntry]
  if (version === undefined || !(versionEntry in asked.metadata)) return asked
  return { ...asked, metadata: { ...asked.metadata, [versionEntry]: version } }
}

function differencesOf(found: unknown, asked: unknown, path: string): string[] {
  if (canonicalJson(found) === canonicalJson(asked)) return []
  if (isRecord(found) && isRecord(asked)) {
    const names = [...new Set([...Object.keys(found), ...Object.keys(asked)])].sort()
    return names.flatMap((name) => differencesOf(found[name], asked[name], path ? `${path}.${name}` : name))
  }
  return [`${path} is ${shortJson(found)} there, ${shortJson(asked)} here`]
}

function shortJson(value: unknown): string {
  const text = value === undefined ? "absent" : canonicalJson(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/** The manifest that JSON holds; `refuse` is told what is wrong with it. */
function parseManifest(content: Record<string, unknown>, refuse: (fault: string) => never): Manifest {
  const { key, summary, sites, dtype: name, positions, nParts, metadata, parts } = content
  if (!isRecord(key)) return refuse("key: expected an object")
  if (!isTexts(metadata)) return refuse("metadata: expected an object of texts")
  if (typeof positions !== "string") return refuse("positions: expected a text")
  if (!isCount(nParts)) return refuse("nParts: expected a count")
  const dtype = storedDtypes.find((known) => known === name)
  if (dtype === undefined) {
    return refuse(`dtype: expected ${storedDtypes.join(", ")}, got ${JSON.stringify(name)}`)
  }
  if (!Array.isArray(sites) || !sites.every(isSiteColumn)) {
    return refuse("sites: expected a list of site, width and convention")
  }
  if (!Array.isArray(parts)) return refuse("parts: expected a list")
  const complete = parts.length === 0 || parts.length === nParts
  if (!complete || !parts.every(isPartEntry)) return refuse(`parts: expected none or all ${nParts}, in order`)
  const names = [...rowColumns, ...sites.map(({ site }) => site)]
  const lacking = parts.findIndex((part) => names.some((column) => part.columns[column] === undefined))
  if (lacking >= 0) return refuse(`parts: ${partName(lacking)} has no checksum for some column`)
  return makeManifest({ key, summary, sites, dtype, positions, nParts, metadata }, parts)
}

function isSiteColumn(value: unknown): value is SiteColumn {
  return (
    isRecord(value) &&
    typeof value.site === "string" &&
    isCount(value.width) &&
    typeof value.convention === "string"
  )
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string")
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
