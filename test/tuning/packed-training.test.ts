// Packed pairs train as separate sequences do: gradients add through the shared prefix. Differences are float rounding.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { readDistribution, selectExamples, type Distribution } from "../../src/data/index.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { packPairs } from "../../src/tuning/batches.ts"
import { trainingCost } from "../../src/tuning/memory.ts"
import { makeTunable, type TunableConfig } from "../../src/tuning/tunable.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import {
  lossAndGradientsOf,
  pairsOf,
  relativeDifference,
  separateRow,
  withNoise,
} from "../support/training.ts"

const root = temporaryFolder()
const cache = join(root, "cache")

async function compare(
  model: Model,
  distribution: Distribution,
  config: TunableConfig,
  { nLabels = 1, maxRowTokens = 400 }: { nLabels?: number; maxRowTokens?: number } = {},
): Promise<{ loss: number; gradients: number; nRows: number; saved: number }> {
  const tunable = withNoise(await makeTunable(model.bundle, config, { nLabels, seed: 0 }), 0.02)
  const pairs = await pairsOf(model, distribution)
  const packedRows = packPairs(pairs, trainingCost(model.bundle.architecture), { maxRowTokens })
  const separateRows = pairs.map((pair) => separateRow(pair))
  const packed = await lossAndGradientsOf(model, tunable, packedRows, { nLabels })
  const separate = await lossAndGradientsOf(model, tunable, separateRows, { nLabels })
  const tokens = (rows: typeof packedRows): number =>
    rows.reduce((sum, { row }) => sum + row.tokens.length, 0)
  return {
    loss: Math.abs(packed.loss - separate.loss),
    gradients: relativeDifference(packed.gradients, separate.gradients),
    nRows: packedRows.length,
    saved: tokens(separateRows) - tokens(packedRows),
  }
}

const allTargets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
const kinds: [name: string, config: TunableConfig, nLabels: number][] = [
  ["LoRA on every layer", { kind: "lora", rank: 4, alpha: 8, targets: allTargets }, 1],
  ["prompt tuning with two labels", { kind: "prompt-tuning", virtualTokens: 5 }, 2],
  ["full fine-tuning", { kind: "full" }, 1],
]

describe("packed pairs of a random model", () => {
  let model: Model
  let distribution: Distribution
  beforeAll(async () => {
    model = await openModel(await writeRandomModel(join(root, "model"), { deviation: 0.2 }), { cache })
    distribution = await readDistribution(writeSums(join(root, "data")), "sums", "train")
  })

  it.each(kinds)(
    "have the loss and the gradients of separate sequences: %s",
    async (_name, config, nLabels) => {
      const found = await compare(model, distribution, config, { nLabels })
      expect(found.nRows).toBeGreaterThan(1)
      expect(found.saved).toBeGreaterThan(0)
      expect(found.loss).toBeLessThanOrEqual(1e-5)
      expect(found.gradients).toBeLessThanOrEqual(1e-4)
    },
  )
})

describe.skipIf(!hasShared)(`packed pairs of alpaca_easy on stories260K${needsShared}`, () => {
  it.each(kinds)(
    "have the loss and the gradients of separate sequences: %s",
    async (_name, config, nLabels) => {
      const model = await openModel(shared("models", "stories260K"), { cache })
      const whole = await readDistribution(shared("genies"), "alpaca_easy", "train")
      const distribution = selectExamples(whole, { maxExamples: 16, seed: 0 })
      const found = await compare(model, distribution, config, { nLabels, maxRowTokens: 1500 })
      expect(found.saved).toBeGreaterThan(1000)
      expect(found.loss).toBeLessThanOrEqual(1e-5)
      expect(found.gradients).toBeLessThanOrEqual(1e-4)
    },
  )
})
