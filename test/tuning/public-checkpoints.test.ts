// Checkpoints and adapters of public reports: the logits of their last token (shared/cases/01-rope-parameters-v5, 19-yarn, 28-peft-all-linear).

import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { createForward } from "../../src/model/decoder/forward.ts"
import { openModel, withAdapter, type Model } from "../../src/model/model.ts"
import { plainRow } from "../../src/rows/row.ts"
import { readAdapter } from "../../src/tuning/peft.ts"
import { readArchitecture } from "../support/model-files.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const cache = temporaryFolder()
const saved = ["llama_l3", "phi3", "gpt_neox", "qwen3", "gemma2"]
const adapted = ["gpt2", "phi3", "gpt_neox"]

async function differences(model: Model, file: string): Promise<number[]> {
  // By transformers 5.18 (eager), and PEFT 0.21 for adapters.
  const { ids, sets } = JSON.parse(readFileSync(file, "utf8")) as {
    ids: number[]
    sets: Record<string, number[]>
  }
  const { adapter } = model
  const forward = await createForward(model.bundle, {
    sites: [],
    reads: "tokens",
    logits: true,
    threads: 1,
    ...(adapter && { adapter }),
  })
  const at = { kind: "tokens", at: Int32Array.of(ids.length - 1) } as const
  const logits = (await forward.run(plainRow(Int32Array.from(ids)), at)).get("logits")!.data
  await forward.release()
  return Object.values(sets).map((set) => Math.max(...set.map((value, i) => Math.abs(value - logits[i]!))))
}

// Both compute in float32, in another order: the reports' figures agree to 2e-5.
const bound = 1e-4

describe.runIf(hasShared)(`logits are transformers'${needsShared}`, () => {
  it.each(saved)("of a checkpoint saved by transformers 5: %s", async (name) => {
    const folder = shared("cases", "01-rope-parameters-v5")
    const off = await differences(
      await openModel(`${folder}/${name}`, { cache }),
      `${folder}/${name}.expected.json`,
    )
    expect(off).not.toHaveLength(0)
    expect(Math.max(...off)).toBeLessThan(bound)
  })

  it.each(adapted)("of an adapter of all linear layers: %s", async (name) => {
    const folder = shared("cases", "28-peft-all-linear")
    const plain = await openModel(`${folder}/${name}`, { cache })
    const model = withAdapter(plain, await readAdapter(`${folder}/${name}-adapter`, plain))
    const off = await differences(model, `${folder}/${name}.expected.json`)
    expect(off).not.toHaveLength(0)
    expect(Math.max(...off)).toBeLessThan(bound)
    // The adapter does something.
    expect(Math.max(...(await differences(plain, `${folder}/${name}.expected.json`)))).toBeGreaterThan(0.01)
  })
})

describe.runIf(hasShared)(`a rotary scaling is read${needsShared}`, () => {
  it.each(["yarn", "dynamic", "longrope"])("%s", async (name) => {
    const { rotary } = await readArchitecture(shared("cases", "19-yarn", name))
    expect(rotary?.rope.type).toBe(name)
  })
})
