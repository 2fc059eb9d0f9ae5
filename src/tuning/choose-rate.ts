// A learning rate by successive halving: every rate trains for a few steps, the better half for twice as many, until one is
// left. What decides is the loss on held-out prompts of the source that neither train nor report. Source: Jamieson and
// Talwalkar 2016 (arXiv:1502.07943).

import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, ifThere, readJson, writeFileAtomic } from "../base/files.ts"
import type { Model } from "../model/model.ts"
import type { ProgressTask } from "../base/progress.ts"
import type { TuningKind } from "./options.ts"
import { paperRates, rungsOf, searchSteps, triedRates } from "./rate-search.ts"
import { tunableForm } from "./tunable.ts"
import { trainingData } from "./training-data.ts"
import { DivergedError, train, trainingRun, type TrainConfig } from "./train.ts"

/** How a rate did in one rung; null where it diverged. */
export interface RungEntry {
  readonly learningRate: number
  readonly steps: number
  readonly loss: number | null
  readonly accuracy: number | null
}

export interface ChosenRate {
  readonly rate: number
  readonly tried: readonly RungEntry[]
}

/**
 * Chooses a rate; a search that was killed goes on, a finished one is read.
 *
 * @param config - whose learning rate is open
 * @returns the paper's rate, and nothing tried, where no prompt is held out to choose by
 * @throws {LitmusError} if every rate diverges
 */
export async function chooseRate(
  model: Model,
  source: Distribution,
  kind: TuningKind,
  config: TrainConfig,
  { folder, threads = 0, task }: { folder: string; threads?: number; task?: ProgressTask | undefined },
): Promise<ChosenRate> {
  const usual = { rate: paperRates[kind], tried: [] }
  if (config.options.validation === 0) return usual
  const { heldOut } = await trainingData(model, source, config, {
    form: tunableForm(model.bundle.architecture, config.tuning),
  })
  if (heldOut.length === 0) return usual
  const run = trainingRun(model, source, config)
  const path = join(folder, "rate.json")
  const trials = join(folder, "rates")
  const known = await readChoice(path, run)
  if (known) {
    await rm(trials, { recursive: true, force: true })
    return known
  }
  const tried: RungEntry[] = []
  const all = searchSteps(kind, config.options.steps) + config.options.steps
  let done = 0
  let rates: readonly number[] = triedRates[kind]
  for (const { steps } of rungsOf(kind, config.options.steps)) {
    const results: RungEntry[] = []
    for (const learningRate of rates) {
      const trial = withRate(config, learningRate, steps)
      const progress = task && partOf(task, { before: done, all, name: `rate ${learningRate}` })
      results.push(await tryRate(model, source, trial, { folder: trials, threads, task: progress }))
      done += steps
    }
    tried.push(...results)
    const sound = results.filter(({ loss }) => loss !== null).sort((a, b) => a.loss! - b.loss!)
    if (sound.length === 0)
      throw new LitmusError(`${kind}: every learning rate diverged: ${rates.join(", ")}`)
    rates = sound.slice(0, Math.ceil(rates.length / 2)).map(({ learningRate }) => learningRate)
    if (rates.length === 1) break
  }
  const choice = { rate: rates[0]!, tried }
  await writeFileAtomic(path, `${canonicalJson({ run, ...choice }, 2)}\n`)
  await rm(trials, { recursive: true, force: true })
  return choice
}

/** The part of a task that comes after others: `before` units of `all` are done when it begins. */
export function partOf(
  task: ProgressTask,
  { before, all, name }: { before: number; all: number; name?: string },
): ProgressTask {
  return {
    update(done, _total, note = "") {
      task.update(before + done, all, name === undefined ? note : `${name}: ${note}`)
    },
    end() {},
  }
}

function withRate(config: TrainConfig, learningRate: number, steps: number): TrainConfig {
  return { ...config, options: { ...config.options, learningRate, steps, evaluateEvery: steps } }
}

async function tryRate(
  model: Model,
  source: Distribution,
  config: TrainConfig,
  { folder, ...how }: { folder: string; threads: number; task: ProgressTask | undefined },
): Promise<RungEntry> {
  const { learningRate, steps } = config.options
  const rate = Number(learningRate)
  try {
    const { log } = await train(model, source, config, { folder: join(folder, `${rate}-${steps}`), ...how })
    const look = log.at(-1)?.validation
    if (!look)
      throw new LitmusError(`${source.id}: too few prompts to hold some out and choose a learning rate by`)
    const isFinite = Number.isFinite(look.loss)
    return {
      learningRate: rate,
      steps,
      loss: isFinite ? look.loss : null,
      accuracy: isFinite ? look.accuracy : null,
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error
    return { learningRate: rate, steps, loss: null, accuracy: null }
  }
}

async function readChoice(path: string, run: string): Promise<ChosenRate | undefined> {
  const choice = (await ifThere(readJson(path))) as (ChosenRate & { run: string }) | undefined
  return choice?.run === run ? { rate: choice.rate, tried: choice.tried } : undefined
}
