// WordPiece: a word is cut from the left into the longest tokens; one that cannot be is unknown as a whole.
// Source: tokenizers 0.23, models/wordpiece/mod.rs.

import type { Fields } from "./fields.ts"
import type { TokenModel } from "./token-model.ts"
import { readTokenId, readVocabulary } from "./vocabulary.ts"

export function readWordPiece(fields: Fields): TokenModel {
  fields.allow("vocab unk_token continuing_subword_prefix max_input_chars_per_word")
  const vocabulary = readVocabulary(fields)
  const unknown = readTokenId(fields, "unk_token", vocabulary)
  const prefix = fields.string("continuing_subword_prefix")
  const mostCharacters = fields.integer("max_input_chars_per_word")
  const cut = (characters: readonly string[]): number[] | undefined => {
    const ids: number[] = []
    for (let start = 0; start < characters.length;) {
      let end = characters.length
      let id: number | undefined
      for (; end > start; end--) {
        const part = characters.slice(start, end).join("")
        id = vocabulary.get(start > 0 ? prefix + part : part)
        if (id !== undefined) break
      }
      if (id === undefined) return undefined
      ids.push(id)
      start = end
    }
    return ids
  }
  return {
    vocabulary,
    encode: (piece, ids) => {
      const characters = Array.from(piece)
      const tokens = characters.length > mostCharacters ? undefined : cut(characters)
      ids.push(...(tokens ?? [unknown]))
    },
  }
}
