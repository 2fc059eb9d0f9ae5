// What a model is read from: something that says what the architecture is in the words of config.json, hands out the
// weights by Hugging Face's names, and the tokenizer as a tokenizer.json.

import { join } from "node:path"
import { LitmusError } from "../errors.ts"
import { readJson } from "../files.ts"
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
  /** Writes the tokenizer's files into a folder. */
  copyTokenizer(folder: string): Promise<void>
}

/** A model by the path of its folder or file, or already opened. */
export type ModelPlace = string | ModelSource

/** Opens a model's folder; nothing of it is read yet. */
export function openSource(place: ModelPlace): Promise<ModelSource> {
  return Promise.resolve(typeof place === "string" ? folderSource(place) : place)
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
    copyTokenizer: (to) => copyTokenizerFiles(folder, to),
  }
}
