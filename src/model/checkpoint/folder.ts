// A Hugging Face folder as the source of a model.

import { join } from "node:path"
import { LitmusError } from "../../base/errors.ts"
import { readJson } from "../../base/files.ts"
import { readChatTemplate } from "./chat-template.ts"
import { checkModelFolder, openCheckpoint, weightFiles } from "./checkpoint.ts"
import { ConfigFields } from "./config-fields.ts"
import type { ModelSource, SourceOptions } from "./source.ts"
import { copyTokenizerFiles, readTokenizerFiles } from "./tokenizer-files.ts"

/** The source of a folder; nothing of it is read yet. */
export function folderSource(folder: string, { ignoreConfig = [] }: SourceOptions = {}): ModelSource {
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
      return new ConfigFields(path, content as Record<string, unknown>, ignoreConfig)
    },
    weightFiles: () => weightFiles(folder),
    openWeights: async () => await openCheckpoint(await weightFiles(folder)),
    tokenizer: () => readTokenizerFiles(folder),
    chatTemplate: () => readChatTemplate(folder),
    copyTokenizer: (to) => copyTokenizerFiles(folder, to),
  }
}
