// Options are typed from their specification up to makeIntervention: what the compiler refuses is marked, and what it lets
// through is refused when it runs.

import { describe, expect, it } from "vitest"
import {
  interventions,
  makeIntervention,
  type InterventionOptions,
} from "../../src/benchmark/interventions/registry.ts"

describe("makeIntervention", () => {
  it("takes the options of a name as values or text", () => {
    expect(makeIntervention("lora", { steps: 20, learningRate: "3e-3", labels: 2 }).options).toMatchObject({
      steps: 20,
      learningRate: 0.003,
      labels: "2",
    })
    expect(makeIntervention("mms", { on: "resid.3" }).options).toMatchObject({ on: "resid.3" })
    expect(makeIntervention("zero-shot").options).toEqual({})
  })

  it("refuses a misspelt option, when compiled and when run", () => {
    // @ts-expect-error: of lora there is learningRate.
    expect(() => makeIntervention("lora", { learningrate: 1e-3 })).toThrow("learningRate")
    // @ts-expect-error: zero-shot has none.
    expect(() => makeIntervention("zero-shot", { k: 1 })).toThrow("zero-shot")
    // @ts-expect-error: a number, not a flag.
    expect(() => makeIntervention("lora", { steps: true })).not.toThrow("learningRate")
  })

  it("takes any options of a name that is known only when it runs, and checks them then", () => {
    const name: string = "lora"
    expect(makeIntervention(name, { steps: "7" }).options).toMatchObject({ steps: 7 })
    expect(() => makeIntervention(name, { stepz: "7" })).toThrow("steps")
  })

  it("knows the options of every intervention", () => {
    const others = {
      lora: true,
      "prompt-tuning": true,
      full: true,
      reward: true,
      "few-shot": true,
      "bag-of-words": true,
      "zero-shot": true,
      "per-token-likelihood": true,
      perplexity: true,
      longer: true,
      random: true,
    } satisfies Partial<Record<keyof InterventionOptions, true>>
    const withoutNeeds = interventions.filter((kind) => makeIntervention(kind.name).needs === undefined)
    expect(withoutNeeds.map(({ name }) => name).toSorted()).toEqual(Object.keys(others).toSorted())
  })
})
