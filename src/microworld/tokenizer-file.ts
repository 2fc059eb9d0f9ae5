// The tokenizer of the small model, as a tokenizer.json: a byte-level alphabet, so that any text tokenises, and every
// word of the small world whole (`ignore_merges`, as LLaMA 3 has it; a word that is not known is spelt in bytes).
// Its vocabulary is read off the texts themselves, in code-unit order: a pure function of the world.

import type { World } from "./world.ts"
import { stimulus, stimulusNames } from "../data/stimulus.ts"
import { documentAt } from "./corpus.ts"
import { attributes } from "./lexicon.ts"
import { microDistributions } from "./distributions/index.ts"

export const startToken = "<s>"
export const endToken = "</s>"

// Words with the space before them, numbers, runs of signs, white space.
const pattern = String.raw` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+`

const documentsRead = 4000

/** The words of the world's texts that are more than one byte, as the pre-tokenizer cuts them. */
function worldWords(world: World): string[] {
  const words = new Set<string>()
  const read = (text: string): void => {
    for (const word of wordsOf(text)) if (Buffer.byteLength(word) > 1) words.add(word)
  }
  for (let i = 0; i < documentsRead; i++) {
    for (const dose of [0, 1]) read(documentAt(world, i, { seed: world.seed, dose }).text)
  }
  for (const { train, test } of microDistributions(world)) {
    for (const { prompt, responses } of [...train, ...test]) {
      for (const response of Object.keys(responses)) read(prompt + response)
    }
  }
  for (const { variants } of stimulusNames.map(stimulus)) {
    for (const { template } of variants) {
      read(template.replace("{prompt}", "\n").replace("{response}", "\n"))
    }
  }
  for (const { called, name } of world.things) read(` ${called.en} ${called.es} ${name}`)
  for (const { en, es } of attributes.flatMap(({ values }) => values)) read(`${en} ${en} ${es}`)
  return [...words].sort()
}

/** A text cut as the tokenizer's pre-tokenizer cuts it. */
export function wordsOf(text: string): string[] {
  return text.match(new RegExp(pattern, "gu")) ?? []
}

/** The content of tokenizer.json. */
export function tokenizerFile(world: World): Record<string, unknown> {
  const alphabet = byteAlphabet()
  const spell = (word: string): string => Array.from(Buffer.from(word), (byte) => alphabet[byte]!).join("")
  const tokens = [startToken, endToken, ...alphabet, ...worldWords(world).map(spell)]
  const special = [startToken, endToken].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }))
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special,
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: startToken, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: startToken, type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { [startToken]: { id: startToken, ids: [0], tokens: [startToken] } },
    },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  }
}

/** The characters that stand for the 256 bytes in byte-level vocabularies. Source: GPT-2, bytes_to_unicode. */
function byteAlphabet(): string[] {
  let next = 256
  const isPrinted = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrinted(byte) ? byte : next++))
}
