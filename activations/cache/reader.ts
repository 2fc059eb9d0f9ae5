// Reading an activation cache: the rows, and one site at a time, each costing its own bytes and no others.

import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { join } from "node:path"
import { FileError, LitmusError, unknownName } from "../../src/base/errors.ts"
import { decodeBfloat16, decodeFloat16 } from "../../src/formats/half.ts"
import { makeManifest, manifestPath, readManifest } from "./manifest.ts"
import type { Matrix } from "./matrix.ts"
import { damaged, openPart } from "./part-file.ts"
import type { PartFile } from "./part-file.ts"
import { recordedParts } from "./records.ts"
import type { Manifest, Rows } from "./types.ts"

/** An activation cache opened for reading. What it reads it checks against the manifest's checksums. */
export interface ActivationCache {
  /** The manifest; where the cache is not complete, with the parts that are there. */
  readonly manifest: Manifest
  /** True when every part of the plan is there; otherwise nothing but the manifest can be read. */
  readonly complete: boolean
  /** Rows in all parts. */
  readonly nRows: number
  /** Bytes read from the parts so far. */
  readonly bytesRead: number
  /** What each row is, in the order of the parts. */
  rows(): Promise<Rows>
  /**
   * The activations of one site, in the order of `rows`.
   *
   * @throws {LitmusError} if the site is not in the cache, or a part is missing or damaged
   */
  site(name: string): Promise<Matrix>
  /** Reads everything and compares each part with its checksum. */
  verify(): Promise<void>
}

/**
 * Opens an activation cache.
 *
 * @throws {LitmusError} if there is none, or its manifest is malformed or another version's
 */
export async function openCache(folder: string): Promise<ActivationCache> {
  const manifest = await manifestWithParts(folder)
  const { parts, nParts, sites, dtype } = manifest
  const complete = parts.length === nParts
  const nRows = parts.reduce((sum, part) => sum + part.rows, 0)
  let bytesRead = 0
  const count = (bytes: number): void => {
    bytesRead += bytes
  }

  /** Opens part after part; `from` is the first of its rows in the whole. */
  const eachPart = async (
    use: (part: PartFile, from: number, rows: number) => Promise<void>,
  ): Promise<void> => {
    if (!complete) {
      throw new LitmusError(
        `${folder}: ${parts.length} of ${nParts} parts are there: run the command that makes this cache again, it goes on from there`,
      )
    }
    let from = 0
    for (const entry of parts) {
      const part = await openPart(folder, entry, count)
      try {
        await use(part, from, entry.rows)
      } finally {
        await part.close()
      }
      from += entry.rows
    }
  }

  return {
    manifest,
    complete,
    nRows,
    get bytesRead() {
      return bytesRead
    },
    async rows() {
      const numbers = {
        example: new Int32Array(nRows),
        response: new Int32Array(nRows),
        position: new Int32Array(nRows),
        label: new Int8Array(nRows),
        nTokens: new Int32Array(nRows),
      }
      const texts: { variant: string[]; textHash: string[] } = { variant: [], textHash: [] }
      await eachPart(async (part, from, rows) => {
        for (const [name, target] of Object.entries(numbers)) {
          const { byteOffset, byteLength } = target.subarray(from, from + rows)
          await part.columnInto(name, new Uint8Array(target.buffer, byteOffset, byteLength))
        }
        for (const [name, target] of Object.entries(texts)) {
          const [, offsets, bytes] = await part.column(name)
          for (const text of textsOf(offsets!, bytes!, rows)) target.push(text)
        }
      })
      return { ...numbers, ...texts }
    },
    async site(name) {
      const width = sites.find(({ site }) => site === name)?.width
      if (width === undefined)
        throw unknownName(
          "site",
          name,
          sites.map(({ site }) => site),
        )
      const data = new Float32Array(nRows * width)
      await eachPart(async (part, from, rows) => {
        const values = data.subarray(from * width, (from + rows) * width)
        if (dtype === "float32") {
          return part.columnInto(name, new Uint8Array(data.buffer, values.byteOffset, values.byteLength))
        }
        const words = new Uint16Array(values.length)
        await part.columnInto(name, new Uint8Array(words.buffer))
        const decode = dtype === "float16" ? decodeFloat16 : decodeBfloat16
        decode(words, values)
      })
      return { data, nRows, width }
    },
    async verify() {
      await eachPart(async () => {})
      for (const { file, sha256 } of parts) {
        const path = join(folder, file)
        if ((await hashFile(path, count)) !== sha256) {
          throw damaged(path, "the checksum differs from the manifest's")
        }
      }
    },
  }
}

async function manifestWithParts(folder: string): Promise<Manifest> {
  const manifest = await existingManifest(folder)
  if (manifest.parts.length === manifest.nParts) return manifest
  const parts = (await recordedParts(folder, manifest)).filter((entry) => entry !== undefined)
  // Another process may have completed the cache, and removed records, while they were read.
  const again = await existingManifest(folder)
  return again.parts.length === again.nParts ? again : makeManifest(manifest, parts)
}

async function existingManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) {
    throw new LitmusError(
      `${manifestPath(folder)}: no such file: there is no activation cache in this folder`,
    )
  }
  return manifest
}

function textsOf(
  offsetBytes: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
  rows: number,
): string[] {
  const offsets = new Int32Array(offsetBytes.buffer, 0, rows + 1)
  const buffer = Buffer.from(bytes.buffer)
  return Array.from({ length: rows }, (_, i) => buffer.toString("utf8", offsets[i], offsets[i + 1]))
}

async function hashFile(path: string, count: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256")
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 22 }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      count(chunk.byteLength)
    }
  } catch (error) {
    throw new FileError(`cannot read ${path}`, error)
  }
  return hash.digest("hex")
}
