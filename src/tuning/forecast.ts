// What tuning on a source would run, from its options alone: nothing is loaded but the tokenizer. A search for the
// learning rate is counted in full, also where a killed one has been through a part of it.

import { rowTokenLimit, type CostModel } from "../rows/packing.ts"
import { forwardCost } from "../model/decoder/cost.ts"
import type { Distribution } from "../data/index.ts"
import type { Model } from "../model/model.ts"
import { batchAt, packPairs, type TokenPair } from "./batches.ts"
import { trainingCost } from "./memory.ts"
import { readNote } from "./peft.ts"
import { rungsOf, searchSteps } from "./rate-search.ts"
import { trainingRun, type TrainConfig } from "./train.ts"
import { trainingData } from "./training-data.ts"
import { tunableForm } from "./tunable.ts"

export interface TuningForecast {
  /** Whether the folder holds the result. */
  readonly held: boolean
  /** Tokens of all steps, from the rows of the first, and of the looks at the held-out pairs. */
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
  const { pairs, heldOut, report } = await trainingData(model, source, config, { form })
  const { steps, batch, evaluateEvery, learningRate } = config.options
  const { kind } = config.tuning
  const first = batchAt(pairs.length, 0, batch, config.seed).map((k) => pairs[k]!)
  const step = costOf(first, trainingCost(architecture))
  const scoring = forwardCost(architecture)
  const look = costOf(heldOut, scoring)
  const isSearched = learningRate === "auto" && heldOut.length > 0
  const trials = isSearched ? rungsOf(kind, steps) : []
  const nSteps = steps + (isSearched ? searchSteps(kind, steps) : 0)
  // A rate is looked at once, after its last step; what no choice sees is scored after each training, too.
  const nTrials = trials.reduce((sum, { rates }) => sum + rates, 0)
  const nLooks = Math.ceil(steps / evaluateEvery) + nTrials
  const end = costOf(report, scoring)
  const total = (of: (cost: Cost) => number): number =>
    nSteps * of(step) + nLooks * of(look) + (1 + nTrials) * of(end)
  return {
    held: false,
    tokens: total(({ tokens }) => tokens),
    operations: total(({ operations }) => operations),
  }
}

interface Cost {
  readonly tokens: number
  readonly operations: number
}

/** What running pairs once costs. */
function costOf(pairs: readonly TokenPair[], cost: CostModel): Cost {
  if (pairs.length === 0) return { tokens: 0, operations: 0 }
  const lengths = packPairs(pairs, cost, { maxRowTokens: rowTokenLimit(cost) }).map(
    ({ row }) => row.tokens.length,
  )
  return {
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    operations: lengths.reduce(
      (sum, length) => sum + cost.perRow + cost.perToken * length + cost.perPair * length ** 2,
      0,
    ),
  }
}
