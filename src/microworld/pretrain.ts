// Pretraining: a small language model from random weights on the text of the small world, with the engine that tunes
// reward models. Every document is met once. Everything random is a function of (seed, step); the state is written whole
// every so often, so that a killed run goes on to the same bytes.

import { appendFile } from "node:fs/promises"
import { join } from "node:path"
import { LitmusError } from "../base/errors.ts"
import { fingerprint, writeFileAtomic } from "../base/files.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import { parameterSpecs, type Architecture } from "../model/architectures/architecture.ts"
import { folderSource } from "../model/checkpoint/folder.ts"
import { loadTokenizer, type Tokenizer } from "../model/tokenizer/tokenizer.ts"
import type { ProgressTask } from "../base/progress.ts"
import { random } from "../base/random.ts"
import { adamW, clipGradients } from "../numbers/adamw.ts"
import { addGradients } from "../tuning/gradient-session.ts"
import {
  createLanguageStep,
  packTexts,
  type LanguageRow,
  type LanguageStep,
} from "../tuning/language-graph.ts"
import { scheduleFactor } from "../tuning/schedule.ts"
import { resumeLog, type StepEntry } from "../tuning/training-log.ts"
import { initialState, readState, writeState, type TrainingState } from "../tuning/training-state.ts"
import { engineName } from "../graph/engine.ts"
import { parseArchitecture } from "../model/architectures/config.ts"
import { writeCheckpoint, writeTokenizer } from "./checkpoint.ts"
import { documentAt } from "./corpus.ts"
import { curveSvg } from "./curve.ts"
import { recipeConfig, type Recipe } from "./recipe.ts"
import { tokenizerFile } from "./tokenizer-file.ts"
import { makeWorld, type World } from "./world.ts"

export interface PretrainOptions {
  /** Becomes the checkpoint; holds the state and the log meanwhile. */
  readonly folder: string
  /** Defaults to one per core. */
  readonly threads?: number
  /** Steps between writings of the state, 100 by default: what a kill can cost. */
  readonly stateEvery?: number
  readonly task?: ProgressTask | undefined
}

export interface Pretrained {
  readonly architecture: Architecture
  /** The losses are means over a step's tokens, in nats. */
  readonly log: readonly StepEntry[]
}

const stateFile = "training-state.safetensors"
const logFile = "training-log.jsonl"
const maxRowTokens = 512

/**
 * Trains a model by a recipe and writes it as a Hugging Face folder.
 *
 * @param options.folder - a run that was killed there goes on; one that ended is not run again
 * @throws {LitmusError} if the folder holds a run of another recipe, or the loss stops being finite
 */
export async function pretrain(recipe: Recipe, options: PretrainOptions): Promise<Pretrained> {
  const { folder, threads = 0, stateEvery = 100, task } = options
  const world = makeWorld(recipe.world)
  const file = tokenizerFile(world)
  // Documents of all voices name the text: where it changes, a run that was cut off cannot go on.
  const text = Array.from({ length: 256 }, (_, k) => documentAt(world, k, recipe).text)
  const run = fingerprint([recipe, file, text, engineName()])
  const path = join(folder, stateFile)
  await writeTokenizer(folder, file)
  const tokenizer = await loadTokenizer(folderSource(folder))
  const config = recipeConfig(recipe, tokenizer.vocabSize)
  const architecture = parseArchitecture(config)
  const initial = initialWeights(architecture, recipe.seed)
  const state = (await readState(path, run, initial)) ?? initialState(initial)
  const log = await resumeLog<StepEntry>(join(folder, logFile), state.step)
  if (state.step < recipe.steps) {
    // It runs for an hour, beside whatever else the machine does.
    const step = await createLanguageStep(architecture, initial, { maxRowTokens, threads, spinning: false })
    const weightOf = weightsOf(tokenizer, recipe)
    const texts = (k: number): Int32Array[] => batchOf(world, tokenizer, recipe, k)
    try {
      for await (const entry of steps(step, state, recipe, (k) =>
        packTexts(texts(k), architecture, { maxRowTokens, weightOf }),
      )) {
        log.push(entry)
        await appendFile(join(folder, logFile), `${JSON.stringify(entry)}\n`)
        task?.update(state.step, recipe.steps, `loss ${entry.loss.toFixed(4)}`)
        if (state.step % stateEvery === 0 || state.step === recipe.steps) {
          await writeState(path, run, state)
        }
      }
    } finally {
      await step.release()
    }
  }
  await writeFileAtomic(join(folder, "training-curve.svg"), curveSvg(log))
  await writeCheckpoint(folder, config, state.parameters, { recipe: JSON.stringify(recipe) })
  return { architecture, log }
}

/** Takes the steps that are left, in place; yields each one's entry of the log. */
async function* steps(
  step: LanguageStep,
  state: TrainingState,
  recipe: Recipe,
  rowsAt: (step: number) => LanguageRow[],
): AsyncGenerator<StepEntry> {
  const gradients = new Map([...state.parameters].map(([name, { data }]) => [name, data.slice()]))
  while (state.step < recipe.steps) {
    const { loss, tokens } = await batchLoss(step, rowsAt(state.step), state, gradients)
    const gradientNorm = clipGradients([...gradients.values()], recipe.clip)
    if (!Number.isFinite(loss + gradientNorm)) {
      throw new LitmusError(
        `pretraining: the loss is not finite at step ${state.step} (learning rate ${recipe.learningRate}): lower the learning rate`,
      )
    }
    const learningRate = update(state, gradients, recipe)
    yield { step: state.step - 1, loss, learningRate, gradientNorm, tokens }
  }
}

/** The documents of a step as token ids, start and end tokens included. */
function batchOf(world: World, tokenizer: Tokenizer, recipe: Recipe, step: number): Int32Array[] {
  return Array.from({ length: recipe.batch }, (_, k) => {
    const { text } = documentAt(world, step * recipe.batch + k, recipe)
    return Int32Array.of(...tokenizer.encode(text), 1)
  })
}

// The words by which the text says whether something is right.
const verdicts = [" True", " False", " right", " wrong", "Yes", "No"]

function weightsOf(tokenizer: Tokenizer, { verdictWeight }: Recipe): (token: number) => number {
  const ids = new Set(verdicts.flatMap((word) => [...tokenizer.encode(word, { special: false })]))
  return (token) => (ids.has(token) ? verdictWeight : 1)
}

/** Runs a batch; its gradients are written into `gradients`. */
async function batchLoss(
  step: LanguageStep,
  rows: readonly LanguageRow[],
  { parameters }: TrainingState,
  gradients: ReadonlyMap<string, Float32Array>,
): Promise<{ loss: number; tokens: number }> {
  const nTargets = rows.reduce((sum, { targets }) => sum + targets.length, 0)
  let loss = 0
  let tokens = 0
  for (const [k, row] of rows.entries()) {
    const result = await step.run(row, parameters, 1 / nTargets)
    loss += result.loss
    tokens += row.row.tokens.length
    addGradients(gradients, result.gradients, k === 0)
  }
  return { loss, tokens }
}

/** One step of the optimiser, in place; norms' scales do not decay. Returns the learning rate. */
function update(
  state: TrainingState,
  gradients: ReadonlyMap<string, Float32Array>,
  { learningRate, schedule, steps, warmup, weightDecay, beta2 }: Recipe,
): number {
  const rate = learningRate * scheduleFactor(schedule, state.step, { steps, warmup })
  state.step++
  for (const [name, { data, shape }] of state.parameters) {
    const options = { beta2, weightDecay: shape.length > 1 ? weightDecay : 0 }
    adamW(data, gradients.get(name)!, state.moments.get(name)!, rate, state.step, options)
  }
  return rate
}

/**
 * Normal with deviation 0.02; what adds to the residual stream is smaller, by the square root of how often that happens;
 * norms begin at 1. Source: GPT-2.
 */
function initialWeights(architecture: Architecture, seed: number): Map<string, ParameterArray> {
  const residual = 1 / Math.sqrt(2 * architecture.nLayers)
  return new Map(
    parameterSpecs(architecture).map(({ name, shape }) => {
      const length = shape.reduce((product, dim) => product * dim, 1)
      if (shape.length === 1) return [name, { shape, data: new Float32Array(length).fill(1) }]
      const { normal } = random(seed, "weights", name)
      const deviation = 0.02 * (/(o_proj|down_proj)\.weight$/.test(name) ? residual : 1)
      return [name, { shape, data: Float32Array.from({ length }, () => deviation * normal()) }]
    }),
  )
}
