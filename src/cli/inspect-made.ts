// What litmus inspect says of what Litmus itself writes beside models: adapters, stores of results, and the cache.

import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { interventionOf } from "../benchmark/store/places.ts"
import { resultsAt } from "../benchmark/store/results.ts"
import { LitmusError } from "../base/errors.ts"
import { ifThere, isTemporary, listFolder, readJson } from "../base/files.ts"
import { openSafetensors } from "../formats/safetensors.ts"
import { readStoredFigures } from "../report/stored-figures.ts"
import { readNote } from "../tuning/peft.ts"

type Facts = Readonly<Record<string, unknown>>

/** An adapter in PEFT's format, with what Litmus notes of its training where it made it. */
export async function inspectAdapter(folder: string): Promise<Facts> {
  const path = join(folder, "adapter_config.json")
  const config = objectOf(await readJson(path), path)
  const file = await openSafetensors(join(folder, "adapter_model.safetensors"))
  const tensors = [...file.tensors].map(([name, { shape }]) => ({ name, shape }))
  await file.close()
  const isHead = ({ name }: { name: string }): boolean => /(^|\.)(score|classifier)(\.|$)/.test(name)
  const head = tensors.find(isHead)
  const training = await inspectTraining(folder)
  return {
    is: "adapter",
    kind: config.peft_type,
    ...(config.peft_type === "LORA"
      ? { rank: config.r, alpha: config.lora_alpha, targets: config.target_modules }
      : { virtualTokens: config.num_virtual_tokens }),
    tensors: tensors.length,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    head: head ? `${head.name} [${head.shape.join(", ")}]` : "none",
    ...(training ?? { base: config.base_model_name_or_path, training: "not by Litmus" }),
  }
}

/** What litmus.json, beside an adapter or a tuned checkpoint, says of the training; undefined where there is none. */
export async function inspectTraining(folder: string): Promise<Facts | undefined> {
  const note = await readNote(folder)
  if (note === undefined) return undefined
  const { base, source, seed, version, options, training } = objectOf(note, join(folder, "litmus.json"))
  return { base, source, seed, ...(training as Facts | undefined), options, version }
}

/** A store of results: what it has tables of, and how many evaluations. */
export async function inspectStore(folder: string): Promise<Facts> {
  const store = resultsAt(folder)
  const models = await store.models()
  const tables: { intervention: string; suite: string }[] = []
  for (const model of models) {
    for (const intervention of await store.interventions(model)) {
      for (const suite of await store.suites(model, intervention)) tables.push({ intervention, suite })
    }
  }
  const evaluations = await countByFolder(join(folder, "evaluations"))
  const interventions = [...tables.map(({ intervention }) => intervention), ...evaluations.keys()]
  const { sweeps, directions, projections, components } = await readStoredFigures(folder)
  return {
    is: "store of results",
    models,
    suites: [...new Set(tables.map(({ suite }) => suite))].sort(),
    interventions: [...new Set(interventions)].sort(),
    tables: tables.length,
    evaluations: [...evaluations.values()].reduce((sum, n) => sum + n, 0),
    evaluationsOf: Object.fromEntries(evaluations),
    furtherSeeds: (await store.seeds()).length,
    sweeps: sweeps.length,
    directions: directions.length,
    projections: projections.length,
    components: components.length,
  }
}

/** The JSON files below each folder of a folder, by intervention. */
async function countByFolder(folder: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const name of await namesIn(folder)) {
    const files = await readdir(join(folder, name), { recursive: true })
    counts.set(interventionOf(name), files.filter((file) => file.endsWith(".json")).length)
  }
  return counts
}

/** The cache: its compiled models, activations and trainings, with their sizes; undefined for another folder. */
export async function inspectCacheRoot(folder: string): Promise<Facts | undefined> {
  const inside = async (name: string): Promise<string[]> =>
    (await namesIn(join(folder, name))).filter((entry) => /^[0-9a-f]{16}$/.test(entry))
  const [models, activations] = [await inside("models"), await inside("activations")]
  if (models.length + activations.length === 0) return undefined
  const described: Record<string, unknown> = {}
  for (const model of models) {
    const path = join(folder, "models", model, "bundle.json")
    const { architecture, quantization } = objectOf(await readJson(path), path)
    const { modelType } = objectOf(architecture, `${path} .architecture`)
    const { type } = quantization === undefined ? {} : objectOf(quantization, `${path} .quantization`)
    const bytes = await sizeOf(join(folder, "models", model))
    described[model] = { modelType, ...(type === undefined ? {} : { quantization: type }), bytes }
  }
  const kept: Record<string, unknown> = {}
  for (const model of activations) {
    const path = join(folder, "activations", model)
    kept[model] = { caches: (await namesIn(path)).length, bytes: await sizeOf(path) }
  }
  const others: Record<string, unknown> = {}
  for (const name of ["tuned", "scores", "response-starts", "microworld", "demo"]) {
    const path = join(folder, name)
    const entries = await namesIn(path)
    if (entries.length > 0) others[name] = { entries: entries.length, bytes: await sizeOf(path) }
  }
  return { is: "cache", models: described, activations: kept, ...others, bytes: await sizeOf(folder) }
}

/** Finished entries, sorted; none where the folder is missing. */
async function namesIn(folder: string): Promise<string[]> {
  const names = (await ifThere(listFolder(folder))) ?? []
  return names.filter((name) => !isTemporary(name)).sort()
}

/** Bytes of all files below a folder; what another process removes meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += found?.size ?? 0
  }
  return bytes
}

function objectOf(value: unknown, where: string): Facts {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Facts
  throw new LitmusError(
    `${where}: expected an object, got ${Array.isArray(value) ? "a list" : String(value)}`,
  )
}
