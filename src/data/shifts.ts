// Distribution shifts: fit on a source, test on a target. The files are those of GENIES' distribution_shifts/: a list
// of `{source, target, target_reference?, label?, category?}`. Whether the distributions exist shows when they are read.

import { LitmusError, unknownName } from "../base/errors.ts"
import { readOrderedJson } from "../base/files.ts"
import { describeJson, type Json } from "../base/json.ts"

/** A source to fit on and a target to test on, by the ids of their distributions. */
export interface Shift {
  readonly source: string
  readonly target: string
  /** Where the capability on the target is measured; the target itself unless the file says otherwise. */
  readonly targetReference: string
  /** `extreme` or `probing` in GENIES. */
  readonly label?: string
  /** The kind of shift: `skill`, `unwanted_personas` … */
  readonly category?: string
}

const keys = ["source", "target", "target_reference", "label", "category"]

/**
 * Reads a file of shifts, in its order; a shift that occurs twice is kept twice.
 *
 * @throws {LitmusError} naming the file and the entry, if anything is missing or not as it should be; an unknown key
 * too, since a mistyped `target_reference` would silently change what elicitation is measured against
 */
export async function readShifts(file: string): Promise<Shift[]> {
  const entries = await readOrderedJson(file)
  if (!Array.isArray(entries)) {
    throw new LitmusError(`${file}: expected a list of shifts, got ${describeJson(entries)}`)
  }
  if (entries.length === 0) throw new LitmusError(`${file}: expected at least one shift, got an empty list`)
  return entries.map((entry, i) => readShift(entry, `${file} [${i}]`))
}

function readShift(entry: Json, where: string): Shift {
  if (!(entry instanceof Map)) {
    throw new LitmusError(
      `${where}: expected an object with a source and a target, got ${describeJson(entry)}`,
    )
  }
  for (const key of entry.keys()) {
    if (!keys.includes(key)) throw new LitmusError(`${where}: ${unknownName("key", key, keys).message}`)
  }
  const optional = (key: string): string | undefined => (entry.has(key) ? required(key) : undefined)
  const required = (key: string): string => {
    const value = entry.get(key)
    if (typeof value === "string" && value !== "") return value
    throw new LitmusError(`${where}.${key}: expected a name, got ${describeJson(value)}`)
  }
  const source = required("source")
  const target = required("target")
  const targetReference = optional("target_reference") ?? target
  const label = optional("label")
  const category = optional("category")
  return {
    source,
    target,
    targetReference,
    ...(label === undefined ? {} : { label }),
    ...(category === undefined ? {} : { category }),
  }
}
