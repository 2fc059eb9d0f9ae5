// The end-of-sequence token: config.json names it, or several that end a chat's turn; the tokenizer's own files decide
// between these, and name it where config.json does not.

import { join } from "node:path"
import { readJson } from "../../base/files.ts"
import { existsSync } from "node:fs"

/**
 * Chooses a checkpoint's end-of-sequence token.
 *
 * @param configured - what config.json gives as `eos_token_id`: an id, a list of ids, or nothing
 * @returns the one id; of a list the tokenizer's `eos_token`, or else the first; where there is none the tokenizer's
 */
export async function chooseEndToken(folder: string, configured: unknown): Promise<number | undefined> {
  const listed: readonly unknown[] = Array.isArray(configured) ? configured : [configured]
  const ids = listed.filter(isId)
  if (ids.length === 1) return ids[0]
  const named = await tokenizerEndToken(folder)
  return ids.length === 0 || (named !== undefined && ids.includes(named)) ? named : ids[0]
}

/** The id of the token that tokenizer_config.json calls `eos_token`, by the added tokens of tokenizer.json. */
async function tokenizerEndToken(folder: string): Promise<number | undefined> {
  const config = await readObject(join(folder, "tokenizer_config.json"))
  const named = config.eos_token
  const text = typeof named === "string" ? named : objectOf(named).content
  if (typeof text !== "string") return undefined
  const { added_tokens: added, model } = await readObject(join(folder, "tokenizer.json"))
  const found: unknown = Array.isArray(added)
    ? added.find((token: unknown) => objectOf(token).content === text)
    : undefined
  const vocabulary = objectOf(objectOf(model).vocab)
  const id = objectOf(found).id ?? (Object.hasOwn(vocabulary, text) ? vocabulary[text] : undefined)
  return isId(id) ? id : undefined
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  return existsSync(path) ? objectOf(await readJson(path)) : {}
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {}
}
