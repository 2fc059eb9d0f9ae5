// Where the parameters of an architecture stand in a checkpoint. A checkpoint that lacks one is refused, and so is one that
// has a tensor which is neither a parameter nor known to leave the computation as it is.

import { LitmusError } from "../../base/errors.ts"
import { elementTypes } from "../../formats/element-types.ts"
import type { TensorEntry, TensorFile } from "../../formats/tensor-file.ts"
import type { Architecture, ParameterSpec } from "../architectures/architecture.ts"
import type { Checkpoint } from "../checkpoint/checkpoint.ts"

/** Where a checkpoint keeps a parameter, and under what name. */
export interface Place {
  readonly file: TensorFile
  readonly entry: TensorEntry
  readonly name: string
}

/**
 * Finds every parameter in a checkpoint, and refuses one that has others or not these. A checkpoint that was saved without
 * any head (the hub's GPT-2) has names without the trunk's prefix; one with tied embeddings may name them as its head.
 */
export function findParameters(
  checkpoint: Checkpoint,
  specs: readonly ParameterSpec[],
  architecture: Architecture,
): Map<string, Place> {
  const { files, tensors } = checkpoint
  const { modelType, nLayers } = architecture
  const places = new Map<string, Place>()
  const where = files.map(({ path }) => path).join(", ")
  const describedBy = files[0]?.describedBy ?? "config.json"
  for (const { name, shape } of specs) {
    const stored = storedName(checkpoint, architecture, name)
    const found = tensors.get(stored)
    if (!found) throw new LitmusError(`${where}: tensor ${name} is missing (${describedBy} asks for it)`)
    const actual = found.entry.shape
    if (actual.length !== shape.length || actual.some((dim, axis) => dim !== shape[axis])) {
      throw new LitmusError(
        `${found.file.path}: tensor ${stored}: expected shape [${shape.join(", ")}] by ${found.file.describedBy}, got [${actual.join(", ")}]`,
      )
    }
    if (!elementTypes.has(found.entry.dtype)) {
      throw new LitmusError(
        `${found.file.path}: tensor ${stored}: expected F32, F16 or BF16, got ${found.entry.dtype}`,
      )
    }
    places.set(name, { ...found, name: stored })
  }
  const known = new Set([...places.values()].map(({ name }) => name))
  for (const [name, { entry }] of tensors) {
    if (known.has(name) || whyIgnored(architecture, name, entry.shape) !== undefined) continue
    throw new LitmusError(
      `${where}: ${describedBy} and the weights contradict each other: tensor ${name} has no place in this ${modelType} of ${nLayers} layers`,
    )
  }
  return places
}

/** The name under which a checkpoint has a parameter. */
export function storedName(
  { tensors }: Pick<Checkpoint, "tensors">,
  { prefix, embedding, head, tiedEmbeddings }: Architecture,
  name: string,
): string {
  if (tensors.has(name)) return name
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name
  if (tensors.has(bare)) return bare
  const isTied = tiedEmbeddings && name === `${embedding.name}.weight`
  return isTied && tensors.has(`${head}.weight`) ? `${head}.weight` : name
}

/** Whether a tensor is the rotary frequencies that old releases of transformers stored with every block. */
export function isStoredFrequencies({ rotary }: Architecture, name: string): boolean {
  return rotary !== undefined && /(^|\.)rotary_emb\.inv_freq$/.test(name)
}

/** Why a stored tensor that is no parameter is not needed; undefined for one that nobody here knows. */
function whyIgnored(architecture: Architecture, name: string, shape: readonly number[]): string | undefined {
  const { head, tiedEmbeddings, scoreLabels, vocabSize, dModel } = architecture
  if (isStoredFrequencies(architecture, name)) return "frequencies are computed from the configuration"
  if (name === `${head}.weight` && shape.join() === `${vocabSize},${dModel}`) {
    // A tied head that differs is a parameter: see contradictions.ts.
    if (tiedEmbeddings) return "it is the embedding once more"
    if (scoreLabels !== undefined) return "the score head is in its place"
  }
  if (isMask(architecture, name, shape)) return "the causal mask is built anew for every sequence"
  return undefined
}

/** GPT-2 and GPT-NeoX stored the causal mask, `[1, 1, context, context]`, and what masked scores are set to. */
function isMask({ blocks, block, prefix }: Architecture, name: string, shape: readonly number[]): boolean {
  if (block.projections.kind !== "fused") return false
  const attention = block.projections.all.name.split(".")[0]!
  const bare = blocks.startsWith(prefix) ? blocks.slice(prefix.length) : blocks
  const [, kind] =
    [blocks, bare]
      .filter((list) => name.startsWith(`${list}.`))
      .map((list) => /^\d+\.(.+)$/.exec(name.slice(list.length + 1)))
      .find((match) => match !== null) ?? []
  if (kind === `${attention}.masked_bias`) return shape.length === 0 || shape.join() === "1"
  const [one, two, rows, columns] = shape
  return kind === `${attention}.bias` && shape.length === 4 && one === 1 && two === 1 && rows === columns
}
