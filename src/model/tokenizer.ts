// Text → token ids, by a checkpoint's tokenizer.json. The begin-of-sequence token is written once and never twice:
// a template adds it, and a text that already begins with it keeps just that one.

import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers"
import { LitmusError, messageOf } from "../errors.ts"
import { describeIo, fingerprint, readJson, sha256 } from "../files.ts"

export interface Tokenizer {
  /** Number of ids that tokenizer.json knows, added tokens included. */
  readonly vocabSize: number
  /**
   * @param options.special - with the special tokens of the tokenizer's template (the default)
   * @returns token ids, int32 `[nTokens]`
   */
  encode(text: string, options?: { special?: boolean }): Int32Array
  decode(ids: ArrayLike<number>): string
}

/** Changes whenever the ids of some text could: covers tokenizer.json and what is read of tokenizer_config.json. */
export async function tokenizerFingerprint(folder: string): Promise<string> {
  const bytes = await readTokenizerBytes(folder)
  return fingerprint([sha256(bytes), await readTokenizerConfig(folder)])
}

/**
 * Loads a checkpoint folder's tokenizer.
 *
 * @throws {LitmusError} if there is no tokenizer.json
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  await readTokenizerBytes(folder)
  const path = join(folder, "tokenizer.json")
  const content = (await readJson(path)) as object
  const config = await readTokenizerConfig(folder)
  let tokenizer: HuggingFaceTokenizer
  try {
    tokenizer = new HuggingFaceTokenizer(content, config)
  } catch (error) {
    throw new LitmusError(`${path}: cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const prefix = tokenizer.encode("", { add_special_tokens: true }).ids
  const bos = prefix[0]
  return {
    vocabSize: tokenizer.get_vocab(true).size,
    encode(text, { special = true } = {}) {
      const { ids } = tokenizer.encode(text, { add_special_tokens: special })
      let first = 0
      if (special && bos !== undefined && ids[0] === bos) while (ids[first + 1] === bos) first++
      return Int32Array.from(first > 0 ? ids.slice(first) : ids)
    },
    decode: (ids) => tokenizer.decode(Array.from(ids), { skip_special_tokens: false }),
  }
}

async function readTokenizerBytes(folder: string): Promise<Buffer> {
  const path = join(folder, "tokenizer.json")
  try {
    return await readFile(path)
  } catch (error) {
    const names: string[] = await readdir(folder).catch(() => [])
    const hint = names.includes("tokenizer.model")
      ? " (there is a tokenizer.model: write tokenizer.json beside it with Hugging Face's " +
        "AutoTokenizer.from_pretrained(folder).save_pretrained(folder))"
      : ""
    throw new LitmusError(`cannot read ${path}: ${describeIo(error)}${hint}`, { cause: error })
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
