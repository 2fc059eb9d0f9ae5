// Personas: with what does each intervention agree — the labels, the likelihood, the longer response, each other?

import type { JSX } from "preact"
import { useMemo } from "preact/hooks"
import { matrixFigure } from "../figures/matrix.ts"
import { categoriesOf } from "../figures/radar.ts"
import { percent } from "../figures/style.ts"
import { Controls, Select, ViewSelect } from "../parts/controls.tsx"
import { Figure } from "../parts/figure.tsx"
import { Loaded } from "../parts/loaded.tsx"
import { DataTable, type TableData } from "../parts/table.tsx"
import { dataFiles, longerName, modelName, type PersonaEntry, type SiteIndex } from "../../site-data.ts"
import { meanOfKnown } from "../../../numbers/lists.ts"
import { agreementWith, labelsName, personaMatrix, rankingsOf } from "../persona-matrix.ts"
import { choicesOf, menuOf, type Choices, type PageProps } from "../choices.ts"
import { selectedShifts, spaced } from "../selection.ts"

export function Personas(props: PageProps): JSX.Element {
  return (
    <>
      <h1>Personas</h1>
      <p class="lead">
        Which persona did it learn? Share of pairs on which two rankings prefer the same response, averaged
        over shifts; a tie counts ½. With the labels, that is accuracy; with zero-shot, the ranking by
        likelihood.
      </p>
      <Loaded file={dataFiles.personas} what="the agreements">
        {(personas) =>
          personas.length === 0 ? (
            <p class="notice">Agreement needs single pairs, and the store has only tables.</p>
          ) : (
            <Matrix {...props} personas={personas} />
          )
        }
      </Loaded>
    </>
  )
}

function Matrix({ index, route, personas }: PageProps & { personas: readonly PersonaEntry[] }): JSX.Element {
  const models = personas.map(modelName)
  const model = models.find((name) => name === route.choices.model) ?? models[0]!
  const persona = personas[models.indexOf(model)]!
  const choices = { ...choicesOf({ index, route }), model, models: [model] }
  const key = JSON.stringify([choices.view, choices.label, choices.category, model])
  const { names, values, nShifts } = useMemo(
    () => personaMatrix(index, persona, choices),
    [index, persona, key],
  )
  const format = (value: number): string => percent(value)
  const table: TableData = {
    columns: [{ title: "" }, ...names.map((title) => ({ title, format }))],
    rows: names.map((name, i) => [name, ...values[i]!.map((value) => value ?? undefined)]),
  }
  return (
    <>
      <Controls>
        <Select title="Model" name="model" value={model} options={models.map((name) => [name, name])} />
        <ViewSelect index={index} view={choices.view} />
        <Select
          title="Label"
          name="label"
          value={choices.label ?? ""}
          options={menuOf(index, "label", model)}
        />
        <Select
          title="Category"
          name="category"
          value={choices.category ?? ""}
          options={menuOf(index, "category", model)}
        />
      </Controls>
      <Figure
        name={`agreement-${model}-${choices.view}`}
        draw={(canvas) =>
          matrixFigure(
            {
              title: `Agreement of rankings, ${model}`,
              subtitle: `View ${choices.view}; ${nShifts} shifts${[choices.label, choices.category].map((name) => (name ? `, ${spaced(name)}` : "")).join("")}, %.`,
              names,
              values,
              pivot: 0.5,
              domain: [0, 1],
              format: (value) => percent(value, 0),
            },
            canvas,
          )
        }
        inputs={[values]}
        maxWidth={760}
        table={table}
      />
      <ByCategory index={index} persona={persona} choices={choices} />
    </>
  )
}

function ByCategory({
  index,
  persona,
  choices,
}: {
  index: SiteIndex
  persona: PersonaEntry
  choices: Choices
}): JSX.Element | null {
  const categories = categoriesOf(index)
  if (categories.length === 0) return null
  const others = [labelsName, "zero-shot", "longer", longerName].filter(
    (name) => name === labelsName || persona.names.includes(name),
  )
  const format = (value: number): string => percent(value)
  const rows = rankingsOf(index, persona).flatMap((name) =>
    others
      .filter((other) => other !== name)
      .map((other) => [
        name,
        other,
        ...categories.map((category) => {
          const places = selectedShifts(
            index,
            { view: choices.view, label: undefined, category },
            index.rows.map((_, i) => i),
          )
          return meanOfKnown(
            places.map((place) => agreementWith(index, persona, { view: choices.view, place, name, other })),
          )
        }),
      ]),
  )
  return (
    <section>
      <h2>By category</h2>
      <DataTable
        name={`agreement-by-category-${choices.model}`}
        caption={`${choices.model}, view ${choices.view}: agreement with the labels, likelihood and length, %`}
        columns={[
          { title: "ranking" },
          { title: "agrees with" },
          ...categories.map((category) => ({ title: spaced(category), format })),
        ]}
        rows={rows}
      />
    </section>
  )
}
