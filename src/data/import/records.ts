// The records of a file of one's own: JSON lines, CSV or TSV, each with the line it begins on, so that whatever is
// wrong with one can be named.

import { extname } from "node:path"
import { CsvError, parse } from "csv-parse/sync"
import { LitmusError } from "../../base/errors.ts"
import { readText } from "../../base/files.ts"
import { describeJson, excerpt, parseOrderedJson, type Json } from "../../base/json.ts"

/** One record: its fields by name, in the file's order. */
export interface FileRecord {
  /** `file:line`, for errors. */
  readonly where: string
  readonly fields: ReadonlyMap<string, Json>
}

const delimiters: Readonly<Record<string, string>> = { ".csv": ",", ".tsv": "\t" }
const jsonLines: readonly string[] = [".jsonl", ".ndjson"]

/**
 * Reads the records of a file by its ending: `.jsonl`, `.ndjson`, `.csv` or `.tsv`. Empty lines are passed over.
 *
 * @throws {LitmusError} naming the file and the line, if anything is malformed
 */
export async function readRecords(path: string): Promise<FileRecord[]> {
  const ending = extname(path).toLowerCase()
  const delimiter = delimiters[ending]
  if (delimiter === undefined && !jsonLines.includes(ending)) {
    const known = [...jsonLines, ...Object.keys(delimiters)].join(", ")
    throw new LitmusError(`${path}: expected a file that ends in ${known}, got ${ending || "no ending"}`)
  }
  const text = await readText(path)
  const records = delimiter === undefined ? readJsonLines(text, path) : readTable(text, path, delimiter)
  if (records.length === 0) throw new LitmusError(`${path}: expected at least one record, got none`)
  return records
}

function readJsonLines(text: string, path: string): FileRecord[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return []
    const where = `${path}:${i + 1}`
    const value = parseLine(line, path, i)
    if (!(value instanceof Map))
      throw new LitmusError(`${where}: expected an object, got ${describeJson(value)}`)
    return [{ where, fields: value }]
  })
}

function parseLine(line: string, path: string, linesBefore: number): Json {
  try {
    return parseOrderedJson(line, path)
  } catch {
    // Once more with the lines before it, so that the error names this one.
    return parseOrderedJson("\n".repeat(linesBefore) + line, path)
  }
}

function readTable(text: string, path: string, delimiter: string): FileRecord[] {
  const [header, ...rows] = parseTable(text, path, delimiter)
  const names = header?.cells.map((name) => name.trim().toLowerCase()) ?? []
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw new LitmusError(`${path}:1: expected columns of different names, got "${twice}" twice`)
  return rows.map(({ line, cells }) => ({
    where: `${path}:${line}`,
    fields: new Map(names.map((name, i) => [name, cells[i]!])),
  }))
}

function parseTable(text: string, path: string, delimiter: string): { line: number; cells: string[] }[] {
  try {
    const rows: readonly unknown[] = parse(text, {
      delimiter,
      info: true,
      raw: true,
      skip_empty_lines: true,
      // As pandas and Excel read it: a quote inside a cell that does not begin with one is a character like others.
      relax_quotes: true,
      // Found out from the first line otherwise, so that a file of both kinds would keep some in its cells.
      record_delimiter: ["\r\n", "\n"],
    })
    return rows.map((row) => {
      if (!isParsedRow(row)) throw new LitmusError(`${path}: malformed table`)
      const { record, raw, info } = row
      // The line that a record ends on is counted before its last line break.
      const within = record.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0)
      const line = info.lines - within
      checkQuotes(record, raw, `${path}:${line}`)
      return { line, cells: record }
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error.lines === "number" ? `:${error.lines}` : ""
    throw new LitmusError(`${path}${line}: malformed table: ${error.message}`, { cause: error })
  }
}

/** A record as the parser hands it out when asked for where and how it was written, which its types do not say. */
function isParsedRow(row: unknown): row is { record: string[]; raw: string; info: { lines: number } } {
  const { record, raw, info } = (row ?? {}) as { record?: unknown; raw?: unknown; info?: { lines?: unknown } }
  return Array.isArray(record) && typeof raw === "string" && typeof info?.lines === "number"
}

/** Readers disagree about text behind a closing quote: such a cell is refused rather than guessed. */
function checkQuotes(cells: readonly string[], raw: string, where: string): void {
  const odd = cells.find((cell) => cell.startsWith('"') && !raw.includes(`"${cell.replaceAll('"', '""')}"`))
  if (odd !== undefined) {
    throw new LitmusError(
      `${where}: malformed table: expected nothing behind a closing quote, got ${excerpt(odd)} (write a quote in a quoted cell twice)`,
    )
  }
}
