// Tables and wrapped text as strings.

import { describe, expect, it } from "vitest"
import { plainText } from "../../src/cli/plain-text.ts"
import { decimal, percent, renderTable } from "../../src/cli/table.ts"
import { wrap } from "../../src/cli/wrap.ts"

const header = ["target", "pairs", "accuracy %\nper pair"]
const rows = [
  ["sums", "1,000", "50.0"],
  ["more sums", "7", "100.0"],
]

describe("a table", () => {
  it("has rules, the first column on the left and the others on the right", () => {
    expect(renderTable(header, rows, { width: 80 })).toBe(
      [
        "────────────────────────────────",
        " target      pairs   accuracy %",
        "                       per pair",
        "────────────────────────────────",
        " sums        1,000         50.0",
        " more sums       7        100.0",
        "────────────────────────────────",
      ].join("\n"),
    )
  })

  it("wider than the terminal becomes several, each with the first column", () => {
    const narrow = renderTable(header, rows, { width: 24 })
    const lines = narrow.split("\n")
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(24)
    expect(lines.filter((line) => line.startsWith(" more sums")).map((line) => line.trim())).toEqual([
      "more sums       7",
      "more sums        100.0",
    ])
    expect(lines.filter((line) => line.startsWith(" target"))).toHaveLength(2)
  })

  it("loses no column however narrow the terminal", () => {
    for (const width of [1, 10, 20, 30, 40]) {
      const shown = renderTable(header, rows, { width })
      for (const text of ["pairs", "accuracy %", "1,000", "100.0"]) expect(shown).toContain(text)
    }
  })

  it("shows control characters of its cells as dots", () => {
    expect(renderTable(["a\u001b[2J"], [["\u009bx\u0000\u0007\r"]], { width: 80 })).not.toMatch(
      // oxlint-disable-next-line no-control-regex
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
    )
    expect(plainText("a\tb\u001b\n\u0085é")).toBe("a·b·\n·é")
  })
})

it("figures that are not there are dashes", () => {
  expect([percent(0.6134), percent(null), percent(undefined)]).toEqual(["61.3", "–", "–"])
  expect([decimal(0.12349), decimal(0.5, 1), decimal(null)]).toEqual(["0.123", "0.5", "–"])
})

describe("wrapped text", () => {
  it("breaks at spaces, later lines indented, and is joined again by removing the breaks", () => {
    const text = "the quick brown fox jumps over the lazy dog"
    const wrapped = wrap(text, { indent: 4, width: 20 })
    expect(wrapped).toBe("the quick brown\n    fox jumps over\n    the lazy dog")
    expect(wrapped.split(/\s+/).join(" ")).toBe(text)
  })

  it("keeps a word whole that is longer than the line", () => {
    expect(wrap("a bbbbbbbbbbbb c", { width: 5 })).toBe("a\nbbbbbbbbbbbb\nc")
  })
})
