// Text → token ids, by a checkpoint's tokenizer.json. The begin-of-sequence token is written once and never twice:
// a template adds it, and a text that already begins with it keeps just that one.

import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers"
import { LitmusError, messageOf } from "../../base/errors.ts"
import { canonicalJson, decodeText, fingerprint, parseJson, sha256 } from "../../base/files.ts"
import { exactTokenizer } from "./constructs.ts"
import type { ModelSource } from "../checkpoint/source.ts"

export interface Tokenizer {
  /** Number of ids that tokenizer.json knows, added tokens included. */
  readonly vocabSize: number
  /** Ids of the tokens that are no text: start and end of a text, of a turn, padding. */
  readonly specialTokens: ReadonlySet<number>
  /**
   * @param options.special - with the special tokens of the tokenizer's template (the default)
   * @returns token ids, int32 `[nTokens]`
   */
  encode(text: string, options?: { special?: boolean }): Int32Array
  /** The text of tokens, special ones included; no spaces are tidied away. */
  decode(ids: ArrayLike<number>): string
}

/** Changes whenever the ids of some text could: covers tokenizer.json and what is read of tokenizer_config.json. */
export async function tokenizerFingerprint(source: Pick<ModelSource, "tokenizer">): Promise<string> {
  const { path, bytes, config } = await source.tokenizer()
  const content = parseJson(decodeText(bytes, path), path) as Readonly<Record<string, unknown>>
  const { normalizer, pre_tokenizer, model } = exactTokenizer(content, path)
  // Where Litmus 0.1 read the file as the library does, its caches stay valid.
  const rewritten = [
    ...(sameJson(normalizer, content.normalizer) ? [] : [normalizer]),
    ...(sameJson(pre_tokenizer, content.pre_tokenizer) ? [] : [pre_tokenizer]),
    ...(isUnigramWithBytes(model as Readonly<Record<string, unknown>>) ? ["unigram byte fallback"] : []),
  ]
  return fingerprint([sha256(bytes), config, ...rewritten])
}

function sameJson(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null)
}

function isUnigramWithBytes({ type, byte_fallback: bytes }: Readonly<Record<string, unknown>>): boolean {
  return type === "Unigram" && bytes === true
}

/**
 * Loads a model's tokenizer: tokenizer.json in its folder or beside its GGUF file, or else what the latter holds.
 *
 * @throws {LitmusError} if there is none
 */
export async function loadTokenizer(source: Pick<ModelSource, "tokenizer">): Promise<Tokenizer> {
  const { path, bytes, config } = await source.tokenizer()
  const content = exactTokenizer(parseJson(decodeText(bytes, path), path), path)
  let tokenizer: HuggingFaceTokenizer
  try {
    tokenizer = new HuggingFaceTokenizer(content, config)
  } catch (error) {
    throw new LitmusError(`${path}: cannot be used: ${messageOf(error)}`, { cause: error })
  }
  fallBackToBytes(tokenizer)
  const prefix = tokenizer.encode("", { add_special_tokens: true }).ids
  const bos = prefix[0]
  return {
    vocabSize: tokenizer.get_vocab(true).size,
    specialTokens: specialTokensIn(content),
    encode(text, { special = true } = {}) {
      const { ids } = tokenizer.encode(text, { add_special_tokens: special })
      let first = 0
      if (special && bos !== undefined && ids[0] === bos) while (ids[first + 1] === bos) first++
      return Int32Array.from(first > 0 ? ids.slice(first) : ids)
    },
    decode: (ids) =>
      tokenizer.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  }
}

function specialTokensIn(content: object): Set<number> {
  const added: unknown = Reflect.get(content, "added_tokens")
  const tokens = (Array.isArray(added) ? added : []) as readonly { id?: unknown; special?: unknown }[]
  return new Set(
    tokens.flatMap(({ id, special }) => (special === true && typeof id === "number" ? [id] : [])),
  )
}

/**
 * A unigram model with byte_fallback writes what its vocabulary lacks as the tokens of its bytes; the library knows this of
 * BPE alone.
 */
function fallBackToBytes({ model, tokenizer: { model: config } }: HuggingFaceTokenizer): void {
  if (!isUnigramWithBytes(config)) return
  const ids = model.tokens_to_ids
  const encode = model.encode.bind(model)
  // What is unknown is one piece a character here: pieces of several are joined by the library only afterwards.
  model.fuse_unk = false
  model.encode = (tokens: string[]): string[] =>
    encode(tokens).flatMap((piece: string) => {
      if (ids.has(piece)) return [piece]
      const bytes = Array.from(
        new TextEncoder().encode(piece),
        (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      )
      return bytes.every((byte) => ids.has(byte)) ? bytes : [piece]
    })
}
