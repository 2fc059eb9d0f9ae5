// Whether Litmus 0.1 gave a tokenizer's ids for every text as they are given now. Where it did, its caches stay valid:
// the fingerprint is the former one. Where that is not certain, caches are made again.

import { byteTokens, characterOfByte } from "./characters.ts"
import type { Fields } from "./fields.ts"
import type { Surroundings } from "./post-processor.ts"
import type { Pipeline } from "./pipeline.ts"

/** @param file - tokenizer.json, which has been read */
export function readAsBefore(file: Fields, { model, added, surroundings }: Pipeline): boolean {
  const ids = model.vocabulary
  const words = file.child("pre_tokenizer")
  return (
    isPlainModel(file.child("model")!, words, (token) => ids.has(token)) &&
    parts(file.child("normalizer"), "normalizers").every(isPlainNormalizer) &&
    (words === undefined || isPlainPreTokenizer(words)) &&
    added.tokens.every(({ singleWord, leftStrip, rightStrip }) => !(singleWord || leftStrip || rightStrip)) &&
    (new Set(added.tokens.map(({ normalized }) => normalized)).size < 2 || file.has("normalizer")) &&
    isPlainSurroundings(surroundings) &&
    parts(file.child("post_processor"), "processors").every(isPlainProcessor)
  )
}

function parts(fields: Fields | undefined, name: string): readonly Fields[] {
  if (!fields) return []
  return fields.type === "Sequence" ? fields.children(name) : [fields]
}

function isPlainModel(model: Fields, words: Fields | undefined, knows: (token: string) => boolean): boolean {
  if (model.raw("type") !== undefined && model.raw("type") !== "BPE") return false
  if (["continuing_subword_prefix", "end_of_word_suffix"].some((name) => model.string(name, "") !== "")) {
    return false
  }
  if (words?.type === "ByteLevel") return characterOfByte.every(knows)
  if (model.boolean("byte_fallback", false)) return byteTokens.every(knows)
  return model.has("unk_token") && (words === undefined || !model.boolean("fuse_unk", false))
}

function isPlainNormalizer(fields: Fields): boolean {
  if (fields.type === "Replace") {
    const isText = fields.child("pattern")?.has("String") ?? false
    return isText && !fields.string("content").includes("$")
  }
  return /^(NFC|NFD|NFKC|NFKD|Prepend)$/.test(fields.type)
}

function isPlainPreTokenizer(fields: Fields): boolean {
  if (fields.type === "Metaspace") return fields.raw("split") === false && !fields.has("add_prefix_space")
  return (
    fields.type === "ByteLevel" &&
    fields.raw("use_regex") === false &&
    fields.raw("add_prefix_space") === false
  )
}

function isPlainProcessor(fields: Fields): boolean {
  if (fields.type === "ByteLevel") return true
  if (fields.type !== "TemplateProcessing") return false
  const tokens = fields.child("special_tokens")
  return (tokens?.names ?? []).every((name) => tokens!.child(name)!.list("ids").length === 1)
}

/** What a text begins with was taken off from its end where the template has nothing before it. */
function isPlainSurroundings({ before, after }: Surroundings): boolean {
  return before.length === 1 || (before.length === 0 && after.length === 0)
}
