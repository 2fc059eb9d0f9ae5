// The Arrow schema of a part: the columns that say what each row is, then one FixedSizeList column per site.

import { Field, FixedSizeList, Float16, Float32, Int8, Int32, Schema, Uint16, Utf8 } from "apache-arrow"
import type { DataType } from "apache-arrow"
import type { CacheDescription, Rows, StoredDtype } from "./types.ts"

/** The columns before the sites, in the order of the file. */
export const rowColumns = [
  "example",
  "response",
  "variant",
  "position",
  "label",
  "nTokens",
  "textHash",
] as const satisfies readonly (keyof Rows)[]

const rowTypes: Record<keyof Rows, () => DataType> = {
  example: () => new Int32(),
  response: () => new Int32(),
  variant: () => new Utf8(),
  position: () => new Int32(),
  label: () => new Int8(),
  nTokens: () => new Int32(),
  textHash: () => new Utf8(),
}

// Arrow has no bfloat16: its words are stored as unsigned integers and `litmus:dtype` says what they are.
const itemTypes: Record<StoredDtype, () => DataType> = {
  float32: () => new Float32(),
  float16: () => new Float16(),
  bfloat16: () => new Uint16(),
}

/** The dtypes that values can be stored in. */
export const storedDtypes = Object.keys(itemTypes) as readonly StoredDtype[]

/** The schema of every part of a cache. */
export function schemaOf({ sites, dtype, positions, metadata }: CacheDescription): Schema {
  const rows = rowColumns.map((name) => new Field(name, rowTypes[name](), false))
  const columns = sites.map(
    ({ site, width, convention }) =>
      new Field(
        site,
        new FixedSizeList(width, new Field("item", itemTypes[dtype](), false)),
        false,
        new Map([
          ["litmus:dtype", dtype],
          ["litmus:site", site],
          ["litmus:convention", convention],
          ["litmus:positions", positions],
        ]),
      ),
  )
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  return new Schema([...rows, ...columns], new Map(entries))
}
