// What kinds of interventions declare of themselves, and what the program makes of it.

import { expect, it } from "vitest"
import { probeIntervention } from "../../src/benchmark/interventions/probe.ts"
import {
  baselines,
  interventions,
  makeIntervention,
  references,
  traitsOf,
} from "../../src/benchmark/interventions/registry.ts"
import { isLeaky } from "../../src/benchmark/tables/suite-results.ts"
import { findProbe } from "../../probes/registry.ts"

const namesOf = (kinds: typeof interventions): string[] => kinds.map(({ name }) => name)

it("references and baselines are run besides what was asked for, in the order of the tables", () => {
  expect(namesOf(references)).toEqual(["zero-shot", "per-token-likelihood", "longer"])
  expect(namesOf(baselines)).toEqual(["bag-of-words", "mean-embedding"])
})

it("controls, baselines and rankings measure no capability", () => {
  const without = interventions.filter(({ traits }) => traits?.measuresCapability === false)
  expect(namesOf(without).sort()).toEqual(
    [
      "zero-shot",
      "per-token-likelihood",
      "longer",
      "bag-of-words",
      "mean-embedding",
      "perplexity",
      "random",
      "random-direction",
      "shuffled-labels",
      "response-length",
      "reward",
      "ccs-leaky",
    ].sort(),
  )
})

it("CCS as published is no evidence of transfer, and nothing else is marked so", () => {
  expect(namesOf(interventions).filter(isLeaky)).toEqual(["ccs-leaky"])
})

it("what reads activations says so", () => {
  for (const kind of interventions) {
    expect([kind.name, kind.readsActivations ?? false]).toEqual([
      kind.name,
      makeIntervention(kind.name).needs !== undefined,
    ])
  }
})

it("a probe of one's own brings its traits; an unknown name has none", () => {
  const massMean = findProbe("mass-mean")
  const traits = { measuresCapability: false, header: "a\nb" } as const
  expect(probeIntervention({ ...massMean, name: "mine", traits }).traits).toEqual(traits)
  expect(probeIntervention(massMean).traits).toBeUndefined()
  expect(traitsOf("mms+5%")).toEqual({})
  expect(traitsOf("toString")).toEqual({})
})
