// The tokens of a model and their ids.

import { LitmusError } from "../../base/errors.ts"
import type { Fields } from "./fields.ts"

/** Ids beyond this are no tokenizer's. */
export const mostTokens = 2 ** 24

export type Vocabulary = ReadonlyMap<string, number>

/** `vocab` as an object of tokens and ids. */
export function readVocabulary(fields: Fields): Vocabulary {
  const vocab = fields.child("vocab") ?? fields.fail("vocab", "an object of tokens and ids")
  const vocabulary = new Map<string, number>()
  const tokens = new Map<number, string>()
  for (const [token, id] of Object.entries(vocab.content)) {
    if (!isTokenId(id)) return vocab.fail(JSON.stringify(token), `an id from 0 to ${mostTokens - 1}`, id)
    if (tokens.has(id)) {
      const other = tokens.get(id)
      throw new LitmusError(
        `${vocab.where}: ${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id, ${id}`,
      )
    }
    vocabulary.set(token, id)
    tokens.set(id, token)
  }
  return vocabulary
}

export function isTokenId(id: unknown): id is number {
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id < mostTokens && !Object.is(id, -0)
}

/** The id of the token that a field names. */
export function readTokenId(fields: Fields, name: string, vocabulary: Vocabulary): number {
  return vocabulary.get(fields.string(name)) ?? fields.fail(name, "a token of the vocabulary")
}
