// One part as the bytes of an Arrow IPC file: schema message, one record batch, footer. Laid out here rather than
// by apache-arrow's writer, so that values go to the disk without a copy, buffers start at multiples of 64 bytes,
// and the schema message is there for readers that stream (apache-arrow's file writer leaves it out).
// Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format

import { createHash } from "node:crypto"
import { MetadataVersion } from "apache-arrow"
import { FileBlock, Footer } from "apache-arrow/ipc/metadata/file"
import { BufferRegion, FieldNode, Message, RecordBatch } from "apache-arrow/ipc/metadata/message"
import { LitmusError, ShapeError } from "../../src/base/errors.ts"
import { encodeBfloat16, encodeFloat16 } from "../../src/formats/half.ts"
import { rowColumns, schemaOf } from "./schema.ts"
import type { CacheDescription, Part, PartEntry, Rows, StoredDtype } from "./types.ts"

/** A part ready to be written: its bytes, in order, and what the manifest says of it. */
export interface EncodedPart {
  readonly chunks: readonly Uint8Array[]
  readonly entry: PartEntry
}

/** A file's bytes, and the two of its chunks that say where columns lie. */
interface Layout {
  readonly chunks: Uint8Array[]
  readonly footer: Uint8Array
  readonly batch: Uint8Array
}

/** One column's Arrow nodes and buffers; an empty buffer stands for "no nulls". */
interface Column {
  readonly name: string
  readonly nodes: readonly FieldNode[]
  readonly buffers: readonly Uint8Array[]
}

const alignment = 64
const magic = Buffer.from("ARROW1")
const noNulls = new Uint8Array(0)

/**
 * Encodes a part.
 *
 * @param file - the name it will have in the cache
 * @throws {ShapeError} if the arrays of `part` do not agree with one another or with the sites
 */
export function encodePart(file: string, description: CacheDescription, part: Part): EncodedPart {
  const nRows = checkPart(file, description, part)
  const columns = [
    ...rowColumns.map((name) => rowColumn(name, part.rows)),
    ...description.sites.map(({ site, width }) =>
      siteColumn(site, nRows, width, toStored(part.values.get(site)!, description.dtype)),
    ),
  ]
  const { chunks, footer, batch } = layOut(description, nRows, columns)
  return {
    chunks,
    entry: {
      file,
      rows: nRows,
      bytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
      sha256: hashOf(chunks),
      metadata: { footer: hashOf([footer]), batch: hashOf([batch]) },
      columns: Object.fromEntries(columns.map(({ name, buffers }) => [name, { sha256: hashOf(buffers) }])),
    },
  }
}

function layOut(description: CacheDescription, nRows: number, columns: readonly Column[]): Layout {
  const schema = schemaOf(description)
  const body: Uint8Array[] = []
  const regions: BufferRegion[] = []
  let bodyLength = 0
  for (const buffer of columns.flatMap((column) => column.buffers)) {
    const padding = -buffer.byteLength & (alignment - 1)
    regions.push(new BufferRegion(bodyLength, buffer.byteLength))
    body.push(buffer, new Uint8Array(padding))
    bodyLength += buffer.byteLength + padding
  }
  const nodes = columns.flatMap((column) => column.nodes)
  const start = Buffer.concat([magic, Buffer.alloc(2)])
  const schemaMessage = framed(Message.encode(Message.from(schema)), start.byteLength)
  const batchOffset = start.byteLength + schemaMessage.byteLength
  const header = new RecordBatch(nRows, nodes, regions, null)
  const batch = framed(Message.encode(Message.from(header, bodyLength)), batchOffset)
  const block = new FileBlock(batch.byteLength, bodyLength, batchOffset)
  const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, [block], []))
  const end = Buffer.alloc(8)
  end.writeInt32LE(-1, 0)
  const trailer = [end, footer, int32(footer.byteLength), magic]
  const chunks = [start, schemaMessage, batch, ...body, ...trailer].filter((chunk) => chunk.byteLength > 0)
  return { chunks, footer, batch }
}

/** A message with its continuation mark and length, padded so that what follows it is aligned. */
function framed(message: Uint8Array, offset: number): Uint8Array {
  const padding = -(offset + 8 + message.byteLength) & (alignment - 1)
  return Buffer.concat([int32(-1), int32(message.byteLength + padding), message, Buffer.alloc(padding)])
}

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function rowColumn(name: keyof Rows, rows: Rows): Column {
  const values = rows[name]
  const nodes = [new FieldNode(values.length, 0)]
  if (ArrayBuffer.isView(values)) return { name, nodes, buffers: [noNulls, bytesOf(values)] }
  const offsets = new Int32Array(values.length + 1)
  values.forEach((text, i) => {
    offsets[i + 1] = offsets[i]! + Buffer.byteLength(text)
  })
  return { name, nodes, buffers: [noNulls, bytesOf(offsets), Buffer.from(values.join(""))] }
}

function siteColumn(site: string, nRows: number, width: number, values: Uint8Array): Column {
  const nodes = [new FieldNode(nRows, 0), new FieldNode(nRows * width, 0)]
  return { name: site, nodes, buffers: [noNulls, noNulls, values] }
}

function toStored(values: Float32Array, dtype: StoredDtype): Uint8Array {
  if (dtype === "float16") return bytesOf(encodeFloat16(values))
  if (dtype === "bfloat16") return bytesOf(encodeBfloat16(values))
  return bytesOf(values)
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function hashOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256")
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest("hex")
}

function checkPart(file: string, { sites }: CacheDescription, { rows, values }: Part): number {
  const nRows = rows.example.length
  for (const name of rowColumns) {
    const length = rows[name].length
    if (length !== nRows) throw new ShapeError(`${file}: ${name}: expected ${nRows} rows, got ${length}`)
  }
  for (const label of rows.label) {
    if (label !== 0 && label !== 1) throw new LitmusError(`${file}: label: expected 0 or 1, got ${label}`)
  }
  for (const hash of rows.textHash) {
    if (!/^[0-9a-f]{16}$/.test(hash)) {
      throw new LitmusError(`${file}: textHash: expected 16 hexadecimal digits, got "${hash}"`)
    }
  }
  for (const { site, width } of sites) {
    const length = values.get(site)?.length
    if (length !== nRows * width) {
      const got = length === undefined ? "none" : `${length} values`
      throw new ShapeError(`${file}: ${site}: expected ${nRows} × ${width} values, got ${got}`)
    }
  }
  for (const site of values.keys()) {
    if (!sites.some((column) => column.site === site)) {
      throw new ShapeError(`${file}: ${site}: values of a site that this cache does not hold`)
    }
  }
  return nRows
}
