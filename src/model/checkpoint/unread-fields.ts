// What becomes of the fields of a configuration that nothing reads: each is known to leave the computation as it is, for a
// reason that its table gives, or it is refused by name. A field that nobody here knows may change what is computed, unless
// it is null: that is how transformers writes an option that is not set.

import { LitmusError } from "../../base/errors.ts"
import { brief, type ConfigFields, type UnreadField } from "./config-fields.ts"

/** Why a field may stay unread. */
export interface IgnoredField {
  readonly why: string
  /** The only value for which that holds, null apart; all do by default. */
  readonly only?: (value: unknown, fields: ConfigFields) => boolean
  /** That value in words, for messages. */
  readonly expected?: string
  /** Something other than the architecture depends on it. */
  readonly readElsewhere?: true
}

export type IgnoredFields = Readonly<Record<string, IgnoredField>>

type Known = (name: string) => IgnoredField | undefined

/** Fields that are ignored for one reason, whatever their values. */
export function ignored(why: string, ...names: string[]): IgnoredFields {
  return Object.fromEntries(names.map((name) => [name, { why }]))
}

/** A field that is ignored as long as it has one of some values, or is null. */
export function ignoredIf(
  name: string,
  values: readonly (boolean | number | string)[],
  why: string,
): IgnoredFields {
  const expected = values.length === 0 ? "none" : values.map((value) => JSON.stringify(value)).join(" or ")
  return { [name]: { why, only: (value) => values.some((known) => known === value), expected } }
}

/**
 * Checks every field that nothing has read, and that what the user ignores may be ignored.
 *
 * @param known - why a field may stay unread; undefined for one that is not known
 * @throws {LitmusError} that names the first field that may not
 */
export function checkUnread(fields: ConfigFields, known: Known): void {
  const unread = fields.unread()
  for (const name of fields.ignored) checkIgnored(name, fields, { unread, known })
  for (const { name, value } of unread) {
    if (value === null || fields.ignored.includes(name)) continue
    const entry = known(name)
    const advice = `if it does not, remove it or give --ignore-config ${name}`
    if (!entry) {
      throw new LitmusError(
        `${fields.path}: unknown field ${name} (${brief(value)}): it may change what the model computes; ${advice}`,
      )
    }
    if (!entry.only || entry.only(value, fields)) continue
    throw new LitmusError(
      `${fields.path}: ${name}: expected ${entry.expected}, got ${brief(value)} (${entry.why}); --ignore-config ${name} reads the model as if it were not there`,
    )
  }
}

function checkIgnored(
  name: string,
  fields: ConfigFields,
  { unread, known }: { unread: readonly UnreadField[]; known: Known },
): void {
  const isUnread = unread.some((field) => field.name === name)
  if (isUnread && !known(name)?.readElsewhere) return
  const isThere = isUnread || Object.hasOwn(fields.content, name.split(".")[0]!)
  throw new LitmusError(
    isThere
      ? `--ignore-config ${name}: the model is read by it, so it cannot be ignored`
      : `--ignore-config ${name}: ${fields.path} has no such field`,
  )
}
