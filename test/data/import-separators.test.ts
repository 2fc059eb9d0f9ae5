// Files whose records hold Unicode's line separators, or begin with a byte order mark: shared/cases/25-jsonl-separators-bom-crlf.

import { describe, expect, it } from "vitest"
import { importPairs } from "../../src/data/index.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

// By the formats' rules, and by Python's json and csv.
const expected = {
  "u2028.jsonl": {
    "Q1 line\u2028sep": { "a\u0085b": 1, "b\u2029": 0 },
    Q2: { c: 1, d: 0 },
    Q3: { c: 1, d: 0 },
  },
  "bom.csv": {
    Q1: { 'a "quoted", x': 1, "b\r\nc": 0 },
    Q2: { " lead ": 1, "trail ": 0 },
    Q3: { g: 1, h: 0 },
  },
}

describe.runIf(hasShared)(`three records each, as they are${needsShared}`, () => {
  it.each(Object.entries(expected))("%s", async (name, records) => {
    const { examples } = await importPairs(shared("cases", "25-jsonl-separators-bom-crlf", name))
    const read = examples.map(({ prompt, responses }) => [
      prompt,
      Object.fromEntries(responses.map(({ text, label }) => [text, label])),
    ])
    expect(Object.fromEntries(read)).toEqual(records)
  })
})
