// A learning-rate sweep on the source alone: each rate trains on two thirds of the source's training prompts and is
// measured on the rest (400 and 200 of the usual 600; of those that the training to come does not report on). Source:
// GENIES, api/hyperparameter_sweep.py.

import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, fingerprint, ifThere, readJson, writeFileAtomic } from "../base/files.ts"
import type { Model } from "../model/model.ts"
import type { Progress } from "../base/progress.ts"
import type { TuningKind } from "./options.ts"
import { withoutReport } from "./training-data.ts"
import { DivergedError, train, trainingRun } from "./train.ts"
import { checkFolder, trainConfig } from "./tune.ts"

/** What a rate came to at its best look at the held-out pairs; null where it diverged. */
export interface SweepEntry {
  readonly learningRate: number
  readonly accuracy: number | null
  readonly loss: number | null
}

export interface SweepResult {
  /** The rate of highest accuracy on the held-out pairs, of lowest loss among equals. */
  readonly best: number
  readonly tried: readonly SweepEntry[]
}

export interface SweepOptions {
  /** Holds each rate's state while it trains, and the result as sweep.json, which is used where it is there. */
  readonly folder: string
  readonly seed: number
  readonly threads?: number
  readonly progress?: Progress | undefined
}

/**
 * Tries learning rates.
 *
 * @throws {LitmusError} if every rate diverges
 */
export async function sweepLearningRate(
  model: Model,
  whole: Distribution,
  kind: TuningKind,
  values: Readonly<Record<string, unknown>>,
  rates: readonly number[],
  { folder, seed, threads = 0, progress }: SweepOptions,
): Promise<SweepResult> {
  const source = withoutReport(whole, Number(values.validation ?? 0), seed)
  const configs = rates.map((learningRate) =>
    trainConfig(model, kind, { ...values, learningRate, validation: 1 / 3 }, seed),
  )
  const run = fingerprint(configs.map((config) => trainingRun(model, source, config)))
  const path = join(folder, "sweep.json")
  const known = await readSweep(path, run)
  if (known) return { best: bestOf(known), tried: known }
  await checkFolder(folder)
  const tried: SweepEntry[] = []
  for (const config of configs) {
    const learningRate = Number(config.options.learningRate)
    const task = progress?.task(`${kind} at ${learningRate}`, "steps")
    try {
      const place = join(folder, `sweep-${learningRate}`)
      const { log, step } = await train(model, source, config, { folder: place, threads, task })
      const found = log.find((entry) => entry.step === step - 1)?.validation
      if (!found) throw new LitmusError(`sweep: ${source.id} has too few prompts to hold a third out`)
      tried.push({ learningRate, ...found })
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error
      tried.push({ learningRate, accuracy: null, loss: null })
    } finally {
      task?.end()
    }
  }
  const best = bestOf(tried)
  await writeFileAtomic(path, `${canonicalJson({ run, tried }, 2)}\n`)
  for (const rate of rates) await rm(join(folder, `sweep-${rate}`), { recursive: true, force: true })
  return { best, tried }
}

function bestOf(tried: readonly SweepEntry[]): number {
  const sound = tried.filter(({ loss }) => loss !== null)
  const best = sound.toSorted((a, b) => b.accuracy! - a.accuracy! || a.loss! - b.loss!)[0]
  if (best) return best.learningRate
  const rates = tried.map(({ learningRate }) => learningRate)
  throw new LitmusError(`sweep: every learning rate diverged: ${rates.join(", ")}`)
}

async function readSweep(path: string, run: string): Promise<SweepEntry[] | undefined> {
  const sweep = (await ifThere(readJson(path))) as { run: string; tried: SweepEntry[] } | undefined
  return sweep?.run === run ? sweep.tried : undefined
}
