// Typed access to the fields of a config.json. A field that is absent or null takes its default; one of the
// wrong type is an error that names the file and the field.

import { LitmusError } from "../../base/errors.ts"

export class ConfigFields {
  readonly path: string
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(path: string, fields: Readonly<Record<string, unknown>>) {
    this.path = path
    this.#fields = fields
  }

  /** All fields as they stand. */
  get content(): Readonly<Record<string, unknown>> {
    return this.#fields
  }

  /** The field as it stands, unchecked. */
  raw(name: string): unknown {
    return this.#fields[name]
  }

  /** True where the field is there, null or not. */
  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name)
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
    const isSet = (this.#fields[name] ?? this.absent(name, fallback)) !== undefined
    return isSet ? this.count(name, fallback) : undefined
  }

  /** A positive number; undefined where the field is null. */
  positiveOrNull(name: string, fallback: number): number | undefined {
    const isSet = (this.#fields[name] ?? this.absent(name, fallback)) !== undefined
    return isSet ? this.positive(name, fallback) : undefined
  }

  /** Fields of a nested object; undefined where it is absent. */
  object(name: string): ConfigFields | undefined {
    const value = this.#fields[name] ?? undefined
    if (value === undefined) return undefined
    if (typeof value !== "object" || Array.isArray(value)) this.fail(name, "an object", value)
    return new ConfigFields(`${this.path}: ${name}`, value as Record<string, unknown>)
  }

  /** The number of labels of a sequence-classification checkpoint; nothing for other kinds. */
  scoreLabels(): { scoreLabels?: number } {
    const kinds = this.raw("architectures")
    if (!Array.isArray(kinds) || !String(kinds[0]).endsWith("ForSequenceClassification")) return {}
    const names = this.raw("id2label")
    const listed = names !== null && typeof names === "object" ? Object.keys(names).length : 2
    return { scoreLabels: this.count("num_labels", listed) }
  }

  fail(name: string, expected: string, value: unknown = this.#fields[name]): never {
    const got = value === undefined ? "nothing" : JSON.stringify(value)
    throw new LitmusError(`${this.path}: ${name}: expected ${expected}, got ${got}`)
  }

  #read<T>(name: string, fallback: T | undefined, expected: string, test: (value: unknown) => boolean): T {
    const value = this.#fields[name] ?? fallback
    if (!test(value)) this.fail(name, expected, value)
    return value as T
  }
}
