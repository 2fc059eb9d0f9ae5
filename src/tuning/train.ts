// Training a reward model: AdamW on the pairwise loss over packed rows. Everything random is a function of (seed, step),
// and the state is written whole every few steps, so that a killed run goes on to the same bytes.

import { appendFile } from "node:fs/promises"
import { join } from "node:path"
import { rowTokenLimit } from "../rows/packing.ts"
import type { Distribution, PairSet } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { fingerprint, makeFolder } from "../base/files.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import type { Model } from "../model/model.ts"
import type { ProgressTask } from "../base/progress.ts"
import { engineName } from "../graph/engine.ts"
import { adamW, clipGradients } from "../numbers/adamw.ts"
import { batchAt, packPairs, type TokenPair } from "./batches.ts"
import { addGradients } from "./gradient-session.ts"
import { longestTrainingRow, trainingCost } from "./memory.ts"
import type { TrainingOptions } from "./options.ts"
import { searchKey } from "./rate-search.ts"
import {
  createScorer,
  createTrainingStep,
  type RewardRow,
  type RewardScorer,
  type TrainingStep,
} from "./reward-graph.ts"
import { scheduleFactor } from "./schedule.ts"
import { dropoutWidth, makeTunable, type Tunable, type TunableConfig } from "./tunable.ts"
import { longestPair, trainingData } from "./training-data.ts"
import { resumeLog, type LogEntry } from "./training-log.ts"
import { copyParameters, initialState, readState, writeState, type TrainingState } from "./training-state.ts"

export interface TrainConfig {
  readonly tuning: TunableConfig
  readonly options: TrainingOptions
  readonly seed: number
}

export interface TrainingResult {
  readonly tunable: Tunable
  readonly parameters: ReadonlyMap<string, ParameterArray>
  readonly log: readonly LogEntry[]
  /** Step whose parameters these are. */
  readonly step: number
  /** Names model, source, seed and options. */
  readonly run: string
  readonly trainedOn: PairSet
  /** Held-out pairs that chose the step. */
  readonly heldOutPairs: number
  /** Margins of the kept parameters on held-out pairs that no choice has seen, `[nPairs]`. */
  readonly reported: readonly number[]
}

/** A loss or gradient that is not finite. */
export class DivergedError extends LitmusError {
  override name = "DivergedError"
  /** The last good state; undefined where none was written yet. */
  readonly lastGood: TrainingResult | undefined

  constructor(message: string, lastGood: TrainingResult | undefined) {
    super(message)
    this.lastGood = lastGood
  }
}

export const stateFile = "training-state.safetensors"
const logFile = "training-log.jsonl"
const stepsBetweenStates = 10

/**
 * Trains on one seeded pair per prompt of a source.
 *
 * @param options.folder - holds the state and the log; a run that was killed there goes on
 * @throws {LitmusError} if there is no usable pair
 * @throws {DivergedError} if the loss stops being finite
 */
export async function train(
  model: Model,
  source: Distribution,
  config: TrainConfig,
  { folder, threads = 0, task }: { folder: string; threads?: number; task?: ProgressTask | undefined },
): Promise<TrainingResult> {
  const { options, seed } = config
  const { bundle } = model
  const nLabels = Number(options.labels)
  checkOptions(options)
  const tunable = await makeTunable(bundle, config.tuning, { nLabels, seed, source: source.id })
  const data = await trainingData(model, source, config, tunable)
  const run = trainingRun(model, source, config)
  await makeFolder(folder)
  const statePath = join(folder, stateFile)
  const state = (await readState(statePath, run, tunable.initial)) ?? initialState(tunable.initial)
  const log = await resumeLog<LogEntry>(join(folder, logFile), state.step)
  const result = (
    { step, parameters, best }: TrainingState,
    reported: readonly number[] = [],
  ): TrainingResult => ({
    tunable,
    parameters: best?.parameters ?? parameters,
    log: log.slice(0, step),
    step: best?.step ?? step,
    run,
    trainedOn: data.trainedOn,
    heldOutPairs: data.heldOut.length,
    reported,
  })
  let saved = state.step
  const { dropout = 0 } = options
  const cost = trainingCost(bundle.architecture)
  const maxRowTokens = Math.min(
    longestTrainingRow(bundle.architecture, options.memory * 2 ** 20, {
      maskWidth: dropout > 0 ? dropoutWidth(tunable) : 0,
    }),
    rowTokenLimit(cost),
  )
  const limits = {
    maxRowTokens: Math.max(maxRowTokens, longestPair([...data.pairs, ...data.heldOut, ...data.report])),
    threads,
    device: model.device,
  }
  const pack = (pairs: readonly TokenPair[]): RewardRow[] => packPairs(pairs, cost, { maxRowTokens })
  const heldOutRows = pack(data.heldOut)
  const scorer =
    data.heldOut.length + data.report.length > 0 ? await createScorer(bundle, tunable, limits) : undefined
  const finished = async (): Promise<TrainingResult> =>
    result(
      state,
      scorer
        ? await marginsOf(scorer, pack(data.report), state.best?.parameters ?? state.parameters, nLabels)
        : [],
    )
  if (saved === options.steps) {
    // A run that was killed after its last step.
    return await finished().finally(() => scorer?.release())
  }
  const step = await createTrainingStep(bundle, tunable, { ...limits, dropout, seed })
  const speed = stopwatch()
  const gradients = new Map([...state.parameters].map(([name, { data }]) => [name, data.slice()]))
  try {
    for (;;) {
      const batch = batchAt(data.pairs.length, state.step, options.batch, seed).map((k) => data.pairs[k]!)
      const found = await lossAndGradients(step, state, pack(batch), config, gradients)
      if (!Number.isFinite(found.loss)) {
        const kept = await readState(statePath, run, tunable.initial)
        throw diverged(state.step, config, kept && result(kept))
      }
      // A state is written once its loss is known to be finite, the last one too: what is kept is always good.
      const isLast = state.step === options.steps
      if (isLast || state.step >= saved + stepsBetweenStates) {
        await writeState(statePath, run, state)
        saved = state.step
      }
      if (isLast) return await finished()
      const entry = update(state, found, config, gradients)
      const due = state.step % options.evaluateEvery === 0 || state.step === options.steps
      const validation =
        scorer && due && data.heldOut.length > 0
          ? await validate(scorer, heldOutRows, state, nLabels)
          : undefined
      log.push(validation ? { ...entry, validation } : entry)
      await appendFile(join(folder, logFile), `${JSON.stringify(log.at(-1))}\n`)
      task?.update(state.step, options.steps, describe(entry, state, speed(entry.tokens)))
    }
  } finally {
    await step.release()
    await scorer?.release()
  }
}

function checkOptions({ dropout = 0, validation, learningRate }: TrainingOptions): void {
  if (learningRate === "auto") throw new LitmusError("training: expected a learning rate, got auto")
  if (!(dropout < 1)) throw new LitmusError(`dropout: expected a share below 1, got ${dropout}`)
  if (!(validation < 1)) throw new LitmusError(`validation: expected a share below 1, got ${validation}`)
}

/** Counts tokens; says how many a second there were since it was made. */
export function stopwatch(): (tokens: number) => number {
  const began = performance.now()
  let all = 0
  return (tokens) => {
    all += tokens
    return all / ((performance.now() - began) / 1000)
  }
}

/** Changes when the same inputs train to something else. */
const trainingFormat = 4

/** Names a training run: model, source, seed, options, the engine that computes it, and the rates that a search tries. */
export function trainingRun(model: Model, source: Distribution, config: TrainConfig): string {
  return fingerprint([
    trainingFormat,
    model.fingerprint,
    model.tokenizerFingerprint,
    source.fingerprint,
    source.id,
    engineName(model.device),
    config,
    ...(config.options.learningRate === "auto" ? [searchKey(config.tuning.kind)] : []),
  ])
}

/** What a batch says: its mean loss and how many pairs are in the right order. */
interface BatchResult {
  /** NaN where the loss or a gradient is not finite. */
  readonly loss: number
  readonly accuracy: number
  readonly tokens: number
  /** Before clipping. */
  readonly gradientNorm: number
}

/** Runs a batch and writes its clipped gradients into `gradients`. */
async function lossAndGradients(
  graph: TrainingStep,
  state: TrainingState,
  rows: readonly RewardRow[],
  { options }: TrainConfig,
  gradients: ReadonlyMap<string, Float32Array>,
): Promise<BatchResult> {
  const nLabels = Number(options.labels)
  const nPairs = rows.reduce((sum, { better }) => sum + better.length, 0)
  let loss = 0
  let right = 0
  let tokens = 0
  for (const [k, row] of rows.entries()) {
    const result = await graph.run(row, state.parameters, 1 / (nPairs * nLabels), [state.step, k])
    loss += result.loss
    for (const margin of margins(row, result.rewards, nLabels)) right += rightness(margin)
    tokens += row.row.tokens.length
    addGradients(gradients, result.gradients, k === 0)
  }
  const gradientNorm = clipGradients([...gradients.values()], options.clip > 0 ? options.clip : Infinity)
  const isFinite = Number.isFinite(gradientNorm)
  return { loss: isFinite ? loss : Number.NaN, accuracy: right / nPairs, tokens, gradientNorm }
}

/** One step of the optimiser, in place. */
function update(
  state: TrainingState,
  { loss, accuracy, tokens, gradientNorm }: BatchResult,
  { options }: TrainConfig,
  gradients: ReadonlyMap<string, Float32Array>,
): LogEntry {
  const learningRate = Number(options.learningRate) * scheduleFactor(options.schedule, state.step, options)
  for (const [name, { data }] of state.parameters) {
    adamW(data, gradients.get(name)!, state.moments.get(name)!, learningRate, state.step + 1, options)
  }
  return { step: state.step++, loss, accuracy, learningRate, gradientNorm, tokens }
}

/** 1 for a pair in the right order, ½ for a tie. */
function rightness(margin: number): number {
  return margin > 0 ? 1 : margin === 0 ? 0.5 : 0
}

/** Accuracy and loss on held-out pairs; keeps the parameters if they are the best so far. */
async function validate(
  scorer: RewardScorer,
  rows: readonly RewardRow[],
  state: TrainingState,
  nLabels: number,
): Promise<{ accuracy: number; loss: number }> {
  let right = 0
  let loss = 0
  let n = 0
  for (const row of rows) {
    for (const margin of margins(row, await scorer.run(row, state.parameters), nLabels)) {
      right += rightness(margin)
      loss += Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin)
      n++
    }
  }
  const found = { accuracy: right / n, loss: loss / n }
  const { best } = state
  const isBetter =
    !best || found.accuracy > best.accuracy || (found.accuracy === best.accuracy && found.loss < best.loss)
  // Where the last step made them useless, the next batch will say so.
  if (isBetter && Number.isFinite(found.loss)) {
    state.best = { ...found, step: state.step, parameters: copyParameters(state.parameters) }
  }
  return found
}

/** The margins of pairs, in the order of their rows. */
async function marginsOf(
  scorer: RewardScorer,
  rows: readonly RewardRow[],
  parameters: TrainingState["parameters"],
  nLabels: number,
): Promise<number[]> {
  const all: number[] = []
  for (const row of rows) all.push(...margins(row, await scorer.run(row, parameters), nLabels))
  return all
}

/** Reward of the better minus reward of the worse response, the mean over labels. */
function margins({ better, worse }: RewardRow, rewards: Float32Array, nLabels: number): number[] {
  const meanReward = (sequence: number): number => {
    let sum = 0
    for (let label = 0; label < nLabels; label++) sum += rewards[sequence * nLabels + label]!
    return sum / nLabels
  }
  return Array.from(better, (first, k) => meanReward(first) - meanReward(worse[k]!))
}

function diverged(
  step: number,
  { options }: TrainConfig,
  lastGood: TrainingResult | undefined,
): DivergedError {
  return new DivergedError(
    `training: the loss is not finite at step ${step} (learning rate ${options.learningRate}): lower the learning rate`,
    lastGood,
  )
}

function describe({ loss, accuracy }: LogEntry, { best }: TrainingState, tokensPerSecond: number): string {
  const held = best ? `, held out ${(best.accuracy * 100).toFixed(1)} % at step ${best.step}` : ""
  const speed = Math.round(tokensPerSecond).toLocaleString("en-US")
  return `loss ${loss.toFixed(4)}, accuracy ${(accuracy * 100).toFixed(0)} %, ${speed} tokens/s${held}`
}
