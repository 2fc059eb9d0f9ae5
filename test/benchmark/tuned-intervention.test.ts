// LoRA, prompt tuning and full fine-tuning as interventions: fitted on a source like a probe, scored on targets.

import { readdirSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { transfer, type TransferResult } from "../../src/benchmark/transfer.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import type { Progress } from "../../src/base/progress.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const data = writeSums(join(root, "data"))
const quick = { steps: 4, batch: 4, evaluateEvery: 2 }
let model: string

beforeAll(async () => {
  model = await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
})

const open = (options: Partial<Parameters<typeof openWorkbench>[0]> = {}): Promise<Workbench> =>
  openWorkbench({ model, data, cache, threads: 1, ...options })

const asked = { source: "sums", targets: ["more", "few"] }
const run = async (name: string, bench: Workbench): Promise<TransferResult> =>
  await transfer(bench, makeIntervention(name, quick), asked)

describe.each(["lora", "prompt-tuning", "full"])("the intervention %s", (name) => {
  it("is trained on the source, scores every pair that fits, and is not trained again", async () => {
    const tasks: string[] = []
    const progress: Progress = {
      task: (title) => ({ update: () => tasks.push(title), end: () => undefined }),
    }
    const first = await run(name, await open({ progress }))
    expect(tasks).toContain(`${name} on sums`)
    expect(first.fitted).toMatch(
      /^step [24] of 4 on 25 pairs, learning rate [\d.]+, the best of 4; training accuracy \d+\.\d %; \d+\.\d % of 2 pairs held out/,
    )
    expect(first.targets.map(({ pairs, skippedPairs }) => [pairs, skippedPairs])).toEqual([
      [32, 0],
      [16, 2],
    ])
    expect(first.targets[0]!.auroc).not.toBeNull()

    tasks.length = 0
    const again = await run(name, await open({ progress }))
    expect(tasks).not.toContain(`${name} on sums`)
    expect(again).toEqual(first)
    // One folder a training.
    const mine = readdirSync(join(cache, "tuned")).filter((folder) => folder.startsWith(`${name}.sums.`))
    expect(mine.length).toBe(1)
    await run(name, await open({ seed: 1 }))
    expect(
      readdirSync(join(cache, "tuned")).filter((folder) => folder.startsWith(`${name}.sums.`)).length,
    ).toBe(2)
  })
})

it("a tuned model is told to be tuned from the plain checkpoint", async () => {
  const tuned = readdirSync(join(cache, "tuned")).find((folder) => folder.startsWith("lora."))!
  const bench = await open({ adapter: join(cache, "tuned", tuned) })
  await expect(run("lora", bench)).rejects.toThrow(
    "tune: the model has an adapter already: tune the plain checkpoint",
  )
  // But it is scored by its own head, as the intervention that made it was.
  const reward = await transfer(bench, makeIntervention("reward"), asked)
  expect(reward.fitted).toBe('the model\'s own score head: its one output, read at the token "</s>"')
})

it("the head of an adapter scores as the intervention that trained it", async () => {
  const bench = await open()
  const lora = await run("lora", bench)
  const folders = readdirSync(join(cache, "tuned")).filter((folder) => folder.startsWith("lora."))
  const results = []
  for (const folder of folders) {
    const adapted = await open({ adapter: join(cache, "tuned", folder) })
    results.push((await transfer(adapted, makeIntervention("reward"), asked)).targets)
  }
  expect(results).toContainEqual(lora.targets)
})
