// What reads no more than the surface of a response is at chance on every source and target of an extreme shift, and on a
// cue that holds for a share of the items it is right on that share.

import { describe, expect, test } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { transfer } from "../../src/benchmark/transfer.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { suite } from "../../src/data/index.ts"
import { embeddedData, embeddedModel } from "../../src/microworld/embedded.ts"
import { temporaryFolder } from "../support/temporary.ts"

const cache = temporaryFolder()
const bench = await openWorkbench({
  model: embeddedModel(),
  data: await embeddedData(cache),
  cache,
  threads: 2,
})
const shifts = suite("microworld")
const sourcesOf = (label: string): string[] => [
  ...new Set(shifts.filter((shift) => shift.label === label).map(({ source }) => source)),
]

async function accuracies(name: string, source: string, label: string): Promise<[string, number][]> {
  const asked = shifts.filter((shift) => shift.source === source && shift.label === label)
  const targets = [...new Set(asked.map(({ target }) => target))]
  const { sourceEvaluation, targets: evaluations } = await transfer(bench, makeIntervention(name, {}), {
    source,
    targets,
  })
  return [sourceEvaluation, ...evaluations].map(({ distribution, accuracy }) => [
    distribution,
    accuracy.estimate,
  ])
}

describe.each(["bag-of-words", "longer", "mean-embedding"])("%s", (name) => {
  test.each(sourcesOf("extreme"))(
    "fitted on %s is at chance there and on its extreme shifts",
    async (source) => {
      for (const [id, accuracy] of await accuracies(name, source, "extreme")) {
        // The same words in another order: a mean of their embeddings differs by rounding alone.
        if (name === "mean-embedding" && id === "sorting") continue
        expect([id, accuracy >= 0.45 && accuracy <= 0.55]).toEqual([id, true])
      }
    },
  )
})

test("words and length follow a cue as far as it holds, and no further", async () => {
  const found = Object.fromEntries(await accuracies("bag-of-words", "short_right_100", "probing"))
  expect(found.short_right_100).toBe(1)
  expect(found.short_right_50).toBeCloseTo(0.5, 2)
  expect(found.short_right_25).toBeCloseTo(0.25, 1)
  const uninformed = Object.fromEntries(await accuracies("bag-of-words", "short_right_50", "probing"))
  expect(Math.abs(uninformed.short_right_50! - 0.5)).toBeLessThan(0.05)
})
