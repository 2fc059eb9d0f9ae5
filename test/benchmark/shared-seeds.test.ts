// What no seed decides is fitted once, and is in the store of every seed.

import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { interventions, makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { planBench } from "../../src/benchmark/run/plan.ts"
import { allPairs } from "../../src/data/index.ts"
import { shifts, smallBench, specOf, textsOf } from "../support/small-bench.ts"

const { root, open, run } = await smallBench()

it("makes what no seed decides once for all seeds: the same store, and only what a seed lacks", async () => {
  const { fits } = planBench(specOf({ seeds: [0, 1] }))
  const of = (name: string): (readonly number[])[] =>
    fits
      .filter((fit) => fit.name === name && fit.source === "sums")
      .map(({ seed, sharedBy }) => [seed, ...sharedBy])
  expect([of("zero-shot"), of("longer"), of("mms")]).toEqual([[[0, 1]], [[0, 1]], [[0], [1]]])

  let fitted = 0
  const longer = makeIntervention("longer")
  const counted = {
    ...longer,
    fit: (...what: Parameters<typeof longer.fit>) => {
      fitted++
      return longer.fit(...what)
    },
  }
  const only = {
    interventions: [counted],
    references: [makeIntervention("zero-shot")],
    capability: { by: "lora", candidates: [] } as const,
    shifts: [shifts[0]!],
  }
  const [both, alone] = [join(root, "results-15"), join(root, "results-16")]
  expect((await run({ ...only, seeds: [0, 1] }, { out: both })).made).toBe(8)
  expect(fitted).toBe(1)
  // Seed 1 has what a run of it alone makes.
  await run({ ...only, seeds: [1] }, { out: alone })
  expect(textsOf(join(both, "seeds", "1"))).toEqual(textsOf(alone))
  const before = textsOf(both)
  rmSync(join(both, "seeds", "1", "evaluations", "longer"), { recursive: true })
  expect(await run({ ...only, seeds: [0, 1] }, { out: both })).toMatchObject({ made: 2, held: 6 })
  expect(textsOf(both)).toEqual(before)
})

it("scores alike with every seed where an intervention says that no seed decides it", async () => {
  const bench = await open()
  const [source, target] = [
    await bench.distribution("sums", "train"),
    await bench.distribution("more", "test"),
  ]
  const seedless = interventions
    .filter(({ name }) => name !== "reward")
    .flatMap(({ name }) => {
      const made = makeIntervention(name)
      return made.seedless ? [made] : []
    })
  expect(seedless.map(({ name }) => name).sort()).toEqual([
    "longer",
    "per-token-likelihood",
    "perplexity",
    "random",
    "zero-shot",
  ])
  for (const one of seedless) {
    const scores = []
    for (const seed of [0, 1]) {
      const fitted = await one.fit({ ...bench, seed }, source)
      scores.push(await fitted.score({ ...bench, seed }, target, allPairs(target.examples)))
    }
    expect([one.name, scores[1]]).toEqual([one.name, scores[0]])
  }
})
