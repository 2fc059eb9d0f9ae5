// Does the direction still tell right from wrong elsewhere? Fitted once, asked on every target of the source's shifts.

import { embeddedData, embeddedModel, makeIntervention, openWorkbench, suite, transfer } from "litmus-kit"

const cache = process.env.LITMUS_CACHE ?? ".litmus-cache"
const bench = await openWorkbench({ model: embeddedModel(), data: await embeddedData(cache), cache })

const source = "facts"
const targets = suite("microworld").flatMap((shift) => (shift.source === source ? [shift.target] : []))
const result = await transfer(bench, makeIntervention("lr"), { source, targets, nullDraws: 20 })
for (const { distribution, accuracy, nullBand } of result.targets) {
  const [low, high] = [nullBand?.low ?? 0.5, nullBand?.high ?? 0.5]
  const shown = accuracy.low > high ? "above" : accuracy.high < low ? "below" : "within"
  console.log(
    `${distribution.padEnd(24)} ${(100 * accuracy.estimate).toFixed(1)} %, ${shown} what shuffled labels give`,
  )
}
