// Overview: who is best on a suite, where it comes from, and what the models are capable of.

import type { JSX } from "preact"
import { useMemo } from "preact/hooks"
import { caveats } from "../../../../probes/contract/caveats.ts"
import { capabilityFigure } from "../figures/capability.ts"
import { leaderboardFigure } from "../figures/leaderboard.ts"
import { categoriesOf, radarFigure, radarPoints } from "../figures/radar.ts"
import { capitalized, percent } from "../figures/style.ts"
import {
  Controls,
  InterventionToggles,
  MetricSelect,
  Select,
  ViewSelect,
  ViewWords,
} from "../parts/controls.tsx"
import { Figure } from "../parts/figure.tsx"
import { DataTable, type Cell, type Column } from "../parts/table.tsx"
import {
  figuresIn,
  metricDescriptions,
  metrics,
  metricTitles,
  modelName,
  rowName,
  shiftName,
  type Average,
  type Metric,
  type SiteIndex,
} from "../../site-data.ts"
import { choicesOf, type Choices, type PageProps } from "../choices.ts"
import {
  interventionsOf,
  modelsOf,
  selectedRows,
  selectedShifts,
  spaced,
  tableOf,
  type Selection,
} from "../selection.ts"

export function Overview(props: PageProps): JSX.Element {
  const { index, route } = props
  const choices = choicesOf(props)
  const everyModel = route.choices.model === "all"
  const models = modelsOf(index)
  const among = everyModel ? interventionsOf(index) : choices.among
  const interventions = among.filter((name) => !choices.hidden.includes(name))
  const board: Selection = everyModel ? { ...choices, models, interventions } : choices
  const inputs = [index, JSON.stringify(choices), everyModel]
  const table = tableOf(index, choices)
  return (
    <>
      <h1>Overview</h1>
      <p class="lead">
        Does what an intervention learnt on a source distribution still tell better from worse responses on
        another? <ViewWords index={index} view={choices.view} />
      </p>
      <Controls>
        <Select
          title="Suite"
          name="suite"
          value={choices.suite}
          options={index.suites.map((name) => [name, name])}
        />
        <ViewSelect index={index} view={choices.view} />
        <MetricSelect metric={choices.metric} />
        <Select
          title="Model"
          name="model"
          value={everyModel ? "all" : choices.model}
          options={[
            ...models.map((name) => [name, name] as const),
            ...(models.length > 1 ? [["all", "all models"] as const] : []),
          ]}
        />
      </Controls>
      <InterventionToggles index={index} among={among} hidden={choices.hidden} />
      <section aria-labelledby="leaderboard">
        <h2 id="leaderboard">Leaderboard</h2>
        <p>
          {capitalized(metricTitles[choices.metric])}: {metricDescriptions[choices.metric]}.
        </p>
        <Figure
          name={`leaderboard-${choices.suite}-${choices.view}-${choices.metric}`}
          draw={(canvas) => leaderboardFigure(index, board, canvas)}
          inputs={inputs}
          table={boardTable(index, board)}
        />
        <DataTable
          name={`leaderboard-${choices.suite}-${choices.view}`}
          caption={`${choices.suite}, ${table?.nShifts ?? 0} shifts, view ${choices.view}: means over shifts, %`}
          {...leaderboardTable(index, board)}
        />
        <Notes index={index} choices={choices} />
      </section>
      <section class="two" aria-label="Where it comes from">
        <RadarSection index={index} choices={choices} inputs={inputs} />
        <div>
          <h2>Accuracy against capability</h2>
          <Figure
            name={`capability-${choices.view}`}
            draw={(canvas) => capabilityFigure(index, choices, canvas)}
            inputs={inputs}
            table={useMemo(() => capabilityTable(index, choices), inputs)}
          />
        </div>
      </section>
    </>
  )
}

function Notes({ index, choices }: { index: SiteIndex; choices: Choices }): JSX.Element {
  const table = tableOf(index, choices)
  const daggers = table?.rows.some(({ row }) => index.rows[row]!.noEvidence)
  const shown = (table?.rows ?? []).map(({ row }) => index.rows[row]!.intervention)
  return (
    <ul class="notes">
      {daggers ? <li>† {caveats["ccs-leaky"]}</li> : null}
      {shown.includes("ttpd") ? <li>ttpd: {caveats.ttpd}</li> : null}
      <li>
        Intervals of 95 %: over prompts with the shifts fixed; over shifts drawn by source, all of a source
        together. They are missing where single pairs are not known.
      </li>
      {table && table.drawnSingly > 0 ? (
        <li>
          On {table.drawnSingly} of the test splits it is not known which pairs share a prompt: their
          intervals over prompts are too narrow.
        </li>
      ) : null}
    </ul>
  )
}

const share = (value: number): string => percent(value)

function intervalColumns(title: string): Column[] {
  return [
    { title, format: share },
    { title: "over prompts", hint: "95 % over prompts, the shifts fixed" },
    { title: "over shifts", hint: "95 % over shifts drawn by source" },
  ]
}

function ends(interval: readonly [number, number] | undefined): string | undefined {
  return interval ? `${percent(interval[0])} to ${percent(interval[1])}` : undefined
}

function intervalCells(average: Average | undefined): Cell[] {
  return [average?.mean, ends(average?.overPrompts), ends(average?.overSources)]
}

/** Every figure, and the intervals of the chosen one. */
function leaderboardTable(index: SiteIndex, selection: Selection): { columns: Column[]; rows: Cell[][] } {
  const chosen = selectedRows(index, selection)
  const several = new Set(chosen.map((row) => modelName(index.rows[row]!))).size > 1
  const rows = (tableOf(index, selection)?.rows ?? []).filter(({ row }) => chosen.includes(row))
  const withIntervals = (metric: Metric): boolean => metric === selection.metric
  return {
    columns: [
      { title: "intervention" },
      ...(several ? [{ title: "model" }] : []),
      { title: "shifts" },
      ...metrics.flatMap((metric) =>
        withIntervals(metric)
          ? intervalColumns(metricTitles[metric])
          : [{ title: metricTitles[metric], format: share, hint: metricDescriptions[metric] }],
      ),
      {
        title: "conditional elicitation",
        format: share,
        hint: "P(right | the model tuned on the target is right)",
      },
      { title: "source accuracy", format: share, hint: "on the source's own test split" },
      { title: "agrees with zero-shot", format: share, hint: "share of pairs; a tie counts ½" },
    ],
    rows: [...rows]
      .sort((a, b) => (b[selection.metric]?.mean ?? -2) - (a[selection.metric]?.mean ?? -2))
      .map((row) => {
        const entry = index.rows[row.row]!
        return [
          rowName(entry, false),
          ...(several ? [modelName(entry)] : []),
          row.nShifts,
          ...metrics.flatMap((metric) =>
            withIntervals(metric) ? intervalCells(row[metric]) : [row[metric]?.mean],
          ),
          row.conditionalElicitation?.mean,
          row.sourceAccuracy?.mean,
          row.agreementWithZeroShot?.mean,
        ]
      }),
  }
}

function boardTable(index: SiteIndex, selection: Selection): { columns: Column[]; rows: Cell[][] } {
  const chosen = selectedRows(index, selection)
  const { metric } = selection
  return {
    columns: [{ title: "intervention" }, { title: "model" }, ...intervalColumns(metricTitles[metric])],
    rows: (tableOf(index, selection)?.rows ?? [])
      .filter(({ row }) => chosen.includes(row))
      .map((row) => {
        const entry = index.rows[row.row]!
        return [rowName(entry, false), modelName(entry), ...intervalCells(row[metric])]
      }),
  }
}

function RadarSection({
  index,
  choices,
  inputs,
}: {
  index: SiteIndex
  choices: Choices
  inputs: readonly unknown[]
}): JSX.Element | null {
  const categories = categoriesOf(index)
  if (categories.length < 3) return null
  const metric = choices.metric === "accuracy" ? "elicitation" : choices.metric
  const selection = { ...choices, metric }
  const points = radarPoints(index, selection)
  const rows = [...new Set(points.map(({ name }) => name))].map((name) => [
    name,
    ...categories.map(
      (category) => points.find((point) => point.name === name && point.category === category)?.value,
    ),
  ])
  return (
    <div>
      <h2>By category</h2>
      <Figure
        name={`radar-${choices.view}-${metric}`}
        draw={(canvas) => radarFigure(index, selection, canvas)}
        inputs={inputs}
        maxWidth={620}
        table={{
          columns: [
            { title: "intervention" },
            ...categories.map((name) => ({ title: spaced(name), format: share })),
          ],
          rows,
        }}
      />
    </div>
  )
}

function capabilityTable(index: SiteIndex, selection: Selection): { columns: Column[]; rows: Cell[][] } {
  const rows = selectedRows(index, selection)
  return {
    columns: [
      { title: "shift" },
      { title: "capability", format: share },
      ...rows.map((row) => ({ title: rowName(index.rows[row]!, false), format: share })),
    ],
    rows: selectedShifts(index, selection, rows).map((place) => {
      const figures = rows.map((row) => figuresIn(index, selection.view, row, place))
      return [
        shiftName(index.shifts[place]!),
        figures.find((one) => one?.capability !== undefined)?.capability,
        ...figures.map((one) => one?.accuracy.value),
      ]
    }),
  }
}
