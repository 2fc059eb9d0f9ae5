// What every evaluation works with: a model, a data folder, a cache and the options that hold for all of it.
// Distributions and activations are asked for here; what was read or extracted once is kept.

import { activationSet, type ActivationSet } from "../../../activations/activation-set.ts"
import { extract } from "../../../activations/extract.ts"
import type { PlanSummary } from "../../sequences/summary.ts"
import { positionsName } from "../../../activations/positions.ts"
import { findResponseStarts } from "../../sequences/response-start.ts"
import type { ProbeNeeds } from "../../../probes/contract/probe.ts"
import {
  mixDistributions,
  readDistribution,
  selectExamples,
  stimulus as findStimulus,
  truthfulnessTask,
  type Distribution,
  type MixtureParts,
  type Split,
  type Task,
} from "../../data/index.ts"
import { hasConversations } from "../../data/conversations.ts"
import { LitmusError } from "../../base/errors.ts"
import type { Device } from "../../graph/device.ts"
import type { Quantization } from "../../model/bundle/quantize.ts"
import { openModel, withAdapter, type Model } from "../../model/model.ts"
import { presentTo } from "./present.ts"
import type { Progress } from "../../base/progress.ts"
import { scoreLikelihoods, type Likelihoods } from "../../tuning/likelihood.ts"
import type { ScoredPart } from "../../tuning/scored-sequences.ts"
import { readAdapter } from "../../tuning/peft.ts"

export interface WorkbenchOptions {
  /** Checkpoint folder. */
  readonly model: string
  /** Folder of an adapter for the checkpoint, as PEFT or `litmus tune` writes it. */
  readonly adapter?: string
  /** Folder of distributions in the GENIES format. */
  readonly data: string
  /** Cache folder. */
  readonly cache: string
  readonly seed?: number
  /** At most this many examples of every distribution and split; all by default. */
  readonly maxExamples?: number
  /** What every distribution is turned into; by default responses are ranked as the files have them. */
  readonly task?: Task
  /** Defaults to one per core. */
  readonly threads?: number
  /** Store the model's linear layers in 4 or 8 bits. */
  readonly quantize?: Quantization
  /** Where the model runs; defaults to the CPU. */
  readonly device?: Device
  /** Fields of the model's configuration that are unknown here and declared harmless. */
  readonly ignoreConfig?: readonly string[]
  readonly progress?: Progress
}

export interface Workbench {
  readonly model: Model
  readonly seed: number
  readonly cache: string
  readonly threads: number
  readonly progress: Progress | undefined
  distribution(id: string, split: Split): Promise<Distribution>
  /** The training split of a source with a share of a target's beside it; `maxExamples` holds for each of the two. */
  mixture(parts: MixtureParts): Promise<Distribution>
  /** The activations that a probe needs of a distribution, extracted if the cache has not got them. */
  activations(distribution: Distribution, needs: ProbeNeeds): Promise<ActivationSet>
  /** The log-probabilities of a distribution's responses, computed if the cache has not got them. */
  likelihoods(distribution: Distribution, part: ScoredPart): Promise<Likelihoods>
  /** Counts tokens that something ran, and what one sequence for each member of each pair would have run. */
  countTokens(tokens: TokenCounts): void
  /** Tokens of all that was asked for so far, from the plans: the same whether the cache held it or not. */
  tokens(): TokenCounts
}

export type TokenCounts = Pick<PlanSummary, "tokensRun" | "tokensSeparate">

/** Opens a model and a data folder to work on. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const { cache, data, seed = 0, maxExamples, task, threads = 0, progress } = options
  const { quantize, device, ignoreConfig } = options
  const base = await track(progress, "compile weights", "bytes", (onProgress) =>
    openModel(options.model, {
      cache,
      quantize,
      device,
      ignoreConfig,
      onNotice: (line) => progress?.note?.(line),
      ...(onProgress ? { onProgress } : {}),
    }),
  )
  const model =
    options.adapter === undefined ? base : withAdapter(base, await readAdapter(options.adapter, base))
  const { architecture } = model.bundle
  const distributions = new Map<string, Promise<Distribution>>()
  const sets = new Map<string, Promise<ActivationSet>>()
  const scores = new Map<string, Promise<Likelihoods>>()
  const total = { tokensRun: 0, tokensSeparate: 0 }
  const countTokens: Workbench["countTokens"] = ({ tokensRun, tokensSeparate }) => {
    total.tokensRun += tokensRun
    total.tokensSeparate += tokensSeparate
  }

  const keep = (key: string, make: () => Promise<Distribution>): Promise<Distribution> => {
    let found = distributions.get(key)
    if (!found) {
      found = make().then((made) => (task === "truthfulness" ? truthfulnessTask(made) : made))
      distributions.set(key, found)
    }
    return found
  }
  const selected = async (id: string, split: Split): Promise<Distribution> => {
    const read = await readDistribution(data, id, split)
    if (task !== undefined && hasConversations(read)) {
      throw new LitmusError(`${id}: --task ${task} asks about texts, and its prompts are conversations`)
    }
    return await presentTo(model.source, selectExamples(read, { maxExamples, seed }))
  }
  const distribution: Workbench["distribution"] = (id, split) =>
    keep(`${id} ${split}`, () => selected(id, split))
  // Mixed before the task is made of it, so that all responses of a prompt come along.
  const mixture: Workbench["mixture"] = ({ source, target, share }) =>
    keep(JSON.stringify([source, target, share]), async () =>
      mixDistributions(await selected(source, "train"), await selected(target, "train"), { share, seed }),
    )
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
        countTokens(summary)
        return await activationSet(of, opened, architecture, async () =>
          findResponseStarts(of, findStimulus(stimulus), await model.tokenizer()),
        )
      })
      sets.set(key, found)
    }
    return found
  }
  const likelihoods: Workbench["likelihoods"] = (of, part) => {
    const key = JSON.stringify([of.id, of.split, of.fingerprint, part])
    let found = scores.get(key)
    if (!found) {
      found = track(progress, `likelihood ${of.id} ${of.split}`, "tokens", async (onProgress) => {
        const options = { cache, part, threads, ...(onProgress ? { onProgress } : {}) }
        const scored = await scoreLikelihoods(model, of, options)
        countTokens(scored.summary)
        return scored
      })
      scores.set(key, found)
    }
    return found
  }
  return {
    model,
    seed,
    cache,
    threads,
    progress,
    distribution,
    mixture,
    activations,
    likelihoods,
    countTokens,
    tokens: () => total,
  }
}

/**
 * The workbench with one pass over the model for all that is read at the same positions of the same stimulus: asked for
 * one site, it extracts those of all `needs`.
 */
export function extractingTogether(bench: Workbench, needs: readonly ProbeNeeds[]): Workbench {
  const placeOf = ({ stimulus, positions }: ProbeNeeds): string => `${stimulus} ${positionsName(positions)}`
  const sites = new Map<string, readonly string[]>()
  for (const need of needs) {
    const place = placeOf(need)
    sites.set(place, [...new Set([...(sites.get(place) ?? []), ...need.sites])].sort())
  }
  return {
    ...bench,
    activations: (of, need) => {
      const together = [...new Set([...(sites.get(placeOf(need)) ?? []), ...need.sites])].sort()
      return bench.activations(of, { ...need, sites: together })
    },
  }
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
