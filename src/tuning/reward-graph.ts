// The graphs of a reward model: rewards of the sequences of a packed row, and the training step, which adds the
// pairwise loss and its gradient by every trained parameter. Parameters are inputs: every run is fed the current ones.

import { finalSite } from "../base/sites.ts"
import { Graph, type Value } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import type { Device } from "../graph/device.ts"
import { createSession, type Tensor } from "../graph/session.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import type { Bundle } from "../model/bundle/format.ts"
import { emitDecoder } from "../model/decoder/decoder.ts"
import { rowFeeds, rowInputs, vector } from "../model/decoder/inputs.ts"
import type { Row } from "../rows/row.ts"
import { bundleWeights } from "../model/decoder/weights.ts"
import { dropoutMask } from "./dropout.ts"
import { createGradientSession, parameterInputs } from "./gradient-session.ts"
import { scoreHead, type Tunable } from "./tunable.ts"

type Parameters = ReadonlyMap<string, ParameterArray>

export interface GraphOptions {
  /** Longest row that will be run, in tokens. */
  readonly maxRowTokens: number
  /** Defaults to one per core. */
  readonly threads?: number
  /** Defaults to the CPU. */
  readonly device?: Device | undefined
}

/** A packed row, where its sequences end and, for training, which are pairs. */
export interface RewardRow {
  readonly row: Row
  /** Place of every sequence's last token, int32 `[S]`. */
  readonly reads: Int32Array
  /** Sequences that are the better and the worse of a pair, int32 `[P]` each. */
  readonly better: Int32Array
  readonly worse: Int32Array
}

export interface RewardScorer {
  /** Rewards, float32 `[S, nLabels]`. */
  run(row: RewardRow, parameters: Parameters): Promise<Float32Array>
  release(): Promise<void>
}

/** The graph that gives rewards. */
export async function createScorer(
  bundle: Bundle,
  tunable: Tunable,
  { maxRowTokens, threads = 0, device }: GraphOptions,
): Promise<RewardScorer> {
  const { graph, rewards } = rewardGraph(bundle, tunable, maxRowTokens)
  graph.output("rewards", rewards)
  const session = await createSession(graph, { weightsFolder: bundle.folder, threads, device })
  return {
    run: async (row, parameters) =>
      (await session.run({ ...feeds(row), ...Object.fromEntries(parameters) })).rewards!.data,
    release: () => session.release(),
  }
}

export interface StepResult {
  /** Sum of the pairs' losses, times `lossScale`. */
  readonly loss: number
  /** Rewards, float32 `[S, nLabels]`. */
  readonly rewards: Float32Array
  /** Valid until the next run, which writes into the same arrays. */
  readonly gradients: ReadonlyMap<string, Float32Array>
}

export interface TrainingStep {
  /**
   * Loss and gradients of one row.
   *
   * @param lossScale - 1 / (pairs of the whole batch × labels), so that rows add up to the batch's mean
   * @param labels - name the dropout masks: the step and the row
   */
  run(
    row: RewardRow,
    parameters: Parameters,
    lossScale: number,
    labels: readonly number[],
  ): Promise<StepResult>
  release(): Promise<void>
}

/**
 * The graph of a training step. The loss is −log σ(r_better − r_worse), summed over pairs and labels.
 *
 * Source: GENIES, RewardTrainer.compute_loss (elementwise over its two labels); with one label Bradley and Terry's.
 */
export async function createTrainingStep(
  bundle: Bundle,
  tunable: Tunable,
  {
    maxRowTokens,
    threads = 0,
    device,
    dropout = 0,
    seed = 0,
  }: GraphOptions & { dropout?: number; seed?: number },
): Promise<TrainingStep> {
  const { graph, rewards, parameters, masks } = rewardGraph(bundle, tunable, maxRowTokens, dropout > 0)
  const better = graph.input("better", "int32", ["P"])
  const worse = graph.input("worse", "int32", ["P"])
  const scale = graph.input("lossScale", "float32", [])
  const margins = ops.sub(graph, ops.gather(graph, rewards, better), ops.gather(graph, rewards, worse))
  const losses = ops.reduceSum(graph, ops.softplus(graph, ops.neg(graph, margins)))
  const loss = ops.mul(graph, ops.reshape(graph, losses, []), scale)
  graph.output("rewards", rewards)
  const session = await createGradientSession(graph, loss, parameters, {
    weightsFolder: bundle.folder,
    threads,
    device,
  })
  const drawMasks = maskDrawer(masks, dropout, seed)
  return {
    async run(row, current, lossScale, labels) {
      const inputs = {
        ...feeds(row),
        ...drawMasks(row.row.tokens.length + tunable.form.prefixLength, labels),
        better: vector(row.better),
        worse: vector(row.worse),
        lossScale: { data: Float32Array.of(lossScale), shape: [] },
      }
      const { loss, outputs, gradients } = await session.run(inputs, current)
      return { loss, rewards: outputs.rewards!.data, gradients }
    },
    release: () => session.release(),
  }
}

function rewardGraph(
  bundle: Bundle,
  { form, initial }: Tunable,
  maxRowTokens: number,
  withDropout = false,
): { graph: Graph; rewards: Value; parameters: Map<string, Value>; masks: Map<string, Value> } {
  const graph = new Graph()
  const row = rowInputs(graph)
  const reads = graph.input("reads", "int32", ["S"])
  const parameters = parameterInputs(graph, initial)
  const masks = new Map<string, Value>()
  const mask = (module: string, x: Value): Value => {
    const value = graph.input(`mask of ${module}`, "float32", x.shape)
    masks.set(module, value)
    return ops.mul(graph, x, value)
  }
  const weights = form.apply(
    graph,
    bundleWeights(graph, bundle),
    (name) => parameters.get(name)!,
    withDropout ? mask : undefined,
  )
  const sites = new Set([finalSite])
  const final = emitDecoder(graph, bundle.architecture, weights, row, { sites, maxRowTokens }).get(finalSite)!
  const last = ops.gather(graph, final, reads)
  const rewards = ops.matMul(graph, last, parameters.get(scoreHead)!, { transposeB: true })
  return { graph, rewards, parameters, masks }
}

function feeds({ row, reads }: RewardRow): Record<string, Tensor> {
  return { ...rowFeeds(row), reads: vector(reads) }
}

/** Draws the masks of a run; the arrays are used again by the next. */
function maskDrawer(
  masks: ReadonlyMap<string, Value>,
  rate: number,
  seed: number,
): (length: number, labels: readonly number[]) => Record<string, Tensor> {
  const room = new Map<string, Float32Array>()
  return (length, labels) => {
    const drawn: Record<string, Tensor> = {}
    for (const [module, value] of masks) {
      const width = Number(value.shape.at(-1))
      let array = room.get(module)
      if (!array || array.length < length * width)
        room.set(module, (array = new Float32Array(length * width)))
      const data = dropoutMask(array.subarray(0, length * width), rate, seed, module, ...labels)
      drawn[value.name] = { data, shape: [length, width] }
    }
    return drawn
  }
}
