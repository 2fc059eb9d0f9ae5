// What the embedded model must be for the suite to mean anything: it knows its world, the persona is in it, and what it
// knows can be brought out where it is trained to. Nothing is asked of transfer.

import { readdirSync, statSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { parseSuiteRows } from "../../src/benchmark/store/suite-rows.ts"
import { transfer } from "../../src/benchmark/transfer.ts"
import { openWorkbench } from "../../src/benchmark/workbench/workbench.ts"
import { suite, type Distribution } from "../../src/data/index.ts"
import { sentence } from "../../src/microworld/lexicon.ts"
import { embeddedData, embeddedModel } from "../../src/microworld/embedded.ts"
import { demoOptions } from "../../src/microworld/options.ts"
import { recipe } from "../../src/microworld/recipe.ts"
import { claim, makeWorld } from "../../src/microworld/world.ts"
import { scoreLikelihoods } from "../../src/tuning/likelihood.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { litmus, type Outcome } from "../support/cli.ts"
import { temporaryFolder } from "../support/temporary.ts"

const cache = temporaryFolder()
const bench = await openWorkbench({
  model: embeddedModel(),
  data: await embeddedData(cache),
  cache,
  threads: 2,
})
const demo = ["demo", "--cache", cache, "--quiet"]

async function accuracyOn(name: string, source: string): Promise<number> {
  const intervention = makeIntervention(name, name === "lora" ? demoOptions.lora : {})
  const { sourceEvaluation } = await transfer(bench, intervention, { source, targets: [] })
  return sourceEvaluation.accuracy.estimate
}

describe("the embedded model", () => {
  test("takes at most 8 MB, and is that of the recipe", async () => {
    const path = join(embeddedModel(), "model.safetensors")
    expect(statSync(path).size).toBeLessThanOrEqual(8e6)
    const file = await openSafetensors(path)
    expect(JSON.parse(file.metadata.recipe!)).toEqual(recipe)
    await file.close()
  })

  test("says the popular falsehood rather than the truth on the forum: at least 80 % of the misconceptions", async () => {
    const { misconceptions } = makeWorld(recipe.world)
    const forum: Distribution = {
      id: "forum",
      split: "test",
      fingerprint: "forum",
      examples: misconceptions.map((fact, index) => ({
        index,
        prompt: "Forum\nana: ",
        responses: [
          { text: sentence(claim(fact, fact.truth)), label: 1 },
          { text: sentence(claim(fact, fact.popular!)), label: 0 },
        ],
      })),
    }
    const { responses } = await scoreLikelihoods(bench.model, forum, { cache, part: "response given prompt" })
    const logOf = (example: number, label: number): number =>
      responses.find((one) => one.example === example && one.label === label)!.logProbability
    const isPopular = misconceptions.filter((_, i) => logOf(i, 0) > logOf(i, 1)).length
    expect(isPopular / misconceptions.length).toBeGreaterThanOrEqual(0.8)
  })

  test("knows what is no misconception: zero-shot is right on at least 75 % of the pairs", async () => {
    expect(await accuracyOn("zero-shot", "facts")).toBeGreaterThanOrEqual(0.75)
  })

  test("lets mass-mean shift and LoRA learn the main source: at least 90 %", async () => {
    expect(await accuracyOn("mms", "facts")).toBeGreaterThanOrEqual(0.9)
    expect(await accuracyOn("lora", "facts")).toBeGreaterThanOrEqual(0.9)
  })
})

describe("litmus demo", () => {
  let first: Outcome
  beforeAll(async () => {
    first = await litmus(demo)
  }, 900_000)

  test("shows the averages of both labels, in words too, and where to go on", () => {
    expect(first).toMatchObject({ code: 0, stderr: "" })
    expect(first.stdout).toMatch(/extreme \(11\).*probing \(14\)/)
    for (const name of ["mms", "lat", "lr", "lora", "zero-shot"]) {
      expect(first.stdout).toMatch(new RegExp(`^ ${name} +\\d`, "m"))
    }
    const text = first.stdout.replaceAll(/\s+/g, " ")
    expect(text).toMatch(
      /LoRA is right on \d+\.\d % of the pairs of 11 extreme shifts and on \d+\.\d % of 14 probing ones: .* 95 % interval over shifts and 3 seeds/,
    )
    expect(text).toContain("litmus bench --model DIR --data DIR")
  })

  test("finds the model capable of every target but arithmetic, whose few items LoRA learns in part: 90 % and more", async () => {
    const path = join(cache, "demo", readdirSync(join(cache, "demo"))[0]!)
    const table = join(path, "generalization_metrics/embedded/mms/microworld.csv")
    const rows = parseSuiteRows(await readFile(table, "utf8"), table)
    const capability = new Map(rows.map((row) => [row.targetReference, row.capability!]))
    expect([...capability.keys()].toSorted()).toEqual(
      [...new Set(suite("microworld").map(({ targetReference }) => targetReference))].toSorted(),
    )
    const low = [...capability].filter(([, accuracy]) => accuracy < 0.9).map(([target]) => target)
    expect(low.filter((target) => target !== "arithmetic")).toEqual([])
  })

  test("prints the same again, from its cache", async () => {
    expect(await litmus(demo)).toEqual(first)
  })
})
