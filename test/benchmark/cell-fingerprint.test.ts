// What an evaluation's fingerprint says of where responses begin: nothing, unless the evaluation depends on it and a
// prompt meets its responses inside a token.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import type { Intervention } from "../../src/benchmark/interventions/contract.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { runOf } from "../../src/benchmark/run/cells.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import type { Distribution } from "../../src/data/index.ts"
import { fingerprint } from "../../src/base/files.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { randomTexts, randomTokenizer, writeTokenizer } from "../support/random-tokenizer.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
let bench: Workbench

beforeAll(async () => {
  const model = await writeRandomModel(join(root, "model"))
  writeTokenizer(model, randomTokenizer(0, { nMerges: 40, start: true }))
  bench = await openWorkbench({ model, data: root, cache: join(root, "cache") })
})

const split = randomTexts(0, 12)
// A special token ends every prompt: nothing merges with it.
const examples = split.examples.map(({ prompt, ...rest }) => ({ ...rest, prompt: `${prompt}<s>` }))
const whole: Distribution = { ...split, id: "whole", examples, fingerprint: fingerprint(examples) }

/** Whether the fingerprint differs from that of an intervention which never asks. */
async function isNamed(
  intervention: Intervention,
  source: Distribution,
  target: Distribution,
): Promise<boolean> {
  const { responsesOf: _, ...silent } = intervention
  return (await runOf(bench, intervention, source, target)) !== (await runOf(bench, silent, source, target))
}

describe("an evaluation's fingerprint", () => {
  it.each(["zero-shot", "per-token-likelihood", "few-shot", "attention"])(
    "of %s names the rule where source or target has a split join",
    async (name) => {
      const options = name === "few-shot" ? { shots: 2 } : {}
      const intervention = makeIntervention(name, options)
      expect(await isNamed(intervention, whole, whole)).toBe(false)
      expect(await isNamed(intervention, split, whole)).toBe(true)
      expect(await isNamed(intervention, whole, split)).toBe(true)
    },
  )

  it.each(["mms", "perplexity", "response-length", "longer", "random"])(
    "of %s, which never asks where a response begins, does not",
    async (name) => {
      expect(makeIntervention(name).responsesOf).toBeUndefined()
    },
  )

  it("of few-shot with fewer examples than demonstrations is there too: fitting says what is wrong", async () => {
    const few: Distribution = { ...whole, examples: whole.examples.slice(0, 2), fingerprint: "few" }
    await expect(runOf(bench, makeIntervention("few-shot"), few, whole)).resolves.toHaveLength(16)
  })

  it("changes with the intervention's revision", async () => {
    const { revision, ...former } = makeIntervention("attention")
    expect(revision).toBeGreaterThan(0)
    const revised = await runOf(bench, { ...former, revision: revision! }, whole, whole)
    expect(await runOf(bench, former, whole, whole)).not.toBe(revised)
  })
})
