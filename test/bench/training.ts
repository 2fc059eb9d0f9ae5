// Speed and memory of a LoRA step of the 100 M-parameter model: 4 × parameters × tokens run per second (forward, and
// backward through the activations; embeddings and attention not counted) against the matrix product, and what packing
// saves: the same batch as packed rows and as rows of single sequences.

import { readFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { planRuns, rowTokenLimit } from "../../src/rows/packing.ts"
import { readDistribution, selectExamples } from "../../src/data/index.ts"
import { parameterCount } from "../../src/model/architectures/architecture.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { packPairs, type TokenPair } from "../../src/tuning/batches.ts"
import { longestTrainingRow, trainingBytes, trainingCost } from "../../src/tuning/memory.ts"
import { createTrainingStep, type RewardRow, type TrainingStep } from "../../src/tuning/reward-graph.ts"
import { dropoutWidth, makeTunable, type Tunable } from "../../src/tuning/tunable.ts"
import { pairsOf, separateRow } from "../support/training.ts"
import { benchData, benchFolder, benchModel } from "./fixtures.ts"
import { matrixProduct, median, pairedRatio, type MatrixProduct } from "./matrix-product.ts"

const dropout = 0.1
const batchSize = 16
const budget = 1 << 30
const threads = cpus().length

export async function benchTraining(full: boolean): Promise<void> {
  const model = await openModel(await benchModel(), { cache: join(benchFolder, "cache") })
  const config = { kind: "lora", rank: 16, alpha: 16, targets: ["q_proj", "v_proj"] } as const
  const tunable = await makeTunable(model.bundle, config, { nLabels: 1, seed: 0 })
  console.log(
    `training, LoRA (rank 16, q and v, dropout ${dropout}), ${(weightsOf(model) / 1e6).toFixed(0)} M parameters ` +
      `without embeddings, ${threads} threads`,
  )
  await benchMemoryOf(model, tunable)
  const yardstick = await matrixProduct(threads)
  const { folder, id } = benchData()
  const ids = id === "made" ? [id] : ["alpaca_easy", ...(full ? ["us_history"] : [])]
  for (const name of ids) {
    const whole = await readDistribution(folder, name, "train")
    const pairs = await pairsOf(model, selectExamples(whole, { maxExamples: batchSize, seed: 0 }))
    await benchStep(model, tunable, { name, pairs, yardstick })
  }
  await yardstick.release()
}

function weightsOf({ bundle: { architecture } }: Model): number {
  return parameterCount(architecture) - architecture.vocabSize * architecture.dModel
}

async function benchStep(
  model: Model,
  tunable: Tunable,
  { name, pairs, yardstick }: { name: string; pairs: readonly TokenPair[]; yardstick: MatrixProduct },
): Promise<void> {
  const { architecture } = model.bundle
  const weights = weightsOf(model)
  const cost = trainingCost(architecture)
  const maskWidth = dropoutWidth(tunable)
  const maxRowTokens = Math.min(longestTrainingRow(architecture, budget, { maskWidth }), rowTokenLimit(cost))
  const rows = packPairs(pairs, cost, { maxRowTokens })
  // Without sharing, but in rows as long as the planner finds best: the harder of two baselines.
  const lengths = pairs.map(({ better, worse }) => better.length + worse.length)
  const shared = lengths.map(() => 0)
  const unpacked = planRuns({ lengths, shared }, cost, { maxRowTokens }).map(({ begin, end }) =>
    separateRow(...pairs.slice(begin, end)),
  )
  const alone = pairs.map((pair) => separateRow(pair))
  const longest = Math.max(...[...rows, ...unpacked, ...alone].map(({ row }) => row.tokens.length))
  const step = await createTrainingStep(model.bundle, tunable, { maxRowTokens: longest, threads, dropout })
  const planned = rows.map(({ row }) => row.tokens.length)
  console.log(
    `  ${pairs.length} pairs of ${name}: rows of ${planned.join(", ")} tokens (at most ${maxRowTokens})`,
  )

  const tokens = median(planned)
  const row = rows[planned.indexOf(tokens)]!
  const speed = async (): Promise<number> => (4 * weights * tokens) / (await timed(step, tunable, [row]))
  const result = await pairedRatio(speed, yardstick)
  console.log(
    `    row of ${tokens}: ${result.ratio.toFixed(2)} of the matrix product ` +
      `(${result.low.toFixed(2)} … ${result.high.toFixed(2)}; bound 0.7), ` +
      `${(result.speed / 4 / weights).toFixed(0)} tokens/s, matrix product ${(result.yardstick / 1e9).toFixed(0)} GFLOP/s`,
  )
  const ratios: { unpacked: number; alone: number }[] = []
  for (let round = 0; round < 3; round++) {
    const packed = await timed(step, tunable, rows)
    ratios.push({
      unpacked: (await timed(step, tunable, unpacked)) / packed,
      alone: (await timed(step, tunable, alone)) / packed,
    })
  }
  await step.release()
  console.log(
    `    ${sum(planned)} tokens run for ${sum(lengths)} of separate sequences; in these per second ` +
      `${median(ratios.map((ratio) => ratio.unpacked)).toFixed(2)} times the unpacked step (bound 1.5), ` +
      `${median(ratios.map((ratio) => ratio.alone)).toFixed(2)} times a pair at a time`,
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Runs rows as one batch; returns seconds. */
async function timed(step: TrainingStep, tunable: Tunable, rows: readonly RewardRow[]): Promise<number> {
  const began = performance.now()
  for (const [k, row] of rows.entries()) await step.run(row, tunable.initial, 1 / batchSize, [0, k])
  return (performance.now() - began) / 1000
}

/** Anonymous memory that a row adds, against what the planner reckons. (The engine keeps what a run needed.) */
async function benchMemoryOf(model: Model, tunable: Tunable): Promise<void> {
  const { architecture } = model.bundle
  const maskWidth = dropoutWidth(tunable)
  for (const tokens of [256, longestTrainingRow(architecture, budget, { maskWidth })]) {
    const step = await createTrainingStep(model.bundle, tunable, { maxRowTokens: tokens, threads, dropout })
    const before = anonymous()
    const half = Int32Array.from(
      { length: Math.floor(tokens / 2) },
      (_, k) => (k * 7919) % architecture.vocabSize,
    )
    await timed(step, tunable, [separateRow({ better: half, worse: half })])
    const added = anonymous() - before
    await step.release()
    console.log(
      `  row of ${tokens} tokens: ${(added / 2 ** 20).toFixed(0)} MiB of anonymous memory, ` +
        `planned ${(trainingBytes(architecture, tokens, { maskWidth }) / 2 ** 20).toFixed(0)} MiB`,
    )
  }
}

function anonymous(): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024
}
