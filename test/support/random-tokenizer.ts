// Byte-pair tokenizers of random merges over a few characters, the space among them and no text split beforehand:
// their tokens span the join of a prompt and a response in every way.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Distribution, Example } from "../../src/data/index.ts"
import { fingerprint } from "../../src/base/files.ts"
import { random } from "../../src/base/random.ts"

const special = ["<unk>", "<s>", "</s>"]
const alphabet = [" ", "a", "b", "c", "."]

/** A tokenizer.json of `nMerges` random merges; `</s>` is 2, and `<s>`, 1, comes before every text if `start`. */
export function randomTokenizer(
  seed: number,
  { nMerges, start }: { nMerges: number; start: boolean },
): object {
  const { integer } = random(seed, "tokenizer")
  const tokens = [...alphabet]
  const merges: [string, string][] = []
  while (merges.length < nMerges) {
    const pair: [string, string] = [tokens[integer(tokens.length)]!, tokens[integer(tokens.length)]!]
    const merged = pair.join("")
    if (merged.length > 4 || tokens.includes(merged)) continue
    tokens.push(merged)
    merges.push(pair)
  }
  return {
    version: "1.0",
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: start
      ? {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
          pair: [],
          special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
        }
      : null,
    decoder: { type: "Fuse" },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      vocab: Object.fromEntries([...special, ...tokens].map((token, id) => [token, id])),
      merges,
    },
  }
}

/** Puts a tokenizer into a checkpoint's folder, in the place of the one there. */
export function writeTokenizer(folder: string, tokenizer: object): void {
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer))
}

/** Examples of random texts over the same characters, with two to four responses each; some texts are empty. */
export function randomTexts(seed: number, nExamples: number): Distribution {
  const { integer } = random(seed, "texts")
  const text = (most: number): string =>
    Array.from({ length: integer(most + 1) }, () => alphabet[integer(alphabet.length)]!).join("")
  const examples = Array.from({ length: nExamples }, (_, index): Example => {
    const prompt = text(9)
    const texts = new Set<string>()
    const count = 2 + integer(3)
    while (texts.size < count) {
      const words = text(7)
      // A text without any token cannot be read.
      if (prompt + words !== "") texts.add(words)
    }
    return {
      index,
      prompt,
      responses: [...texts].map((words, k) => ({ text: words, label: k === 0 ? 1 : 0 })),
    }
  })
  return { id: `texts-${seed}`, split: "test", examples, fingerprint: fingerprint(examples) }
}
