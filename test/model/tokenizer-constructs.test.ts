// Constructs of tokenizer.json: equal to the Rust library on odd texts, or refused by name.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { exactTokenizer } from "../../src/model/tokenizer/constructs.ts"
import { type Tokenizer } from "../../src/model/tokenizer/tokenizer.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { loadTokenizer } from "../support/model-files.ts"

// By tokenizers 0.22 and golden/tokenizers/make.py.
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/tokenizers/tokenizers.json"), "utf8"),
) as { texts: string[]; cases: Record<string, { tokenizer: object; ids: number[][] }> }

const root = temporaryFolder()

async function load(name: string, content: object): Promise<Tokenizer> {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "config.json"), "{}")
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(content))
  return await loadTokenizer(folder)
}

describe("ids of odd texts", () => {
  it.each(Object.keys(golden.cases))("are the Rust library's: %s", async (name) => {
    const { tokenizer, ids } = golden.cases[name]!
    const own = await load(name, tokenizer)
    const found = golden.texts.map((text) => Array.from(own.encode(text, { special: false })))
    expect(found).toEqual(ids)
  })
})

describe.runIf(hasShared)(`public reports${needsShared}`, () => {
  it.each(["09-whitespace-pretokenizer", "10-unigram-byte-fallback", "12-split-merged-with-next"])(
    "%s",
    async (name) => {
      const own = await loadTokenizer(shared("cases", name, "tokenizer"))
      const cases = JSON.parse(readFileSync(shared("cases", name, "expected.json"), "utf8")) as {
        text: string
        expected: number[]
      }[]
      expect(cases.map(({ text }) => Array.from(own.encode(text)))).toEqual(
        cases.map(({ expected }) => expected),
      )
    },
  )
})

describe("what is refused, by name", () => {
  const plain = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: "BPE", vocab: {}, merges: [] },
  }
  const token = { id: 0, content: "<s>", special: true }
  it.each<[object, string]>([
    [{ normalizer: { type: "Precompiled", precompiled_charsmap: "" } }, 'normalizer: type: "Precompiled"'],
    [{ normalizer: { type: "Lowercase" } }, 'normalizer: type: "Lowercase"'],
    [{ normalizer: { type: "NFC", more: 1 } }, "normalizer: more: 1"],
    [{ normalizer: 3 }, "normalizer: expected an object, got 3"],
    [{ pre_tokenizer: { type: "UnicodeScripts" } }, 'pre_tokenizer: type: "UnicodeScripts"'],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "CharDelimiterSplit" }] } },
      'pretokenizers[0]: type: "CharDelimiterSplit"',
    ],
    [
      {
        pre_tokenizer: { type: "Split", pattern: { String: "a" }, behavior: "MergedWithNext", invert: true },
      },
      'behavior: "MergedWithNext, inverted"',
    ],
    [{ model: { type: "WordPiece", vocab: {} } }, 'model: type: "WordPiece"'],
    [{ model: { type: "BPE", vocab: {}, merges: [], dropout: 0.1 } }, "model: dropout: 0.1"],
    [
      { model: { type: "BPE", vocab: {}, merges: [], end_of_word_suffix: "</w>" } },
      'end_of_word_suffix: "</w>"',
    ],
    [{ added_tokens: [{ ...token, single_word: true }] }, "added_tokens[0]: single_word: true"],
    [{ added_tokens: [{ ...token, id: 2 ** 31 }] }, "added_tokens[0]: id: 2147483648"],
    [
      {
        post_processor: {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: "<s>", type_id: 0 } }],
          special_tokens: {},
        },
      },
      'SpecialToken: "<s>"',
    ],
    [{ extra: true }, "t.json: extra: true"],
  ])("%j", (changed, message) => {
    expect(() => exactTokenizer({ ...plain, ...changed }, "t.json")).toThrow(message)
  })

  it("of a file that is no object", () => {
    expect(() => exactTokenizer(null, "t.json")).toThrow("t.json: expected an object, got null")
  })
})
