// What a table says of the models that were tuned for it, and of the pairs that its interventions were trained on.

import { groupBy } from "../base/group-by.ts"
import { trainedApart } from "../benchmark/tables/trained-on.ts"
import { interventionOf } from "../benchmark/store/places.ts"
import { trainingsOf, type Training } from "../benchmark/tables/trainings.ts"
import type { SuiteResults } from "../benchmark/tables/suite-results.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { decimal, percent, renderTable } from "./table.ts"
import { rangeOfLosses, sparkline } from "./training-text.ts"

/** The notes under a table. */
export function trainingNotes(results: SuiteResults): string[] {
  return [
    ...describeTrainings(trainingsOf(results)),
    ...describeTrainedApart(results),
    ...describeChoice(results),
  ]
}

/** By what a capability is measured where that was chosen, and on what. */
function describeChoice({ results }: SuiteResults): string[] {
  const chosen = new Map<string, string>()
  const candidates = new Set<string>()
  let nSeeds = 1
  for (const { model, shifts } of results) {
    for (const result of shifts) {
      if (!result?.capabilityCandidates) continue
      for (const name of result.capabilityCandidates) candidates.add(interventionOf(name))
      nSeeds = Math.max(nSeeds, result.bySeed.length)
      for (const { seed, capabilityBy } of result.bySeed) {
        if (capabilityBy === undefined) continue
        const key = JSON.stringify([model, result.shift.targetReference, seed])
        chosen.set(key, interventionOf(capabilityBy))
      }
    }
  }
  if (chosen.size === 0) return []
  const counts = [...groupBy([...chosen.values()], (name) => name)].map(
    ([name, all]) => `${name} ${all.length}`,
  )
  const taken =
    nSeeds > 1
      ? "intervals have the choice in them only as far as it differs from seed to seed"
      : "intervals take the choice as it was made"
  return [
    plainText(
      `Capability is that of the best of ${[...candidates].join(", ")} on training prompts of the reference that it was ` +
        `not fitted on and that are not in the test split: ${counts.join(", ")} of ${chosen.size} choices. The pairs that ` +
        `report it had no part in the choice; ${taken}.`,
    ),
  ]
}

/** How many models were tuned, at which rates, and which of them did not learn. */
function describeTrainings(trainings: readonly Training[]): string[] {
  const byName = groupBy(trainings, ({ intervention }) => intervention)
  const severalModels = new Set(trainings.map(({ model }) => model)).size > 1
  return [...byName].flatMap(([name, list]) => {
    const rates = countsOf(list.map(({ record }) => String(record.learningRate)))
    const tried = new Set(list.flatMap(({ record }) => record.tried?.map((one) => one.learningRate) ?? []))
      .size
    const chosen = tried > 0 ? ` (the best of ${tried} on held-out pairs of the source)` : ""
    const untrained = list.filter(({ record }) => record.lossFell === false)
    const unknown = list.filter(({ record }) => record.lossFell === null).length
    const line =
      `${name} was trained ${thousands(list.length)} ${list.length === 1 ? "time" : "times"}, at learning rate ` +
      `${rates.join(", ")}${chosen}; litmus table --training shows the curves.`
    return [
      plainText(line),
      ...(untrained.length > 0
        ? [
            plainText(
              `Warning: ${name} did not learn (its loss on pairs that no choice has seen is not below a coin's) ` +
                `on ${placesOf(untrained, severalModels)}.`,
            ),
          ]
        : []),
      ...(unknown > 0
        ? [
            plainText(
              `Whether ${name} learned is not known of ${unknown} of these: no pairs were held out, and its probabilities are not calibrated.`,
            ),
          ]
        : []),
    ]
  })
}

/** `0.001 (12), 0.003 (18)`; no count where there is one value. */
function countsOf(values: readonly string[]): string[] {
  const counts = [...groupBy(values, (value) => value)].sort(([a], [b]) => Number(a) - Number(b))
  return counts.map(([value, all]) => (counts.length > 1 ? `${value} (${all.length})` : value))
}

/** The first few by name. */
function placesOf(trainings: readonly Training[], severalModels: boolean): string {
  const names = trainings.map((training) => placeOf(training, severalModels))
  return names.length > 5 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ")
}

function placeOf({ model, source, mixedWith, seed }: Training, severalModels: boolean): string {
  const where = mixedWith === undefined ? source : `${source} with ${mixedWith}`
  return `${severalModels ? `${model} · ` : ""}${where}${seed === undefined ? "" : ` (seed ${seed})`}`
}

function describeTrainedApart(results: SuiteResults): string[] {
  const apart = trainedApart(results)
  const severalModels = new Set(results.results.map(({ model }) => model)).size > 1
  return apart.map(({ model, groups }) => {
    const parts = groups.map(({ interventions, pairs: [low, high] }) => {
      const count = low === high ? thousands(low) : `${thousands(low)} to ${thousands(high)}`
      return `${interventions.join(", ")} on ${count}`
    })
    return plainText(
      `${severalModels ? `${model} · ` : ""}Not trained on the same pairs of each source: ${parts.join("; ")}. ` +
        "Differences between them are in part those of their training pairs.",
    )
  })
}

/** A line for every training: what was chosen, the curves, and what the pairs say that no choice has seen. */
export function renderTrainings(results: SuiteResults): string {
  const trainings = trainingsOf(results)
  if (trainings.length === 0) return "no tuned models in this table\n"
  const severalModels = new Set(trainings.map(({ model }) => model)).size > 1
  const rows = trainings.map((training) => {
    const { record } = training
    const scale = rangeOfLosses(record.curve)
    const heldOut = record.curve.map(({ heldOut: look }) => look?.loss ?? null)
    return [
      plainText(`${training.intervention} · ${placeOf(training, severalModels)}`),
      thousands(record.pairs),
      String(record.learningRate),
      `${record.step}/${record.steps}`,
      sparkline(
        record.curve.map(({ loss }) => loss),
        scale,
      ),
      sparkline(heldOut, scale),
      decimal(record.heldOutLoss),
      percent(record.heldOutAccuracy),
      record.lossFell === null ? "not known" : record.lossFell ? "yes" : "no",
    ]
  })
  const head = [
    "trained on",
    "pairs",
    "learning\nrate",
    "step\nkept",
    "training\nloss",
    "held-out\nloss",
    "unseen\nloss",
    "accu-\nracy %",
    "learned",
  ]
  return `${renderTable(head, rows)}\n`
}
