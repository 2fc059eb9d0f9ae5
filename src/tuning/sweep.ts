// A learning-rate sweep on the source alone: each rate trains on two thirds of the source's training prompts and is measured on the
// rest (400 and 200 of the usual 600). Source: GENIES, api/hyperparameter_sweep.py.

import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../errors.ts"
import type { Model } from "../model/model.ts"
import type { Progress } from "../progress.ts"
import type { TuningKind } from "./options.ts"
import { train } from "./train.ts"
import { trainConfig } from "./tune.ts"

export interface SweepResult {
  /** The rate of highest accuracy on the held-out pairs, of lowest loss among equals. */
  readonly best: number
  readonly tried: readonly {
    readonly learningRate: number
    readonly accuracy: number
    readonly loss: number
  }[]
}

/** Tries learning rates; a rate that diverges counts as accuracy 0. */
export async function sweepLearningRate(
  model: Model,
  source: Distribution,
  kind: TuningKind,
  values: Readonly<Record<string, unknown>>,
  rates: readonly number[],
  {
    folder,
    seed,
    threads,
    progress,
  }: { folder: string; seed: number; cache: string; threads: number; progress?: Progress | undefined },
): Promise<SweepResult> {
  const tried: { learningRate: number; accuracy: number; loss: number }[] = []
  for (const learningRate of rates) {
    const place = join(folder, `sweep-${learningRate}`)
    const config = trainConfig(model, kind, { ...values, learningRate, validation: 1 / 3 }, seed)
    const task = progress?.task(`${kind} at ${learningRate}`, "steps")
    try {
      const { log, step } = await train(model, source, config, { folder: place, threads, task })
      const found = log.find((entry) => entry.step === step - 1)?.validation
      if (!found) throw new LitmusError(`sweep: ${source.id} has too few prompts to hold a third out`)
      tried.push({ learningRate, ...found })
    } catch (error) {
      if (!(error instanceof LitmusError && error.message.includes("not finite"))) throw error
      tried.push({ learningRate, accuracy: 0, loss: Infinity })
    } finally {
      task?.end()
    }
  }
  const best = tried.toSorted((a, b) => b.accuracy - a.accuracy || a.loss - b.loss)[0]
  if (!best || best.accuracy === 0)
    throw new LitmusError(`sweep: every learning rate diverged: ${rates.join(", ")}`)
  for (const { learningRate } of tried)
    await rm(join(folder, `sweep-${learningRate}`), { recursive: true, force: true })
  return { best: best.learningRate, tried }
}
