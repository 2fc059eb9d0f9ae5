// LoRA adapters as PEFT loads them: what each tensor is, the factor of every update, and what becomes of the embeddings
// and the output head, which may be one matrix.
// Source: huggingface/peft 0.21, tuners/lora/model.py, utils/other.py (_set_trainable, set_additional_trainable_modules).

import { LitmusError } from "../base/errors.ts"
import type { AdapterForm, ParameterArray } from "../model/decoder/adapter.ts"
import {
  headName,
  linearLayers,
  parameterSpecs,
  scoreHead,
  type Architecture,
  type ParameterSpec,
} from "../model/architectures/architecture.ts"
import type { Bundle } from "../model/bundle/format.ts"
import { readBundleTensor } from "../model/bundle/tensors.ts"
import { loraForm } from "./lora.ts"
import { changedWeights, type ModuleChanges, type TableChange } from "./module-changes.ts"
import { byPattern, positive, savedModules, tokenIndices } from "./peft-fields.ts"

type Fields = Readonly<Record<string, unknown>>

/** The tensors of an adapter's file. */
export interface AdapterTensors {
  /** By their names in the checkpoint. */
  readonly parameters: Map<string, ParameterArray>
  /** For every module in the checkpoint its name in the tree of modules that the adapter was made for. */
  readonly treeNames: ReadonlyMap<string, string>
}

/** How an adapter's parameters are applied. */
export interface AdapterScheme {
  readonly form: AdapterForm
  /** For the fingerprint: what `r`, `lora_alpha` and the parameters do not say; undefined if there is nothing. */
  readonly scheme?: unknown
}

/** The module that a tensor belongs to. */
export function moduleOf(name: string): string {
  return name.replace(
    /\.(lora_[AB]\.weight|lora_embedding_[AB]|token_adapter\.trainable_tokens_delta|base_layer\.weight|weight|bias)$/,
    "",
  )
}

/** Parameters that an adapter may hold copies of: the base's, and its output head if it has one. */
function copyable(architecture: Architecture): ParameterSpec[] {
  const { head, tiedEmbeddings, scoreLabels, vocabSize, dModel } = architecture
  const specs = parameterSpecs(architecture).filter(({ name }) => name !== scoreHead)
  const isTiedHead = tiedEmbeddings && scoreLabels === undefined
  return isTiedHead ? [...specs, { name: `${head}.weight`, shape: [vocabSize, dModel] }] : specs
}

/** Modules that tensors can belong to. */
export function knownModules(architecture: Architecture): ReadonlySet<string> {
  return new Set(copyable(architecture).map(({ name }) => moduleOf(name)))
}

/**
 * Reads how a LoRA adapter is applied. Parameters that equal the base's are dropped from `tensors`.
 *
 * @throws {LitmusError} if a tensor is missing, has the wrong shape or no place in the model
 */
export async function readLora(
  path: string,
  config: Fields,
  tensors: AdapterTensors,
  bundle: Bundle,
): Promise<AdapterScheme> {
  const { architecture } = bundle
  // It says how the base stores its weights, and PEFT ignores it for other bases.
  if (config.fan_in_fan_out === true && architecture.block.inOut !== true) {
    throw new LitmusError(`${path}: fan_in_fan_out is not supported`)
  }
  const update = updateReader(path, config, tensors)
  const factors = layerFactors(tensors.parameters, architecture, update)
  const changes = await readChanges(path, config, tensors, bundle, update)
  checkPlaces(path, tensors.parameters, architecture, factors, changes)
  const plain = loraForm(factors)
  const isChanged = changes.replaced.size > 0 || changes.embedding !== undefined || changes.head !== undefined
  if (!isChanged) return { form: plain, ...(hasPatterns(config) && { scheme: [...factors] }) }
  return {
    form: {
      prefixLength: 0,
      apply: (graph, base, parameter, dropout) =>
        plain.apply(graph, changedWeights(graph, architecture, base, changes, parameter), parameter, dropout),
    },
    scheme: [[...factors], { ...changes, replaced: [...changes.replaced] }],
  }
}

function hasPatterns({ rank_pattern: ranks, alpha_pattern: alphas }: Fields): boolean {
  return [ranks, alphas].some(
    (pattern) => Object.keys((pattern as object | null | undefined) ?? {}).length > 0,
  )
}

/** Checks the two halves of a module's update; returns its factor, or undefined if the module has none. */
type UpdateReader = (
  module: string,
  halves: { a: string; b: string },
  sizes: { nOut: number; nIn: number },
) => number | undefined

function updateReader(path: string, config: Fields, { parameters, treeNames }: AdapterTensors): UpdateReader {
  const rankOf = byPattern(path, config, "rank_pattern", positive(path, config, "r"))
  const alphaOf = byPattern(path, config, "alpha_pattern", positive(path, config, "lora_alpha"))
  return (module, { a, b }, { nOut, nIn }) => {
    if (!parameters.has(a) && !parameters.has(b)) return undefined
    const tree = treeNames.get(module) ?? module
    const rank = rankOf(tree)
    for (const [name, shape] of [
      [a, [rank, nIn]],
      [b, [nOut, rank]],
    ] as const) {
      const tensor = parameters.get(name)
      if (!tensor) throw new LitmusError(`${path}: tensor ${name} is missing`)
      checkShape(`${path}: ${name}`, tensor.shape, shape)
    }
    return alphaOf(tree) / (config.use_rslora === true ? Math.sqrt(rank) : rank)
  }
}

/** Names of the halves of a linear layer's update. */
function linearHalves(module: string): { a: string; b: string } {
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` }
}

function layerFactors(
  parameters: ReadonlyMap<string, ParameterArray>,
  architecture: Architecture,
  update: UpdateReader,
): Map<string, number> {
  const layers = linearLayers(architecture)
  const factors = new Map<string, number>()
  // In the order of the file.
  for (const module of new Set([...parameters.keys()].map(moduleOf))) {
    const layer = layers.get(module)
    const factor = layer && update(module, linearHalves(module), layer)
    if (factor !== undefined) factors.set(module, factor)
  }
  return factors
}

async function readChanges(
  path: string,
  config: Fields,
  { parameters, treeNames }: AdapterTensors,
  bundle: Bundle,
  update: UpdateReader,
): Promise<ModuleChanges> {
  const { architecture } = bundle
  const { vocabSize, dModel, tiedEmbeddings, embedding, head } = architecture
  const [inputs, outputs] = [embedding.name, head]
  const saved = savedParameters(path, config, { parameters, treeNames }, architecture)
  const replaced = new Set([...saved].filter((name) => ![inputs, outputs].includes(moduleOf(name))))
  await readBaseTables(path, parameters, bundle, saved, replaced)
  const indices = tokenIndices(path, config, { embedding: inputs, vocabSize })

  const tableChange = (module: string): TableChange | undefined => {
    const tokens = [...indices].find(
      ([name]) => (treeNames.get(module) ?? module).endsWith(name) || name === module,
    )
    const rows = `${module}.token_adapter.trainable_tokens_delta`
    if (saved.has(`${module}.weight`)) return { kind: "whole", table: `${module}.weight` }
    if (parameters.has(rows)) {
      if (!tokens) throw new LitmusError(`${path}: trainable_token_indices: nothing for tensor ${rows}`)
      checkShape(`${path}: ${rows}`, parameters.get(rows)!.shape, [tokens[1].length, dModel])
      return { kind: "rows", rows, tokens: tokens[1] }
    }
    return undefined
  }
  const halves = { a: `${inputs}.lora_embedding_A`, b: `${inputs}.lora_embedding_B` }
  const factor = update(inputs, halves, { nOut: dModel, nIn: vocabSize })
  const ofInputs =
    tableChange(inputs) ??
    (factor === undefined ? undefined : { kind: "embedding-lora" as const, ...halves, factor })
  if (ofInputs?.kind === "linear-lora")
    throw new LitmusError(`${path}: ${inputs} has the tensors of a linear layer`)
  if (indices.size > 0 && ofInputs?.kind !== "rows" && tableChange(outputs)?.kind !== "rows") {
    throw new LitmusError(`${path}: trainable_token_indices: its tensor is missing`)
  }
  const headFactor = update(outputs, linearHalves(outputs), { nOut: vocabSize, nIn: dModel })
  const ofOutputs =
    tableChange(outputs) ??
    (headFactor === undefined
      ? undefined
      : { kind: "linear-lora" as const, ...linearHalves(outputs), factor: headFactor })
  // PEFT ties rows for tokens by itself, the rest only if told to.
  const isTied = tiedEmbeddings && (ofInputs?.kind === "rows" || config.ensure_weight_tying === true)
  return { replaced, embedding: ofInputs, head: ofOutputs ?? (isTied ? ofInputs : undefined) }
}

/** The parameters that `modules_to_save` names, all of which must be there; PEFT compares the ends of names. */
function savedParameters(
  path: string,
  config: Fields,
  { parameters, treeNames }: AdapterTensors,
  architecture: Architecture,
): Set<string> {
  const asked = savedModules(path, config)
  const isAsked = (module: string): boolean => {
    const parts = (treeNames.get(module) ?? module).split(".")
    return parts.some((_, i) =>
      asked.some((name) =>
        parts
          .slice(0, i + 1)
          .join(".")
          .endsWith(name),
      ),
    )
  }
  const saved = new Set<string>()
  for (const { name, shape } of copyable(architecture)) {
    const module = moduleOf(name)
    if (!isAsked(module)) continue
    const tensor = parameters.get(name)
    // A model for classification has no output head to save.
    if (!tensor && module === architecture.head && config.task_type === "SEQ_CLS") continue
    if (!tensor) throw new LitmusError(`${path}: modules_to_save: tensor ${name} is missing`)
    checkShape(`${path}: ${name}`, tensor.shape, shape)
    saved.add(name)
  }
  // Where PEFT ties the output head to a copy of the embeddings, it stores both.
  const [inputs, outputs] = [architecture.embedding.name, architecture.head].map((name) => `${name}.weight`)
  const isTied = architecture.tiedEmbeddings && config.ensure_weight_tying === true
  if (isTied && saved.has(inputs!) && parameters.has(outputs!)) saved.add(outputs!)
  return saved
}

/** Tables that PEFT stored because they might have been resized: they replace the base's, and are usually equal to it. */
async function readBaseTables(
  path: string,
  parameters: Map<string, ParameterArray>,
  bundle: Bundle,
  saved: ReadonlySet<string>,
  replaced: Set<string>,
): Promise<void> {
  const { embedding, head, tiedEmbeddings, scoreLabels, vocabSize, dModel } = bundle.architecture
  const modules = scoreLabels === undefined ? [embedding.name, head] : [embedding.name]
  for (const module of modules) {
    const own = `${module}.weight`
    for (const name of [`${module}.base_layer.weight`, own]) {
      const table = parameters.get(name)
      if (!table || saved.has(name)) continue
      checkShape(`${path}: ${name}`, table.shape, [vocabSize, dModel])
      parameters.delete(name)
      const inBase = tiedEmbeddings ? headName(bundle.architecture) : own
      if (isEqual(table.data, await readBundleTensor(bundle, inBase))) continue
      if (module === head && tiedEmbeddings) {
        throw new LitmusError(`${path}: ${name}: differs from the embeddings, to which the base ties it`)
      }
      parameters.set(own, table)
      replaced.add(own)
    }
  }
}

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

/** @throws {LitmusError} if a tensor is none of those that are used */
function checkPlaces(
  path: string,
  parameters: ReadonlyMap<string, ParameterArray>,
  architecture: Architecture,
  factors: ReadonlyMap<string, number>,
  { replaced, embedding, head }: ModuleChanges,
): void {
  const used = new Set(replaced)
  for (const layer of factors.keys()) for (const name of Object.values(linearHalves(layer))) used.add(name)
  for (const change of [embedding, head]) {
    if (!change) continue
    if (change.kind === "whole") used.add(change.table)
    else if (change.kind === "rows") used.add(change.rows)
    else for (const name of [change.a, change.b]) used.add(name)
  }
  const known = knownModules(architecture)
  for (const name of parameters.keys()) {
    if (used.has(name)) continue
    const why = known.has(moduleOf(name))
      ? "is not asked for by target_modules, modules_to_save or trainable_token_indices"
      : "has no place in this model (is it an adapter of another base?)"
    throw new LitmusError(`${path}: tensor ${name} ${why}`)
  }
}

export function checkShape(what: string, actual: readonly number[], expected: readonly number[]): void {
  if (actual.length !== expected.length || actual.some((dim, axis) => dim !== expected[axis])) {
    throw new LitmusError(`${what}: expected shape [${expected.join(", ")}], got [${actual.join(", ")}]`)
  }
}
