// Tables for a terminal. Text from data sets is shown as text: control characters never reach the terminal.

import Table from "cli-table3"
import { plainText } from "./plain-text.ts"

/**
 * A table with a header; all columns but the first are aligned to the right.
 *
 * @param options.width - columns of the terminal, defaults to those of standard output, or no limit where it is none;
 *   a wider table is shown as several, one below the other, each beginning with the first column
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { width = process.stdout.columns ?? Infinity }: { width?: number } = {},
): string {
  const widths = header.map((cell, column) => {
    const cells = [...cell.split("\n"), ...rows.map((row) => row[column]!)]
    return 3 + Math.max(...cells.map((text) => plainText(text).length))
  })
  const blocks: number[][] = [[]]
  for (let column = 1, used = widths[0]!; column < header.length; column++) {
    const block = blocks.at(-1)!
    if (block.length > 0 && used + widths[column]! - 1 > width) {
      blocks.push([column])
      used = widths[0]! + widths[column]!
    } else {
      block.push(column)
      used += widths[column]!
    }
  }
  return blocks
    .map((block) => {
      const columns = [0, ...block]
      return renderBlock(
        columns.map((column) => header[column]!),
        rows.map((row) => columns.map((column) => row[column]!)),
      )
    })
    .join("\n")
}

function renderBlock(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: header.map(plainText),
    colAligns: header.map((_, column) => (column === 0 ? "left" : "right")),
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    chars: {
      top: "─",
      "top-mid": "─",
      "top-left": "",
      "top-right": "",
      bottom: "─",
      "bottom-mid": "─",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      right: "",
      "right-mid": "",
      mid: "",
      "mid-mid": "",
      middle: " ",
    },
  })
  table.push(...rows.map((row) => row.map(plainText)))
  // The library has a rule between rows or none at all: put the one under the header in.
  const lines = table.toString().split("\n")
  const height = Math.max(...header.map((cell) => cell.split("\n").length))
  lines.splice(1 + height, 0, lines[0]!)
  return lines.map((line) => line.trimEnd()).join("\n")
}

/** 61.3 for a share of 0.613; – where there is no figure. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : (share * 100).toFixed(1)
}

/** 0.123 */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? "–" : value.toFixed(digits)
}
