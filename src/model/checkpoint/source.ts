// What a model is read from: a Hugging Face folder, or a GGUF file. Both say what the architecture is in the words of
// config.json, hand out the weights by Hugging Face's names, and the tokenizer as a tokenizer.json.

import { open, stat } from "node:fs/promises"
import { join } from "node:path"
import { LitmusError } from "../../base/errors.ts"
import { readJson } from "../../base/files.ts"
import type { ChatTemplate } from "../../chat/template.ts"
import { readChatTemplate } from "./chat-template.ts"
import { checkModelFolder, openCheckpoint, weightFiles, type Checkpoint } from "./checkpoint.ts"
import { ConfigFields } from "./config-fields.ts"
import { copyTokenizerFiles, readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts"

export interface ModelSource {
  /** The folder or the file. */
  readonly path: string
  /** Where the tokenizer's files lie, if they lie anywhere. */
  readonly tokenizerFolder: string
  /** The fields of config.json, or what says the same. */
  config(): Promise<ConfigFields>
  /** The files that hold the weights. */
  weightFiles(): Promise<readonly string[]>
  openWeights(): Promise<Checkpoint>
  tokenizer(): Promise<TokenizerFiles>
  /** How it wants conversations to be shown; undefined if it does not say. */
  chatTemplate(): Promise<ChatTemplate | undefined>
  /** Writes the tokenizer's files into a folder. */
  copyTokenizer(folder: string): Promise<void>
}

/** A model by the path of its folder or file, or already opened. */
export type ModelPlace = string | ModelSource

/** Opens a model's folder or file; nothing of a folder is read yet. */
export async function openSource(place: ModelPlace): Promise<ModelSource> {
  if (typeof place !== "string") return place
  if (!(await isGguf(place))) return folderSource(place)
  // Loaded late: most models are folders.
  const { openGguf } = await import("../gguf/source.ts")
  return await openGguf(place)
}

/** True for a file that calls itself GGUF, by its name or by how it begins. */
export async function isGguf(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found ? !found.isFile() : !hasGgufName(path)) return false
  return hasGgufName(path) || (await firstBytes(path)) === "GGUF"
}

/** True for a name of a GGUF file, which is never taken for a model of the hub. */
export function hasGgufName(path: string): boolean {
  return /\.gguf$/i.test(path)
}

async function firstBytes(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch(() => undefined)
  try {
    const { buffer, bytesRead } = (await file?.read(Buffer.alloc(4), 0, 4, 0)) ?? {}
    return buffer?.toString("latin1", 0, bytesRead)
  } finally {
    await file?.close()
  }
}

function folderSource(folder: string): ModelSource {
  return {
    path: folder,
    tokenizerFolder: folder,
    config: async () => {
      await checkModelFolder(folder)
      const path = join(folder, "config.json")
      const content = await readJson(path)
      if (content === null || typeof content !== "object" || Array.isArray(content)) {
        throw new LitmusError(`${path}: expected an object`)
      }
      return new ConfigFields(path, content as Record<string, unknown>)
    },
    weightFiles: () => weightFiles(folder),
    openWeights: async () => await openCheckpoint(await weightFiles(folder)),
    tokenizer: () => readTokenizerFiles(folder),
    chatTemplate: () => readChatTemplate(folder),
    copyTokenizer: (to) => copyTokenizerFiles(folder, to),
  }
}
