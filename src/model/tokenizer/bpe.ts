// Byte-pair encoding: a piece's characters, merged pair by pair, the pair of lowest rank first.
// Source: tokenizers 0.23, models/bpe/{model,word}.rs.

import { byteTokens, utf8 } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { MergeQueue } from "./merge-queue.ts"
import type { TokenModel } from "./token-model.ts"
import { mostTokens, readTokenId, readVocabulary, type Vocabulary } from "./vocabulary.ts"

/** Pieces up to this length are looked up before they are merged. */
const longestCached = 256
const mostCached = 20_000

export function readBpe(fields: Fields): TokenModel {
  fields.allow(
    "dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges vocab merges",
  )
  if (fields.has("dropout") && fields.raw("dropout") !== 0) fields.refuse("dropout")
  const vocabulary = readVocabulary(fields)
  const prefix = fields.string("continuing_subword_prefix", "")
  const bpe: Bpe = {
    vocabulary,
    prefix,
    suffix: fields.string("end_of_word_suffix", ""),
    unknown: fields.has("unk_token") ? readTokenId(fields, "unk_token", vocabulary) : undefined,
    fuses: fields.boolean("fuse_unk", false),
    bytes: fields.boolean("byte_fallback", false)
      ? byteTokens.map((token) => vocabulary.get(token))
      : undefined,
    merges: readMerges(fields, vocabulary, prefix),
  }
  const wholeWords = fields.boolean("ignore_merges", false)
  const cache = new Map<string, readonly number[]>()
  return {
    vocabulary,
    encode: (piece, ids) => {
      const whole = wholeWords ? vocabulary.get(piece) : undefined
      if (whole !== undefined) {
        ids.push(whole)
        return
      }
      let tokens = cache.get(piece)
      if (!tokens) {
        tokens = mergeAll(bpe.merges, characterIds(bpe, piece))
        if (piece.length <= longestCached) {
          if (cache.size >= mostCached) cache.clear()
          cache.set(piece, tokens)
        }
      }
      for (const id of tokens) ids.push(id)
    },
  }
}

interface Bpe {
  readonly vocabulary: Vocabulary
  /** Before every character but a piece's first. */
  readonly prefix: string
  /** After a piece's last character. */
  readonly suffix: string
  readonly unknown: number | undefined
  /** Unknown characters side by side are one token. */
  readonly fuses: boolean
  /** The ids of the 256 bytes' tokens, where a character without a token is written as its bytes. */
  readonly bytes: readonly (number | undefined)[] | undefined
  readonly merges: Merges
}

/** What two tokens, `left · mostTokens + right`, are merged into: `rank · mostTokens + id`. */
type Merges = ReadonlyMap<number, number>

function readMerges(fields: Fields, vocabulary: Vocabulary, prefix: string): Merges {
  const merges = new Map<number, number>()
  let rank = 0
  for (const merge of fields.list("merges")) {
    if (typeof merge === "string" && merge.startsWith("#version")) continue
    const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge
    if (!isPair(pair)) return fields.fail("merges", "pairs of tokens", merge)
    const [left, right] = [vocabulary.get(pair[0]), vocabulary.get(pair[1])]
    const id = vocabulary.get(pair[0] + pair[1].slice(prefix.length))
    if (left === undefined || right === undefined || id === undefined) {
      return fields.fail("merges", "pairs of tokens that make a token", merge)
    }
    merges.set(left * mostTokens + right, rank++ * mostTokens + id)
  }
  return merges
}

function isPair(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "string"
  )
}

/** The ids of a piece's characters, to be merged. */
function characterIds({ vocabulary, prefix, suffix, unknown, fuses, bytes }: Bpe, piece: string): number[] {
  const ids: number[] = []
  // An unknown token is written only once a known character follows; bytes in between come first (as in the source).
  let pending = false
  for (let i = 0; i < piece.length;) {
    const end = i + ((piece.codePointAt(i) ?? 0) > 0xffff ? 2 : 1)
    const token = (i > 0 ? prefix : "") + piece.slice(i, end) + (end === piece.length ? suffix : "")
    i = end
    const id = vocabulary.get(token)
    if (id !== undefined) {
      if (pending) ids.push(unknown!)
      pending = false
      ids.push(id)
      continue
    }
    const ofBytes = bytes && Array.from(utf8(token), (byte) => bytes[byte])
    if (ofBytes && !ofBytes.includes(undefined)) {
      ids.push(...(ofBytes as number[]))
      continue
    }
    if (unknown === undefined) continue
    if (pending && !fuses) ids.push(unknown)
    pending = true
  }
  if (pending) ids.push(unknown!)
  return ids
}

/** Merges until no pair is left; of equal ranks, the leftmost pair first. */
function mergeAll(merges: Merges, ids: number[]): number[] {
  const size = ids.length
  if (size < 2) return ids
  const next = Int32Array.from({ length: size }, (_, i) => (i + 1 < size ? i + 1 : -1))
  const before = Int32Array.from({ length: size }, (_, i) => i - 1)
  const queue = new MergeQueue()
  const mergeAt = (left: number): number | undefined => {
    const right = left < 0 ? -1 : next[left]!
    return right < 0 ? undefined : merges.get(ids[left]! * mostTokens + ids[right]!)
  }
  const offer = (left: number): void => {
    const merge = mergeAt(left)
    if (merge !== undefined) queue.push(Math.floor(merge / mostTokens), left)
  }
  for (let i = 0; i + 1 < size; i++) offer(i)
  while (queue.pop()) {
    const left = queue.position
    // Since it was queued, one of the two may have been merged with another.
    const merge = ids[left] === -1 ? undefined : mergeAt(left)
    if (merge === undefined || Math.floor(merge / mostTokens) !== queue.rank) continue
    const right = next[left]!
    ids[left] = merge % mostTokens
    ids[right] = -1
    next[left] = next[right]!
    if (next[left] >= 0) before[next[left]] = left
    offer(before[left]!)
    offer(left)
  }
  return ids.filter((id) => id !== -1)
}
