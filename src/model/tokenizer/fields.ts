// Checked access to the nested objects of tokenizer.json and tokenizer_config.json. Every object lists the fields that
// are understood; any other is an error that names the file, the path inside it and the field.

import { LitmusError } from "../../base/errors.ts"

export class Fields {
  /** The file, and the path to this object inside it. */
  readonly where: string
  readonly content: Readonly<Record<string, unknown>>

  /**
   * @param value - what should be an object
   * @param where - the file, and the path inside it: `tokenizer.json: model`
   * @throws {LitmusError} if it is not an object
   */
  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new LitmusError(`${where}: expected an object, got ${shown(value)}`)
    }
    this.where = where
    this.content = value as Readonly<Record<string, unknown>>
  }

  get names(): string[] {
    return Object.keys(this.content)
  }

  get values(): unknown[] {
    return Object.values(this.content)
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.content, name) ? this.content[name] : undefined
  }

  /** The same with another value for one field. */
  with(name: string, value: unknown): Fields {
    return new Fields({ ...this.content, [name]: value }, this.where)
  }

  /** False where the field is absent or null. */
  has(name: string): boolean {
    return (this.raw(name) ?? null) !== null
  }

  /** Refuses every field that is neither `type` nor in `names`, which are separated by spaces. */
  allow(names: string): this {
    const known = new Set(["type", ...names.split(" ")])
    for (const name of this.names) if (!known.has(name)) this.refuse(name)
    return this
  }

  get type(): string {
    return this.string("type")
  }

  string(name: string, fallback?: string): string {
    return this.#read(name, fallback, "a string", (value) => typeof value === "string")
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#read(name, fallback, "true or false", (value) => typeof value === "boolean")
  }

  integer(name: string, { least = 0, fallback }: { least?: number; fallback?: number } = {}): number {
    return this.#read(
      name,
      fallback,
      `an integer of at least ${least}`,
      (value) => Number.isSafeInteger(value) && Number(value) >= least,
    )
  }

  oneOf<const T extends string>(name: string, known: readonly T[], fallback?: T): T {
    const value = this.string(name, fallback)
    return known.find((one) => one === value) ?? this.fail(name, known.join(", "))
  }

  /** The object under a name; undefined where it is absent or null. */
  child(name: string): Fields | undefined {
    return this.has(name) ? new Fields(this.raw(name), `${this.where}: ${name}`) : undefined
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    return Array.isArray(value) ? value : this.fail(name, "a list")
  }

  children(name: string): Fields[] {
    return this.list(name).map((item, i) => new Fields(item, `${this.where}: ${name}[${i}]`))
  }

  /** An error that says what a field should hold. */
  fail(name: string, expected: string, value = this.raw(name)): never {
    throw new LitmusError(`${this.where}: ${name}: expected ${expected}, got ${shown(value)}`)
  }

  /** An error for a field whose value would change the tokens in a way that is not supported. */
  refuse(name: string, why = "its tokens would not be those of Hugging Face's tokenizers"): never {
    throw new LitmusError(`${this.where}: ${name}: ${shown(this.raw(name))} is not supported: ${why}`)
  }

  #read<T>(name: string, fallback: T | undefined, expected: string, valid: (value: unknown) => boolean): T {
    const value = this.raw(name) ?? fallback
    return value !== undefined && valid(value) ? (value as T) : this.fail(name, expected)
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
