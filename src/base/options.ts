// Options of interventions, declared once: the command line reads, checks and lists them from the same specification that
// types them for code.

import { LitmusError, unknownName } from "./errors.ts"
import { parseSite, siteExamples } from "./sites.ts"

export type OptionSpec =
  | {
      readonly kind: "choice"
      readonly values: readonly string[]
      readonly default: string
      readonly description: string
    }
  /** A positive integer; without a default it may be left out. */
  | { readonly kind: "count"; readonly default?: number; readonly description: string }
  | { readonly kind: "number"; readonly min?: number; readonly default: number; readonly description: string }
  /** A learning rate: a positive number, or `auto` for one that is tried out. */
  | { readonly kind: "rate"; readonly default: number | "auto"; readonly description: string }
  /** Names separated by commas, or a list of them; without a default they may be left out. */
  | { readonly kind: "names"; readonly default?: readonly string[]; readonly description: string }
  /** Where to read: a kind of sites or some sites, separated by commas; a head as `heads.3#2`. */
  | { readonly kind: "sites"; readonly default: string; readonly description: string }
  | { readonly kind: "flag"; readonly default: boolean; readonly description: string }

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type ValueOf<Spec> = Spec extends { kind: "choice"; values: readonly (infer Value)[] }
  ? Value
  : Spec extends { kind: "count"; default: number }
    ? number
    : Spec extends { kind: "count" }
      ? number | undefined
      : Spec extends { kind: "rate" }
        ? number | "auto"
        : Spec extends { kind: "number" }
          ? number
          : Spec extends { kind: "names"; default: readonly string[] }
            ? readonly string[]
            : Spec extends { kind: "names" }
              ? readonly string[] | undefined
              : Spec extends { kind: "sites" }
                ? string
                : boolean

/** The values that a specification describes. */
export type OptionValues<Specs> = { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }

type TextOf<Number extends number> = Number | `${Number}`

type GivenOf<Spec> = Spec extends { kind: "choice"; values: readonly (infer Value)[] }
  ? Value | (Value extends `${infer Number extends number}` ? Number : never)
  : Spec extends { kind: "count" | "number" }
    ? TextOf<number>
    : Spec extends { kind: "rate" }
      ? TextOf<number> | "auto"
      : Spec extends { kind: "names" }
        ? string | readonly string[]
        : Spec extends { kind: "sites" }
          ? string
          : boolean | "true" | "false"

/** Options as one may give them: values or text, those left out taking their defaults. */
export type GivenOptions<Specs> = { readonly [Name in keyof Specs]?: GivenOf<Specs[Name]> | undefined }

/**
 * Checks options given as values or as text and fills in the defaults.
 *
 * @param what - whose options: named in errors
 * @throws {LitmusError} for an unknown option or a value that does not fit
 */
export function resolveOptions<Specs extends OptionSpecs>(
  what: string,
  specs: Specs,
  given: Readonly<Record<string, unknown>> = {},
): OptionValues<Specs> {
  for (const name of Object.keys(given)) {
    if (!(name in specs)) throw unknownName(`option of ${what}`, name, Object.keys(specs))
  }
  const values = Object.entries(specs).map(([name, spec]) => {
    const value = given[name]
    return [name, value === undefined ? spec.default : readValue(`${what}.${name}`, spec, value)]
  })
  return Object.fromEntries(values) as OptionValues<Specs>
}

function readValue(what: string, spec: OptionSpec, value: unknown): unknown {
  const fail = (expected: string): never => {
    throw new LitmusError(`${what}: expected ${expected}, got ${JSON.stringify(value)}`)
  }
  switch (spec.kind) {
    case "choice": {
      // Of names that are numbers, code may give the number.
      const name = typeof value === "number" ? String(value) : (value as string)
      return spec.values.includes(name) ? name : fail(`one of ${spec.values.join(", ")}`)
    }
    case "flag":
      if (typeof value === "boolean") return value
      return value === "true" ? true : value === "false" ? false : fail("true or false")
    case "names": {
      const names = typeof value === "string" ? value.split(",").map((name) => name.trim()) : value
      const sound =
        Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string" && name)
      return sound ? names : fail("names separated by commas")
    }
    case "sites":
      return typeof value === "string" && value.split(",").every((name) => parseSite(name))
        ? value
        : fail(siteExamples)
    case "count": {
      const count = Number(value)
      return Number.isSafeInteger(count) && count > 0 ? count : fail("a positive integer")
    }
    case "rate": {
      if (value === "auto") return value
      const rate = value === "" ? Number.NaN : Number(value)
      return Number.isFinite(rate) && rate > 0 ? rate : fail("a positive number or auto")
    }
    case "number": {
      const number = value === "" ? Number.NaN : Number(value)
      const { min = -Infinity } = spec
      return Number.isFinite(number) && number >= min ? number : fail(`a number of at least ${min}`)
    }
  }
}
