// A small store of results and the data folder that it is of: two models, four interventions, three shifts, one of them
// with inverted labels. Probabilities are drawn; accuracies follow from them.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { writeEvaluation, writePrompts, writeSuiteRows } from "../../src/benchmark/store/results.ts"
import type { SuiteRow } from "../../src/benchmark/store/suite-rows.ts"
import { random } from "../../src/base/random.ts"
import { writeDistribution, type Item } from "./data-folder.ts"

export interface ReportStore {
  readonly store: string
  readonly data: string
  /** A file that gives the third shift a label and a category. */
  readonly suite: string
}

export const fixtureShifts = [
  { source: "alpaca_mmlu", target: "truthful_qa" },
  // Its labels are inverted in the release.
  { source: "alpaca_mmlu", target: "reward_seeking" },
  { source: "alpaca_easy", target: "own_target" },
] as const

/** Pairs of every target: 24 prompts, two worse responses each. */
export const nPairs = 48

const skill: Readonly<Record<string, number>> = { mms: 0.75, lora: 0.65, "zero-shot": 0.55 }

/** Probabilities that an intervention gives on a target; one pair in sixteen is a tie. */
export function fixtureProbabilities(model: string, intervention: string, target: string): number[] {
  const { uniform } = random(7, model, intervention, target)
  return Array.from({ length: nPairs }, (_, i) => {
    const isRight = uniform() < (skill[intervention] ?? 0.5)
    const distance = 0.5 * uniform()
    return i % 16 === 5 ? 0.5 : isRight ? 0.5 + distance : 0.5 - distance
  })
}

/** Share of pairs above ½, a tie counting ½. */
export function accuracyOf(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p) => sum + (p > 0.5 ? 1 : p < 0.5 ? 0 : 0.5), 0) / probabilities.length
}

/** What a test would have the examples say; `prompt` and `response` are put into every text. */
export interface Texts {
  readonly prompt?: string
  readonly response?: string
}

/** Writes the store, its data and a suite below a folder. */
export async function writeReportStore(
  folder: string,
  { prompt = "", response = "" }: Texts = {},
): Promise<ReportStore> {
  const store = join(folder, "results")
  const data = join(folder, "data")
  for (const model of ["tiny-1b", "tiny-7b"]) {
    for (const intervention of ["mms", "lora", "zero-shot"]) {
      const rows: SuiteRow[] = []
      for (const { source, target } of fixtureShifts) {
        const accuracy = await evaluate(store, { model, intervention, source, target })
        rows.push({
          source,
          target,
          targetReference: target,
          accuracy,
          zeroShot: accuracyOf(fixtureProbabilities(model, "zero-shot", target)),
          zeroShotBy: "zero_shot",
          capability: 0.9,
          capabilityBy: "lora",
          sourceAccuracy: 0.8,
        })
      }
      await writeSuiteRows(store, { model, intervention, suite: "own" }, rows)
    }
  }
  for (const { target } of fixtureShifts) {
    const prompts = Array.from({ length: nPairs }, (_, i) => i >> 1)
    await writePrompts(store, target, prompts)
  }
  for (const id of ["alpaca_mmlu", "alpaca_easy", ...fixtureShifts.map((shift) => shift.target)]) {
    writeDistribution(data, id, {
      train: items(id, 30, { prompt, response }),
      test: items(id, 24, { prompt, response }),
    })
  }
  const suite = join(folder, "own-suite.json")
  const described = fixtureShifts.map((shift) => ({ ...shift, label: "own label", category: "own_category" }))
  mkdirSync(folder, { recursive: true })
  writeFileSync(suite, JSON.stringify(described.slice(2)))
  return { store, data, suite }
}

async function evaluate(
  store: string,
  key: { model: string; intervention: string; source: string; target: string },
): Promise<number> {
  const probabilities = fixtureProbabilities(key.model, key.intervention, key.target)
  const accuracy = accuracyOf(probabilities)
  await writeEvaluation(store, key, {
    eval_accuracy: accuracy,
    eval_probabilities: probabilities,
    litmus: { tie_value: 0.5 },
  })
  return accuracy
}

function items(id: string, n: number, { prompt, response }: Required<Texts>): Item[] {
  return Array.from({ length: n }, (_, i) => ({
    prompt: `Question ${i} of ${id}? ${prompt}`,
    responses: {
      [`Right answer ${i}. ${response}`]: 1,
      [`Wrong answer ${i}, rather long. ${response}`]: 0,
      [`Bad ${i}. ${response}`]: 0,
    },
  }))
}
