// Typed access to the fields of a config.json. A field that is absent or null takes its default; one of the wrong type is
// an error that names the file and the field. Which fields were read is recorded, so that those that nothing reads can be
// checked (unread-fields.ts).

import { LitmusError } from "../../base/errors.ts"

/** A field that nothing has read; of nested objects by its path, `rope_scaling.factor`. */
export interface UnreadField {
  readonly name: string
  readonly value: unknown
}

export class ConfigFields {
  readonly path: string
  /** Fields that the user declares harmless. */
  readonly ignored: readonly string[]
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #known = new Set<string>()
  readonly #nested = new Map<string, ConfigFields>()

  constructor(path: string, fields: Readonly<Record<string, unknown>>, ignored: readonly string[] = []) {
    this.path = path
    this.#fields = fields
    this.ignored = ignored
  }

  /** All fields as they are. */
  get content(): Readonly<Record<string, unknown>> {
    return this.#fields
  }

  /** The fields without those that the user declares harmless. */
  withoutIgnored(): Readonly<Record<string, unknown>> {
    const without = (fields: object, prefix: string): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
          if (this.ignored.includes(prefix + name)) return []
          const isNested =
            prefix === "" && value !== null && typeof value === "object" && !Array.isArray(value)
          return [[name, isNested ? without(value, `${name}.`) : value]]
        }),
      )
    return without(this.#fields, "")
  }

  /** The fields that no getter was asked for, in the file's order. */
  unread(): UnreadField[] {
    return Object.entries(this.#fields).flatMap(([name, value]) => {
      const nested = this.#nested.get(name)?.unread() ?? []
      if (this.#known.has(name)) {
        return nested.map((inner) => ({ ...inner, name: `${name}.${inner.name}` }))
      }
      return [{ name, value }]
    })
  }

  /** The field as it is, unchecked. */
  raw(name: string): unknown {
    this.#known.add(name)
    return this.#fields[name]
  }

  /** True where the field is there, null or not. */
  has(name: string): boolean {
    this.#known.add(name)
    return Object.hasOwn(this.#fields, name)
  }

  /** True where the field is there and not null. */
  isSet(name: string): boolean {
    return (this.raw(name) ?? undefined) !== undefined
  }

  /** A default for a field that is not there at all; undefined where it is, if only as null. */
  absent<T>(name: string, fallback: T): T | undefined {
    return this.has(name) ? undefined : fallback
  }

  string(name: string, fallback?: string): string {
    return this.#read(name, fallback, "a string", (value) => typeof value === "string")
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#read(name, fallback, "true or false", (value) => typeof value === "boolean")
  }

  /** A positive integer. */
  count(name: string, fallback?: number): number {
    return this.#read(
      name,
      fallback,
      "a positive integer",
      (value) => Number.isSafeInteger(value) && Number(value) > 0,
    )
  }

  /** A positive finite number. */
  positive(name: string, fallback?: number): number {
    return this.#read(
      name,
      fallback,
      "a positive number",
      (value) => Number.isFinite(value) && Number(value) > 0,
    )
  }

  /** An integer from 0 on. */
  integer(name: string): number {
    return this.#read<number>(
      name,
      undefined,
      "an integer of at least 0",
      (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    )
  }

  /** A positive integer; undefined where the field is null, or where it is not there and has no default. */
  countOrNull(name: string, fallback?: number): number | undefined {
    const isGiven = (this.raw(name) ?? this.absent(name, fallback)) !== undefined
    return isGiven ? this.count(name, fallback) : undefined
  }

  /** A positive number; undefined where the field is null. */
  positiveOrNull(name: string, fallback: number): number | undefined {
    const isGiven = (this.raw(name) ?? this.absent(name, fallback)) !== undefined
    return isGiven ? this.positive(name, fallback) : undefined
  }

  /** Fields of a nested object; undefined where it is absent. */
  object(name: string): ConfigFields | undefined {
    const value = this.raw(name) ?? undefined
    if (value === undefined) return undefined
    if (typeof value !== "object" || Array.isArray(value)) this.fail(name, "an object", value)
    const known = this.#nested.get(name)
    if (known) return known
    const nested = new ConfigFields(`${this.path}: ${name}`, value as Record<string, unknown>)
    this.#nested.set(name, nested)
    return nested
  }

  /** The number of labels of a sequence-classification checkpoint; nothing for other kinds. */
  scoreLabels(): { scoreLabels?: number } {
    const kinds = this.raw("architectures")
    if (!Array.isArray(kinds) || !String(kinds[0]).endsWith("ForSequenceClassification")) return {}
    const names = this.raw("id2label")
    const named = names !== null && typeof names === "object" ? Object.keys(names).length : undefined
    const scoreLabels = this.count("num_labels", named ?? 2)
    // Releases of transformers differ in which of the two they take.
    if (named !== undefined && scoreLabels !== named) {
      this.fail("num_labels", `${named}, as many as id2label names`)
    }
    return { scoreLabels }
  }

  fail(name: string, expected: string, value: unknown = this.#fields[name]): never {
    const got = value === undefined ? "nothing" : brief(value)
    throw new LitmusError(`${this.path}: ${name}: expected ${expected}, got ${got}`)
  }

  #read<T>(name: string, fallback: T | undefined, expected: string, test: (value: unknown) => boolean): T {
    const value = this.raw(name) ?? fallback
    if (!test(value)) this.fail(name, expected, value)
    return value as T
  }
}

/** A field by the object that it is in and its name. */
export type Place = readonly [fields: ConfigFields, name: string]

/**
 * The number that one or several fields give, which mean the same; undefined where none is set.
 *
 * @throws {LitmusError} if two contradict each other
 */
export function agreeing(places: readonly Place[], kind: "count" | "positive"): number | undefined {
  const set = places.filter(([fields, name]) => fields.isSet(name))
  const values = set.map(([fields, name]) => fields[kind](name))
  const other = values.findIndex((value) => value !== values[0])
  if (other > 0) {
    const [[one, oneName], [two, twoName]] = [set[0]!, set[other]!]
    const where = two.path === one.path ? "" : `${two.path}: `
    throw new LitmusError(
      `${one.path}: ${oneName} ${values[0]} contradicts ${where}${twoName} ${values[other]}`,
    )
  }
  return values[0]
}

/** A value for messages, cut where it is long. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
