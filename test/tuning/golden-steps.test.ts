// Five steps of AdamW through the training code against transformers 4.46.3 + PEFT 0.14.0 + torch.optim.AdamW 1.13.1
// (golden/grads: lr 1e-3, betas .9 and .999, eps 1e-8, weight decay .01, the same batch every step, no clipping).
// Tolerance 2e-5 as the goldens suggest: their own noise after five steps is 2.3e-6.
// Left out: c_prompt_tuning_bt_rightpad_peft_asis and b_genies_collator_pad_eq_eos, which pool a padding token.

import { describe, expect, it } from "vitest"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import { adamW, zeroMoments } from "../../src/numbers/adamw.ts"
import { createScorer, createTrainingStep, type StepResult } from "../../src/tuning/reward-graph.ts"
import { scoreHead } from "../../src/tuning/tunable.ts"
import { openGoldenCase, type GoldenCase } from "../support/golden-grads.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const cache = temporaryFolder()
const bound = 2e-5
const nSteps = 5

type Run = (parameters: ReadonlyMap<string, ParameterArray>) => Promise<StepResult>

/** Losses before each step and after the last, first gradients, and the parameters after the last. */
async function trainFive(
  golden: GoldenCase,
  run: Run,
): Promise<{
  losses: number[]
  first: Map<string, Float32Array>
  parameters: Map<string, ParameterArray>
}> {
  const parameters = new Map(
    [...golden.tunable.initial].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  )
  const moments = new Map([...parameters].map(([name, { data }]) => [name, zeroMoments(data.length)]))
  const losses: number[] = []
  let first: Map<string, Float32Array> | undefined
  for (let step = 1; step <= nSteps; step++) {
    const { loss, gradients } = await run(parameters)
    losses.push(loss)
    first ??= new Map([...gradients].map(([name, gradient]) => [name, gradient.slice()]))
    for (const [name, { data }] of parameters) {
      adamW(data, gradients.get(name)!, moments.get(name)!, 1e-3, step, { weightDecay: 0.01 })
    }
  }
  losses.push((await run(parameters)).loss)
  return { losses, first: first!, parameters }
}

async function differences(
  golden: GoldenCase,
  run: Run,
  prefix = "",
): Promise<{ losses: number; gradients: number; parameters: number }> {
  const { losses, first, parameters } = await trainFive(golden, run)
  const worst = async (kind: string, found: (name: string) => Float32Array): Promise<number> => {
    let largest = 0
    for (const name of parameters.keys()) {
      const expected = await golden.read(`${prefix}${kind}.${name}`)
      largest = Math.max(largest, maxAbsDifference(found(name), expected))
    }
    return largest
  }
  return {
    losses: maxAbsDifference(losses, await golden.read(`${prefix}losses`)),
    gradients: await worst("grad", (name) => first.get(name)!),
    parameters: await worst("final", (name) => parameters.get(name)!.data),
  }
}

describe.skipIf(!hasShared)(`five steps against PEFT${needsShared}`, () => {
  it.each([
    "a_bt_lora_qv",
    "a_bt_lora_all",
    "b_genies_2label_lora_qv",
    "c_prompt_tuning_bt_leftpad",
    "c_prompt_tuning_bt_rightpad_last_nonpad",
    "c_prompt_tuning_genies2_leftpad",
  ])("%s: losses, first gradients and final parameters", async (name) => {
    const golden = await openGoldenCase(name)
    const bundle = await openBundle(shared("golden", "arch", "llama"), { cache })
    const { tunable, row, nPairs, nLabels } = golden
    const step = await createTrainingStep(bundle, tunable, { maxRowTokens: 256, threads: 2 })
    const scale = 1 / (nPairs * nLabels)
    const found = await differences(golden, (parameters) => step.run(row, parameters, scale, [0]))
    expect(found.losses).toBeLessThanOrEqual(bound)
    expect(found.gradients).toBeLessThanOrEqual(bound)
    expect(found.parameters).toBeLessThanOrEqual(bound)

    // The scorer of the held-out pairs is another graph of the same rewards.
    const scorer = await createScorer(bundle, tunable, { maxRowTokens: 256, threads: 2 })
    const rewards = await scorer.run(row, tunable.initial)
    const expected = [...(await golden.read("rewards_chosen")), ...(await golden.read("rewards_rejected"))]
    expect(maxAbsDifference(rewards, expected)).toBeLessThanOrEqual(bound)
    await step.release()
    await scorer.release()
    await golden.close()
  })

  it("b_genies_2label_lora_qv in its other reading: a head of two labels, their mean in the loss", async () => {
    const golden = await openGoldenCase("b_genies_2label_lora_qv")
    const bundle = await openBundle(shared("golden", "arch", "llama"), { cache })
    const dModel = bundle.architecture.dModel
    // That loss is the one-label loss of the mean of the two rows, and each row has half of its gradient.
    const averaged = (parameters: ReadonlyMap<string, ParameterArray>): Map<string, ParameterArray> => {
      const { data } = parameters.get(scoreHead)!
      const mean = Float32Array.from({ length: dModel }, (_, j) => (data[j]! + data[dModel + j]!) / 2)
      return new Map([...parameters, [scoreHead, { shape: [1, dModel], data: mean }]])
    }
    const tunable = { ...golden.tunable, initial: averaged(golden.tunable.initial) }
    const step = await createTrainingStep(bundle, tunable, { maxRowTokens: 256, threads: 2 })
    const run: Run = async (parameters) => {
      const result = await step.run(golden.row, averaged(parameters), 1 / golden.nPairs, [0])
      const half = result.gradients.get(scoreHead)!.map((value) => value / 2)
      const both = Float32Array.of(...half, ...half)
      return { ...result, gradients: new Map([...result.gradients, [scoreHead, both]]) }
    }
    const found = await differences(golden, run, "altmean.")
    expect(Math.max(found.losses, found.gradients, found.parameters)).toBeLessThanOrEqual(bound)
    await step.release()
    await golden.close()
  })
})
