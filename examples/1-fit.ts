// Fit a truth direction on a source distribution, and look at it there.

import { embeddedData, embeddedModel, fit, makeIntervention, openWorkbench } from "litmus-kit"

const cache = process.env.LITMUS_CACHE ?? ".litmus-cache"
const bench = await openWorkbench({ model: embeddedModel(), data: await embeddedData(cache), cache })

const probe = await fit(bench, makeIntervention("mass-mean", { on: "resid" }), "facts")
const { accuracy } = await probe.evaluate("facts")
console.log(
  `${probe.summary}\nfacts: ${percent(accuracy.estimate)} (${percent(accuracy.low)} to ${percent(accuracy.high)})`,
)

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
