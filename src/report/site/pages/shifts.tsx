// Shifts: a row each, with the interval of every intervention; sorted, filtered, and opened to its pairs.

import type { JSX } from "preact"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { shiftDomain, shiftsFigure, shiftStrip, stripAxis } from "../figures/shifts.ts"
import { capitalized, percent } from "../figures/style.ts"
import {
  Controls,
  InterventionToggles,
  MetricSelect,
  Search,
  Select,
  ViewSelect,
  ViewWords,
} from "../parts/controls.tsx"
import { useWidth } from "../parts/figure.tsx"
import { SortHeader } from "../parts/table.tsx"
import { csvOf } from "../csv.ts"
import { savePng, saveSvg, saveText } from "../save.ts"
import {
  figuresIn,
  metricDescriptions,
  metricTitles,
  rowName,
  shiftName,
  type SiteIndex,
} from "../../site-data.ts"
import { choicesOf, menuOf, type Choices, type PageProps } from "../choices.ts"
import { choose, linkTo, shiftArgument } from "../router.ts"
import { modelsOf, selectedRows, selectedShifts, spaced } from "../selection.ts"

/** What a row of the list is sorted by. */
interface ShiftRow {
  readonly place: number
  readonly name: string
  readonly label: string
  readonly category: string
  readonly best: { readonly name: string; readonly value: number } | undefined
  readonly zeroShot: number | undefined
  readonly capability: number | undefined
}

export function Shifts(props: PageProps): JSX.Element {
  const { index, route } = props
  const choices = choicesOf(props)
  const key = JSON.stringify([choices, route.choices.search, route.choices.sort])
  const rows = useMemo(() => selectedRows(index, choices), [index, key])
  const list = useMemo(() => listShifts(index, choices, { rows, ...route.choices }), [index, key])
  const places = list.map(({ place }) => place)
  const name = `shifts-${choices.model}-${choices.view}-${choices.metric}`
  const draw = (): SVGSVGElement => shiftsFigure(index, choices, { document, width: 900 }, places)
  return (
    <>
      <h1>Shifts</h1>
      <p class="lead">
        {capitalized(metricTitles[choices.metric])} ({metricDescriptions[choices.metric]}) of every
        intervention on every shift, %, with 95 % over prompts.{" "}
        <ViewWords index={index} view={choices.view} />
      </p>
      <Controls>
        <Select
          title="Model"
          name="model"
          value={choices.model}
          options={modelsOf(index).map((model) => [model, model])}
        />
        <ViewSelect index={index} view={choices.view} />
        <MetricSelect metric={choices.metric} />
        <Select
          title="Label"
          name="label"
          value={choices.label ?? ""}
          options={menuOf(index, "label", choices.model)}
        />
        <Select
          title="Category"
          name="category"
          value={choices.category ?? ""}
          options={menuOf(index, "category", choices.model)}
        />
        <Search title="Name contains" value={route.choices.search ?? ""} />
      </Controls>
      <InterventionToggles index={index} among={choices.among} hidden={choices.hidden} />
      <p aria-live="polite" class="count">
        {list.length} of {index.shifts.length} shifts
      </p>
      <ShiftTable {...props} {...{ choices, rows, list }} />
      <div class="figure-actions no-print">
        <button type="button" onClick={() => saveSvg(name, draw())}>
          SVG<span class="hidden"> of all rows</span>
        </button>
        <button type="button" onClick={() => void savePng(name, draw())}>
          PNG<span class="hidden"> of all rows</span>
        </button>
        <button
          type="button"
          onClick={() => saveText(`${name}.csv`, "text/csv", shiftsCsv(index, choices, { rows, list }))}
        >
          CSV<span class="hidden"> of all rows</span>
        </button>
      </div>
    </>
  )
}

const columns = [
  { title: "Shift", key: "name" },
  { title: "Label", key: "label" },
  { title: "Category", key: "category" },
  { title: "Best", key: "best" },
  { title: "Zero-shot", key: "zeroShot" },
  { title: "Capability", key: "capability" },
] as const

function ShiftTable({
  index,
  route,
  choices,
  rows,
  list,
}: PageProps & { choices: Choices; rows: readonly number[]; list: readonly ShiftRow[] }): JSX.Element {
  const axis = useRef<HTMLDivElement>(null)
  const width = useWidth(axis, 640)
  const places = list.map(({ place }) => place)
  const domain = shiftDomain(index, choices, { rows, places })
  const [sorted = "", direction = ""] = (route.choices.sort ?? "").split(" ")
  const header = (column: (typeof columns)[number]): JSX.Element => (
    <SortHeader
      title={column.title}
      numeric={column.key === "zeroShot" || column.key === "capability"}
      order={sorted === column.key ? (direction === "down" ? "descending" : "ascending") : "none"}
      onSort={() =>
        choose({ sort: `${column.key} ${sorted === column.key && direction !== "down" ? "down" : "up"}` })
      }
    />
  )
  useEffect(() => {
    if (width > 0) axis.current?.replaceChildren(stripAxis(domain, { document, width }))
  }, [width, domain.join()])
  return (
    <div class="table-scroll" role="region" aria-label="Shifts" tabIndex={0}>
      <table class="shifts">
        <thead>
          <tr>
            {header(columns[0])}
            <th scope="col" class="strip">
              <span class="hidden">{metricTitles[choices.metric]} of each intervention</span>
              <div ref={axis} aria-hidden="true" />
            </th>
            {columns.slice(1).map((column) => header(column))}
          </tr>
        </thead>
        <tbody>
          {list.map((row) => (
            <tr key={row.place}>
              <th scope="row">
                <a href={linkTo("shift", shiftArgument(index.shifts[row.place]!), route)}>{row.name}</a>
              </th>
              <td class="strip">
                <Strip
                  index={index}
                  choices={choices}
                  rows={rows}
                  place={row.place}
                  domain={domain}
                  width={width}
                />
              </td>
              <td>{row.label || "–"}</td>
              <td>{spaced(row.category) || "–"}</td>
              <td data-title="best">{row.best ? `${row.best.name} ${percent(row.best.value)}` : "–"}</td>
              <td data-title="zero-shot" class="number">
                {percent(row.zeroShot)}
              </td>
              <td data-title="capability" class="number">
                {percent(row.capability)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface StripProps {
  readonly index: SiteIndex
  readonly choices: Choices
  readonly rows: readonly number[]
  readonly place: number
  readonly domain: [number, number]
  readonly width: number
}

/** A row's values as a drawing, and in words. */
function Strip({ index, choices, rows, place, domain, width }: StripProps): JSX.Element {
  const slot = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (width === 0) return
    slot.current?.replaceChildren(shiftStrip(index, choices, { rows, place, domain }, { document, width }))
  }, [index, choices.view, choices.metric, rows.join(), place, domain.join(), width])
  const words = rows.flatMap((row) => {
    const value = figuresIn(index, choices.view, row, place)?.[choices.metric]?.value
    return value === undefined ? [] : [`${rowName(index.rows[row]!, false)} ${percent(value)}`]
  })
  return (
    <>
      <div ref={slot} aria-hidden="true" />
      <span class="hidden">{words.join(", ")}</span>
    </>
  )
}

function listShifts(
  index: SiteIndex,
  choices: Choices,
  { rows, search = "", sort = "" }: { rows: readonly number[]; search?: string; sort?: string },
): ShiftRow[] {
  const list = selectedShifts(index, choices, rows)
    .map((place) => rowOf(index, choices, { rows, place }))
    .filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()))
  const [by, direction] = sort.split(" ")
  const column = columns.find(({ key }) => key === by)
  if (!column) return list
  const value = (row: ShiftRow): string | number | undefined =>
    column.key === "best" ? row.best?.value : row[column.key]
  const sign = direction === "down" ? -1 : 1
  return [...list].sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
    return (
      sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)))
    )
  })
}

function rowOf(
  index: SiteIndex,
  { view, metric }: Choices,
  { rows, place }: { rows: readonly number[]; place: number },
): ShiftRow {
  const shift = index.shifts[place]!
  const figures = rows.flatMap((row) => figuresIn(index, view, row, place) ?? [])
  const values = rows.flatMap((row) => {
    const value = figuresIn(index, view, row, place)?.[metric]?.value
    return value === undefined || index.rows[row]!.noEvidence || index.rows[row]!.intervention === "random"
      ? []
      : [{ name: index.rows[row]!.intervention, value }]
  })
  return {
    place,
    name: shiftName(shift),
    label: shift.label ?? "",
    category: shift.category ?? "",
    best: bestOf(values),
    zeroShot: figures.find(({ zeroShot }) => zeroShot !== undefined)?.zeroShot,
    capability: figures.find(({ capability }) => capability !== undefined)?.capability,
  }
}

/** The largest value, and whose it is: the first of them, and how many more. */
function bestOf(values: readonly { name: string; value: number }[]): ShiftRow["best"] {
  if (values.length === 0) return undefined
  const value = Math.max(...values.map((one) => one.value))
  const [first, ...others] = values.filter((one) => one.value === value)
  return { name: others.length === 0 ? first!.name : `${first!.name} and ${others.length} more`, value }
}

function shiftsCsv(
  index: SiteIndex,
  { view, metric, model }: Choices,
  { rows, list }: { rows: readonly number[]; list: readonly ShiftRow[] },
): string {
  const header = [
    "view",
    "model",
    "source",
    "target",
    "reference",
    "label",
    "category",
    "intervention",
    metric,
    "low",
    "high",
  ]
  const lines = list.flatMap(({ place }) =>
    rows.flatMap((row) => {
      const estimate = figuresIn(index, view, row, place)?.[metric]
      if (!estimate) return []
      const { source, target, targetReference, label, category } = index.shifts[place]!
      const { intervention } = index.rows[row]!
      const [low, high] = estimate.overPrompts ?? []
      return [
        [
          view,
          model,
          source,
          target,
          targetReference,
          label,
          category,
          intervention,
          estimate.value,
          low,
          high,
        ],
      ]
    }),
  )
  return csvOf([header, ...lines])
}
