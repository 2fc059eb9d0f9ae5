// Controls: each shows a choice of the address and changes it.

import type { ComponentChildren, JSX } from "preact"
import { useId } from "preact/hooks"
import type { View } from "../../../data/suites.ts"
import { views, viewWords } from "../figures/words.ts"
import { metricDescriptions, metrics, metricTitles, type SiteIndex } from "../../site-data.ts"
import { choose } from "../router.ts"
import { interventionsOf } from "../selection.ts"
import { seriesOf } from "../figures/style.ts"
import { pageSize } from "./pages.ts"

export function Controls({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="controls no-print">{children}</div>
}

interface SelectProps {
  readonly title: string
  /** The choice's name in the address. */
  readonly name: string
  readonly value: string
  readonly options: readonly (readonly [value: string, title: string])[]
  readonly hint?: string
}

/** A menu. A choice that is changed leads back to the first page of a list. */
export function Select({ title, name, value, options, hint }: SelectProps): JSX.Element {
  const id = useId()
  return (
    <div class="field" title={hint}>
      <label for={id}>{title}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => choose({ [name]: event.currentTarget.value || undefined, page: undefined })}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option} selected={option === value}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Which view is shown, and what that is where it makes a difference. */
export function ViewWords({ index, view }: { index: SiteIndex; view: View }): JSX.Element {
  return (
    <>
      View <strong>{view}</strong>
      {index.shifts.some(({ viewsDiffer }) => viewsDiffer) ? `: ${viewWords[view]}` : ""}.
    </>
  )
}

/** Nothing where all views are the same. */
export function ViewSelect({ index, view }: { index: SiteIndex; view: View }): JSX.Element | null {
  if (!index.shifts.some(({ viewsDiffer }) => viewsDiffer)) return null
  return (
    <Select
      title="View"
      name="view"
      value={view}
      options={views.map((name) => [name, name])}
      hint={viewWords[view]}
    />
  )
}

export function MetricSelect({ metric }: { metric: keyof typeof metricTitles }): JSX.Element {
  const options = metrics.map((name) => [name, metricTitles[name]] as const)
  return (
    <Select title="Metric" name="metric" value={metric} options={options} hint={metricDescriptions[metric]} />
  )
}

/** Which interventions are shown: a legend whose entries can be taken away and put back. */
export function InterventionToggles({
  index,
  among,
  hidden,
}: {
  index: SiteIndex
  among: readonly string[]
  hidden: readonly string[]
}): JSX.Element {
  const series = seriesOf(index)
  const toggle = (name: string): void => {
    const next = hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name]
    choose({ hide: next.length === 0 ? undefined : next.join("~") })
  }
  return (
    <fieldset class="toggles no-print">
      <legend>Interventions</legend>
      {interventionsOf(index)
        .filter((name) => among.includes(name))
        .map((name) => (
          <label key={name}>
            <input type="checkbox" checked={!hidden.includes(name)} onChange={() => toggle(name)} />
            <span class="swatch" style={{ background: series.get(name)!.color }} />
            {name}
          </label>
        ))}
    </fieldset>
  )
}

export function Search({ value, title }: { value: string; title: string }): JSX.Element {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{title}</label>
      <input
        id={id}
        type="search"
        value={value}
        onInput={(event) => choose({ search: event.currentTarget.value || undefined, page: undefined })}
      />
    </div>
  )
}

/** Steps through a list page by page. */
export function Pager({
  total,
  page,
  what,
}: {
  total: number
  page: number
  what: string
}): JSX.Element | null {
  const pages = Math.max(1, Math.ceil(total / pageSize))
  const go = (to: number): void => choose({ page: to === 1 ? undefined : String(to) })
  const first = (page - 1) * pageSize + 1
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <span aria-live="polite">
        {total === 0 ? `No ${what}` : `${what} ${first} to ${Math.min(total, page * pageSize)} of ${total}`}
      </span>
      {pages > 1 ? (
        <span class="no-print">
          <button type="button" disabled={page <= 1} onClick={() => go(page - 1)}>
            ← Previous
          </button>{" "}
          <button type="button" disabled={page >= pages} onClick={() => go(page + 1)}>
            Next →
          </button>
        </span>
      ) : null}
    </nav>
  )
}
