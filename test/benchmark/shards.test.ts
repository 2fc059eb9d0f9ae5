// The shards of a benchmark's plan: nothing lost, nothing twice, and little read or tuned on two machines.

import { describe, expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { planBench, type BenchPlan, type BenchSpec } from "../../src/benchmark/run/plan.ts"
import { planShard } from "../../src/benchmark/run/shards.ts"
import { readSuite, type Shift } from "../../src/data/index.ts"

const specOf = (shifts: readonly Shift[], changed: Partial<BenchSpec> = {}): BenchSpec => ({
  suite: "mine",
  shifts,
  interventions: ["mms", "lora"].map((name) => makeIntervention(name)),
  references: [makeIntervention("zero-shot")],
  capability: { by: "best", candidates: ["mms", "lora"].map((name) => makeIntervention(name)) },
  seeds: [0],
  ...changed,
})
const shardsOf = (plan: BenchPlan, count: number): BenchPlan[] =>
  Array.from({ length: count }, (_, index) => planShard(plan, { index, count }))
const shift = (source: string, target: string, targetReference = target): Shift => ({
  source,
  target,
  targetReference,
  label: "extreme",
  category: "sums",
})

describe("the shards of a plan", () => {
  it("have every fit and trial once, in the plan's order, however many they are", async () => {
    const shifts = await readSuite("genies")
    for (const changed of [{}, { seeds: [0, 1] }, { mixTarget: 0.05 }]) {
      const plan = planBench(specOf(shifts, changed))
      expect(planShard(plan, undefined)).toBe(plan)
      for (const count of [1, 2, 3, 7, 100]) {
        const shards = shardsOf(plan, count)
        for (const kind of ["fits", "trials"] as const) {
          const all: readonly unknown[] = plan[kind]
          const found = shards.flatMap((shard): readonly unknown[] => shard[kind])
          expect(found).toHaveLength(all.length)
          expect(new Set(found)).toEqual(new Set(all))
          for (const shard of shards) {
            const places = shard[kind].map((one) => all.indexOf(one))
            expect(places).toEqual(places.toSorted((a, b) => a - b))
          }
        }
      }
    }
  })

  it("tune about equally often, and fit what is on one source with one seed in one place", async () => {
    const plan = planBench(specOf(await readSuite("genies"), { seeds: [0, 1] }))
    const shards = shardsOf(plan, 4)
    const tuned = shards.map(({ fits }) => fits.filter(({ intervention }) => intervention.tunes).length)
    expect(Math.max(...tuned) - Math.min(...tuned)).toBeLessThanOrEqual(1)
    for (const { source, seed } of plan.fits) {
      const holds = ({ fits, trials }: BenchPlan): boolean =>
        fits.some((fit) => fit.source === source && fit.seed === seed) ||
        trials.some((trial) => trial.reference === source && trial.seed === seed)
      expect(shards.filter(holds)).toHaveLength(1)
    }
  })

  it("keep sources together that are tested on the same targets, and the seeds of one, where nothing is tuned", () => {
    const of = (sources: string[], targets: string[]): Shift[] =>
      sources.flatMap((source) => targets.map((target) => shift(source, target)))
    const shifts = [...of(["a", "b"], ["t", "u", "v", "w"]), ...of(["c", "d"], ["x", "y", "z", "q"])]
    const mms = [makeIntervention("mms")]
    const capability = { by: "lora", candidates: [] } as const
    const plan = planBench(specOf(shifts, { interventions: mms, capability, seeds: [0, 1] }))
    const sources = shardsOf(plan, 2).map(({ fits }) => [...new Set(fits.map(({ source }) => source))])
    expect(sources).toEqual([
      ["a", "b"],
      ["c", "d"],
    ])
  })
})
