// The tokenizer's files in a folder: tokenizer.json, and those that add to it.

import { existsSync } from "node:fs"
import { copyFile, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { FileError } from "../../base/errors.ts"
import { readJson } from "../../base/files.ts"

/** What a tokenizer is made from. */
export interface TokenizerFiles {
  /** tokenizer.json, or the file that holds the same in another form. */
  readonly path: string
  /** The bytes of tokenizer.json. */
  readonly bytes: Uint8Array
  readonly settings: SettingsFiles
}

/** The files that add to tokenizer.json, each where it exists. */
export interface SettingsFiles {
  /** tokenizer_config.json */
  readonly config?: SettingsFile
  /** special_tokens_map.json */
  readonly specialTokensMap?: SettingsFile
  /** added_tokens.json */
  readonly addedTokens?: SettingsFile
}

export interface SettingsFile {
  readonly path: string
  /** What its JSON says, unchecked. */
  readonly content: unknown
}

/** @throws {LitmusError} if there is no tokenizer.json, or one of the other files is malformed */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const path = join(folder, "tokenizer.json")
  const bytes = await readTokenizerBytes(folder, path)
  const [config, specialTokensMap, addedTokens] = await Promise.all(
    ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"].map((name) =>
      readSettings(join(folder, name)),
    ),
  )
  return {
    path,
    bytes,
    settings: {
      ...(config && { config }),
      ...(specialTokensMap && { specialTokensMap }),
      ...(addedTokens && { addedTokens }),
    },
  }
}

/** Copies what there is of a tokenizer, its special tokens and its settings for generation. */
export async function copyTokenizerFiles(folder: string, to: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^(tokenizer|special_tokens|added_tokens|vocab|merges|chat_template|generation_config)/.test(name))
      await copyFile(join(folder, name), join(to, name))
  }
}

async function readTokenizerBytes(folder: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    const names: string[] = await readdir(folder).catch(() => [])
    const hint = names.includes("tokenizer.model")
      ? "(there is a tokenizer.model: write tokenizer.json beside it with Hugging Face's " +
        "AutoTokenizer.from_pretrained(folder).save_pretrained(folder))"
      : ""
    throw new FileError(`cannot read ${path}`, error, hint)
  }
}

async function readSettings(path: string): Promise<SettingsFile | undefined> {
  return existsSync(path) ? { path, content: await readJson(path) } : undefined
}
