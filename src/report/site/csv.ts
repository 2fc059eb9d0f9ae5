// Tables as CSV.

/**
 * A table as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe before it: cells hold
 * names and texts from data sets.
 */
export function csvOf(rows: readonly (readonly (string | number | undefined)[])[]): string {
  return rows.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("")
}

function csvCell(value: string | number | undefined): string {
  if (value === undefined) return ""
  if (typeof value === "number") return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
