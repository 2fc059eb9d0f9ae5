// Ranged reads from one part: footer and record batch metadata say where each column's buffers lie, and only the
// bytes of the columns asked for are read.

import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { DataType } from "apache-arrow"
import type { Schema } from "apache-arrow"
import { Footer } from "apache-arrow/ipc/metadata/file"
import { Message } from "apache-arrow/ipc/metadata/message"
import type { RecordBatch } from "apache-arrow/ipc/metadata/message"
import { FileError, LitmusError } from "../../src/base/errors.ts"
import { sha256 } from "../../src/base/files.ts"
import { isMissing } from "../../src/base/errors.ts"
import type { PartEntry } from "./types.ts"

/** A part opened for reading. */
export interface PartFile {
  /** Reads all buffers of one column, validity (empty: there are no nulls) among them, and checks its sum. */
  column(name: string): Promise<Uint8Array<ArrayBuffer>[]>
  /** Reads the one buffer of a column of numbers straight into `target`, and checks its sum. */
  columnInto(name: string, target: Uint8Array): Promise<void>
  close(): Promise<void>
}

interface Region {
  readonly offset: number
  readonly length: number
}

const maxRead = 2 ** 26
const trailer = 10

/**
 * Opens a part and locates its columns.
 *
 * @param count - told of every number of bytes read
 * @throws {LitmusError} if it is missing, of another size, not an Arrow file, or another cache's
 */
export async function openPart(
  folder: string,
  entry: PartEntry,
  count: (bytes: number) => void,
): Promise<PartFile> {
  const path = join(folder, entry.file)
  const file = await open(path, "r").catch((error: unknown) => {
    if (isMissing(error)) throw recompute(`${path}: this part is missing`, "run the command again")
    throw new FileError(`cannot read ${path}`, error)
  })
  const read = (region: Region, target: Uint8Array): Promise<void> =>
    readRange(file, path, region, target, count)
  try {
    const { size } = await file.stat()
    if (size !== entry.bytes) {
      const cause = size < entry.bytes ? "truncated" : "not the file that was written"
      throw damaged(path, `expected ${entry.bytes} bytes, got ${size}: ${cause}`)
    }
    const regions = await locate(path, size, entry, read)
    const check = (name: string, buffers: readonly Uint8Array[]): void => {
      const hash = createHash("sha256")
      for (const buffer of buffers) hash.update(buffer)
      if (hash.digest("hex") !== entry.columns[name]!.sha256) {
        throw damaged(path, `${name}: the checksum differs from the manifest's`)
      }
    }
    const regionsOf = (name: string): Region[] => {
      const found = regions.get(name)
      if (found === undefined) throw damaged(path, `it has no column "${name}"`)
      return found
    }
    return {
      async column(name) {
        const buffers: Uint8Array<ArrayBuffer>[] = []
        for (const region of regionsOf(name)) {
          const buffer = new Uint8Array(region.length)
          await read(region, buffer)
          buffers.push(buffer)
        }
        check(name, buffers)
        return buffers
      },
      async columnInto(name, target) {
        const { offset, length } = regionsOf(name).at(-1)!
        if (length !== target.byteLength) {
          throw damaged(path, `${name}: expected ${target.byteLength} bytes of values, got ${length}`)
        }
        await read({ offset, length }, target)
        check(name, [target])
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** What to say of a part that is not as it was written. */
export function damaged(path: string, what: string): LitmusError {
  return recompute(`${path}: ${what}`, "delete this file and run the command again")
}

function recompute(what: string, remedy: string): LitmusError {
  return new LitmusError(`${what}: ${remedy}: only that part is computed again`)
}

/** Where in the file the buffers of each column lie. Metadata is decoded only once its checksum is right. */
async function locate(
  path: string,
  size: number,
  entry: PartEntry,
  read: (region: Region, target: Uint8Array) => Promise<void>,
): Promise<Map<string, Region[]>> {
  const bytes = async (offset: number, length: number): Promise<Buffer> => {
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
      throw damaged(path, "not an Arrow file, or its end is damaged")
    }
    const target = Buffer.alloc(length)
    await read({ offset, length }, target)
    return target
  }
  const end = await bytes(size - trailer, trailer)
  if (end.toString("latin1", 4) !== "ARROW1") throw damaged(path, "not an Arrow file")
  const footerLength = end.readInt32LE(0)
  const footerBytes = await bytes(size - trailer - footerLength, footerLength)
  if (sha256(footerBytes) !== entry.metadata.footer) {
    throw damaged(path, "a part of another cache (other columns or fingerprints), or its footer is damaged")
  }
  const { schema, ...footer } = footerOf(footerBytes)
  const framed = await bytes(footer.offset, footer.metaDataLength)
  if (sha256(framed) !== entry.metadata.batch) {
    throw damaged(path, "the checksum of its metadata differs from the manifest's")
  }
  const start = footer.offset + footer.metaDataLength
  const buffers = buffersOf(framed).map(({ offset, length }) => ({ offset: start + offset, length }))
  return new Map(schema.fields.map(({ name, type }) => [name, buffers.splice(0, nBuffers(type))]))
}

function footerOf(bytes: Uint8Array): { schema: Schema; offset: number; metaDataLength: number } {
  const footer = Footer.decode(bytes)
  const { offset, metaDataLength } = footer.getRecordBatch(0)!
  return { schema: footer.schema, offset, metaDataLength }
}

function buffersOf(framed: Uint8Array): Region[] {
  // A continuation mark and a length, four bytes each, come before the message.
  return (Message.decode(framed.subarray(8)).header() as RecordBatch).buffers
}

/** How many buffers a column of that type has, those of its children included. */
function nBuffers(type: DataType): number {
  if (DataType.isFixedSizeList(type)) return 1 + nBuffers(type.valueType as DataType)
  return DataType.isUtf8(type) ? 3 : 2
}

async function readRange(
  file: FileHandle,
  path: string,
  { offset, length }: Region,
  target: Uint8Array,
  count: (bytes: number) => void,
): Promise<void> {
  for (let done = 0; done < length;) {
    const wanted = Math.min(length - done, maxRead)
    let got: number
    try {
      got = (await file.read(target, done, wanted, offset + done)).bytesRead
    } catch (error) {
      throw new FileError(`cannot read ${path}`, error)
    }
    if (got === 0) throw damaged(path, `it ends at byte ${offset + done}: truncated`)
    count(got)
    done += got
  }
}
