// GGUF files against the Hugging Face folders that they were made from: weights of every type, architectures, tokenizers;
// and what is said of files that are damaged or not understood. The files are written by support/gguf.ts.
// Bound 1e-5: the weights are the same float32 numbers, so the graphs are, and what is found is 0.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { readDistribution } from "../../src/data/index.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { writeSafetensors } from "../../src/formats/safetensors.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { openSource } from "../../src/model/open-source.ts"
import { readRows } from "../../src/formats/tensor-rows.ts"
import { LitmusError } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"
import { tune } from "../../src/tuning/tune.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { tuningOptions } from "../../src/tuning/options.ts"
import { complaint, litmus } from "../support/cli.ts"
import { writeSums } from "../support/data-folder.ts"
import {
  byteLevelMetadata,
  encodeGguf,
  roundTo,
  sentencePieceMetadata,
  tensorTypes,
  writeGguf,
  type GgufOptions,
  type Meta,
  type Metadata,
  type TensorType,
  type TokenizerJson,
} from "../support/gguf.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { byteTokenizer, writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { readArchitecture, readEndToken, loadTokenizer } from "../support/model-files.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const bound = 1e-5
const types = (Object.keys(tensorTypes) as TensorType[]).filter((type) => type !== "Q6_K")
let places = 0

function newFolder(): string {
  const folder = join(root, String(places++))
  mkdirSync(folder)
  return folder
}

/** A small LLaMA whose rows are whole blocks, with everything that a conversion can get wrong. */
function randomLlama(config: Record<string, unknown> = {}): Promise<string> {
  const sizes = { hidden_size: 64, intermediate_size: 96, attention_bias: true, eos_token_id: 2 }
  return writeRandomModel(join(root, String(places++)), { config: { ...sizes, ...config }, deviation: 0.25 })
}

/** A GGUF file of a folder with its tokenizer.json beside it, and the folder of what the file's weights stand for. */
async function converted(
  folder: string,
  options: GgufOptions = {},
): Promise<{ path: string; rounded: string }> {
  const [path, rounded] = [join(newFolder(), "model.gguf"), newFolder()]
  const parameters = await writeGguf(path, folder, options)
  await writeSafetensors(join(rounded, "model.safetensors"), parameters)
  copyFileSync(join(folder, "config.json"), join(rounded, "config.json"))
  for (const to of [join(path, ".."), rounded]) {
    copyFileSync(join(folder, "tokenizer.json"), join(to, "tokenizer.json"))
  }
  return { path, rounded }
}

/** Every site and the logits, at every token of one sequence. */
async function activationsOf({ bundle }: Model): Promise<Map<string, Float32Array>> {
  const sites = allSites(bundle.architecture).map(({ site }) => site)
  const forward = await createForward(bundle, { sites, reads: "tokens", logits: true, threads: 2 })
  const row = plainRow(Int32Array.from({ length: 40 }, (_, i) => (i * 37 + 11) % 259))
  const found = await forward.run(row, { kind: "tokens", at: row.positions })
  await forward.release()
  return new Map([...found].map(([site, { data }]) => [site, data]))
}

/** Largest difference at any site, logits among them. */
async function difference(a: Model, b: Model): Promise<number> {
  const [found, expected] = [await activationsOf(a), await activationsOf(b)]
  expect([...found.keys()]).toEqual([...expected.keys()])
  expect(found.has("logits")).toBe(true)
  // Not a comparison of zeros.
  expect(Math.max(...expected.get("logits")!.map(Math.abs))).toBeGreaterThan(0.1)
  return Math.max(...[...expected].map(([site, values]) => maxAbsDifference(found.get(site)!, values)))
}

/** A GGUF file's model, and how far it is from its folder's at any site or logit. */
async function compared(folder: string, options: GgufOptions = {}): Promise<{ model: Model; worst: number }> {
  const { path, rounded } = await converted(folder, options)
  const model = await openModel(path, { cache })
  // A cache of its own: what is compared must not be what was compiled of the file.
  const expected = await openModel(rounded, { cache: `${cache} of folders` })
  expect(model.bundle.architecture).toEqual(expected.bundle.architecture)
  expect(model.endToken).toBe(expected.endToken)
  const worst = await difference(model, expected)
  if (process.env.LITMUS_REPORT) console.log(`${options.type ?? "F32"}: ${worst}`)
  return { model, worst }
}

describe("every site and the logits are those of the folder that the file was made from", () => {
  it.each(types)("a random LLaMA in %s", async (type) => {
    const { model, worst } = await compared(await randomLlama(), { type })
    expect(worst).toBeLessThanOrEqual(bound)
    expect(model.bundle.sourceDtypes).toEqual([...new Set(["F32", type])].sort())
  })

  it("a random LLaMA in Q4_0 with its outer matrices in Q6_K, as llama-quantize leaves them", async () => {
    const folder = await randomLlama({ hidden_size: 256 })
    const { model, worst } = await compared(folder, { type: "Q4_0", outer: "Q6_K" })
    expect(worst).toBeLessThanOrEqual(bound)
    expect(model.bundle.sourceDtypes).toEqual(["F32", "Q4_0", "Q6_K"])
  })

  it.each([...types])("rows that are no whole number of blocks beside %s", async (type) => {
    const { model, worst } = await compared(await randomLlama({ intermediate_size: 80 }), { type })
    expect(worst).toBeLessThanOrEqual(bound)
    expect(model.bundle.sourceDtypes.includes("F16")).toBe(["F16", "Q8_0", "Q4_0"].includes(type))
  })

  describe.skipIf(!hasShared)(`of a trained model${needsShared}`, () => {
    it.each(types)("stories260K in %s", async (type) => {
      expect((await compared(shared("models", "stories260K"), { type })).worst).toBeLessThanOrEqual(bound)
    })

    it("stories260K-bf16, its own type", async () => {
      expect(
        (await compared(shared("models", "stories260K-bf16"), { type: "BF16" })).worst,
      ).toBeLessThanOrEqual(bound)
    })
  })

  it.each(["F32", "Q8_0"] as const)("Qwen 2 and 3 in %s, whose rows are not interleaved", async (type) => {
    const sizes = {
      hidden_size: 64,
      intermediate_size: 96,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 259,
      max_position_embeddings: 256,
      rms_norm_eps: 1e-6,
      rope_theta: 1e6,
      eos_token_id: 2,
    }
    const configs = [
      { ...sizes, model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], tie_word_embeddings: true },
      { ...sizes, model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], head_dim: 24 },
    ]
    for (const config of configs) {
      const folder = join(root, String(places++))
      expect(
        (await compared(await writeRandomModel(folder, { config, deviation: 0.25 }), { type })).worst,
      ).toBeLessThanOrEqual(bound)
    }
  })

  it.each([
    ["heads wider than their share", { head_dim: 24 }],
    ["a tied head, biases in the MLP", { tie_word_embeddings: true, mlp_bias: true }],
    ["one key/value head, another base", { num_key_value_heads: 1, rope_theta: 5e5, rms_norm_eps: 1e-6 }],
  ])("a LLaMA with %s", async (_, config) => {
    expect((await compared(await randomLlama(config))).worst).toBeLessThanOrEqual(bound)
  })

  it("positions that are stretched evenly, by the key of now and that of old", async () => {
    const folder = await randomLlama({ rope_scaling: { rope_type: "linear", factor: 2.5 } })
    expect(
      (
        await compared(folder, {
          metadata: {
            "llama.rope.scaling.type": { text: "linear" },
            "llama.rope.scaling.factor": { f32: 2.5 },
          },
        })
      ).worst,
    ).toBeLessThanOrEqual(bound)
    expect(
      (await compared(folder, { metadata: { "llama.rope.scale_linear": { f32: 2.5 } } })).worst,
    ).toBeLessThanOrEqual(bound)
    // As in llama.cpp, a factor alone is linear.
    expect(
      (await compared(folder, { metadata: { "llama.rope.scaling.factor": { f32: 2.5 } } })).worst,
    ).toBeLessThanOrEqual(bound)
  })

  it.each([8, 32])("positions that are stretched as in Llama 3, by %d", async (factor) => {
    const rope = { rope_type: "llama3", factor, low_freq_factor: 1, high_freq_factor: 4 }
    const folder = await randomLlama({
      rope_theta: 5e5,
      rope_scaling: { ...rope, original_max_position_embeddings: 8192 },
    })
    expect((await compared(folder, { tensors: [ropeFactors(factor)] })).worst).toBeLessThanOrEqual(bound)
  })
})

/** What convert_hf_to_gguf.py writes for Llama 3 (generate_extra_tensors), of heads of 16. */
function ropeFactors(factor: number): GgufTensorOf {
  const factors = Array.from({ length: 8 }, (_, i) => {
    const wavelength = 2 * Math.PI * 5e5 ** ((2 * i) / 16)
    if (wavelength < 8192 / 4) return 1
    if (wavelength > 8192) return factor
    const smooth = (8192 / wavelength - 1) / 3
    return 1 / ((1 - smooth) / factor + smooth)
  })
  const bytes = new Uint8Array(Float32Array.from(factors).buffer)
  return { name: "rope_freqs.weight", dims: [8], type: 0, bytes }
}

type GgufTensorOf = NonNullable<GgufOptions["tensors"]>[number]

describe("a GGUF file as a source", () => {
  it("opens with the keys that llama.cpp's converter and quantiser write beside the sizes", async () => {
    const texts = (names: string): Metadata =>
      Object.fromEntries(names.split(" ").map((name): [string, Meta] => [name, { text: "x" }]))
    const numbers = (names: string): Metadata =>
      Object.fromEntries(names.split(" ").map((name): [string, Meta] => [name, { u32: 1 }]))
    const metadata: Metadata = {
      ...texts(
        "general.name general.basename general.finetune general.size_label general.license general.license.link general.quantized_by general.source.huggingface.repository general.base_model.0.name general.base_model.0.repo_url general.dataset.0.name quantize.imatrix.file quantize.imatrix.dataset tokenizer.chat_template.tool_use",
      ),
      ...numbers(
        "general.file_type general.quantization_version general.base_model.count general.parameter_count quantize.imatrix.entries_count quantize.imatrix.chunks_count tokenizer.ggml.padding_token_id tokenizer.ggml.eot_token_id tokenizer.ggml.fim_pre_token_id llama.pooling_type llama.vocab_size",
      ),
      "general.type": { text: "model" },
      "general.tags": { texts: ["text-generation"] },
      "general.languages": { texts: ["en"] },
      "llama.tensor_data_layout": { text: "Meta AI original pth" },
      "llama.expert_count": { u32: 0 },
    }
    const folder = await randomLlama()
    const [told, plain] = [await converted(folder, { metadata }), await converted(folder)]
    expect((await openModel(told.path, { cache })).fingerprint).toBe(
      (await openModel(plain.path, { cache })).fingerprint,
    )
  })

  it("in float32 is the very model of its folder: one fingerprint, one bundle", async () => {
    const folder = await randomLlama()
    const { path } = await converted(folder)
    const [found, expected] = [await openModel(path, { cache }), await openModel(folder, { cache })]
    expect(found.fingerprint).toBe(expected.fingerprint)
    expect(found.bundle).toEqual(expected.bundle)
    expect(found.tokenizerFingerprint).toBe(expected.tokenizerFingerprint)
  })

  // The largest entry of a block is −8 (127) steps, so that rounding finds the very step again.
  it.each([
    ["Q4_0", "int4"],
    ["Q8_0", "int8"],
  ] as const)("of %s loses nothing by --quantize %s", async (type, quantize) => {
    const { path } = await converted(await randomLlama(), { type })
    const model = await openModel(path, { cache, quantize })
    for (const error of Object.values(model.quantizationError!.relativeError)) {
      expect(error).toBeLessThanOrEqual(1e-5)
    }
    const other = await openModel(path, { cache, quantize: type === "Q8_0" ? "int4" : "int8" })
    expect(Math.max(...Object.values(other.quantizationError!.relativeError))).toBeGreaterThan(1e-4)
  })

  it("is found by how it begins, whatever its name", async () => {
    const { path } = await converted(await randomLlama())
    const blob = join(newFolder(), "sha256-0123")
    copyFileSync(path, blob)
    expect((await readArchitecture(blob)).dModel).toBe(64)
    expect(await readEndToken(blob)).toBe(2)
  })

  it.each(["F32", "Q8_0", "Q4_0", "Q6_K"] as const)(
    "of %s is read in pieces, groups of interleaved rows never cut",
    async (type) => {
      // 36 MiB of float32, in groups of 120 rows.
      const [nRows, width, group] = [2280, 4096, 120]
      const draw = random(5, "rows")
      const plain = Float32Array.from({ length: nRows * width }, () => draw.uniform() - 0.5)
      const { bytes, values } = roundTo(type, plain)
      const path = join(newFolder(), "rows.bin")
      writeFileSync(path, bytes)
      const file = await open(path, "r")
      const entry = { dtype: type, shape: [nRows, width], begin: 0, end: bytes.length, interleaved: group }
      const pieces: Float32Array[] = []
      for await (const piece of readRows(file, path, "x", entry)) pieces.push(piece)
      await file.close()
      expect(pieces.length).toBeGreaterThan(1)
      const lengths = pieces.map(({ length }) => length)
      expect(Math.max(...lengths)).toBeLessThanOrEqual((32 << 20) / 4)
      const found = new Float32Array(values.length)
      pieces.reduce((at, piece) => (found.set(piece, at), at + piece.length), 0)
      let wrong = 0
      for (let row = 0; row < nRows; row++) {
        const [head, place] = [Math.floor(row / group) * group, row % group]
        const from = head + 2 * (place % (group / 2)) + Math.floor(place / (group / 2))
        const expected = values.subarray(from * width, (from + 1) * width)
        if (maxAbsDifference(found.subarray(row * width, (row + 1) * width), expected) !== 0) wrong++
      }
      expect(wrong).toBe(0)
    },
  )
})

describe("the tokenizer in a GGUF file", () => {
  let base: string
  beforeAll(async () => {
    base = await randomLlama()
  })

  async function tokenizerOf(metadata: Readonly<Record<string, Meta | undefined>>): Promise<string> {
    const path = join(newFolder(), "model.gguf")
    await writeGguf(path, base, { metadata })
    return path
  }

  const read = (...parts: string[]): unknown => JSON.parse(readFileSync(shared(...parts), "utf8"))
  const awkward = [
    "",
    " ",
    "  two  spaces  ",
    "Once upon a time, there was a little girl named Lily.",
    "tabs\tand\n\nnewlines\r\n",
    "Café naïve 你好，世界 😀👍🏽 نص",
    "I've got 12345 apples & 3.14159 pies—don't you?",
    "def f(x):\n    return x**2  # ok",
    "<s>Hello</s>",
    "▁▁ already",
    // A token of Llama 3 that its merges alone do not make.
    " jeho",
    ...[2, 3, 5, 7, 11, 15, 17, 23, 33, 47].map((n) => `a${" ".repeat(n)}b\n${" ".repeat(n)}`),
  ]

  /**
   * Texts of which another tokenizer has the same ids, with special tokens and without, and gives the same text back:
   * the whole list, if they are equal.
   */
  async function agreed(place: string, folder: string, texts: readonly string[]): Promise<string[]> {
    const [found, expected] = [await loadTokenizer(place), await loadTokenizer(folder)]
    expect(found.vocabSize).toBe(expected.vocabSize)
    return texts.filter((text) => {
      const ids = expected.encode(text, { special: false })
      return (
        found.encode(text).join() === expected.encode(text).join() &&
        found.encode(text, { special: false }).join() === ids.join() &&
        (ids.length === 0 || found.decode(ids) === expected.decode(ids))
      )
    })
  }

  describe.skipIf(!hasShared)(`against other people's${needsShared}`, () => {
    interface Golden {
      readonly text: string
      readonly ids: readonly number[]
    }

    it("SentencePiece: LLaMA-2 has the merges of Hugging Face's converter and the ids of SentencePiece", async () => {
      const json = read("tokenizers", "llama2", "tokenizer.json") as TokenizerJson
      // The scores of tokenizer.model: 0 to the bytes, then −0, −1, …; runs of spaces come last of all.
      const scores = Array<number>(32_000).fill(0)
      for (const [token, id] of Object.entries(json.model.vocab)) {
        if (id >= 259) scores[id] = /^▁▁+$/.test(token) ? -1e9 : 259 - id
      }
      const path = await tokenizerOf(sentencePieceMetadata(json, scores))
      const golden = read("tokenizers", "llama2", "golden.json") as Record<string, Golden[]>
      const all = [...golden.gold!, ...golden.upstream_test_c!]
      const texts = [...awkward, ...all.map(({ text }) => text)]
      expect(await agreed(path, shared("tokenizers", "llama2"), texts)).toEqual(texts)
      const tokenizer = await loadTokenizer(path)
      for (const { text, ids } of all) expect([...tokenizer.encode(text)], `ids of ${text}`).toEqual(ids)
      const { bytes } = await (await openSource(path)).tokenizer()
      const { model } = JSON.parse(Buffer.from(bytes).toString()) as TokenizerJson
      const joined = (merges: TokenizerJson["model"]["merges"]): string[] =>
        merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")))
      const [found, expected] = [joined(model.merges), joined(json.model.merges)]
      expect([...found].sort()).toEqual([...expected].sort())
      // In the same order but for the ways to one piece, of which the converter has had several orders, and runs of spaces.
      const made = (merges: readonly string[]): string[] =>
        merges.map((merge) => merge.replace(" ", "")).filter((piece) => !/^▁▁+$/.test(piece))
      expect(made(found)).toEqual(made(expected))
    })

    it("SentencePiece: stories260K, from the scores of its tok512.bin", async () => {
      const json = read("models", "stories260K", "tokenizer.json") as TokenizerJson
      const file = readFileSync(shared("models", "stories260K", "tok512.bin"))
      const scores: number[] = []
      for (let at = 4; at < file.length; at += 8 + file.readInt32LE(at + 4)) scores.push(file.readFloatLE(at))
      const golden = read("models", "stories260K", "golden.json") as { texts: { text: string }[] }
      const texts = [...awkward, ...golden.texts.map(({ text }) => text)]
      const path = await tokenizerOf(sentencePieceMetadata(json, scores))
      expect(await agreed(path, shared("models", "stories260K"), texts)).toEqual(texts)
    })

    it.each([
      ["gpt2", "gpt2", "gpt-2"],
      ["llama3", "llama3.1", "llama-bpe"],
      ["qwen2", "qwen2", "qwen2"],
    ])("byte-level: %s", async (family, folder, pre) => {
      const json = read("tokenizers", folder, "tokenizer.json") as TokenizerJson
      const bos: Metadata = family === "llama3" ? { "tokenizer.ggml.bos_token_id": { u32: 128_000 } } : {}
      const path = await tokenizerOf({ ...byteLevelMetadata(json, pre), ...bos })
      const { gold } = read("tokenizers", "golden_bytelevel.json") as { gold: Record<string, Golden[]> }
      const special = ["<|endoftext|>", "<|begin_of_text|>", "<|im_start|>user", "<tool_call>"]
      const texts = [...awkward, ...special, ...gold[family]!.map(({ text }) => text)]
      expect(await agreed(path, shared("tokenizers", folder), texts)).toEqual(texts)
    })
  })

  const bytes = byteTokenizer() as TokenizerJson
  const zeros = Array<number>(259).fill(0)

  it("of bytes alone, without a space before the text, and with a token at its end", async () => {
    const metadata = {
      ...sentencePieceMetadata(bytes, zeros),
      "tokenizer.ggml.add_space_prefix": { bool: false },
    }
    const folder = newFolder()
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(bytes))
    const [plain, ended] = [
      await loadTokenizer(await tokenizerOf(metadata)),
      await loadTokenizer(await tokenizerOf({ ...metadata, "tokenizer.ggml.add_eos_token": { bool: true } })),
    ]
    const expected = await loadTokenizer(folder)
    for (const text of ["", "aé", "<s>a"]) {
      expect([...plain.encode(text)]).toEqual([...expected.encode(text)])
      expect([...ended.encode(text)]).toEqual([...expected.encode(text), 2])
    }
  })

  it("is not asked where a tokenizer.json lies beside the file", async () => {
    const { path } = await converted(base, {
      metadata: { "tokenizer.ggml.model": { text: "of another kind" } },
    })
    expect([...(await loadTokenizer(path)).encode("a")]).toEqual([1, 3 + 0x61])
  })

  it("has a fingerprint of its own for every vocabulary", async () => {
    const metadata = sentencePieceMetadata(bytes, zeros)
    const of = async (more: Readonly<Record<string, Meta>>): Promise<string> =>
      (await openModel(await tokenizerOf({ ...metadata, ...more }), { cache })).tokenizerFingerprint
    const plain = await of({})
    expect(await of({ "general.name": { text: "another" } })).toBe(plain)
    expect(await of({ "tokenizer.ggml.add_bos_token": { bool: false } })).not.toBe(plain)
  })

  const advice = ": put the model's tokenizer.json beside the file"
  const texts = (n: number): string[] => Array.from({ length: n }, (_, i) => `t${i}`)
  it.each<[string, Readonly<Record<string, Meta | undefined>>, string]>([
    ["nothing", {}, 'tokenizer.ggml.model: expected llama or gpt2, got "nothing"'],
    ["bert", { model: { text: "bert" } }, 'tokenizer.ggml.model: expected llama or gpt2, got "bert"'],
    ["no tokens", { model: { text: "llama" } }, "tokenizer.ggml.tokens: expected a list of tokens, got none"],
    [
      "no scores",
      { model: { text: "llama" }, tokens: { texts: texts(4) } },
      "tokenizer.ggml.scores: expected one for each token, got others",
    ],
    [
      "scores of some",
      { model: { text: "llama" }, tokens: { texts: texts(4) }, scores: { f32s: [0, 1, 2] } },
      "tokenizer.ggml.scores: expected one for each of 4 tokens, got 3",
    ],
    [
      "a token twice",
      { model: { text: "llama" }, tokens: { texts: ["a", "a"] } },
      "tokenizer.ggml.tokens: expected different tokens, got some twice",
    ],
    [
      "words of an unknown kind",
      { model: { text: "gpt2" }, tokens: { texts: texts(4) }, pre: { text: "tekken" } },
      'tokenizer.ggml.pre: expected gpt-2, llama-bpe, llama3, llama-v3, qwen2, got "tekken"',
    ],
    [
      "no merges",
      { model: { text: "gpt2" }, tokens: { texts: texts(4) }, pre: { text: "gpt-2" } },
      "tokenizer.ggml.merges: expected a list of merges, got none",
    ],
    [
      "half a merge",
      { model: { text: "gpt2" }, tokens: { texts: ["a"] }, pre: { text: "gpt-2" }, merges: { texts: ["a"] } },
      'tokenizer.ggml.merges: expected two tokens, got "a"',
    ],
    [
      "no begin-of-sequence token",
      {
        model: { text: "gpt2" },
        tokens: { texts: ["a"] },
        pre: { text: "llama-bpe" },
        merges: { texts: [] },
        bos_token_id: { u32: 7 },
      },
      "tokenizer.ggml.bos_token_id: expected the id of a token, got 7",
    ],
  ])("of %s: says what is missing and what to do", async (_, fields, message) => {
    const metadata = Object.entries(fields).map(([key, value]) => [`tokenizer.ggml.${key}`, value])
    const path = await tokenizerOf(Object.fromEntries(metadata) as Record<string, Meta>)
    await expect(openModel(path, { cache })).rejects.toThrow(`${path}: ${message}${advice}`)
  })
})

describe("a file that is not as it should be is refused", () => {
  let whole: Buffer
  let base: string
  beforeAll(async () => {
    base = await randomLlama()
    whole = readFileSync((await converted(base)).path)
  })

  function written(content: Uint8Array): string {
    const path = join(newFolder(), "model.gguf")
    writeFileSync(path, content)
    writeFileSync(join(path, "..", "tokenizer.json"), JSON.stringify(byteTokenizer()))
    return path
  }

  const refusal = async (path: string): Promise<string> => {
    const error: unknown = await openModel(path, { cache }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(LitmusError)
    const { message } = error as Error
    expect(message).not.toContain("\n")
    expect(message.startsWith(path) || message.includes(` ${path}`)).toBe(true)
    return message.replace(path, "FILE")
  }

  it("one that is not there, is empty, or is no GGUF file", async () => {
    expect(await refusal(join(root, "none.gguf"))).toBe("cannot read FILE: no such file or folder")
    expect(await refusal("models/none.gguf")).toBe("cannot read FILE: no such file or folder")
    const beginning = "FILE: not a GGUF file: expected it to begin with"
    expect(await refusal(written(Buffer.alloc(0)))).toBe(`${beginning} "GGUF", got ""`)
    expect(await refusal(written(Buffer.from("GGML and more")))).toBe(`${beginning} "GGUF", got "GGML"`)
    expect(await refusal(written(Buffer.from("GGUF")))).toBe(
      "FILE: expected a header of at least 24 bytes, got a file of 4 (it is truncated)",
    )
  })

  it("of another version or byte order", async () => {
    const other = Buffer.from(whole)
    other.writeUInt32LE(9, 4)
    expect(await refusal(written(other))).toBe(
      'FILE: not a valid gguf file: unsupported version "9" (the file is truncated or not a GGUF file)',
    )
    const big = Buffer.alloc(24)
    big.write("GGUF")
    big.writeUInt32BE(3, 4)
    expect(await refusal(written(big))).toBe("FILE: expected little-endian numbers, got big-endian ones")
  })

  it("wherever it was cut off", async () => {
    const headerEnd = whole.indexOf("blk.0.attn_k.weight")
    for (const end of [30, 100, headerEnd, headerEnd + 40, whole.length >> 1, whole.length - 64]) {
      expect(await refusal(written(whole.subarray(0, end)))).toMatch(/truncated/)
    }
  })

  it("that counts more than it holds", async () => {
    for (const at of [8, 16]) {
      for (const count of [1n << 20n, 1n << 60n]) {
        const lying = Buffer.from(whole)
        lying.writeBigUInt64LE(count, at)
        expect(await refusal(written(lying))).toMatch(
          /^FILE: \d+ tensors and \d+ entries of metadata exceed its \d+ bytes \(the file is truncated, or its header lies\)$/,
        )
      }
    }
    const long = Buffer.from(whole)
    long.writeBigUInt64LE(1n << 62n, 24)
    expect(await refusal(written(long))).toMatch(
      /^FILE: String length .*\(the file is truncated or not a GGUF file\)$/,
    )
  })

  const meta: Metadata = { "general.architecture": { text: "llama" } }
  const one = { name: "x", dims: [32], type: 0, bytes: new Uint8Array(128) }
  it.each<[string, Buffer, string]>([
    [
      "an offset beyond its end",
      encodeGguf(meta, [{ ...one, offset: 4096 }]),
      "FILE: tensor x: byte range 4096–4224 leaves the file's 128 bytes of data (is the file truncated?)",
    ],
    [
      "an offset that is not aligned",
      encodeGguf(meta, [{ ...one, offset: 8 }]),
      "FILE: tensor x: expected an offset that 32 divides, got 8",
    ],
    [
      "tensors that overlap",
      encodeGguf(meta, [one, { ...one, name: "y", offset: 64 }]),
      "FILE: the bytes of tensors x and y overlap",
    ],
    ["a tensor twice", encodeGguf(meta, [one, one]), "FILE: tensor x occurs twice"],
    [
      "a tensor larger than the file",
      encodeGguf(meta, [{ ...one, dims: [4096, 4096] }]),
      "FILE: tensor x: byte range 0–67108864 leaves the file's 128 bytes of data (is the file truncated?)",
    ],
    [
      "impossible lengths",
      encodeGguf(meta, [{ ...one, dims: [2 ** 31, 2 ** 31] }]),
      "FILE: tensor x: expected 1 to 4 dimensions of possible lengths, got [2147483648, 2147483648]",
    ],
    [
      "rows that are no whole blocks",
      encodeGguf(meta, [{ ...one, dims: [16, 4], type: 8 }]),
      "FILE: tensor x: expected rows of a multiple of 32 entries for Q8_0, got [4, 16]",
    ],
    [
      "a type that is not read",
      encodeGguf(meta, [{ ...one, type: 12 }]),
      "FILE: tensor x is Q4_K: expected F32, F16, BF16, Q8_0, Q4_0, Q6_K (llama-quantize --pure writes all tensors in one type)",
    ],
    [
      "a type that nobody knows",
      encodeGguf(meta, [{ ...one, type: 999 }]),
      "FILE: tensor x is of the unknown type 999: expected F32, F16, BF16, Q8_0, Q4_0, Q6_K (llama-quantize --pure writes all tensors in one type)",
    ],
    [
      "an impossible alignment",
      encodeGguf({ ...meta, "general.alignment": { u32: 24 } }, [one]),
      "FILE: general.alignment: expected a power of two of at least 8, got 24",
    ],
    [
      "another architecture",
      encodeGguf({ "general.architecture": { text: "gemma3" } }, [one]),
      'FILE: architecture "gemma3" is not supported as GGUF; supported: llama, qwen2, qwen3 (others as a Hugging Face folder)',
    ],
    [
      "no architecture",
      encodeGguf({ "general.name": { text: "x" } }, [one]),
      "FILE: general.architecture: expected a string, got nothing",
    ],
    [
      "no metadata of the model",
      encodeGguf(meta, [one]),
      "FILE: llama.embedding_length: expected a positive integer, got nothing",
    ],
  ])("one with %s", async (_, content, message) => {
    expect(await refusal(written(content))).toBe(message)
  })

  const changes: [string, Readonly<Record<string, Meta | undefined>>, string][] = [
    [
      "no epsilon",
      { "llama.attention.layer_norm_rms_epsilon": undefined },
      "FILE: llama.attention.layer_norm_rms_epsilon: expected a positive number, got nothing",
    ],
    [
      "experts",
      { "llama.expert_count": { u32: 8 } },
      "FILE: llama.expert_count: expected 0, got 8 (no model that is read here has it); --ignore-config llama.expert_count reads the model as if it were not there",
    ],
    [
      "something that nobody here knows",
      { "llama.attention.bend": { f32: 0.5 } },
      "FILE: unknown field llama.attention.bend (0.5): it may change what the model computes; if it does not, remove it or give --ignore-config llama.attention.bend",
    ],
    [
      "a general key that nobody here knows",
      { "general.rotation": { text: "left" } },
      'FILE: unknown field general.rotation ("left"): it may change what the model computes; if it does not, remove it or give --ignore-config general.rotation',
    ],
    [
      "two stretchings of positions that differ",
      {
        "llama.rope.scaling.type": { text: "linear" },
        "llama.rope.scaling.factor": { f32: 4 },
        "llama.rope.scale_linear": { f32: 2 },
      },
      "FILE: llama.rope.scaling.factor 4 contradicts llama.rope.scale_linear 2",
    ],
    [
      "a linear stretching without a factor",
      { "llama.rope.scaling.type": { text: "linear" } },
      "FILE: llama.rope.scaling.factor: expected the factor of linear scaling, got nothing",
    ],
    [
      "heads of which a part is turned",
      { "llama.rope.dimension_count": { u32: 8 } },
      "FILE: llama.rope.dimension_count: expected the width of a head, 16, got 8",
    ],
    [
      "another stretching of positions",
      { "llama.rope.scaling.type": { text: "yarn" }, "llama.rope.scaling.factor": { f32: 4 } },
      'FILE: llama.rope.scaling.type: expected none or linear, got "yarn"',
    ],
    [
      "further parts",
      { "split.count": { u32: 3 } },
      "FILE: one of several parts: join them with llama-gguf-split --merge",
    ],
    [
      "heads that do not divide",
      { "llama.attention.head_count_kv": { u32: 3 } },
      "FILE: num_key_value_heads: expected a divisor of num_attention_heads (4), got 3",
    ],
    [
      "more layers than tensors",
      { "llama.block_count": { u32: 3 } },
      "FILE: llama.block_count: expected as many as there are blocks of tensors, got 3",
    ],
    [
      "impossibly many layers",
      { "llama.block_count": { u64: 1n << 40n } },
      "FILE: llama.block_count: expected as many as there are blocks of tensors, got 1099511627776",
    ],
    [
      "fewer layers than tensors",
      { "llama.block_count": { u32: 1 } },
      "FILE: its metadata and the weights contradict each other: tensor model.layers.1.input_layernorm.weight has no place in this llama of 1 layers",
    ],
    [
      "another width of the MLP",
      { "llama.feed_forward_length": { u32: 64 } },
      "FILE: tensor model.layers.0.mlp.gate_proj.weight: expected shape [64, 64] by its metadata, got [96, 64]",
    ],
  ]
  it.each(changes)("one that says that it has %s", async (_, metadata, message) => {
    expect(await refusal((await converted(base, { metadata })).path)).toBe(message)
  })

  it("one without a tensor that its architecture has", async () => {
    const { path } = await converted(base, { architecture: "qwen3" })
    expect(await refusal(path)).toBe(
      "FILE: tensor model.layers.0.self_attn.q_norm.weight is missing (its metadata asks for it)",
    )
  })

  it("one whose frequency factors are not Llama 3's", async () => {
    const { bytes, ...rest } = ropeFactors(8)
    for (const tensor of [
      { ...rest, bytes },
      { ...rest, bytes: bytes.slice(0, 16), dims: [4] },
    ]) {
      // Of another base.
      const { path } = await converted(base, { tensors: [tensor] })
      expect(await refusal(path)).toBe(
        "FILE: tensor rope_freqs.weight: expected the frequency factors of Llama 3.1, got others",
      )
    }
  })

  it("a folder that holds one: says to name the file", async () => {
    const { path } = await converted(base)
    await expect(openModel(join(path, ".."), { cache })).rejects.toThrow(
      /no config\.json .*or a GGUF file\)$/,
    )
    writeFileSync(join(path, "..", "config.json"), readFileSync(join(base, "config.json")))
    await expect(openModel(join(path, ".."), { cache })).rejects.toThrow(
      /no \.safetensors file \(to use model\.gguf, name the file itself\)$/,
    )
  })
})

describe("the commands", () => {
  const data = join(root, "data")
  let path: string
  beforeAll(async () => {
    writeSums(data)
    path = join(newFolder(), "small.gguf")
    const tokenizer = sentencePieceMetadata(byteTokenizer() as TokenizerJson, Array<number>(259).fill(0))
    await writeGguf(path, await randomLlama(), { type: "Q8_0", metadata: tokenizer })
  })

  it("inspect, extract and data check take the file, and say in a line what is wrong with another", async () => {
    const damaged = join(newFolder(), "damaged.gguf")
    writeFileSync(damaged, readFileSync(path).subarray(0, 50_000))
    const place = ["--data", data, "--distribution", "sums", "--cache", cache]
    const [facts, extracted, checked, refused] = await Promise.all([
      litmus(["inspect", path, "--json"]),
      litmus(["extract", "--model", path, ...place, "--max-examples", "4", "--sites", "final", "--json"]),
      litmus(["data", "check", data, "--model", path, "--distribution", "sums", "--quiet"]),
      litmus(["extract", "--model", damaged, ...place]),
    ])
    expect(JSON.parse(facts.stdout)).toMatchObject({
      is: "model",
      modelType: "llama",
      dtypes: ["F32", "Q8_0"],
      files: 1,
      dModel: 64,
    })
    expect({ code: extracted.code, stderr: extracted.stderr }).toMatchObject({ code: 0 })
    expect(checked.code).toBe(0)
    expect(complaint(refused)).toMatch(
      /damaged\.gguf: tensor \S+: byte range .* leaves the file's \d+ bytes of data \(is the file truncated\?\)$/,
    )
  })

  it("tune: a fully tuned model is a folder that stands for itself", async () => {
    const model = await openModel(path, { cache })
    const folder = join(root, "tuned")
    const options = resolveOptions("full", tuningOptions.full, {
      steps: 2,
      batch: 4,
      learningRate: 1e-3,
      validation: 0,
    })
    const source = await readDistribution(data, "sums", "train")
    const tuned = await tune(model, source, "full", options, { folder, seed: 0, cache, threads: 1 })
    const again = await openModel(folder, { cache })
    expect(again.fingerprint).toBe(tuned.model.fingerprint)
    expect(again.bundle.architecture).toMatchObject({ modelType: "llama", scoreLabels: 1 })
    expect(again.endToken).toBe(2)
    expect([...(await again.tokenizer()).encode("aé")]).toEqual([...(await model.tokenizer()).encode("aé")])
  })
})
