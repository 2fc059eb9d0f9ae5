// Which suite litmus table and litmus agreement show of a store, where none is named.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { writeEvaluation, writeSuiteRows } from "../../src/benchmark/store/results.ts"
import { chooseSuite } from "../../src/cli/stored-suite.ts"
import { suite } from "../../src/data/index.ts"
import { complaintOf, succeed } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"

/** A store with a table of two interventions on the first shift of each suite. */
async function storeOf(...suites: readonly string[]): Promise<string> {
  const folder = join(temporaryFolder(), "store")
  for (const name of suites) {
    const { source, target, targetReference } = suite(name)[0]!
    for (const intervention of ["mms", "lora"]) {
      const at = { model: "tiny", intervention }
      const row = { source, target, targetReference, accuracy: 0.75 }
      await writeSuiteRows(folder, { ...at, suite: name }, [row])
      const evaluation = { eval_accuracy: 0.75, eval_probabilities: [0.9, 0.8, 0.7, 0.2] }
      await writeEvaluation(folder, { ...at, source, target }, evaluation)
    }
  }
  return folder
}

describe("the suite of a store", () => {
  it("is genies where the store has results on it, else its first", async () => {
    const view = "corrected"
    expect(await chooseSuite(await storeOf("microworld", "genies"), undefined, { view })).toBe("genies")
    expect(await chooseSuite(await storeOf("microworld"), undefined, { view })).toBe("microworld")
    expect(await chooseSuite(await storeOf("microworld", "genies"), "microworld", { view })).toBe(
      "microworld",
    )
    expect(await chooseSuite(undefined, undefined, { view, published: ["llama-30b"] })).toBe("genies")
  })

  it("need not be named to litmus table and litmus agreement", async () => {
    const store = await storeOf("microworld")
    expect((await succeed(["table", store])).stdout).toContain("microworld")
    expect(JSON.parse((await succeed(["table", store, "--json"])).stdout)).toMatchObject({
      suite: "microworld",
    })
    expect((await succeed(["agreement", store])).stdout).toContain("1 shifts of microworld")
  })

  it("is not one that the store has no results on: those it has are named", async () => {
    const store = await storeOf("microworld")
    const message = `${store}: no result on any shift of the suite genies (it has results on microworld)`
    for (const command of ["table", "agreement"]) {
      expect(await complaintOf([command, store, "--suite", "genies"])).toBe(message)
    }
  })
})
