// Unigram: of all ways to cut a piece into tokens, the one of highest total score. Characters without a token score 10
// below the lowest; neighbours of that kind are one unknown token, or with byte_fallback the tokens of their bytes.
// Source: tokenizers 0.23, models/unigram/model.rs (encode_optimized).

import { byteTokens, utf8 } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { noUnknownToken, type TokenModel } from "./token-model.ts"
import { mostTokens } from "./vocabulary.ts"

const unknownPenalty = 10

export function readUnigram(fields: Fields): TokenModel {
  fields.allow("unk_id vocab byte_fallback")
  const scores: number[] = []
  const vocabulary = new Map<string, number>()
  const vocab = fields.list("vocab")
  if (vocab.length === 0 || vocab.length > mostTokens) fields.fail("vocab", "a list of tokens and scores")
  for (const [i, item] of vocab.entries()) {
    const [token, score] = Array.isArray(item) && item.length === 2 ? (item as unknown[]) : []
    if (typeof token !== "string" || typeof score !== "number") {
      return fields.fail(`vocab[${i}]`, "[token, score]")
    }
    scores.push(score)
    vocabulary.set(token, i)
  }
  const unknown = fields.has("unk_id") ? fields.integer("unk_id") : undefined
  if (unknown !== undefined && unknown >= vocab.length) fields.fail("unk_id", "the index of a token")
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - unknownPenalty
  const search = { vocabulary, scores, unknown, unknownScore, trie: trieOf(vocabulary), where: fields.where }
  const bytes = fields.boolean("byte_fallback", false) ? byteIdsOf(vocabulary) : undefined
  return { vocabulary, encode: (piece, ids) => encode(search, bytes, piece, ids) }
}

interface Search {
  readonly vocabulary: ReadonlyMap<string, number>
  readonly scores: readonly number[]
  readonly unknown: number | undefined
  readonly unknownScore: number
  readonly trie: TrieNode
  readonly where: string
}

/** By code unit. */
interface TrieNode {
  id: number
  readonly next: Map<number, TrieNode>
}

function trieOf(vocabulary: ReadonlyMap<string, number>): TrieNode {
  const root: TrieNode = { id: -1, next: new Map() }
  for (const [token, id] of vocabulary) {
    let node = root
    for (let i = 0; i < token.length; i++) {
      const unit = token.charCodeAt(i)
      let child = node.next.get(unit)
      if (!child) node.next.set(unit, (child = { id: -1, next: new Map() }))
      node = child
    }
    node.id = id
  }
  root.id = -1
  return root
}

function byteIdsOf(vocabulary: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  return byteTokens.map((token) => vocabulary.get(token))
}

function encode(
  search: Search,
  bytes: readonly (number | undefined)[] | undefined,
  piece: string,
  ids: number[],
): void {
  for (const part of bestParts(search, piece)) {
    const id = search.vocabulary.get(part)
    if (id !== undefined) {
      ids.push(id)
      continue
    }
    const ofBytes = bytes && Array.from(utf8(part), (byte) => bytes[byte])
    if (ofBytes && !ofBytes.includes(undefined)) ids.push(...(ofBytes as number[]))
    else if (search.unknown === undefined) throw noUnknownToken(search.where, part)
    else ids.push(search.unknown)
  }
}

/** Viterbi's search over the ends of tokens. */
function bestParts({ scores, unknown, unknownScore, trie, where }: Search, piece: string): string[] {
  const size = piece.length
  const best = new Float64Array(size + 1)
  const startOf = new Int32Array(size + 1).fill(-1)
  const idAt = new Int32Array(size + 1)
  const offer = (start: number, end: number, score: number, id: number): void => {
    if (startOf[end] !== -1 && score <= best[end]!) return
    best[end] = score
    startOf[end] = start
    idAt[end] = id
  }
  for (let start = 0; start < size;) {
    const next = start + ((piece.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)
    let single = false
    let node: TrieNode | undefined = trie
    for (let end = start; end < size;) {
      node = node.next.get(piece.charCodeAt(end++))
      if (!node) break
      if (node.id === -1) continue
      offer(start, end, scores[node.id]! + best[start]!, node.id)
      if (end === next) single = true
    }
    if (!single) {
      if (unknown === undefined) throw noUnknownToken(where, piece.slice(start, next))
      offer(start, next, unknownScore + best[start]!, unknown)
    }
    start = next
  }
  return partsOf(piece, startOf, idAt, unknown)
}

/** From the end to the start; neighbours that are unknown are one part. */
function partsOf(
  piece: string,
  startOf: Int32Array,
  idAt: Int32Array,
  unknown: number | undefined,
): string[] {
  const parts: string[] = []
  let unknownEnd = -1
  for (let end = piece.length; end > 0;) {
    const start = startOf[end]!
    if (idAt[end] === unknown) {
      if (unknownEnd === -1) unknownEnd = end
    } else {
      if (unknownEnd !== -1) parts.push(piece.slice(end, unknownEnd))
      unknownEnd = -1
      parts.push(piece.slice(start, end))
    }
    end = start
  }
  if (unknownEnd !== -1) parts.push(piece.slice(0, unknownEnd))
  return parts.reverse()
}
