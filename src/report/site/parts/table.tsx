// A table that can be sorted by its columns and saved as CSV.

import type { ComponentChildren, JSX } from "preact"
import { useState } from "preact/hooks"
import { csvOf } from "../csv.ts"
import { saveText } from "../save.ts"

export type Cell = string | number | undefined

export interface Column {
  readonly title: string
  /** What the title means, for a tooltip. */
  readonly hint?: string
  /** How a number is shown; texts are shown as they are. */
  readonly format?: (value: number) => string
  /** What a cell shows instead of the value. */
  readonly show?: (value: Cell, row: readonly Cell[]) => ComponentChildren
}

export interface TableData {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface DataTableProps extends TableData {
  /** Name of the saved file and of the table. */
  readonly name: string
  readonly caption?: string
  /** The column that rows are sorted by at first; defaults to the given order. */
  readonly sortedBy?: { readonly column: number; readonly descending: boolean }
}

export function DataTable({ name, caption, columns, rows, sortedBy }: DataTableProps): JSX.Element {
  const [sort, setSort] = useState(sortedBy)
  const ordered = sort ? sortedRows(rows, sort) : rows
  const numeric = columns.map((_, j) => rows.some((row) => typeof row[j] === "number"))
  const save = (): void =>
    saveText(`${name}.csv`, "text/csv", csvOf([columns.map(({ title }) => title), ...ordered]))
  return (
    <div class="table-block">
      <div class="table-scroll" role="region" aria-label={caption ?? name} tabIndex={0}>
        <table>
          {caption === undefined ? null : <caption>{caption}</caption>}
          <thead>
            <tr>
              {columns.map(({ title, hint }, j) => (
                <SortHeader
                  key={title}
                  title={title}
                  hint={hint}
                  numeric={numeric[j]!}
                  order={sort?.column === j ? (sort.descending ? "descending" : "ascending") : "none"}
                  onSort={() =>
                    setSort({ column: j, descending: sort?.column === j ? !sort.descending : numeric[j]! })
                  }
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {ordered.map((row, i) => (
              <tr key={i}>
                {columns.map(({ format, show }, j) => {
                  const value = row[j]
                  const shown = show ? show(value, row) : shownValue(value, format)
                  return j === 0 ? (
                    <th scope="row" key={j}>
                      {shown}
                    </th>
                  ) : (
                    <td key={j} class={numeric[j] ? "number" : undefined}>
                      {shown}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button type="button" class="no-print" onClick={save}>
        CSV<span class="hidden"> of {name}</span>
      </button>
    </div>
  )
}

interface SortHeaderProps {
  readonly title: string
  readonly hint?: string | undefined
  readonly numeric: boolean
  readonly order: "ascending" | "descending" | "none"
  readonly onSort: () => void
}

/** A column's head, which sorts by it. */
export function SortHeader({ title, hint, numeric, order, onSort }: SortHeaderProps): JSX.Element {
  const arrow = order === "ascending" ? "↑" : order === "descending" ? "↓" : "↕"
  return (
    <th scope="col" aria-sort={order} class={numeric ? "number" : undefined}>
      <button type="button" class="sort" title={hint} onClick={onSort}>
        {title} <span class={order === "none" ? "arrow faint" : "arrow"}>{arrow}</span>
      </button>
    </th>
  )
}

function shownValue(value: Cell, format: ((value: number) => string) | undefined): string {
  if (value === undefined) return "–"
  return typeof value === "number" && format ? format(value) : String(value)
}

/** Rows by a column; cells without a value come last either way. */
export function sortedRows<Row extends readonly Cell[]>(
  rows: readonly Row[],
  { column, descending }: { column: number; descending: boolean },
): Row[] {
  const sign = descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column], b[column]]
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
    return (
      sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)))
    )
  })
}
