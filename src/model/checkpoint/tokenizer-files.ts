// The tokenizer's files in a folder: tokenizer.json, and what tokenizer_config.json adds to it.

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
  /** The fields of tokenizer_config.json that change ids or their decoding. */
  readonly config: Readonly<Record<string, unknown>>
}

/** @throws {LitmusError} if there is no tokenizer.json */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const path = join(folder, "tokenizer.json")
  const bytes = await readTokenizerBytes(folder, path)
  return { path, bytes, config: await readTokenizerConfig(folder) }
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

// Only what changes ids or their decoding; names of chat templates and the like must not change a fingerprint.
async function readTokenizerConfig(folder: string): Promise<Record<string, unknown>> {
  const names = await readdir(folder)
  if (!names.includes("tokenizer_config.json")) return {}
  const content = (await readJson(join(folder, "tokenizer_config.json"))) as Record<string, unknown>
  const kept = ["tokenizer_class", "clean_up_tokenization_spaces", "legacy", "do_lower_case", "remove_space"]
  return Object.fromEntries(kept.filter((key) => key in content).map((key) => [key, content[key]]))
}
