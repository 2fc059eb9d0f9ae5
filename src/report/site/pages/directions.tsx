// Directions: where a model knows, how alike the directions are that were read, and whether probabilities mean what
// they say.

import type { JSX } from "preact"
import { layersFigure } from "../figures/layers.ts"
import { componentsFigure } from "../figures/components.ts"
import { matrixFigure } from "../figures/matrix.ts"
import { projectionFigure } from "../figures/projection.ts"
import { reliabilityFigure, reliabilityPoints } from "../figures/reliability.ts"
import { percent } from "../figures/style.ts"
import { Controls, InterventionToggles, Select, ViewSelect } from "../parts/controls.tsx"
import { Figure } from "../parts/figure.tsx"
import { Loaded } from "../parts/loaded.tsx"
import type { TableData } from "../parts/table.tsx"
import {
  dataFiles,
  type ComponentsEntry,
  type DirectionsEntry,
  type ProjectionEntry,
  type ReliabilityEntry,
  type SiteIndex,
  type SweepEntry,
} from "../../site-data.ts"
import { choicesOf, menuOf, type PageProps } from "../choices.ts"
import { modelsOf } from "../selection.ts"

export function Directions(props: PageProps): JSX.Element {
  const { index } = props
  const { sweeps, directions, projections, components } = index
  const hasNone = sweeps.length + directions.length + projections.length + components.length === 0
  return (
    <>
      <h1>Directions</h1>
      <section aria-labelledby="reliability">
        <h2 id="reliability">Reliability</h2>
        <Loaded file={dataFiles.reliability} what="the probabilities">
          {(reliability) => <Reliability {...props} reliability={reliability} />}
        </Loaded>
      </section>
      {hasNone ? (
        <p class="notice">
          The store has no sweeps, comparisons or projections: litmus sweep, litmus directions and litmus
          project put them there with --results.
        </p>
      ) : null}
      <Sweeps {...props} />
      {index.directions.map((entry, i) => (
        <Comparison key={i} entry={entry} />
      ))}
      {index.projections.length > 0 ? <h2>Projections</h2> : null}
      {index.projections.map((entry, i) => (
        <Figure
          key={i}
          name={`projection-${entry.probe}`}
          draw={(canvas) => projectionFigure(entry, canvas)}
          inputs={[entry]}
          table={projectionTable(entry)}
        />
      ))}
      {components.length > 0 ? (
        <>
          <h2>Principal components</h2>
          <p>
            Where true and false responses part along what varies most, any probe finds it. Where the fitted
            direction is short in this picture, it reads something that varies little.
          </p>
        </>
      ) : null}
      {components.map((entry, i) => (
        <Figure
          key={i}
          name={`components-${entry.probe}`}
          draw={(canvas) => componentsFigure(entry, canvas)}
          inputs={[entry]}
          table={componentsTable(entry)}
        />
      ))}
    </>
  )
}

function Reliability({
  index,
  route,
  reliability,
}: PageProps & { reliability: readonly ReliabilityEntry[] }): JSX.Element {
  const choices = choicesOf({ index, route })
  const data = { index, reliability }
  return (
    <>
      <Controls>
        <Select
          title="Model"
          name="model"
          value={choices.model}
          options={modelsOf(index).map((model) => [model, model])}
        />
        <ViewSelect index={index} view={choices.view} />
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
      </Controls>
      <InterventionToggles index={index} among={choices.among} hidden={choices.hidden} />
      <Figure
        name={`reliability-${choices.model}-${choices.view}`}
        draw={(canvas) => reliabilityFigure(data, choices, canvas)}
        inputs={[index, reliability, JSON.stringify(choices)]}
        maxWidth={620}
        table={{
          columns: [
            { title: "intervention" },
            { title: "probability given", format: (value) => value.toFixed(3) },
            { title: "share that is right", format: (value) => value.toFixed(3) },
            { title: "pairs, both orders" },
          ],
          rows: reliabilityPoints(data, choices).map(({ name, probability, frequency, n }) => [
            name,
            probability,
            frequency,
            n,
          ]),
        }}
      />
    </>
  )
}

function Sweeps({ index, route }: PageProps): JSX.Element | null {
  if (index.sweeps.length === 0) return null
  const chosen = Math.min(Math.max(0, Number(route.choices.sweep ?? 0) || 0), index.sweeps.length - 1)
  const sweep = index.sweeps[chosen]!
  return (
    <section aria-labelledby="sweeps">
      <h2 id="sweeps">Where the model knows</h2>
      <Controls>
        <Select
          title="Sweep"
          name="sweep"
          value={String(chosen)}
          options={index.sweeps.map((entry, i) => [String(i), sweepName(index, entry)])}
        />
      </Controls>
      <Figure
        name={`layers-${sweep.probe}-${sweep.source}`}
        draw={(canvas) => layersFigure(sweep, canvas)}
        inputs={[sweep]}
        table={{
          columns: [
            { title: "site" },
            { title: `${sweep.source} (source)`, format: (value) => percent(value) },
            ...(sweep.target === undefined
              ? []
              : [{ title: `${sweep.target} (target)`, format: (value: number) => percent(value) }]),
          ],
          rows: sweep.points.map(({ unit, source, target }) => [
            unit,
            source.value,
            ...(sweep.target === undefined ? [] : [target?.value]),
          ]),
        }}
      />
      <p>A layer picked by the target's curve has seen the target: report it as such.</p>
    </section>
  )
}

function sweepName({ sweeps }: SiteIndex, { model, probe, source, target, points }: SweepEntry): string {
  const kind = points[0]?.unit.replace(/\..*/, "") ?? ""
  const models = new Set(sweeps.map((sweep) => sweep.model)).size
  return `${probe} on ${kind}, ${source}${target === undefined ? "" : ` → ${target}`}${models > 1 ? `, ${model}` : ""}`
}

function Comparison({ entry }: { entry: DirectionsEntry }): JSX.Element {
  const kinds = [
    ["cosine", "Cosine of directions", "Mean over the places that both probes read."],
    [
      "mahalanobis",
      "Mahalanobis cosine of directions",
      "Correlation of the projections of the sources' training responses.",
    ],
  ] as const
  return (
    <section aria-label={`Directions of ${entry.model}`}>
      <h2>How alike the directions are, {entry.model}</h2>
      <div class="two">
        {kinds.map(([kind, title, subtitle]) => (
          <Figure
            key={kind}
            name={`${kind}-${entry.model}`}
            draw={(canvas) =>
              matrixFigure(
                {
                  title,
                  subtitle,
                  names: entry.names,
                  values: entry[kind],
                  pivot: 0,
                  domain: [-1, 1],
                  format: (value) => value.toFixed(2),
                },
                canvas,
              )
            }
            inputs={[entry]}
            maxWidth={620}
            table={{
              columns: [
                { title: "" },
                ...entry.names.map((name) => ({ title: name, format: (value: number) => value.toFixed(3) })),
              ],
              rows: entry.names.map((name, i) => [
                name,
                ...entry[kind][i]!.map((value) => value ?? undefined),
              ]),
            }}
          />
        ))}
      </div>
    </section>
  )
}

function projectionTable({ sets }: ProjectionEntry): TableData {
  return {
    columns: [
      { title: "distribution" },
      { title: "split" },
      { title: "on the direction", format: (value) => value.toPrecision(4) },
      { title: "orthogonal component", format: (value) => value.toPrecision(4) },
      { title: "label" },
    ],
    rows: sets.flatMap(({ distribution, split, points }) =>
      points.map(([x, y, label]) => [distribution, split, x, y, label]),
    ),
  }
}

function componentsTable({ shares, sets }: ComponentsEntry): TableData {
  return {
    columns: [
      { title: "distribution" },
      { title: "split" },
      ...shares.map((_, c) => ({
        title: `component ${c + 1}`,
        format: (value: number) => value.toPrecision(4),
      })),
      { title: "label" },
    ],
    rows: sets.flatMap(({ distribution, split, points, labels }) =>
      points.map((point, row) => [distribution, split, ...point, labels[row]]),
    ),
  }
}
