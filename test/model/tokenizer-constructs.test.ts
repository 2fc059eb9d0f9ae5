// Constructs of tokenizer.json: equal to the Rust library on odd texts, or refused by name.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Tokenizer } from "../../src/model/tokenizer/tokenizer.ts"
import { loadTokenizer } from "../support/model-files.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

interface Case {
  readonly tokenizer: { readonly model: object }
  readonly ids: number[][]
  readonly decoded: string[]
}

// By tokenizers 0.23.2 and golden/tokenizers/make.py. Vocabularies and merges are numbers into `shared`.
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/tokenizers/constructs.json"), "utf8"),
) as { texts: string[]; shared: unknown[]; cases: Record<string, Case> }

function whole({ tokenizer }: Case): object {
  const model = Object.entries(tokenizer.model).map(([name, value]: [string, unknown]) => [
    name,
    (name === "vocab" || name === "merges") && typeof value === "number" ? golden.shared[value] : value,
  ])
  return { ...tokenizer, model: Object.fromEntries(model) as object }
}

const root = temporaryFolder()

async function load(name: string, content: object): Promise<Tokenizer> {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "config.json"), "{}")
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(content))
  return await loadTokenizer(folder)
}

describe("odd texts", () => {
  it.each(Object.keys(golden.cases))(
    "have the Rust library's ids, and their text again: %s",
    async (name) => {
      const one = golden.cases[name]!
      const own = await load(name.replaceAll("/", "-"), whole(one))
      const special = name.startsWith("template")
      expect(golden.texts.map((text) => [...own.encode(text, { special })])).toEqual(one.ids)
      expect(one.ids.map((ids) => own.decode(ids))).toEqual(one.decoded)
    },
  )
})

function expectedOf(...path: string[]): readonly { text: string; expected: number[] }[] {
  return JSON.parse(readFileSync(shared("cases", ...path), "utf8")) as { text: string; expected: number[] }[]
}

describe.runIf(hasShared)(`public reports${needsShared}`, () => {
  it.each(["09-whitespace-pretokenizer", "10-unigram-byte-fallback", "12-split-merged-with-next"])(
    "%s",
    async (name) => {
      const own = await loadTokenizer(shared("cases", name, "tokenizer"))
      for (const { text, expected } of expectedOf(name, "expected.json")) {
        expect({ text, ids: [...own.encode(text)] }).toEqual({ text, ids: expected })
      }
    },
  )

  it.each(["gpt2", "gpt-neox-pythia", "llama2", "llama3.1", "qwen2"])(
    "27-odd-characters-real-tokenizers: %s",
    async (name) => {
      const own = await loadTokenizer(shared("tokenizers", name))
      const texts = expectedOf("27-odd-characters-real-tokenizers", `${name}.json`)
      expect(texts.length).toBeGreaterThan(10)
      for (const { text, expected } of texts)
        expect({ text, ids: [...own.encode(text)] }).toEqual({ text, ids: expected })
    },
  )
})

/** A tokenizer of a few characters, with some fields changed. */
function fileWith(changed: object): object {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{ id: 1, content: "<s>", special: true }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: bpe({}),
    ...changed,
  }
}

function bpe(changed: object): object {
  return {
    type: "BPE",
    unk_token: "<unk>",
    vocab: { "<unk>": 0, "<s>": 1, a: 2, b: 3, ab: 4 },
    merges: [["a", "b"]],
    ...changed,
  }
}

function template(
  single: object[],
  tokens: object = { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
): object {
  return { post_processor: { type: "TemplateProcessing", single, pair: [], special_tokens: tokens } }
}

const text = { Sequence: { id: "A", type_id: 0 } }
const start = { SpecialToken: { id: "<s>", type_id: 0 } }

it("a text to split at or to replace is taken as it is, whatever it means in regular expressions", async () => {
  const signs = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  const vocabulary = Object.fromEntries([...signs, " "].map((sign, id) => [sign, id]))
  const model = { type: "BPE", unk_token: null, vocab: vocabulary, merges: [] }
  for (const [id, sign] of signs.entries()) {
    const pattern = { String: sign }
    const split = { type: "Split", pattern, behavior: "Removed", invert: false }
    const replace = { type: "Replace", pattern, content: " " }
    const parts = { added_tokens: [], model, normalizer: null }
    const cut = await load(`split at ${id}`, fileWith({ ...parts, pre_tokenizer: split }))
    expect([...cut.encode(signs.join(""))]).toEqual([...signs.keys()].filter((other) => other !== id))
    const replaced = await load(`replace ${id}`, fileWith({ ...parts, normalizer: replace }))
    expect([...replaced.encode(sign)]).toEqual([94])
  }
})

describe("what is refused, by name", () => {
  it.each<[string, object, string]>([
    [
      "a normalizer",
      { normalizer: { type: "Precompiled", precompiled_charsmap: "" } },
      'normalizer: type: "Precompiled" is not supported',
    ],
    [
      "a normalizer's field",
      { normalizer: { type: "NFC", more: 1 } },
      "normalizer: more: 1 is not supported",
    ],
    [
      "a replacement of nothing",
      { normalizer: { type: "Replace", pattern: { Regex: "x*" }, content: "y" } },
      "it matches the empty text",
    ],
    [
      "a pre-tokenizer",
      { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "UnicodeScripts" }] } },
      'pretokenizers[0]: type: "UnicodeScripts"',
    ],
    [
      "a part of a regular expression",
      { pre_tokenizer: { type: "Split", pattern: { Regex: "\\X" }, behavior: "Isolated", invert: false } },
      "\\X is not supported",
    ],
    [
      "a first piece that cannot be told",
      {
        normalizer: { type: "Strip", strip_left: true, strip_right: false },
        pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false },
      },
      'prepend_scheme: "first" is not supported after this normalizer',
    ],
    ["a model", { model: { type: "Words", vocab: {} } }, 'model: type: "Words"'],
    ["dropout", { model: bpe({ dropout: 0.1 }) }, "model: dropout: 0.1"],
    ["a post-processor", { post_processor: { type: "Words" } }, 'post_processor: type: "Words"'],
    [
      "two post-processors that add tokens",
      {
        post_processor: {
          type: "Sequence",
          processors: [template([start, text]), template([text, start])].map(
            (one) => Reflect.get(one, "post_processor") as object,
          ),
        },
      },
      "more than one of them puts tokens around a text",
    ],
    ["a decoder", { decoder: { type: "CTC" } }, 'decoder: type: "CTC"'],
    [
      "truncation",
      { truncation: { max_length: 1, direction: "Right", strategy: "LongestFirst", stride: 0 } },
      "truncation",
    ],
    ["padding to a length", { padding: { strategy: { Fixed: 8 } } }, 'padding: strategy: {"Fixed":8}'],
    ["another version of the file", { version: "2.0" }, 'version: expected "1.0", got "2.0"'],
    ["a field of the file", { extra: true }, "tokenizer.json: extra: true"],
  ])("%s", async (name, changed, message) => {
    await expect(load(`refused ${name}`, fileWith(changed))).rejects.toThrow(message)
  })
})

describe("what is wrong with a file, in one line", () => {
  const many = {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["a", -1],
    ],
  }
  it.each<[string, object, string]>([
    [
      "an unknown token outside of the vocabulary",
      { model: bpe({ unk_token: "<no>" }) },
      'model: unk_token: expected a token of the vocabulary, got "<no>"',
    ],
    [
      "no vocabulary",
      { model: bpe({ vocab: null }) },
      "model: vocab: expected an object of tokens and ids, got null",
    ],
    ["no merges", { model: bpe({ merges: null }) }, "model: merges: expected a list, got null"],
    [
      "a merge of an unknown token",
      { model: bpe({ merges: ["x b"] }) },
      'merges: expected pairs of tokens that make a token, got "x b"',
    ],
    [
      "a merge into an unknown token",
      { model: bpe({ merges: ["b a"] }) },
      'merges: expected pairs of tokens that make a token, got "b a"',
    ],
    [
      "a merge of three",
      { model: bpe({ merges: ["a b c"] }) },
      'merges: expected pairs of tokens, got "a b c"',
    ],
    [
      "an id that is a text",
      { model: bpe({ vocab: { a: "x" } }) },
      'vocab: "a": expected an id from 0 to 16777215, got "x"',
    ],
    ["a negative id", { model: bpe({ vocab: { a: -1 } }) }, "expected an id from 0 to 16777215, got -1"],
    ["a fractional id", { model: bpe({ vocab: { a: 0.5 } }) }, "expected an id from 0 to 16777215, got 0.5"],
    [
      "a huge id",
      { model: bpe({ vocab: { a: 2 ** 40 } }) },
      "expected an id from 0 to 16777215, got 1099511627776",
    ],
    [
      "two tokens of one id",
      { model: bpe({ vocab: { "<unk>": 0, a: 0 } }) },
      '"<unk>" and "a" have the same id, 0',
    ],
    [
      "an added token of another id",
      { added_tokens: [{ id: 9, content: "<s>" }] },
      'added_tokens[0]: id: expected 1, which Hugging Face\'s tokenizers gives "<s>", got 9',
    ],
    [
      "a huge added id",
      { added_tokens: [{ id: 2 ** 31, content: "<s>" }] },
      "added_tokens[0]: id: expected an id from 0 to 16777215",
    ],
    [
      "an added token twice",
      {
        added_tokens: [
          { id: 1, content: "<s>" },
          { id: 1, content: "<s>" },
        ],
      },
      'added_tokens[1]: content: "<s>" is there twice',
    ],
    [
      "a flag that is a text",
      { added_tokens: [{ id: 1, content: "<s>", lstrip: "no" }] },
      'lstrip: expected true or false, got "no"',
    ],
    [
      "an unknown id beyond the vocabulary",
      { model: { ...many, unk_id: 2 } },
      "unk_id: expected the index of a token, got 2",
    ],
    [
      "a negative unknown id",
      { model: { ...many, unk_id: -1 } },
      "unk_id: expected an integer of at least 0, got -1",
    ],
    [
      "a piece without a score",
      { model: { ...many, vocab: [["a"], null] } },
      "vocab[0]: expected [token, score]",
    ],
    [
      "a template of an unknown token",
      template([{ SpecialToken: { id: "<q>", type_id: 0 } }, text]),
      'single[0]: SpecialToken: id: expected one of special_tokens, got "<q>"',
    ],
    [
      "a template of another piece",
      template([{ Foo: 1 }, text]),
      "single: expected pieces of {Sequence} or {SpecialToken}",
    ],
    ["a template without the text", template([start]), "single: expected the text among the pieces"],
    [
      "a template of two texts",
      template([text, { Sequence: { id: "B", type_id: 0 } }]),
      'id: expected A, got "B"',
    ],
    [
      "a template of no token's id",
      template([start, text], { "<s>": { id: "<s>", ids: [99], tokens: ["<s>"] } }),
      "ids: expected ids of tokens, got [99]",
    ],
    [
      "a template of a text for ids",
      template([start, text], { "<s>": { id: "<s>", ids: "x", tokens: null } }),
      'ids: expected a list, got "x"',
    ],
    [
      "a template with another field",
      { post_processor: { ...Reflect.get(template([text]), "post_processor"), more: 1 } },
      "post_processor: more: 1 is not supported",
    ],
    [
      "a post-processor of an unknown id",
      { post_processor: { type: "BertProcessing", sep: ["<s>", 1], cls: ["<y>", 8] } },
      'cls: expected a token and its id, got ["<y>",8]',
    ],
    [
      "a post-processor of nothing",
      { post_processor: { type: "RobertaProcessing", sep: null, cls: null } },
      "cls: expected a list, got null",
    ],
    ["a normalizer that is a number", { normalizer: 3 }, "normalizer: expected an object, got 3"],
    [
      "a replacement without a pattern",
      { normalizer: { type: "Replace", content: "" } },
      "pattern: expected {String} or {Regex}",
    ],
    [
      "a prefix that is a number",
      { normalizer: { type: "Prepend", prepend: 3 } },
      "prepend: expected a string, got 3",
    ],
    [
      "an open bracket",
      { pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated", invert: false } },
      'Regex: "(" is not supported',
    ],
    [
      "a behavior that is not known",
      { pre_tokenizer: { type: "Split", pattern: { String: "a" }, behavior: "Apart", invert: false } },
      'behavior: expected Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous, got "Apart"',
    ],
    [
      "a switch that is a text",
      { pre_tokenizer: { type: "ByteLevel", add_prefix_space: "yes", trim_offsets: true } },
      'add_prefix_space: expected true or false, got "yes"',
    ],
    ["a decoder that is a number", { decoder: 5 }, "decoder: expected an object, got 5"],
  ])("%s", async (name, changed, message) => {
    await expect(load(`wrong ${name}`, fileWith(changed))).rejects.toThrow(message)
  })

  it("a unigram model without an unknown token says so when a text needs one", async () => {
    const own = await load(
      "no unknown",
      fileWith({ added_tokens: [], model: { type: "Unigram", unk_id: null, vocab: [["a", -1]] } }),
    )
    expect([...own.encode("aa")]).toEqual([0, 0])
    expect(() => own.encode("ab")).toThrow('tokenizer.json: model: no token for "b", and no unknown token')
  })
})
