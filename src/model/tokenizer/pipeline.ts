// tokenizer.json as a pipeline: added tokens are found, what lies between is normalized and cut, and the model gives
// the pieces' ids. Every construct gives the ids of Hugging Face's Rust library (0.23), or is refused by name.

import { LitmusError } from "../../base/errors.ts"
import { AddedTokens, TokenFinder, type AddedToken } from "./added-tokens.ts"
import { readDecoder } from "./decoders.ts"
import { Fields } from "./fields.ts"
import { readModel } from "./model.ts"
import type { TokenModel } from "./token-model.ts"
import { readNormalizer, type Normalizer } from "./normalizers.ts"
import { readPostProcessor, type Surroundings } from "./post-processor.ts"
import { readPreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts"
import type { Settings } from "./settings.ts"

export interface Pipeline {
  readonly model: TokenModel
  readonly added: AddedTokens
  /** Those of them that tokenizer.json does not have, or has with other flags. */
  readonly addedBeside: readonly AddedToken[]
  /** What the post-processor puts before and after a text. */
  readonly surroundings: Surroundings
  /** The ids of a text, without what is put before and after. */
  readonly encode: (text: string) => number[]
  /** The text of tokens; ids of no token are left out. */
  readonly decode: (ids: Iterable<number>) => string
}

/**
 * @param settings - what tokenizer_config.json adds
 * @throws {LitmusError} naming what is not supported, or is wrong
 */
export function readPipeline(file: Fields, settings: Settings): Pipeline {
  file.allow("version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model")
  if (file.has("version") && file.raw("version") !== "1.0") file.fail("version", '"1.0"')
  if (file.has("truncation")) file.refuse("truncation", "texts are never cut here; set it to null")
  readPadding(file.child("padding"))
  const model = readModel(file.child("model") ?? file.fail("model", "an object"))
  const normalizer = optional(file, "normalizer", readNormalizer)
  const preTokenizer = optional(file, "pre_tokenizer", readPreTokenizer)
  const added = new AddedTokens(model.vocabulary)
  added.read(file)
  const own = new Map(added.tokens.map((token) => [token.content, JSON.stringify(token)]))
  addSettings(added, settings)
  if (preTokenizer) checkFirst(file, preTokenizer, normalizer, added)
  let texts: ReadonlyMap<number, string> | undefined
  const textOf = (id: number): string | undefined => (texts ??= textsById(model, added, normalizer)).get(id)
  const processor = file.child("post_processor")
  const decode = optional(file, "decoder", readDecoder)
  return {
    model,
    added,
    addedBeside: added.tokens.filter((token) => own.get(token.content) !== JSON.stringify(token)),
    surroundings: processor
      ? readPostProcessor(processor, (id) => textOf(id) !== undefined)
      : { before: [], after: [] },
    encode: encoder({ model, normalizer, preTokenizer, added }, settings.splitSpecial),
    decode: (ids) => {
      const tokens = Array.from(ids, textOf).filter((token) => token !== undefined)
      return decode ? decode(tokens).join("") : tokens.join(" ")
    },
  }
}

/** A token that is looked for in normalized text has its text normalized, too. */
function textsById(
  model: TokenModel,
  added: AddedTokens,
  normalizer: Normalizer | undefined,
): ReadonlyMap<number, string> {
  const texts = new Map<number, string>()
  for (const [token, id] of model.vocabulary) texts.set(id, token)
  for (const { id, content, normalized } of added.tokens) {
    texts.set(id, normalized && normalizer ? normalizer.normalize(content) : content)
  }
  return texts
}

function optional<T>(file: Fields, name: string, read: (fields: Fields) => T): T | undefined {
  const fields = file.child(name)
  return fields && read(fields)
}

/** A text alone is padded by these two. */
function readPadding(padding: Fields | undefined): void {
  if (!padding) return
  if (padding.raw("strategy") !== "BatchLongest") padding.refuse("strategy", "texts are not padded here")
  if (padding.has("pad_to_multiple_of")) padding.refuse("pad_to_multiple_of", "texts are not padded here")
}

function addSettings(added: AddedTokens, { added: tokens, roles }: Settings): void {
  for (const { token, id, where } of tokens) {
    const given = added.add(token)
    if (id === undefined || given === id) continue
    throw new LitmusError(
      `${where}: ${JSON.stringify(token.content)}: expected id ${given}, which transformers gives it, got ${id}`,
    )
  }
  for (const token of roles) if (!added.get(token.content)) added.add(token)
}

/** Which piece is the first is known only while a piece's characters are those of the text, one for one. */
function checkFirst(
  file: Fields,
  { needsFirst }: PreTokenizer,
  normalizer: Normalizer | undefined,
  added: AddedTokens,
): void {
  if (needsFirst === "no" || !normalizer) return
  const isCut = needsFirst === "cut" || added.tokens.some(({ normalized }) => normalized)
  if (normalizer.shortensStart || (normalizer.lengthens && isCut)) {
    throw new LitmusError(
      `${file.where}: pre_tokenizer: prepend_scheme: "first" is not supported after this normalizer: its tokens would not be those of Hugging Face's tokenizers`,
    )
  }
}

interface Parts {
  readonly model: TokenModel
  readonly normalizer: Normalizer | undefined
  readonly preTokenizer: PreTokenizer | undefined
  readonly added: AddedTokens
}

function encoder(
  { model, normalizer, preTokenizer, added }: Parts,
  splitSpecial: boolean,
): (text: string) => number[] {
  const normalize = normalizer?.normalize ?? ((text: string): string => text)
  // Of tokens with the same text the special ones are found.
  const tokens = added.tokens.toSorted((a, b) => Number(b.special) - Number(a.special))
  const finder = (normalized: boolean): TokenFinder =>
    new TokenFinder(
      tokens
        .filter((token) => token.normalized === normalized)
        .map((token) => ({ token, pattern: normalized ? normalize(token.content) : token.content })),
      { splitSpecial },
    )
  const [raw, inNormalized] = [finder(false), finder(true)]
  return (given) => {
    const ids: number[] = []
    for (const section of raw.split(given.replaceAll(/\p{Surrogate}/gu, "\ufffd"))) {
      if ("id" in section) {
        ids.push(section.id)
        continue
      }
      for (const part of inNormalized.split(normalize(section.text))) {
        if ("id" in part) {
          ids.push(part.id)
          continue
        }
        const piece = { text: part.text, first: section.start === 0 && part.start === 0 }
        for (const { text } of preTokenizer?.cut(piece) ?? [piece]) model.encode(text, ids)
      }
    }
    return ids
  }
}
