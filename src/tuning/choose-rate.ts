// A learning rate by successive halving: every rate trains for a few steps, the better half for twice as many, until one is
// left. What decides is the loss on held-out prompts of the source that neither train nor report. Source: Jamieson and
// Talwalkar 2016 (arXiv:1502.07943).

import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, fingerprint, isMissing, readJson, writeFileAtomic } from "../base/files.ts"
import type { Model } from "../model/model.ts"
import { paperRates, triedRates, type TuningKind } from "./options.ts"
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

/** Share of the steps of the first rung; each rung has twice as many. */
const firstShare = 0.15

/** The rungs of a search: how many rates train for how many steps. */
export function rungsOf(kind: TuningKind, steps: number): { rates: number; steps: number }[] {
  const rungs: { rates: number; steps: number }[] = []
  let rates: number = triedRates[kind].length
  for (let share = firstShare; rates > 1; rates = Math.ceil(rates / 2), share *= 2) {
    rungs.push({ rates, steps: Math.min(steps, Math.max(5, Math.round(share * steps))) })
  }
  return rungs
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
  { folder, threads = 0 }: { folder: string; threads?: number },
): Promise<ChosenRate> {
  const usual = { rate: paperRates[kind], tried: [] }
  if (config.options.validation === 0) return usual
  const { heldOut } = await trainingData(model, source, config, {
    form: tunableForm(model.bundle.architecture, config.tuning),
  })
  if (heldOut.length === 0) return usual
  const run = fingerprint([trainingRun(model, source, config), triedRates[kind], firstShare])
  const path = join(folder, "rate.json")
  const known = await readChoice(path, run)
  if (known) return known
  const tried: RungEntry[] = []
  let rates: readonly number[] = triedRates[kind]
  for (const { steps } of rungsOf(kind, config.options.steps)) {
    const results: RungEntry[] = []
    for (const learningRate of rates) {
      results.push(await tryRate(model, source, withRate(config, learningRate, steps), { folder, threads }))
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
  await rm(join(folder, "rates"), { recursive: true, force: true })
  return choice
}

function withRate(config: TrainConfig, learningRate: number, steps: number): TrainConfig {
  return { ...config, options: { ...config.options, learningRate, steps, evaluateEvery: steps } }
}

async function tryRate(
  model: Model,
  source: Distribution,
  config: TrainConfig,
  { folder, threads }: { folder: string; threads: number },
): Promise<RungEntry> {
  const { learningRate, steps } = config.options
  const rate = Number(learningRate)
  try {
    const { log } = await train(model, source, config, {
      folder: join(folder, "rates", `${rate}-${steps}`),
      threads,
    })
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
  try {
    const { run: of, rate, tried } = (await readJson(path)) as ChosenRate & { run: string }
    return of === run ? { rate, tried } : undefined
  } catch (error) {
    if (error instanceof LitmusError && isMissing(error.cause)) return undefined
    throw error
  }
}
