// What tuning on a source would run, from its options alone: nothing is loaded but the tokenizer.

import { rowTokenLimit } from "../rows/packing.ts"
import type { Distribution } from "../data/index.ts"
import type { Model } from "../model/model.ts"
import { batchAt, packPairs } from "./batches.ts"
import { trainingCost } from "./memory.ts"
import { readNote } from "./peft.ts"
import { rungsOf } from "./choose-rate.ts"
import { trainingRun, type TrainConfig } from "./train.ts"
import { trainingData } from "./training-data.ts"
import { tunableForm } from "./tunable.ts"

export interface TuningForecast {
  /** Whether the folder holds the result. */
  readonly held: boolean
  /** Tokens of all steps, from the rows of the first. */
  readonly tokens: number
  /** Floating-point operations, by the cost model of the plan. */
  readonly operations: number
}

/**
 * Says what `tune` would do, and does nothing.
 *
 * @throws {LitmusError} if there is no usable pair
 */
export async function forecastTuning(
  model: Model,
  source: Distribution,
  config: TrainConfig,
  folder: string,
): Promise<TuningForecast> {
  const note = await readNote(folder)
  if (note?.run === trainingRun(model, source, config)) return { held: true, tokens: 0, operations: 0 }
  const { architecture } = model.bundle
  const form = tunableForm(architecture, config.tuning)
  const { pairs } = await trainingData(model, source, config, { form })
  const { steps, batch } = config.options
  const cost = trainingCost(architecture)
  const first = batchAt(pairs.length, 0, batch, config.seed).map((k) => pairs[k]!)
  const rows = packPairs(first, cost, { maxRowTokens: rowTokenLimit(cost) })
  const tokens = rows.reduce((sum, { row }) => sum + row.tokens.length, 0)
  const operations = rows.reduce(
    (
      sum,
      {
        row: {
          tokens: { length },
        },
      },
    ) => {
      return sum + cost.perRow + cost.perToken * length + cost.perPair * length ** 2
    },
    0,
  )
  // What the search for a rate runs besides.
  const { learningRate, validation } = config.options
  const searched =
    learningRate === "auto" && validation > 0
      ? rungsOf(config.tuning.kind, steps).reduce((sum, rung) => sum + rung.rates * rung.steps, 0)
      : 0
  return { held: false, tokens: tokens * (steps + searched), operations: operations * (steps + searched) }
}
