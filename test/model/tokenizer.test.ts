// Tokenizers of five families against the ids that other people's code gives (shared/tokenizers, shared/models), and
// the begin-of-sequence token: once, never twice.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { byteTokenizer } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { loadTokenizer, tokenizerFingerprint } from "../support/model-files.ts"

const root = temporaryFolder()
let folders = 0

function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content))
  }
  return folder
}

interface Golden {
  readonly text: string
  readonly ids: readonly number[]
}

function readGolden(...parts: string[]): unknown {
  return JSON.parse(readFileSync(shared(...parts), "utf8"))
}

describe.skipIf(!hasShared)(`ids of other people's code${needsShared}`, () => {
  // With the begin-of-sequence token. `upstream_test_c` is llama2.c's own test; `gold` is SentencePiece's.
  test("LLaMA-2: all of llama2.c's own test and of SentencePiece's", async () => {
    const tokenizer = await loadTokenizer(shared("tokenizers", "llama2"))
    const { gold, upstream_test_c: upstream } = readGolden("tokenizers", "llama2", "golden.json") as Record<
      string,
      Golden[]
    >
    expect([gold!.length, upstream!.length]).toEqual([8, 5])
    for (const { text, ids } of [...gold!, ...upstream!]) {
      expect([...tokenizer.encode(text)], `ids of ${text}`).toEqual(ids)
      expect([...tokenizer.encode(text, { special: false })], `ids of ${text}`).toEqual(ids.slice(1))
    }
  })

  test.each([
    ["llama3", "llama3.1"],
    ["qwen2", "qwen2"],
    ["gpt2", "gpt2"],
    ["gpt-neox-pythia", "gpt-neox-pythia"],
  ])("%s, byte-level, without special tokens", async (family, folder) => {
    const tokenizer = await loadTokenizer(shared("tokenizers", folder))
    const { gold } = readGolden("tokenizers", "golden_bytelevel.json") as { gold: Record<string, Golden[]> }
    expect(gold[family]!.length).toBe(9)
    for (const { text, ids } of gold[family]!) {
      expect([...tokenizer.encode(text, { special: false })], `ids of ${text}`).toEqual(ids)
      // Qwen2 and NeoX compose characters before they look at them.
      const composes = family === "qwen2" || family === "gpt-neox-pythia"
      expect(tokenizer.decode(ids)).toBe(composes ? text.normalize("NFC") : text)
    }
  })

  test.each([
    ["stories260K", 512],
    ["stories260K-bf16", 512],
    ["babyllama-105", 105],
  ])("%s: its own texts", async (name, vocabSize) => {
    const tokenizer = await loadTokenizer(shared("models", name))
    expect(tokenizer.vocabSize).toBe(vocabSize)
    const { texts } = readGolden("models", name, "golden.json") as {
      texts: { text: string; input_ids: number[] }[]
    }
    expect(texts.length).toBeGreaterThan(0)
    for (const { text, input_ids: ids } of texts)
      expect([...tokenizer.encode(text)], `ids of ${text}`).toEqual(ids)
  })

  test.each([
    ["llama2", "<s>", 1],
    ["llama3.1", "<|begin_of_text|>", 128_000],
  ])("%s begins every text with %s once, also one that begins with it", async (folder, literal, bos) => {
    const tokenizer = await loadTokenizer(shared("tokenizers", folder))
    expect([...tokenizer.encode("")]).toEqual([bos])
    for (const text of ["Hello", ` ${literal}`, "  "]) {
      const ids = tokenizer.encode(text)
      expect(ids[0]).toBe(bos)
      expect(ids.slice(1)).toEqual(tokenizer.encode(text, { special: false }))
    }
    for (const text of [literal, `${literal}Hello`, `${literal}${literal}Hello`]) {
      const ids = [...tokenizer.encode(text)]
      expect(ids[0]).toBe(bos)
      expect(ids.slice(1)).not.toContain(bos)
    }
    expect([...tokenizer.encode(`${literal}Hello`)].length).toBeGreaterThan(1)
  })

  test.each(["gpt2", "qwen2", "gpt-neox-pythia"])("%s has no such token and gets none", async (folder) => {
    const tokenizer = await loadTokenizer(shared("tokenizers", folder))
    expect([...tokenizer.encode("")]).toEqual([])
    expect(tokenizer.encode("Hello, world")).toEqual(tokenizer.encode("Hello, world", { special: false }))
  })
})

describe("a tokenizer of bytes", () => {
  test("gives every byte its id after one <s>, and its text back", async () => {
    const tokenizer = await loadTokenizer(folderOf({ "tokenizer.json": byteTokenizer() }))
    expect(tokenizer.vocabSize).toBe(259)
    expect(tokenizer.encode("aé")).toEqual(Int32Array.of(1, 3 + 0x61, 3 + 0xc3, 3 + 0xa9))
    expect(tokenizer.decode([3 + 0x61, 3 + 0xc3, 3 + 0xa9])).toBe("aé")
    expect(tokenizer.encode("<s>a")).toEqual(Int32Array.of(1, 3 + 0x61))
    expect(tokenizer.encode("<s><s><s>a")).toEqual(Int32Array.of(1, 3 + 0x61))
    expect(tokenizer.encode("a<s>")).toEqual(Int32Array.of(1, 3 + 0x61, 1))
    expect(tokenizer.encode("<s>a", { special: false })).toEqual(Int32Array.of(1, 3 + 0x61))
  })
})

describe("a tokenizer that is not there or cannot be used", () => {
  test("says which file is missing, and what to do with a tokenizer.model", async () => {
    const none = folderOf({})
    for (const attempt of [loadTokenizer, tokenizerFingerprint]) {
      await expect(attempt(none)).rejects.toThrow(
        `cannot read ${join(none, "tokenizer.json")}: no such file or folder`,
      )
    }
    const old = folderOf({ "tokenizer.model": "" })
    await expect(loadTokenizer(old)).rejects.toThrow(
      `cannot read ${join(old, "tokenizer.json")}: no such file or folder (there is a tokenizer.model: write tokenizer.json beside it with Hugging Face's AutoTokenizer.from_pretrained(folder).save_pretrained(folder))`,
    )
  })

  test.each([
    ["{\n]", ':2:1: malformed JSON: expected a key in quotes, got "]"'],
    ["{}", ": model: expected an object, got nothing"],
    ["null", ": expected an object, got null"],
    ['{"model": {"type": "Words"}}', ': model: type: "Words" is not supported'],
  ])("names the file when it reads %j", async (text, message) => {
    const folder = folderOf({ "tokenizer.json": text })
    await expect(loadTokenizer(folder)).rejects.toThrow(`${join(folder, "tokenizer.json")}${message}`)
  })

  test("names a malformed tokenizer_config.json and its place", async () => {
    const folder = folderOf({ "tokenizer.json": byteTokenizer(), "tokenizer_config.json": '{"a" 1}' })
    await expect(loadTokenizer(folder)).rejects.toThrow(
      `${join(folder, "tokenizer_config.json")}:1:6: malformed JSON: expected ":", got "1"`,
    )
  })
})

describe("the fingerprint", () => {
  const fingerprintOf = (config?: unknown, tokenizer = byteTokenizer()): Promise<string> =>
    tokenizerFingerprint(
      folderOf({ "tokenizer.json": tokenizer, ...(config ? { "tokenizer_config.json": config } : {}) }),
    )

  test("changes with what changes ids, and with nothing else", async () => {
    const plain = await fingerprintOf()
    expect(plain).toMatch(/^[0-9a-f]{16}$/)
    expect(await fingerprintOf({ chat_template: "{{ x }}", model_max_length: 5 })).toBe(plain)
    expect(await fingerprintOf({ tokenizer_class: "LlamaTokenizer" })).not.toBe(plain)
    expect(
      await fingerprintOf(undefined, { ...(byteTokenizer() as object), normalizer: { type: "NFC" } }),
    ).not.toBe(plain)
  })
})
