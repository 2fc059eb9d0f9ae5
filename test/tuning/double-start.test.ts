// Prompts that already begin with the start token, which the template adds as well: shared/cases/26-double-bos.

import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { readDistribution } from "../../src/data/index.ts"
import { openModel } from "../../src/model/model.ts"
import { rewardsOf } from "../../src/tuning/reward-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

interface Expected {
  readonly example: number
  readonly response: number
  readonly reward: number
}

it.skipIf(!hasShared)(`a start token in the text is not added to the template's${needsShared}`, async () => {
  const place = shared("cases", "26-double-bos", "model")
  const model = await openModel(place, { cache: temporaryFolder() })
  const distribution = await readDistribution(shared("cases", "26-double-bos", "data"), "bos", "test")
  // By transformers 5.18 on the ids without the second start token.
  const expected = JSON.parse(
    readFileSync(shared("cases", "26-double-bos", "expected.json"), "utf8"),
  ) as Expected[]
  const { sequences, rewards } = await rewardsOf(model, distribution, { threads: 1 })
  expect(sequences.length).toBe(expected.length)
  for (const [i, { example, response, tokens }] of sequences.entries()) {
    expect([...tokens].filter((id) => id === 1)).toHaveLength(1)
    const { reward } = expected.find((one) => one.example === example && one.response === response)!
    // Both compute in float32; the public report's figures agree to 1e-5.
    expect(rewards[i]).toBeCloseTo(reward, 4)
  }
})
