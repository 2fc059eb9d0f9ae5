// Scale: a metric over models.

import type { JSX } from "preact"
import { scaleFigure, scalePoints } from "../figures/scale.ts"
import { capitalized, percent } from "../figures/style.ts"
import { Controls, InterventionToggles, MetricSelect, ViewSelect, ViewWords } from "../parts/controls.tsx"
import { Figure } from "../parts/figure.tsx"
import { metricDescriptions, metricTitles } from "../../site-data.ts"
import { choicesOf, type PageProps } from "../choices.ts"
import { interventionsOf, modelsOf } from "../selection.ts"

export function Scale(props: PageProps): JSX.Element {
  const { index, route } = props
  const base = choicesOf(props)
  const metric = route.choices.metric === undefined ? "elicitation" : base.metric
  const among = interventionsOf(index)
  const interventions = among.filter((name) => !base.hidden.includes(name))
  const selection = { ...base, metric, models: modelsOf(index), interventions }
  return (
    <>
      <h1>Scale</h1>
      <p class="lead">
        {capitalized(metricTitles[metric])} ({metricDescriptions[metric]}) from the smallest to the largest
        model. <ViewWords index={index} view={base.view} />
      </p>
      <Controls>
        <ViewSelect index={index} view={base.view} />
        <MetricSelect metric={metric} />
      </Controls>
      <InterventionToggles index={index} among={among} hidden={base.hidden} />
      <Figure
        name={`scale-${base.view}-${metric}`}
        draw={(canvas) => scaleFigure(index, selection, canvas)}
        inputs={[index, JSON.stringify(selection)]}
        table={{
          columns: [
            { title: "intervention" },
            { title: "model" },
            { title: "shifts" },
            { title: metricTitles[metric], format: (value) => percent(value) },
            { title: "shifts averaged" },
          ],
          rows: scalePoints(index, selection).map(({ intervention, model, label, value, nShifts }) => [
            intervention,
            model,
            label,
            value,
            nShifts,
          ]),
        }}
      />
    </>
  )
}
