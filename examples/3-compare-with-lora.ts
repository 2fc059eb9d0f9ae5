// Does a probe carry further than a reward model that was tuned on the same source?

import { embeddedData, embeddedModel, fit, makeIntervention, openWorkbench } from "litmus-kit"

const cache = process.env.LITMUS_CACHE ?? ".litmus-cache"
const bench = await openWorkbench({ model: embeddedModel(), data: await embeddedData(cache), cache })

const interventions = [
  makeIntervention("lr"),
  makeIntervention("lora", { steps: 40, learningRate: 3e-3 }),
  makeIntervention("zero-shot"),
]
for (const intervention of interventions) {
  const fitted = await fit(bench, intervention, "short_right_75")
  const [own, target] = [await fitted.evaluate("short_right_75"), await fitted.evaluate("short_right_25")]
  const figures = [own, target].map(({ accuracy }) => `${(100 * accuracy.estimate).toFixed(1)} %`)
  console.log(`${intervention.name.padEnd(10)} source ${figures[0]}, target ${figures[1]}`)
}
