// JSON whose objects keep the order of the file. A distribution keeps its responses as the keys of an object, and
// JSON.parse moves keys that look like integers ("6", "42") to the front: it would reorder 97 % of raven_easy, and
// with that every pair. Here an object is a Map. Malformed JSON is reported with line and column (the messages of
// JSON.parse carry no position in many cases), and a key that occurs twice is an error instead of a lost response.

import { LitmusError } from "./errors.ts"

/** What a JSON file holds; objects are maps in the order of the file. */
export type Json = null | boolean | number | string | Json[] | Map<string, Json>

/** Deeper nesting than this is refused, so that a hostile file cannot exhaust the stack. */
const maxDepth = 500

/**
 * Parses JSON (RFC 8259), keeping the order of the keys.
 *
 * @param name - what errors call the text, usually its path
 * @throws {LitmusError} `name:line:column: malformed JSON: …`; the column counts UTF-16 code units from 1
 */
export function parseOrderedJson(text: string, name: string): Json {
  let at = 0

  function fail(problem: string, offset = at): never {
    const before = text.slice(0, offset)
    const place = `${before.split("\n").length}:${offset - before.lastIndexOf("\n")}`
    throw new LitmusError(`${name}:${place}: malformed JSON: ${problem}`)
  }

  function expected(what: string): never {
    const got = /[\w.+-]{1,20}|[^]/uy
    got.lastIndex = at
    const token = got.exec(text)?.[0]
    return fail(
      `expected ${what}, got ${token === undefined ? "the end of the file" : JSON.stringify(token)}`,
    )
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      at++
    }
  }

  /** Steps over `token` if it stands here. */
  function accept(token: string): boolean {
    if (!text.startsWith(token, at)) return false
    at += token.length
    return true
  }

  function parseString(): string {
    const start = at++
    let escaped = false
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 0x22) break
      if (code === 0x5c) {
        escape.lastIndex = at
        if (!escape.test(text)) fail("bad escape in a string")
        at = escape.lastIndex
        escaped = true
      } else if (code >= 0x20) at++
      else if (at >= text.length) fail("a string that never ends", start)
      else fail("a raw control character in a string (write it as an escape)")
    }
    at++
    return escaped ? (JSON.parse(text.slice(start, at)) as string) : text.slice(start + 1, at - 1)
  }

  function parseObject(depth: number): Map<string, Json> {
    const object = new Map<string, Json>()
    at++
    skipSpace()
    if (accept("}")) return object
    for (;;) {
      skipSpace()
      if (text[at] !== '"') expected("a key in quotes")
      const start = at
      const key = parseString()
      if (object.has(key)) fail(`the key ${excerpt(key)} occurs twice in one object`, start)
      skipSpace()
      if (!accept(":")) expected('":"')
      object.set(key, parseValue(depth))
      if (accept("}")) return object
      if (!accept(",")) expected('"," or "}"')
    }
  }

  function parseArray(depth: number): Json[] {
    const array: Json[] = []
    at++
    skipSpace()
    if (accept("]")) return array
    for (;;) {
      array.push(parseValue(depth))
      if (accept("]")) return array
      if (!accept(",")) expected('"," or "]"')
    }
  }

  /** A value and the white space on both of its sides. */
  function parseValue(depth: number): Json {
    if (depth > maxDepth) fail(`nested more than ${maxDepth} deep`)
    skipSpace()
    const value = parseBareValue(depth)
    skipSpace()
    return value
  }

  function parseBareValue(depth: number): Json {
    const first = text[at]
    if (first === '"') return parseString()
    if (first === "{") return parseObject(depth + 1)
    if (first === "[") return parseArray(depth + 1)
    if (accept("true")) return true
    if (accept("false")) return false
    if (accept("null")) return null
    number.lastIndex = at
    const digits = number.exec(text)?.[0]
    if (digits === undefined) return expected("a value")
    at += digits.length
    return Number(digits)
  }

  const value = parseValue(0)
  if (at < text.length) expected("the end of the file")
  return value
}

/** What kind of value something is, for error messages: `a list`, `the number 3`. */
export function describeJson(value: Json | undefined): string {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  if (Array.isArray(value)) return "a list"
  if (value instanceof Map) return "an object"
  return typeof value === "string" ? excerpt(value) : String(value)
}

/** The beginning of a text, quoted and on one line, for error messages. */
export function excerpt(text: string): string {
  const chars = Array.from(text.slice(0, 100))
  return JSON.stringify(chars.length > 40 ? `${chars.slice(0, 40).join("")}…` : text)
}

const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
