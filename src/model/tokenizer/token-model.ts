// What every model of a tokenizer does: pieces of text → token ids.

import { LitmusError } from "../../base/errors.ts"
import type { Vocabulary } from "./vocabulary.ts"

export interface TokenModel {
  readonly vocabulary: Vocabulary
  /** Appends the ids of a piece, which is not empty. */
  readonly encode: (piece: string, ids: number[]) => void
}

/** Where a text has what a vocabulary lacks, and no token stands for the unknown. */
export function noUnknownToken(where: string, piece: string): LitmusError {
  return new LitmusError(`${where}: no token for ${JSON.stringify(piece.slice(0, 40))}, and no unknown token`)
}
