// The tokenizer in a GGUF file's metadata as the tokenizer.json that Hugging Face has of the same model: byte-level BPE
// with its merges, or SentencePiece's BPE, whose merges follow from the scores of its pieces. What the metadata leave
// open (how text is cut into words) is known for a few tokenizers by name; the others need their tokenizer.json.

import { LitmusError } from "../../base/errors.ts"
import { ConfigFields } from "../checkpoint/config-fields.ts"
import type { GgufHeader } from "./header.ts"
import { mergesOf } from "./merges.ts"

/** Kinds of tokens: numbers of llama.cpp's `token_type`, which are SentencePiece's. */
const kinds = { unknown: 2, control: 3, userDefined: 4, unused: 5 }

interface Token {
  readonly id: number
  readonly text: string
  readonly kind: number
  readonly score: number
}

/** How a byte-level tokenizer cuts text into words, by `tokenizer.ggml.pre`. */
interface Words {
  /** What to cut at; GPT-2's own where it is absent. */
  readonly pattern?: string
  readonly composes?: true
  /** A word that is a token is taken whole, whatever the merges make of it. */
  readonly wholeWords?: true
  /** The begin-of-sequence token is put before every text, where the file does not say. */
  readonly bos?: true
}

const byDigits = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`

const llama3: Words = { pattern: byDigits("\\p{N}{1,3}"), wholeWords: true, bos: true }

/** Patterns are those of the models' tokenizer.json; what llama.cpp adds to them is read from llama-vocab.cpp. */
const wordsByName: Readonly<Record<string, Words>> = {
  "gpt-2": {},
  "llama-bpe": llama3,
  llama3,
  "llama-v3": llama3,
  qwen2: { pattern: byDigits("\\p{N}"), composes: true },
}

/**
 * The tokenizer.json of a GGUF file.
 *
 * @throws {LitmusError} if it cannot be told from the metadata: it says to put the model's own beside the file
 */
export function ggufTokenizer({ path, metadata }: GgufHeader): object {
  const fail = (why: string): never => {
    throw new LitmusError(`${path}: ${why}: put the model's tokenizer.json beside the file`)
  }
  const fields = new ConfigFields(path, metadata)
  const model = fields.raw("tokenizer.ggml.model") ?? "nothing"
  if (model !== "llama" && model !== "gpt2") {
    fail(`tokenizer.ggml.model: expected llama or gpt2, got ${JSON.stringify(model)}`)
  }
  const tokens = readTokens(metadata, fail)
  return model === "llama" ? sentencePiece(fields, tokens, fail) : byteLevel(fields, tokens, fail)
}

function readTokens(metadata: Readonly<Record<string, unknown>>, fail: (why: string) => never): Token[] {
  const list = (name: string): readonly unknown[] | undefined => {
    const value = metadata[`tokenizer.ggml.${name}`]
    return Array.isArray(value) ? value : undefined
  }
  const [texts, types, scores] = ["tokens", "token_type", "scores"].map(list)
  if (!texts || texts.length === 0) return fail("tokenizer.ggml.tokens: expected a list of tokens, got none")
  for (const [name, values] of Object.entries({ token_type: types, scores })) {
    if (values && values.length !== texts.length) {
      fail(`tokenizer.ggml.${name}: expected one for each of ${texts.length} tokens, got ${values.length}`)
    }
  }
  const tokens = texts.map((text, id) => {
    return { id, text: String(text), kind: Number(types?.[id] ?? 1), score: Number(scores?.[id]) }
  })
  // What the converter fills a vocabulary up with to as many as the model has embeddings.
  const real = tokens.filter(({ text, kind }) => kind !== kinds.unused || !/^\[PAD\d+\]$/.test(text))
  if (new Set(real.map(({ text }) => text)).size < real.length) {
    fail("tokenizer.ggml.tokens: expected different tokens, got some twice")
  }
  return real
}

function sentencePiece(fields: ConfigFields, tokens: readonly Token[], fail: (why: string) => never): object {
  if (tokens.some(({ score }) => Number.isNaN(score))) {
    fail("tokenizer.ggml.scores: expected one for each token, got others")
  }
  if (fields.boolean("tokenizer.ggml.remove_extra_whitespaces", false)) {
    fail("tokenizer.ggml.remove_extra_whitespaces: expected false, got true")
  }
  const prefix = fields.boolean("tokenizer.ggml.add_space_prefix", true)
  const space = { type: "Replace", pattern: { String: " " }, content: "▁" }
  const unknown = tokens.find(({ kind }) => kind === kinds.unknown)
  return {
    ...tokenizerFile(tokens, [kinds.unknown, kinds.control, kinds.userDefined]),
    normalizer: prefix
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, space] }
      : { type: "Sequence", normalizers: [space] },
    pre_tokenizer: null,
    post_processor: template(fields, tokens, { bos: true, bosId: 1, eosId: 2 }, fail),
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...bpe(tokens, mergesOf(tokens)),
      unk_token: unknown?.text ?? null,
      fuse_unk: true,
      byte_fallback: true,
    },
  }
}

function byteLevel(fields: ConfigFields, tokens: readonly Token[], fail: (why: string) => never): object {
  const name = fields.string("tokenizer.ggml.pre", "default")
  const words = Object.hasOwn(wordsByName, name) ? wordsByName[name] : undefined
  if (!words) {
    return fail(`tokenizer.ggml.pre: expected ${Object.keys(wordsByName).join(", ")}, got "${name}"`)
  }
  const stored = fields.raw("tokenizer.ggml.merges")
  if (!Array.isArray(stored)) return fail("tokenizer.ggml.merges: expected a list of merges, got none")
  const merges = stored.map((merge: unknown): [string, string] => {
    const at = typeof merge === "string" ? merge.indexOf(" ", 1) : -1
    if (at < 0) return fail(`tokenizer.ggml.merges: expected two tokens, got ${JSON.stringify(merge)}`)
    return [String(merge).slice(0, at), String(merge).slice(at + 1)]
  })
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false }
  const { pattern, composes, wholeWords = false, bos = false } = words
  const added = [kinds.control, kinds.userDefined]
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false }
  return {
    ...tokenizerFile(tokens, added),
    normalizer: composes ? { type: "NFC" } : null,
    pre_tokenizer:
      pattern === undefined
        ? { ...bytes, use_regex: true }
        : { type: "Sequence", pretokenizers: [split, { ...bytes, use_regex: false }] },
    post_processor: template(fields, tokens, { bos }, fail) ?? { ...bytes, use_regex: false },
    decoder: { ...bytes, use_regex: false },
    model: {
      ...bpe(
        tokens.filter(({ kind }) => !added.includes(kind)),
        merges,
      ),
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: wholeWords,
    },
  }
}

function tokenizerFile(tokens: readonly Token[], added: readonly number[]): object {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: tokens
      .filter(({ kind }) => added.includes(kind))
      .map(({ id, text, kind }) => ({
        id,
        content: text,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: kind !== kinds.userDefined,
      })),
  }
}

function bpe(tokens: readonly Token[], merges: readonly (readonly [string, string])[]): object {
  return {
    type: "BPE",
    dropout: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    vocab: Object.fromEntries(tokens.map(({ text, id }) => [text, id])),
    merges,
  }
}

/** What is put before and after a text; null for nothing. */
function template(
  fields: ConfigFields,
  tokens: readonly Token[],
  { bos, bosId, eosId }: { bos: boolean; bosId?: number; eosId?: number },
  fail: (why: string) => never,
): object | null {
  const tokenOf = (name: string, fallback: number | undefined): Token => {
    const id = fields.raw(`tokenizer.ggml.${name}_token_id`) ?? fallback
    const token = tokens.find((one) => one.id === id)
    return (
      token ?? fail(`tokenizer.ggml.${name}_token_id: expected the id of a token, got ${JSON.stringify(id)}`)
    )
  }
  const before = fields.boolean("tokenizer.ggml.add_bos_token", bos) ? [tokenOf("bos", bosId)] : []
  const after = fields.boolean("tokenizer.ggml.add_eos_token", false) ? [tokenOf("eos", eosId)] : []
  if (before.length + after.length === 0) return null
  const sequence = (name: string, type: number): object[] => {
    const special = ({ text }: Token): object => ({ SpecialToken: { id: text, type_id: type } })
    return [...before.map(special), { Sequence: { id: name, type_id: type } }, ...after.map(special)]
  }
  return {
    type: "TemplateProcessing",
    single: sequence("A", 0),
    pair: [...sequence("A", 0), ...sequence("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...after].map(({ id, text }) => [text, { id: text, ids: [id], tokens: [text] }]),
    ),
  }
}
