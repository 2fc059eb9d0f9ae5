// The table of a suite: one CSV per model, intervention and suite, in the columns of the GENIES release, one row per
// shift. Figures that are not there are empty cells.

import type { Shift } from "../../data/index.ts"
import { LitmusError, unknownName } from "../../base/errors.ts"

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
  /** What that was chosen from; absent where nothing was. */
  readonly capabilityCandidates?: readonly string[]
  /** Accuracy on the source's own test split. */
  readonly sourceAccuracy?: number
  /** As the 2023 release computes it. */
  readonly rmsCalibrationErrorGenies2023?: number
  /** (accuracy − zeroShot) / capability, as the file has it. */
  readonly differentialElicitation?: number
  /** Share of the target's test prompts that the source's training split has, too. */
  readonly contamination?: number
  /** Pairs of the target that were left out because a response is longer than the model's context. */
  readonly skippedPairs?: number
}

/** A shift without a result, and why. */
export interface SkippedRow extends Pick<Shift, "source" | "target" | "targetReference"> {
  readonly reason: string
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

// Columns of our own, written where a row has one of them.
const ownColumns = ["contamination", "too_long_pairs", "skipped"] as const

// Written where the capability was chosen from several candidates, by their names with | between them.
const candidatesColumn = "capability_candidates"

type Column = (typeof columns)[number] | (typeof ownColumns)[number] | typeof candidatesColumn

/**
 * Reads the text of a suite's CSV. Columns go by their names; others than the release's are passed over.
 *
 * @param name - what errors call the text, usually its path
 * @throws {LitmusError} naming the line, if a column is missing or a cell is not what it should be
 */
export function parseSuiteRows(text: string, name: string): SuiteRow[] {
  return linesOf(text, name)
    .filter(({ cell }) => cell("skipped") === "")
    .map(({ cell, where }) => parseRow(cell, where))
}

/** The shifts that the text of a suite's CSV names as skipped. Errors as in {@link parseSuiteRows}. */
export function parseSkippedRows(text: string, name: string): SkippedRow[] {
  return linesOf(text, name)
    .filter(({ cell }) => cell("skipped") !== "")
    .map(({ cell, where }) => ({ ...parseShift(cell, where), reason: cell("skipped") }))
}

interface Line {
  /** The text of a cell; of our own columns the empty text where there is none. */
  readonly cell: (column: Column) => string
  readonly where: string
}

function linesOf(text: string, name: string): Line[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== "")
  const header = (lines[0] ?? "").split(",")
  for (const column of columns) {
    if (!header.includes(column)) {
      throw new LitmusError(`${name}:1: ${unknownName("column", column, header).message}`)
    }
  }
  return lines.slice(1).map((line, i) => {
    const cells = line.split(",")
    const where = `${name}:${i + 2}`
    if (cells.length !== header.length) {
      throw new LitmusError(`${where}: expected ${header.length} cells, got ${cells.length}`)
    }
    return { where, cell: (column) => cells[header.indexOf(column)] ?? "" }
  })
}

function parseShift(cell: Line["cell"], where: string): Pick<Shift, "source" | "target" | "targetReference"> {
  const text = (column: Column): string => {
    if (cell(column) !== "") return cell(column)
    throw new LitmusError(`${where}: ${column}: expected a name, got nothing`)
  }
  return { source: text("source"), target: text("target"), targetReference: text("target_reference") }
}

function parseRow(cell: Line["cell"], where: string): SuiteRow {
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
    ...parseShift(cell, where),
    accuracy,
    zeroShot: share("baseline_accuracy"),
    zeroShotBy: cell("baseline_intervention") || undefined,
    capability: share("target_tuned_capability"),
    capabilityBy: cell("target_tuned_capability_intervention") || undefined,
    capabilityCandidates: cell(candidatesColumn) === "" ? undefined : cell(candidatesColumn).split("|"),
    sourceAccuracy: share("source_ID_accuracy"),
    rmsCalibrationErrorGenies2023: share("RMS_calibration_error"),
    differentialElicitation: number("differential_elicitation", -Number.MAX_VALUE, Number.MAX_VALUE),
    contamination: share("contamination"),
    skippedPairs: number("too_long_pairs", 0, Number.MAX_SAFE_INTEGER),
  })
}

/**
 * The text of a suite's CSV; numbers in the fewest digits that give them back.
 *
 * @param skipped - shifts without a result, written after the rows
 */
export function formatSuiteRows(rows: readonly SuiteRow[], skipped: readonly SkippedRow[] = []): string {
  const lines: (readonly (string | number | undefined)[])[] = rows.map((row) => [
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
    row.contamination,
    row.skippedPairs,
    undefined,
    row.capabilityCandidates?.join("|"),
  ])
  for (const { source, target, targetReference, reason } of skipped) {
    // A cell has neither commas nor quotes: every reader of the release's tables takes ours.
    const plain = reason.replaceAll('"', "'").replaceAll(/,\s*|\s*[\r\n]+\s*/g, "; ")
    const gaps = Array.from({ length: columns.length + ownColumns.length - 4 }, () => undefined)
    lines.push([source, target, targetReference, ...gaps, plain, undefined])
  }
  const has = (from: number): boolean =>
    lines.some((line) => line.slice(from).some((cell) => cell !== undefined))
  const nColumns = columns.length + ownColumns.length
  const width = has(nColumns) ? nColumns + 1 : has(columns.length) ? nColumns : columns.length
  return [[...columns, ...ownColumns, candidatesColumn], ...lines]
    .map((line) => `${line.slice(0, width).map(formatCell).join(",")}\n`)
    .join("")
}

function formatCell(value: string | number | undefined): string {
  const text = String(value ?? "")
  if (/[,"\r\n]/.test(text)) {
    throw new LitmusError(`a cell of a suite's table: expected no comma, quote or line break, got ${text}`)
  }
  return text
}

/** The row without the keys whose value is undefined. */
export function withoutGaps(row: {
  readonly [Key in keyof SuiteRow]: undefined extends SuiteRow[Key]
    ? SuiteRow[Key] | undefined
    : SuiteRow[Key]
}): SuiteRow {
  const { source, target, targetReference, accuracy } = row
  const present: Partial<SuiteRow> = Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined),
  )
  return { ...present, source, target, targetReference, accuracy }
}
