// The files of the GENIES release that Litmus reads (Joshuaclymer/GENIES, commit 31306c7), with the size and checksum
// of each. The lists, data.json and results.json, are written by test/support/write-release-files.ts.

import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { readJson } from "../../base/files.ts"

/** One file of the release. */
export interface ReleaseFile {
  /** In the release, parts separated by `/`: `distributions/alpaca_easy/train.json`. */
  readonly path: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/**
 * The files of the release: shifts, then the train, test and metadata files of its 66 distributions.
 *
 * @param options.results - its evaluations and tables too, which `litmus import-results` reads; defaults to false
 */
export async function releaseFiles({ results = false }: { results?: boolean } = {}): Promise<ReleaseFile[]> {
  const lists = results ? ["data.json", "results.json"] : ["data.json"]
  return (await Promise.all(lists.map(readListing))).flat()
}

/** A list as it ships: files by folder, each with its size and its SHA-256 in base64url. */
export type ReleaseListing = Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>

async function readListing(name: string): Promise<ReleaseFile[]> {
  // Sources and the built package lie at different depths; the lists are in the sources alone.
  const places = [`./${name}`, `../../../../src/data/release/${name}`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const path = places.find((place) => existsSync(place)) ?? places[0]!
  const listing = (await readJson(path)) as ReleaseListing
  return Object.entries(listing).flatMap(([folder, files]) =>
    Object.entries(files).map(([file, [bytes, hash]]) => ({
      path: `${folder}/${file}`,
      bytes,
      sha256: Buffer.from(hash, "base64url").toString("hex"),
    })),
  )
}
