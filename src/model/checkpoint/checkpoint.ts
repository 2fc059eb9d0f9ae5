// The weights of a checkpoint, and a Hugging Face folder's: one safetensors file, or many with an index.

import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { FileError, LitmusError } from "../../base/errors.ts"
import { readJson } from "../../base/files.ts"
import { openSafetensors } from "../../formats/safetensors.ts"
import type { TensorEntry, TensorFile } from "../../formats/tensor-file.ts"

/** The weights of a checkpoint, whichever files they lie in. */
export interface Checkpoint {
  readonly files: readonly TensorFile[]
  readonly tensors: ReadonlyMap<string, { readonly file: TensorFile; readonly entry: TensorEntry }>
  close(): Promise<void>
}

/** Throws unless `folder` is one that holds a config.json. */
export async function checkModelFolder(folder: string): Promise<void> {
  let names: string[]
  try {
    names = (await stat(folder)).isDirectory() ? await readdir(folder) : []
  } catch (error) {
    throw new FileError(`model folder ${folder}`, error)
  }
  if (!names.includes("config.json")) {
    throw new LitmusError(
      `model folder ${folder}: no config.json (expected a Hugging Face folder: config.json, *.safetensors, tokenizer.json; or a GGUF file)`,
    )
  }
}

/**
 * The safetensors files of a checkpoint folder, as transformers chooses them: model.safetensors before an index, which
 * saving into the folder of a sharded checkpoint leaves behind; else those that the index names; else the only one.
 */
export async function weightFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  if (names.includes("model.safetensors")) return [join(folder, "model.safetensors")]
  if (names.includes("model.safetensors.index.json")) {
    const path = join(folder, "model.safetensors.index.json")
    const { weight_map: map } = ((await readJson(path)) ?? {}) as { weight_map?: unknown }
    if (map === null || typeof map !== "object" || Object.keys(map).length === 0) {
      throw new LitmusError(`${path}: expected an object "weight_map" that names files`)
    }
    const files = [...new Set(Object.values(map as Record<string, unknown>))]
    for (const name of files) {
      if (typeof name !== "string" || !names.includes(name)) {
        throw new LitmusError(`${path}: names ${JSON.stringify(name)}, which is not in ${folder}`)
      }
    }
    return (files as string[]).sort().map((name) => join(folder, name))
  }
  const found = names.filter((name) => name.endsWith(".safetensors") && !/^(golden|adapter_)/.test(name))
  if (found.length === 1) return [join(folder, found[0]!)]
  const other = names.find((name) => /\.(bin|pth|pt|gguf)$/.test(name))
  const advice = other?.endsWith(".gguf")
    ? ` (to use ${other}, name the file itself)`
    : other
      ? ` (convert ${other} to safetensors first)`
      : ""
  throw new LitmusError(
    found.length === 0
      ? `model folder ${folder}: no .safetensors file${advice}`
      : `model folder ${folder}: ${found.length} .safetensors files and no model.safetensors.index.json`,
  )
}

/** Opens every safetensors file of a checkpoint. */
export async function openCheckpoint(paths: readonly string[]): Promise<Checkpoint> {
  const files: TensorFile[] = []
  try {
    for (const path of paths) files.push(await openSafetensors(path))
    return checkpointOf(files)
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/**
 * The checkpoint that open files make up.
 *
 * @throws {LitmusError} if a tensor is in two of them
 */
export function checkpointOf(files: readonly TensorFile[]): Checkpoint {
  const tensors = new Map<string, { file: TensorFile; entry: TensorEntry }>()
  for (const file of files) {
    for (const [name, entry] of file.tensors) {
      const other = tensors.get(name)?.file
      if (other) {
        throw new LitmusError(`tensor ${name} is in two files: ${other.path} and ${file.path}`)
      }
      tensors.set(name, { file, entry })
    }
  }
  return { files, tensors, close: () => closeAll(files) }
}

async function closeAll(files: readonly TensorFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()))
}
