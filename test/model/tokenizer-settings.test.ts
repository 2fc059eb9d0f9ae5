// What tokenizer_config.json, special_tokens_map.json and added_tokens.json change, as transformers 5.18 has it.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { fingerprint, sha256 } from "../../src/base/files.ts"
import { loadTokenizer, tokenizerFingerprint } from "../support/model-files.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
let folders = 0

const special = (content: string, id: number): object => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})
const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true }
const startsTexts = {
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [],
  special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
}
const file = {
  version: "1.0",
  added_tokens: [special("<unk>", 0), special("<s>", 1), special("</s>", 2)],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: {
    type: "BPE",
    unk_token: "<unk>",
    vocab: { "<unk>": 0, "<s>": 1, "</s>": 2, a: 3, b: 4, ab: 5, " ": 6, "\u0120": 7 },
    merges: [["a", "b"]],
  },
}

function folderOf(config: object, changed: object = {}, more: Readonly<Record<string, object>> = {}): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  const files = {
    "config.json": {},
    "tokenizer.json": { ...file, ...changed },
    "tokenizer_config.json": config,
    ...more,
  }
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), JSON.stringify(content))
  }
  return folder
}

const text = "ab <s> a[PAD]"
const unknown = [0, 0, 0, 0, 0]
const flags = { normalized: false, rstrip: false, single_word: false }

// AutoTokenizer.from_pretrained(folder)(text).input_ids, with tokenizer_class PreTrainedTokenizerFast unless it is given;
// transformers 5.18, tokenizers 0.23.2.
describe("ids are those of transformers with", () => {
  it.each<[string, object, Readonly<Record<string, object>>, number[]]>([
    ["nothing else", {}, {}, [5, 6, 1, 6, 3, ...unknown]],
    ["a padding token outside of the vocabulary", { pad_token: "[PAD]" }, {}, [5, 6, 1, 6, 3, 8]],
    [
      "a padding token as an object",
      { pad_token: { __type: "AddedToken", content: "[PAD]", lstrip: true, ...flags } },
      {},
      [5, 6, 1, 6, 3, 8],
    ],
    ["a padding token of the vocabulary", { pad_token: "b" }, {}, [3, 4, 6, 1, 6, 3, ...unknown]],
    [
      "a start token whose flags tokenizer.json has otherwise",
      { bos_token: { __type: "AddedToken", content: "<s>", lstrip: true, ...flags } },
      {},
      [5, 6, 1, 6, 3, ...unknown],
    ],
    [
      "added_tokens_decoder, whose flags count",
      { added_tokens_decoder: { 1: { content: "<s>", lstrip: true, special: true, ...flags } } },
      {},
      [5, 1, 6, 3, ...unknown],
    ],
    [
      "a new token in added_tokens_decoder",
      { added_tokens_decoder: { 8: { content: "[PAD]", lstrip: false, special: true, ...flags } } },
      {},
      [5, 6, 1, 6, 3, 8],
    ],
    ["more special tokens", { additional_special_tokens: ["[PAD]"] }, {}, [5, 6, 1, 6, 3, 8]],
    [
      "more special tokens by name",
      { extra_special_tokens: { image_token: "[PAD]" } },
      {},
      [5, 6, 1, 6, 3, 8],
    ],
    ["a token with a role of the model's own", { image_token: "[PAD]" }, {}, [5, 6, 1, 6, 3, 8]],
    [
      "special_tokens_map.json",
      {},
      {
        "special_tokens_map.json": {
          pad_token: "[PAD]",
          bos_token: { content: "<s>", lstrip: true, ...flags },
        },
      },
      [5, 6, 1, 6, 3, 8],
    ],
    ["added_tokens.json", {}, { "added_tokens.json": { "[PAD]": 8 } }, [5, 6, 1, 6, 3, 8]],
    [
      "special tokens taken for text",
      { split_special_tokens: true, bos_token: "<s>" },
      {},
      [5, 6, 0, 0, 0, 6, 3, ...unknown],
    ],
    [
      "a start that tokenizer.json does not have, which is not put there",
      { add_bos_token: true, bos_token: "<s>" },
      {},
      [5, 6, 1, 6, 3, ...unknown],
    ],
  ])("%s", async (_, config, more, expected) => {
    const folder = folderOf({ tokenizer_class: "PreTrainedTokenizerFast", ...config }, {}, more)
    expect([...(await loadTokenizer(folder)).encode(text)]).toEqual(expected)
  })

  it("GPT-2's prefix space by its field, and none without it", async () => {
    const ids = async (config: object): Promise<number[]> => {
      const folder = folderOf({ tokenizer_class: "GPT2Tokenizer", ...config }, { pre_tokenizer: byteLevel })
      return [...(await loadTokenizer(folder)).encode("a")]
    }
    expect(await ids({})).toEqual([3])
    expect(await ids({ add_prefix_space: false })).toEqual([3])
    expect(await ids({ add_prefix_space: true })).toEqual([7, 3])
  })
})

describe("a field is refused by name that", () => {
  it.each<[string, object, object, string]>([
    [
      "starts texts, where tokenizer.json does not",
      { tokenizer_class: "LlamaTokenizer", add_bos_token: true, bos_token: "<s>" },
      {},
      "add_bos_token: true is not supported: post_processor of tokenizer.json says false; make them agree",
    ],
    [
      "does not start texts, where tokenizer.json does",
      { tokenizer_class: "LlamaTokenizerFast", add_bos_token: false, bos_token: "<s>" },
      { post_processor: startsTexts },
      "add_bos_token: false is not supported: post_processor of tokenizer.json says true",
    ],
    [
      "ends texts, where tokenizer.json does not",
      { tokenizer_class: "GemmaTokenizer", add_eos_token: true, eos_token: "</s>" },
      { post_processor: startsTexts },
      "add_eos_token: true",
    ],
    [
      "puts no space before texts, where tokenizer.json does",
      { add_prefix_space: false },
      { pre_tokenizer: byteLevel },
      "add_prefix_space: false is not supported: pre_tokenizer of tokenizer.json says true",
    ],
    [
      "makes letters small, where tokenizer.json does not",
      { do_lower_case: true },
      {},
      "do_lower_case: true",
    ],
    ["names code", { auto_map: { AutoTokenizer: ["x.Y", null] } }, {}, "auto_map"],
    [
      "nobody knows",
      { shuffle: 3 },
      {},
      "shuffle: 3 is not supported: whether it changes tokens is not known",
    ],
    [
      "gives a token another id",
      { added_tokens_decoder: { 9: { content: "[PAD]" } } },
      {},
      '"[PAD]": expected id 8',
    ],
    ["is no token", { pad_token: ["[PAD]"] }, {}, "pad_token: expected"],
    [
      "is no list of tokens",
      { additional_special_tokens: [3] },
      {},
      "additional_special_tokens[0]: expected an object",
    ],
  ])("%s", async (_, config, changed, message) => {
    const folder = folderOf(config, changed)
    await expect(loadTokenizer(folder)).rejects.toThrow(`${join(folder, "tokenizer_config.json")}: `)
    await expect(loadTokenizer(folder)).rejects.toThrow(message)
  })

  it("is of no object", async () => {
    const folder = folderOf([])
    await expect(loadTokenizer(folder)).rejects.toThrow("tokenizer_config.json: expected an object, got []")
  })
})

describe("the start of a text", () => {
  const twice = { ...startsTexts, single: [startsTexts.single[0], ...startsTexts.single] }
  const after = { ...startsTexts, single: startsTexts.single.toReversed() }
  it("is there as often as the template has it, and a text's own is not added to it", async () => {
    const own = await loadTokenizer(folderOf({}, { post_processor: twice }))
    expect([...own.encode("a")]).toEqual([1, 1, 3])
    expect([...own.encode("<s>a")]).toEqual([1, 1, 3])
  })

  it("stays, where the template has only an end", async () => {
    const own = await loadTokenizer(folderOf({}, { post_processor: after }))
    expect([...own.encode("<s><s>a")]).toEqual([1, 1, 3, 1])
  })
})

describe("the fingerprint", () => {
  const of = async (config: object, changed: object = {}, more = {}): Promise<string> =>
    await tokenizerFingerprint(folderOf(config, changed, more))

  it("covers every field that changes ids, and no other", async () => {
    const changing = [
      await of({}),
      await of({ pad_token: "[PAD]" }),
      await of({ pad_token: "b" }),
      await of({ split_special_tokens: true }),
      await of({ added_tokens_decoder: { 1: { content: "<s>", lstrip: true, special: true, ...flags } } }),
      await of({}, {}, { "added_tokens.json": { x: 8 } }),
      await of({}, {}, { "special_tokens_map.json": { pad_token: "[PAD2]" } }),
      await of({ tokenizer_class: "GPT2Tokenizer" }, { pre_tokenizer: byteLevel }),
      await of({ tokenizer_class: "GPT2Tokenizer", add_prefix_space: true }, { pre_tokenizer: byteLevel }),
    ]
    expect(new Set(changing).size).toBe(changing.length)
    for (const config of [
      { bos_token: "<s>", pad_token: "</s>" },
      { model_max_length: 9, chat_template: "x" },
    ]) {
      expect(await of(config)).toBe(changing[0])
    }
  })

  it("is what 0.1 had, where its ids were these, and another where they could differ", async () => {
    const former = (folder: string): string =>
      fingerprint([sha256(readFileSync(join(folder, "tokenizer.json"))), {}])
    const same = [folderOf({}), folderOf({}, { normalizer: { type: "NFC" }, post_processor: startsTexts })]
    for (const folder of same) expect(await tokenizerFingerprint(folder)).toBe(former(folder))
    const words = { type: "Split", pattern: { Regex: "\\w+" }, behavior: "Isolated", invert: false }
    const other = [
      folderOf({}, { pre_tokenizer: { type: "Whitespace" } }),
      folderOf({}, { pre_tokenizer: words }),
      folderOf({}, { pre_tokenizer: { ...byteLevel, add_prefix_space: false } }),
      folderOf({}, { post_processor: { ...startsTexts, single: startsTexts.single.toReversed() } }),
      folderOf({}, { normalizer: { type: "Replace", pattern: { String: "a" }, content: "$&" } }),
      folderOf({}, { model: { ...file.model, byte_fallback: true } }),
      folderOf({}, { model: { ...file.model, unk_token: null } }),
    ]
    for (const folder of other) expect(await tokenizerFingerprint(folder)).not.toBe(former(folder))
  })
})
