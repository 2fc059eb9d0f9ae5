// Adapters as PEFT writes them: adapter_config.json and adapter_model.safetensors with PEFT's names, so that adapters
// trained in Python can be scored here and ours loaded there. What PEFT has no field for is in litmus.json.
// Source: huggingface/peft 0.21, src/peft/utils/save_and_load.py.

import { join } from "node:path"
import { LitmusError } from "../base/errors.ts"
import {
  canonicalJson,
  fingerprint,
  ifThere,
  makeFolder,
  readJson,
  sha256,
  writeFileAtomic,
} from "../base/files.ts"
import type { Adapter, ParameterArray } from "../model/decoder/adapter.ts"
import type { Architecture } from "../model/architectures/architecture.ts"
import { openSafetensors, writeSafetensors } from "../formats/safetensors.ts"
import type { Model } from "../model/model.ts"
import type { LoraConfig } from "./lora.ts"
import { checkPeftFields, positive } from "./peft-fields.ts"
import {
  checkShape,
  knownModules,
  moduleOf,
  readLora,
  type AdapterScheme,
  type AdapterTensors,
} from "./peft-lora.ts"
import { promptEmbeddings, promptForm } from "./prompt-tuning.ts"
import { scoreHead } from "./tunable.ts"

const loraPrefix = "base_model.model."
const promptPrefix = "base_model."

/** The most bytes of parameters that a graph can hold, which protobuf limits to 2 GiB. */
const largestAdapter = 1.9e9

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
  return (await ifThere(readJson(join(folder, "litmus.json")))) as AdapterNote | undefined
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
  checkPeftFields(path, config)
  const { architecture } = model.bundle
  const tensors = await readTensors(join(folder, "adapter_model.safetensors"), architecture)
  const { parameters } = tensors
  const head = parameters.get(scoreHead)
  parameters.delete(scoreHead)
  if (head) checkHead(path, head, architecture)
  const { form, scheme } =
    config.peft_type === "LORA"
      ? await readLora(path, config, tensors, model.bundle)
      : readPrompt(path, config, parameters, architecture)
  return {
    form,
    fingerprint: adapterFingerprint(config, scheme, parameters, head),
    parameters,
    isOurs: note !== undefined,
    ...(head ? { scoreHead: head } : {}),
  }
}

/**
 * The tensors of an adapter by their names in the checkpoint.
 *
 * @throws {LitmusError} if two have one name, or they are more than a graph can hold
 */
async function readTensors(path: string, architecture: Architecture): Promise<AdapterTensors> {
  const parameters = new Map<string, ParameterArray>()
  const treeNames = new Map<string, string>()
  const file = await openSafetensors(path)
  try {
    const size = [...file.tensors.values()].reduce(
      (sum, { shape }) => sum + 4 * shape.reduce((product, dim) => product * dim, 1),
      0,
    )
    if (size > largestAdapter) {
      throw new LitmusError(
        `${path}: an adapter of ${(size / 1e9).toFixed(2)} GB in float32 is not supported, the most is ${largestAdapter / 1e9} GB: merge it into its base`,
      )
    }
    const names = [...file.tensors.keys()]
    for (const name of names) {
      // What PEFT trained stands beside what it replaced; PEFT loads the former.
      const trained = name.replace(".original_module.", ".modules_to_save.default.")
      if (trained !== name && names.includes(trained)) continue
      const { plain, tree } = namesOf(name, architecture)
      if (parameters.has(plain))
        throw new LitmusError(`${path}: two tensors are ${plain}, one of them ${name}`)
      parameters.set(plain, { shape: file.tensors.get(name)!.shape, data: await file.readFloat32(name) })
      treeNames.set(moduleOf(plain), moduleOf(tree))
    }
  } finally {
    await file.close()
  }
  return { parameters, treeNames }
}

/**
 * The name of a tensor in the checkpoint, and in the tree of modules that the adapter was made for: without what PEFT puts
 * before it. An adapter of a model without any head has names without the trunk's prefix.
 */
function namesOf(name: string, architecture: Architecture): { plain: string; tree: string } {
  const bare = name.replace(/\.(modules_to_save(\.default)?|original_module)\./, ".")
  const head = bare.replace(/^base_model\.(model\.)?(?=score\.|classifier\.)/, "")
  if (/^(score|classifier)\./.test(head)) return { plain: head, tree: head }
  const known = knownModules(architecture)
  const candidates = [loraPrefix, promptPrefix].flatMap((start) => {
    const tree = bare.startsWith(start) ? bare.slice(start.length) : bare
    return [
      { plain: tree, tree },
      { plain: architecture.prefix + tree, tree },
    ]
  })
  return candidates.find(({ plain }) => known.has(moduleOf(plain))) ?? candidates[0]!
}

function adapterFingerprint(
  config: Readonly<Record<string, unknown>>,
  scheme: unknown,
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
  const plain = [peft_type, lora_alpha, r, use_rslora, content]
  return fingerprint(scheme === undefined ? plain : [...plain, scheme])
}

function readPrompt(
  path: string,
  config: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, ParameterArray>,
  { dModel }: Architecture,
): AdapterScheme {
  const virtualTokens = positive(path, config, "num_virtual_tokens")
  const { shape } = parameters.get(promptEmbeddings) ?? { shape: [] }
  checkShape(`${path}: ${promptEmbeddings}`, shape, [virtualTokens, dModel])
  const other = [...parameters.keys()].find((name) => name !== promptEmbeddings)
  if (other !== undefined) throw new LitmusError(`${path}: tensor ${other} has no place in prompt tuning`)
  return { form: promptForm({ virtualTokens }) }
}

function checkHead(path: string, { shape }: ParameterArray, { dModel }: Architecture): void {
  if (shape.length !== 2 || !(shape[0]! > 0) || shape[1] !== dModel) {
    throw new LitmusError(
      `${path}: ${scoreHead}: expected shape [labels, ${dModel}], got [${shape.join(", ")}]`,
    )
  }
}
