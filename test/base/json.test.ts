import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { LitmusError, messageOf } from "../../src/base/errors.ts"
import { readOrderedJson } from "../../src/base/files.ts"
import { parseOrderedJson } from "../../src/base/json.ts"
import type { Json } from "../../src/base/json.ts"
import { random } from "../../src/base/random.ts"

/** What JSON.parse gives for the same text: maps become objects. */
function plain(value: Json): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Map)) return value
  return Object.fromEntries(Array.from(value, ([key, entry]) => [key, plain(entry)]))
}

/** The value as text, or what kind of error was thrown. */
function outcomeOf(parse: () => unknown): string {
  try {
    return JSON.stringify(parse())
  } catch (error) {
    return messageOf(error).includes("occurs twice") ? "occurs twice" : "malformed"
  }
}

function keysOf(text: string): string[] {
  const value = parseOrderedJson(text, "x.json")
  return value instanceof Map ? [...value.keys()] : []
}

describe("parseOrderedJson", () => {
  test("keeps the order of keys that look like integers", () => {
    expect(keysOf('{"7": 0, "-1": 0, "3": 0, "6": 1, "": 0, "__proto__": 0}')).toEqual([
      "7",
      "-1",
      "3",
      "6",
      "",
      "__proto__",
    ])
  })

  test.each([
    ["null"],
    [" [ ] "],
    ['{ "a" : [ 1 , { } , [ ] , true , false , null ] }\r\n'],
    ["[0, -0, 1.0, 0.5, -12.25e-3, 1E+2, 123456789012345678901234567890]"],
    ['"\\u00e9 \\ud83d\\ude00 \\n\\t\\"\\\\\\/ é 😀 \u2028\u007f"'],
    ['["\\ud800", "\\\\", "\\\\\\"", ""]'],
  ])("reads %j as JSON.parse does", (text) => {
    expect(plain(parseOrderedJson(text, "x.json"))).toEqual(JSON.parse(text))
  })

  // An edit of a valid text is sometimes valid still: both parsers must agree on which, and on the value. (Where an
  // edit makes two keys equal, JSON.parse keeps the last; here they are refused, by a message of their own.)
  test("accepts exactly the texts that JSON.parse accepts", () => {
    const source = '[{"a": [1.5e+3, -0, "x\\n\\u00e9"], "b": {}}, null, true, false, ""]'
    const characters = '[]{},:"\\ 01-+.eEaun\n\t\u0001'
    const draw = random(1, "edits")
    const texts = Array.from({ length: 20_000 }, () => {
      const at = draw.integer(source.length)
      const put = draw.uniform() < 0.3 ? "" : characters[draw.integer(characters.length)]!
      return source.slice(0, at) + put + source.slice(at + draw.integer(2))
    })
    const outcomes = texts.map((text) => ({
      text,
      ours: outcomeOf(() => plain(parseOrderedJson(text, "x.json"))),
      theirs: outcomeOf(() => JSON.parse(text)),
    }))
    const differing = outcomes.filter(({ ours, theirs }) => ours !== theirs && !ours.includes("occurs twice"))
    expect(differing).toEqual([])
    expect(outcomes.filter(({ theirs }) => theirs !== "malformed").length).toBeGreaterThan(1000)
  })

  test.each([
    ["", "1:1: malformed JSON: expected a value, got the end of the file"],
    ["[1,\n 2,\n oops]", '3:2: malformed JSON: expected a value, got "oops"'],
    ["[1, NaN]", '1:5: malformed JSON: expected a value, got "NaN"'],
    ["[1, 2,]", '1:7: malformed JSON: expected a value, got "]"'],
    ['[1\n"a"]', '2:1: malformed JSON: expected "," or "]", got "\\""'],
    ['{"a": 1 "b"}', '1:9: malformed JSON: expected "," or "}", got "\\""'],
    ["{'a': 1}", '1:2: malformed JSON: expected a key in quotes, got "\'"'],
    ['{"a" 1}', '1:6: malformed JSON: expected ":", got "1"'],
    ["[1] 2", '1:5: malformed JSON: expected the end of the file, got "2"'],
    ['["a\nb"]', "1:4: malformed JSON: a raw control character in a string (write it as an escape)"],
    ['["a\\q"]', "1:4: malformed JSON: bad escape in a string"],
    ['[\n"abc', "2:1: malformed JSON: a string that never ends"],
    ['["abc\\', "1:6: malformed JSON: bad escape in a string"],
    ['{"a": 0,\n "a": 1}', '2:2: malformed JSON: the key "a" occurs twice in one object'],
    ["[".repeat(100_000), "1:502: malformed JSON: nested more than 500 deep"],
  ])("says where %j goes wrong", (text, message) => {
    expect(() => parseOrderedJson(text, "x.json")).toThrow(new LitmusError(`x.json:${message}`))
  })

  // Node 20 names no position for this one and quotes only the surroundings.
  test("gives line and column deep in a large file", () => {
    const text = `[${'{"a": 1},\n'.repeat(50_000)}  oops]`
    expect(() => parseOrderedJson(text, "x.json")).toThrow(/^x\.json:50001:3: malformed JSON/)
  })
})

describe("readOrderedJson", () => {
  test("skips a byte order mark, refuses bytes that are not UTF-8, and names a missing file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "litmus-json-"))
    try {
      const path = join(folder, "x.json")
      await writeFile(path, "\ufeff[1]")
      expect(await readOrderedJson(path)).toEqual([1])
      await writeFile(path, Uint8Array.of(0x22, 0xe9, 0x22))
      await expect(readOrderedJson(path)).rejects.toThrow(`${path}: expected UTF-8 text, got other bytes`)
      await expect(readOrderedJson(join(folder, "no.json"))).rejects.toThrow(
        `cannot read ${join(folder, "no.json")}: no such file or folder`,
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
