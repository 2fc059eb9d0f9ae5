// The models of tokenizer.json: pieces of text → token ids.

import { readBpe } from "./bpe.ts"
import type { Fields } from "./fields.ts"
import { readUnigram } from "./unigram.ts"
import type { TokenModel } from "./token-model.ts"
import { readTokenId, readVocabulary } from "./vocabulary.ts"
import { readWordPiece } from "./word-piece.ts"

/** @throws {LitmusError} naming a model, or a field of one, that is not supported, or what is wrong with it */
export function readModel(fields: Fields): TokenModel {
  // Files of old versions do not name the type of a BPE.
  const type = fields.has("type") || !fields.has("merges") ? fields.type : "BPE"
  switch (type) {
    case "BPE":
      return readBpe(fields)
    case "Unigram":
      return readUnigram(fields)
    case "WordPiece":
      return readWordPiece(fields)
    case "WordLevel":
      return readWordLevel(fields)
    default:
      return fields.refuse("type")
  }
}

function readWordLevel(fields: Fields): TokenModel {
  fields.allow("vocab unk_token")
  const vocabulary = readVocabulary(fields)
  const unknown = readTokenId(fields, "unk_token", vocabulary)
  return { vocabulary, encode: (piece, ids) => void ids.push(vocabulary.get(piece) ?? unknown) }
}
