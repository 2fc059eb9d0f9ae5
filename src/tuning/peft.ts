// Adapters as PEFT writes them: adapter_config.json and adapter_model.safetensors with PEFT's names, so that adapters
// trained in Python can be scored here and ours loaded there. What PEFT has no field for stands in litmus.json.
// Source: huggingface/peft 0.14, src/peft/utils/save_and_load.py.

import { join } from "node:path"
import { LitmusError } from "../errors.ts"
import {
  canonicalJson,
  fingerprint,
  isMissing,
  makeFolder,
  readJson,
  sha256,
  writeFileAtomic,
} from "../files.ts"
import type { Adapter, ParameterArray } from "../model/adapter.ts"
import { linearLayers, type Architecture } from "../model/architecture.ts"
import { openSafetensors, writeSafetensors } from "../model/safetensors.ts"
import type { Model } from "../model/model.ts"
import { loraForm, type LoraConfig } from "./lora.ts"
import { promptEmbeddings, promptForm } from "./prompt-tuning.ts"
import { scoreHead } from "./tunable.ts"

const loraPrefix = "base_model.model."
const promptPrefix = "base_model."

/** What Litmus notes beside an adapter. */
export interface AdapterNote {
  /** Fingerprint of the model that it was trained on. */
  readonly base: string
  /** Names model, source, seed and options of the training. */
  readonly run: string
  readonly [key: string]: unknown
}

type PeftConfig =
  | ({ readonly kind: "lora"; readonly dropout: number } & LoraConfig)
  | { readonly kind: "prompt-tuning"; readonly virtualTokens: number }

/** Writes an adapter folder; litmus.json, which says that it is whole, comes last. */
export async function writeAdapter(
  folder: string,
  config: PeftConfig,
  parameters: ReadonlyMap<string, ParameterArray>,
  { model, note }: { model: Pick<Model, "source" | "bundle">; note: AdapterNote },
): Promise<void> {
  await makeFolder(folder)
  const named = new Map([...parameters].map(([name, parameter]) => [peftName(name, config.kind), parameter]))
  await writeSafetensors(join(folder, "adapter_model.safetensors"), named, { format: "pt" })
  const peft = {
    base_model_name_or_path: model.source.path,
    inference_mode: true,
    task_type: "SEQ_CLS",
    ...peftFields(config, model.bundle.architecture),
  }
  await writeFileAtomic(join(folder, "adapter_config.json"), `${canonicalJson(peft, 2)}\n`)
  await writeFileAtomic(join(folder, "litmus.json"), `${canonicalJson(note, 2)}\n`)
}

function peftName(name: string, kind: PeftConfig["kind"]): string {
  if (name === promptEmbeddings) return name
  return (kind === "lora" ? loraPrefix : promptPrefix) + name
}

function peftFields(config: PeftConfig, { block }: Architecture): Record<string, unknown> {
  if (config.kind === "prompt-tuning") {
    return {
      peft_type: "PROMPT_TUNING",
      num_virtual_tokens: config.virtualTokens,
      prompt_tuning_init: "RANDOM",
      modules_to_save: ["score"],
    }
  }
  return {
    peft_type: "LORA",
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    target_modules: config.targets.includes("all-linear") ? "all-linear" : [...config.targets],
    bias: "none",
    fan_in_fan_out: block.inOut === true,
    use_dora: false,
    use_rslora: false,
    modules_to_save: ["classifier", "score"],
  }
}

/** The note beside an adapter; undefined for one that Litmus did not write. */
export async function readNote(folder: string): Promise<AdapterNote | undefined> {
  try {
    return (await readJson(join(folder, "litmus.json"))) as AdapterNote
  } catch (error) {
    if (error instanceof LitmusError && isMissing(error.cause)) return undefined
    throw error
  }
}

/**
 * Reads an adapter folder for a model.
 *
 * @throws {LitmusError} if it is of another base, does not fit the model's shapes, or uses what is not supported
 */
export async function readAdapter(folder: string, model: Model): Promise<Adapter> {
  const path = join(folder, "adapter_config.json")
  const config = (await readJson(path)) as Record<string, unknown>
  const note = await readNote(folder)
  if (note && note.base !== model.fingerprint) {
    throw new LitmusError(
      `${folder}: an adapter of another base: it was trained on model ${note.base}, and ${model.source.path} is ${model.fingerprint}`,
    )
  }
  const file = await openSafetensors(join(folder, "adapter_model.safetensors"))
  const { architecture } = model.bundle
  const parameters = new Map<string, ParameterArray>()
  try {
    for (const [name, { shape }] of file.tensors) {
      parameters.set(plainName(name, architecture), { shape, data: await file.readFloat32(name) })
    }
  } finally {
    await file.close()
  }
  const head = parameters.get(scoreHead)
  parameters.delete(scoreHead)
  if (head) checkHead(file.path, head, architecture)
  return {
    form: readForm(path, config, parameters, architecture),
    fingerprint: adapterFingerprint(config, parameters, head),
    parameters,
    isOurs: note !== undefined,
    ...(head ? { scoreHead: head } : {}),
  }
}

/**
 * The name of a tensor without what PEFT puts before it. An adapter that was trained on a model without any head has names
 * without the trunk's prefix.
 */
function plainName(name: string, architecture: Architecture): string {
  const bare = name.replace(/^base_model\.(model\.)?(?=score\.|classifier\.)/, "")
  const head = bare.replace(/^score\.(modules_to_save\.default|original_module)\./, "score.")
  if (head !== name) return head
  const { prefix } = architecture
  const layers = linearLayers(architecture)
  const candidates = [loraPrefix, promptPrefix].flatMap((start) => {
    const rest = name.startsWith(start) ? name.slice(start.length) : name
    return [rest, prefix + rest]
  })
  return candidates.find((candidate) => layers.has(moduleOf(candidate))) ?? candidates[0]!
}

/** The linear layer that a LoRA tensor adapts. */
function moduleOf(name: string): string {
  return name.replace(/\.lora_[AB]\.weight$/, "")
}

function adapterFingerprint(
  config: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, ParameterArray>,
  head: ParameterArray | undefined,
): string {
  const { peft_type, lora_alpha, r, use_rslora } = config
  const all = head ? [...parameters, [scoreHead, head] as const] : [...parameters]
  const content = all
    .map(([name, { shape, data }]) => [
      name,
      shape.join("x"),
      sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  return fingerprint([peft_type, lora_alpha, r, use_rslora, content])
}

function readForm(
  path: string,
  config: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, ParameterArray>,
  architecture: Architecture,
): Adapter["form"] {
  const number = (field: string): number => {
    const value = config[field]
    if (typeof value === "number" && value > 0) return value
    throw new LitmusError(`${path}: ${field}: expected a positive number, got ${JSON.stringify(value)}`)
  }
  switch (config.peft_type) {
    case "PROMPT_TUNING": {
      const virtualTokens = number("num_virtual_tokens")
      const found = parameters.get(promptEmbeddings)
      checkShape(`${path}: ${promptEmbeddings}`, found?.shape ?? [], [virtualTokens, architecture.dModel])
      return promptForm({ virtualTokens })
    }
    case "LORA": {
      // Says how the base stores its weights, and PEFT ignores it where it does not.
      if (config.fan_in_fan_out === true && architecture.block.inOut !== true) {
        throw new LitmusError(`${path}: fan_in_fan_out is not supported`)
      }
      for (const field of ["use_dora", "lora_bias"]) {
        if (config[field] === true) throw new LitmusError(`${path}: ${field} is not supported`)
      }
      // These initialisations change the base's own weights, which then are not the checkpoint's.
      const { init_lora_weights: start, layer_replication: replication } = config
      if (typeof start === "string" && /^(pissa|olora|corda|loftq)/.test(start)) {
        throw new LitmusError(
          `${path}: init_lora_weights ${start} is not supported: it changes the base's weights`,
        )
      }
      if (Array.isArray(replication)) throw new LitmusError(`${path}: layer_replication is not supported`)
      for (const field of ["rank_pattern", "alpha_pattern"]) {
        if (Object.keys((config[field] as object | undefined) ?? {}).length > 0) {
          throw new LitmusError(`${path}: ${field} is not supported`)
        }
      }
      const rank = number("r")
      const layers = loraLayersOf(path, parameters, architecture, rank)
      return loraForm(layers, number("lora_alpha") / (config.use_rslora === true ? Math.sqrt(rank) : rank))
    }
    default:
      throw new LitmusError(
        `${path}: peft_type: expected LORA or PROMPT_TUNING, got ${JSON.stringify(config.peft_type)}`,
      )
  }
}

/** The layers that the tensors adapt, their shapes checked against the model's. */
function loraLayersOf(
  path: string,
  parameters: ReadonlyMap<string, ParameterArray>,
  architecture: Architecture,
  rank: number,
): string[] {
  const known = linearLayers(architecture)
  const layers = new Set<string>()
  for (const [name, { shape }] of parameters) {
    const match = /\.lora_([AB])\.weight$/.exec(name)
    const layer = match && known.get(moduleOf(name))
    if (!match || !layer) {
      throw new LitmusError(
        `${path}: tensor ${name} has no place in this model (is it an adapter of another base?)`,
      )
    }
    checkShape(`${path}: ${name}`, shape, match[1] === "A" ? [rank, layer.nIn] : [layer.nOut, rank])
    layers.add(layer.name)
  }
  for (const layer of layers) {
    for (const side of ["A", "B"]) {
      if (!parameters.has(`${layer}.lora_${side}.weight`)) {
        throw new LitmusError(`${path}: tensor ${layer}.lora_${side}.weight is missing`)
      }
    }
  }
  return [...layers]
}

function checkHead(path: string, { shape }: ParameterArray, { dModel }: Architecture): void {
  if (shape.length !== 2 || !(shape[0]! > 0) || shape[1] !== dModel) {
    throw new LitmusError(
      `${path}: ${scoreHead}: expected shape [labels, ${dModel}], got [${shape.join(", ")}]`,
    )
  }
}

function checkShape(what: string, actual: readonly number[], expected: readonly number[]): void {
  if (actual.length !== expected.length || actual.some((dim, axis) => dim !== expected[axis])) {
    throw new LitmusError(`${what}: expected shape [${expected.join(", ")}], got [${actual.join(", ")}]`)
  }
}
