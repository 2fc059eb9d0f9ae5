// Tuning from end to end: train, keep the result in a folder, hand back the tuned model. What is already there, made with
// the same inputs, is used as it is.

import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, ifThere, listFolder, makeFolder, writeFileAtomic } from "../base/files.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import { openModel, withAdapter, type Model } from "../model/model.ts"
import { writeSafetensors } from "../formats/safetensors.ts"
import { resolveOptions } from "../base/options.ts"
import type { ProgressTask } from "../base/progress.ts"
import { packageVersion } from "../base/version.ts"
import { chooseRate, partOf, type ChosenRate } from "./choose-rate.ts"
import { defaultTargets } from "./lora.ts"
import { fullOptions, loraOptions, promptTuningOptions, type TuningKind } from "./options.ts"
import { readAdapter, readNote, writeAdapter, type AdapterNote } from "./peft.ts"
import {
  DivergedError,
  stateFile,
  train,
  trainingRun,
  type TrainConfig,
  type TrainingResult,
} from "./train.ts"
import { summarise, type TuneSummary } from "./training-record.ts"
import { defaultRank, scoreHead } from "./tunable.ts"

export interface TuneOptions {
  /** Where the adapter, or for full fine-tuning the checkpoint, is kept with its log and state. */
  readonly folder: string
  readonly seed: number
  /** Cache of compiled models, for full fine-tuning. */
  readonly cache: string
  readonly threads?: number
  readonly task?: ProgressTask | undefined
}

export interface Tuned {
  readonly model: Model
  readonly folder: string
  readonly summary: TuneSummary
  /** False when the folder held the result already. */
  readonly trained: boolean
}

/**
 * Tunes a model on a source distribution.
 *
 * @param options.folder - a run that was killed there goes on; a finished one is not trained again
 */
export async function tune(
  model: Model,
  source: Distribution,
  kind: TuningKind,
  values: Readonly<Record<string, unknown>>,
  options: TuneOptions,
): Promise<Tuned> {
  if (model.adapter)
    throw new LitmusError("tune: the model has an adapter already: tune the plain checkpoint")
  const asked = trainConfig(model, kind, values, options.seed)
  const run = trainingRun(model, source, asked)
  const note = await readNote(options.folder)
  if (note?.run === run) {
    const summary = note.training as TuneSummary
    return { model: await openTuned(model, kind, options), folder: options.folder, summary, trained: false }
  }
  await checkFolder(options.folder)
  const chosen =
    asked.options.learningRate === "auto" ? await chooseRate(model, source, kind, asked, options) : undefined
  const config = chosen ? { ...asked, options: { ...asked.options, learningRate: chosen.rate } } : asked
  const result = await train(model, source, config, {
    ...options,
    task: afterSearch(options.task, chosen, config),
  }).catch(async (error: unknown) => {
    throw await withLastGood(error, model, source, config, options)
  })
  const summary = summarise(kind, result, config, chosen?.tried)
  await keep(model, config, { ...result, run }, { ...options, summary, source })
  await rm(join(options.folder, stateFile), { force: true })
  return { model: await openTuned(model, kind, options), folder: options.folder, summary, trained: true }
}

/** The training's part of a task, the steps of the search for its rate being done. */
function afterSearch(
  task: ProgressTask | undefined,
  chosen: ChosenRate | undefined,
  { options: { steps } }: TrainConfig,
): ProgressTask | undefined {
  const before = chosen?.tried.reduce((sum, trial) => sum + trial.steps, 0) ?? 0
  return task && before > 0 ? partOf(task, { before, all: before + steps }) : task
}

/**
 * @throws {LitmusError} if a folder holds a checkpoint or an adapter that no unfinished run has begun: it would be
 *   overwritten
 */
export async function checkFolder(folder: string): Promise<void> {
  const names = (await ifThere(listFolder(folder))) ?? []
  if (names.includes(stateFile)) return
  const found = names.find((name) => /^(adapter_|config\.json$|litmus\.json$)|\.safetensors$/.test(name))
  if (found !== undefined) {
    throw new LitmusError(`${folder}: holds another model or adapter (${found}): choose another folder`)
  }
}

/** A training that diverged leaves its last good parameters as an adapter or checkpoint of their own, and says where. */
async function withLastGood(
  error: unknown,
  model: Model,
  source: Distribution,
  config: TrainConfig,
  options: TuneOptions,
): Promise<unknown> {
  if (!(error instanceof DivergedError)) return error
  const { lastGood, message } = error
  if (!lastGood) return new LitmusError(`${message}; there is no good state to keep yet`, { cause: error })
  const folder = join(options.folder, "last-good")
  const summary = summarise(config.tuning.kind, lastGood, config)
  await keep(model, config, lastGood, { ...options, folder, summary, source })
  return new LitmusError(
    `${message}; the last good one, after ${lastGood.step} steps, is kept in ${folder}`,
    {
      cause: error,
    },
  )
}

/** The configuration that options describe, defaults that depend on the model filled in. */
export function trainConfig(
  { bundle: { architecture } }: Model,
  kind: TuningKind,
  values: Readonly<Record<string, unknown>>,
  seed: number,
): TrainConfig {
  switch (kind) {
    case "lora": {
      const options = resolveOptions(kind, loraOptions, values)
      const { rank, alpha, targets = defaultTargets(architecture) } = options
      const tuning = { kind, alpha, targets, rank: rank ?? defaultRank(architecture, targets) }
      return { tuning, options, seed }
    }
    case "prompt-tuning": {
      const options = resolveOptions(kind, promptTuningOptions, values)
      return { tuning: { kind, virtualTokens: options.virtualTokens }, options, seed }
    }
    case "full":
      return { tuning: { kind }, options: resolveOptions(kind, fullOptions, values), seed }
  }
}

async function openTuned(model: Model, kind: TuningKind, { folder, cache }: TuneOptions): Promise<Model> {
  const { device } = model
  return kind === "full"
    ? await openModel(folder, { cache, device })
    : withAdapter(model, await readAdapter(folder, model))
}

async function keep(
  model: Model,
  { tuning, options, seed }: TrainConfig,
  { parameters, run }: TrainingResult,
  { folder, summary, source }: TuneOptions & { summary: TuneSummary; source: Distribution },
): Promise<void> {
  const note: AdapterNote = {
    base: model.fingerprint,
    run,
    version: packageVersion(),
    source: { id: source.id, split: source.split, fingerprint: source.fingerprint },
    seed,
    options: { ...options, ...tuning },
    training: summary,
  }
  switch (tuning.kind) {
    case "lora":
      await writeAdapter(folder, { ...tuning, dropout: options.dropout ?? 0 }, parameters, { model, note })
      return
    case "prompt-tuning":
      await writeAdapter(folder, tuning, parameters, { model, note })
      return
    case "full":
      await writeCheckpoint(model, parameters, folder, note)
  }
}

/** A fully tuned model as a checkpoint folder of its own, …ForSequenceClassification as Hugging Face has it. */
async function writeCheckpoint(
  model: Model,
  parameters: ReadonlyMap<string, ParameterArray>,
  folder: string,
  note: AdapterNote,
): Promise<void> {
  await makeFolder(folder)
  await model.source.copyTokenizer(folder)
  await writeSafetensors(join(folder, "model.safetensors"), parameters, { format: "pt" })
  const { num_labels: _, ...config } = (await model.source.config()).withoutIgnored()
  const nLabels = parameters.get(scoreHead)!.shape[0]!
  const names = Array.from({ length: nLabels }, (_, i) => `LABEL_${i}`)
  const changed = {
    architectures: [`${model.bundle.architecture.className}ForSequenceClassification`],
    id2label: Object.fromEntries(names.map((name, i) => [i, name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
    torch_dtype: "float32",
    // transformers would read before the end token, which is where this head was not trained.
    ...(model.endToken !== undefined && config.pad_token_id === model.endToken && { pad_token_id: null }),
  }
  await writeFileAtomic(join(folder, "config.json"), `${canonicalJson({ ...config, ...changed }, 2)}\n`)
  await writeFileAtomic(join(folder, "litmus.json"), `${canonicalJson(note, 2)}\n`)
}
