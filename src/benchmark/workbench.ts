// What every evaluation works with: a model, a data folder, a cache and the options that hold for all of it.
// Distributions and activations are asked for here; what was read or extracted once is kept.

import { activationSet, type ActivationSet } from "../../activations/activation-set.ts"
import { extract } from "../../activations/extract.ts"
import type { PlanSummary } from "../../activations/plan.ts"
import { positionsName } from "../../activations/positions.ts"
import type { ProbeNeeds } from "../../probes/probe.ts"
import { readDistribution, selectExamples, type Distribution, type Split } from "../data/index.ts"
import { openModel, type Model } from "../model/model.ts"
import type { Progress } from "../progress.ts"

export interface WorkbenchOptions {
  /** Checkpoint folder. */
  readonly model: string
  /** Folder of distributions in the GENIES format. */
  readonly data: string
  /** Cache folder. */
  readonly cache: string
  readonly seed?: number
  /** At most this many examples of every distribution and split; all by default. */
  readonly maxExamples?: number
  /** Defaults to one per core. */
  readonly threads?: number
  readonly progress?: Progress
}

export interface Workbench {
  readonly model: Model
  readonly seed: number
  distribution(id: string, split: Split): Promise<Distribution>
  /** The activations that a probe needs of a distribution, extracted if the cache has not got them. */
  activations(distribution: Distribution, needs: ProbeNeeds): Promise<ActivationSet>
  /** Plans of all activations asked for so far, each once. */
  plans(): readonly PlanSummary[]
}

/** Opens a model and a data folder to work on. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const { cache, data, seed = 0, maxExamples, threads = 0, progress } = options
  const model = await track(progress, "compile weights", "bytes", (onProgress) =>
    openModel(options.model, { cache, ...(onProgress ? { onProgress } : {}) }),
  )
  const { architecture } = model.bundle
  const distributions = new Map<string, Promise<Distribution>>()
  const sets = new Map<string, Promise<ActivationSet>>()
  const plans: PlanSummary[] = []

  const distribution: Workbench["distribution"] = (id, split) => {
    const key = `${id} ${split}`
    let found = distributions.get(key)
    if (!found) {
      found = readDistribution(data, id, split).then((whole) => selectExamples(whole, { maxExamples, seed }))
      distributions.set(key, found)
    }
    return found
  }
  const activations: Workbench["activations"] = (of, needs) => {
    const { stimulus, positions, sites } = needs
    const key = JSON.stringify([of.id, of.split, of.fingerprint, stimulus, positionsName(positions), sites])
    let found = sets.get(key)
    if (!found) {
      found = track(progress, `${of.id} ${of.split}`, "tokens", async (onProgress) => {
        const { cache: opened, summary } = await extract(model, of, {
          cache,
          threads,
          ...needs,
          ...(onProgress ? { onProgress } : {}),
        })
        plans.push(summary)
        return await activationSet(of, opened, architecture)
      })
      sets.set(key, found)
    }
    return found
  }
  return { model, seed, distribution, activations, plans: () => plans }
}

async function track<T>(
  progress: Progress | undefined,
  name: string,
  unit: string,
  work: (onProgress?: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!progress) return await work()
  const task = progress.task(name, unit)
  try {
    return await work((done, total) => task.update(done, total))
  } finally {
    task.end()
  }
}
