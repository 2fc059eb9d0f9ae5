// One shift: what every intervention reaches on it, which fail together, and its pairs.

import type { JSX } from "preact"
import { dataFiles, figuresIn, rowName, shiftName, type Ends, type SiteIndex } from "../../site-data.ts"
import { choicesOf, type Choices, type PageProps } from "../choices.ts"
import { shiftsFigure } from "../figures/shifts.ts"
import { percent } from "../figures/style.ts"
import {
  Controls,
  InterventionToggles,
  MetricSelect,
  Select,
  ViewSelect,
  ViewWords,
} from "../parts/controls.tsx"
import { Figure } from "../parts/figure.tsx"
import { Loaded } from "../parts/loaded.tsx"
import { ShiftPairsSection } from "../parts/pairs.tsx"
import type { Cell, TableData } from "../parts/table.tsx"
import { distributionPlace, linkTo, shiftPlace } from "../router.ts"
import { modelsOf, selectedRows, spaced } from "../selection.ts"

export function ShiftPage(props: PageProps): JSX.Element {
  const { index, route } = props
  const place = shiftPlace(index, route.argument)
  const shift = index.shifts[place]
  if (!shift) {
    return (
      <>
        <h1>No such shift</h1>
        <p>This report has no shift “{route.argument}”.</p>
      </>
    )
  }
  const choices = choicesOf(props)
  const rows = selectedRows(index, choices)
  const key = JSON.stringify(choices)
  return (
    <>
      <p class="crumbs">
        <a href={linkTo("shifts", "", route)}>Shifts</a>
      </p>
      <h1>{shiftName(shift)}</h1>
      <p class="lead">
        {[shift.label, shift.category].flatMap((name) => (name === undefined ? [] : spaced(name))).join(", ")}
        {shift.targetReference === shift.target ? "" : `; capability measured on ${shift.targetReference}`}.
        <ViewWords index={index} view={choices.view} />
        {shift.inverted && choices.view !== "as-released"
          ? " The labels of this target are inverted here."
          : ""}
      </p>
      <p>
        <DistributionLink {...props} id={shift.source} what="source" />{" "}
        <DistributionLink {...props} id={shift.target} what="target" />
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
      </Controls>
      <InterventionToggles index={index} among={choices.among} hidden={choices.hidden} />
      <Figure
        name={`shift-${shift.source}-${shift.target}`}
        draw={(canvas) => shiftsFigure(index, choices, canvas, [place])}
        inputs={[index, key, place]}
        table={figuresTable(index, choices, { rows, place })}
      />
      <Skipped index={index} rows={rows} place={place} />
      {shift.hasPairs ? (
        <Loaded file={dataFiles.shift(place)} what="the pairs">
          {(pairs) => <ShiftPairsSection {...props} {...{ choices, place, pairs, rows }} />}
        </Loaded>
      ) : (
        <p>Single pairs are not known: the store has only tables of this shift.</p>
      )}
    </>
  )
}

/** Interventions that could not be scored here, and why. */
function Skipped({
  index,
  rows,
  place,
}: {
  index: SiteIndex
  rows: readonly number[]
  place: number
}): JSX.Element | null {
  const reasons = rows.flatMap((row) => {
    const { intervention, skipped = [] } = index.rows[row]!
    return skipped
      .filter(({ shift }) => shift === place)
      .map(({ reason }) => (
        <li key={row}>
          {intervention} could not be scored: {reason}
        </li>
      ))
  })
  return reasons.length === 0 ? null : <ul class="notes">{reasons}</ul>
}

function DistributionLink({
  index,
  route,
  id,
  what,
}: PageProps & { id: string; what: string }): JSX.Element | null {
  if (distributionPlace(index, id) < 0) return null
  return <a href={linkTo("distribution", id, route)}>Browse the {what}</a>
}

function figuresTable(
  index: SiteIndex,
  { view }: Choices,
  { rows, place }: { rows: readonly number[]; place: number },
): TableData {
  const format = (value: number): string => percent(value)
  const ends = (interval: Ends | undefined): string | undefined =>
    interval && `${percent(interval[0])} to ${percent(interval[1])}`
  return {
    columns: [
      { title: "intervention" },
      { title: "accuracy", format },
      { title: "over prompts" },
      { title: "zero-shot", format },
      { title: "capability", format },
      { title: "elicitation", format },
      { title: "differential elicitation", format },
      { title: "source accuracy", format },
    ],
    rows: rows.flatMap((row): Cell[][] => {
      const figures = figuresIn(index, view, row, place)
      if (!figures) return []
      return [
        [
          rowName(index.rows[row]!, false),
          figures.accuracy.value,
          ends(figures.accuracy.overPrompts),
          figures.zeroShot,
          figures.capability,
          figures.elicitation?.value,
          figures.differentialElicitation?.value,
          figures.sourceAccuracy,
        ],
      ]
    }),
  }
}
