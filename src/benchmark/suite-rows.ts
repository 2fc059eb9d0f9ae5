// The table of a suite: one CSV per model, intervention and suite, in the columns of the GENIES release, one row per
// shift. Figures that are not there are empty cells.

import type { Shift } from "../data/index.ts"
import { LitmusError, unknownName } from "../errors.ts"

/** One shift's figures. Shares are between 0 and 1. */
export interface SuiteRow extends Pick<Shift, "source" | "target" | "targetReference"> {
  /** Accuracy on the target after fitting on the source, per pair. */
  readonly accuracy: number
  /** Zero-shot accuracy on the target. */
  readonly zeroShot?: number
  /** What the zero-shot accuracy is that of. */
  readonly zeroShotBy?: string
  /** Target-tuned capability: accuracy on the reference after tuning on it. */
  readonly capability?: number
  /** The intervention that reached it. */
  readonly capabilityBy?: string
  /** Accuracy on the source's own test split. */
  readonly sourceAccuracy?: number
  /** As the 2023 release computes it. */
  readonly rmsCalibrationErrorGenies2023?: number
  /** (accuracy − zeroShot) / capability, as the file has it. */
  readonly differentialElicitation?: number
}

const columns = [
  "source",
  "target",
  "target_reference",
  "generalization_accuracy",
  "baseline_accuracy",
  "baseline_intervention",
  "target_tuned_capability",
  "target_tuned_capability_intervention",
  "source_ID_accuracy",
  "RMS_calibration_error",
  "differential_elicitation",
] as const

type Column = (typeof columns)[number]

/**
 * Reads the text of a suite's CSV. Columns go by their names; others than the release's are passed over.
 *
 * @param name - what errors call the text, usually its path
 * @throws {LitmusError} naming the line, if a column is missing or a cell is not what it should be
 */
export function parseSuiteRows(text: string, name: string): SuiteRow[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== "")
  const header = (lines[0] ?? "").split(",")
  const places = new Map(columns.map((column) => [column, header.indexOf(column)]))
  for (const [column, place] of places) {
    if (place < 0) throw new LitmusError(`${name}:1: ${unknownName("column", column, header).message}`)
  }
  return lines.slice(1).map((line, i) => {
    const cells = line.split(",")
    const where = `${name}:${i + 2}`
    if (cells.length !== header.length) {
      throw new LitmusError(`${where}: expected ${header.length} cells, got ${cells.length}`)
    }
    return parseRow((column) => cells[places.get(column)!]!, where)
  })
}

function parseRow(cell: (column: Column) => string, where: string): SuiteRow {
  const text = (column: Column): string => {
    if (cell(column) !== "") return cell(column)
    throw new LitmusError(`${where}: ${column}: expected a name, got nothing`)
  }
  const number = (column: Column, low: number, high: number): number | undefined => {
    if (cell(column) === "" || cell(column) === "nan") return undefined
    const value = Number(cell(column))
    if (value >= low && value <= high) return value
    throw new LitmusError(
      `${where}: ${column}: expected a number from ${low} to ${high}, got ${cell(column)}`,
    )
  }
  const share = (column: Column): number | undefined => number(column, 0, 1)
  const accuracy = share("generalization_accuracy")
  if (accuracy === undefined) {
    throw new LitmusError(`${where}: generalization_accuracy: expected a share, got nothing`)
  }
  return withoutGaps({
    source: text("source"),
    target: text("target"),
    targetReference: text("target_reference"),
    accuracy,
    zeroShot: share("baseline_accuracy"),
    zeroShotBy: cell("baseline_intervention") || undefined,
    capability: share("target_tuned_capability"),
    capabilityBy: cell("target_tuned_capability_intervention") || undefined,
    sourceAccuracy: share("source_ID_accuracy"),
    rmsCalibrationErrorGenies2023: share("RMS_calibration_error"),
    differentialElicitation: number("differential_elicitation", -Number.MAX_VALUE, Number.MAX_VALUE),
  })
}

/** The text of a suite's CSV; numbers in the fewest digits that give them back. */
export function formatSuiteRows(rows: readonly SuiteRow[]): string {
  const lines = rows.map((row) =>
    [
      row.source,
      row.target,
      row.targetReference,
      row.accuracy,
      row.zeroShot,
      row.zeroShotBy,
      row.capability,
      row.capabilityBy,
      row.sourceAccuracy,
      row.rmsCalibrationErrorGenies2023,
      row.differentialElicitation,
    ].map(formatCell),
  )
  return [columns, ...lines].map((cells) => `${cells.join(",")}\n`).join("")
}

function formatCell(value: string | number | undefined): string {
  const text = String(value ?? "")
  if (/[,"\r\n]/.test(text)) {
    throw new LitmusError(`a cell of a suite's table: expected no comma, quote or line break, got ${text}`)
  }
  return text
}

/** The row without the keys whose value is undefined. */
export function withoutGaps(row: { readonly [K in keyof SuiteRow]-?: SuiteRow[K] | undefined }): SuiteRow {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined),
  ) as unknown as SuiteRow
}
