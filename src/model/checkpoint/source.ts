// What a model is read from: a Hugging Face folder, or a GGUF file. Both say what the architecture is in the words of
// config.json, hand out the weights by Hugging Face's names, and the tokenizer as a tokenizer.json.

import type { ChatTemplate } from "../../chat/template.ts"
import type { Checkpoint } from "./checkpoint.ts"
import type { ConfigFields } from "./config-fields.ts"
import type { TokenizerFiles } from "./tokenizer-files.ts"

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

export interface SourceOptions {
  /** Fields of config.json, or keys of a GGUF file's metadata, that are unknown here and declared harmless. */
  readonly ignoreConfig?: readonly string[] | undefined
}
