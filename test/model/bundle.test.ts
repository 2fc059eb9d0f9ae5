// Compiled weights: exactly the checkpoint's, made once, made again when something happened to them; and checkpoints
// that contradict their config.json.

import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, test } from "vitest"
import type { Bundle } from "../../src/model/bundle/format.ts"
import { openSafetensors, writeSafetensors, type WritableTensor } from "../../src/formats/safetensors.ts"
import { smallConfig, writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const root = temporaryFolder()
let folders = 0
const newFolder = (): string => join(root, String(folders++))
const weightsOf = (bundle: Bundle): string => join(bundle.folder, "weights.bin")

async function tensorsOf(folder: string): Promise<Map<string, WritableTensor>> {
  const file = await openSafetensors(join(folder, "model.safetensors"))
  const tensors = new Map<string, WritableTensor>()
  for (const [name, { shape }] of file.tensors)
    tensors.set(name, { shape, data: await file.readFloat32(name) })
  await file.close()
  return tensors
}

/** Opens a bundle and says whether it was compiled for that. */
async function open(folder: string, cache: string): Promise<{ bundle: Bundle; compiled: boolean }> {
  let compiled = false
  const bundle = await openBundle(folder, { cache, onProgress: () => (compiled = true) })
  return { bundle, compiled }
}

/** A checkpoint whose tensors are stored as 16-bit words: of each float32 the upper half, or rounded to half. */
async function writeSixteenBit(dtype: "BF16" | "F16", wordOf: (value: number) => number): Promise<string> {
  const folder = await writeRandomModel(newFolder())
  const header: Record<string, unknown> = {}
  const words: number[] = []
  for (const [name, { shape, data }] of await tensorsOf(folder)) {
    header[name] = { dtype, shape, data_offsets: [2 * words.length, 2 * (words.length + data.length)] }
    for (const value of data) words.push(wordOf(value))
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const data = Buffer.from(Uint16Array.from(words).buffer)
  writeFileSync(join(folder, "model.safetensors"), Buffer.concat([length, text, data]))
  return folder
}

describe("a bundle", () => {
  test("holds every weight bit for bit, each at a page of its own", async () => {
    const folder = await writeRandomModel(newFolder(), { config: { attention_bias: true, mlp_bias: true } })
    const { bundle } = await open(folder, newFolder())
    const bytes = readFileSync(weightsOf(bundle))
    const tensors = await tensorsOf(folder)
    expect(Object.keys(bundle.tensors).sort()).toEqual([...tensors.keys()].sort())
    let next = 0
    for (const { offset, length } of Object.values(bundle.tensors)) {
      expect(offset % 4096).toBe(0)
      expect(offset).toBeGreaterThanOrEqual(next)
      next = offset + length
    }
    for (const [name, { data, shape }] of tensors) {
      const { offset, length, shape: found } = bundle.tensors[name]!
      expect(found).toEqual(shape)
      expect(bytes.subarray(offset, offset + length).equals(Buffer.from(data.buffer))).toBe(true)
    }
    expect(bundle.sourceDtypes).toEqual(["F32"])
  })

  test("holds tensors larger than the pieces in which they are read", async () => {
    const config = { vocab_size: 280_000, tie_word_embeddings: true, num_hidden_layers: 1 }
    const folder = await writeRandomModel(newFolder(), { config })
    const { bundle } = await open(folder, newFolder())
    const { offset, length } = bundle.tensors["model.embed_tokens.weight"]!
    expect(length).toBe(280_000 * 32 * 4)
    const expected = (await tensorsOf(folder)).get("model.embed_tokens.weight")!.data
    const found = readFileSync(weightsOf(bundle)).subarray(offset, offset + length)
    expect(found.equals(Buffer.from(expected.buffer))).toBe(true)
  })

  test.each([
    // The upper 16 bits of a float32 are the bfloat16 below it in size.
    [
      "BF16",
      (value: number) => floatBits(value) >>> 16,
      (value: number) => bitsFloat((floatBits(value) >>> 16) << 16),
    ],
    // Weights here are between 2⁻⁵ and 2⁻⁴ or so, or near 1: any half will do; take the sign and a fixed mantissa.
    [
      "F16",
      (value: number) => (value < 0 ? 0xa955 : 0x2955),
      (value: number) => (value < 0 ? -1 : 1) * 1365 * 2 ** -15,
    ],
  ] as const)("holds the weights of a %s checkpoint exactly, as float32", async (dtype, wordOf, valueOf) => {
    const folder = await writeSixteenBit(dtype, wordOf)
    const { bundle } = await open(folder, newFolder())
    expect(bundle.sourceDtypes).toEqual([dtype])
    const bytes = readFileSync(weightsOf(bundle))
    // The random model is the same every time.
    const source = await tensorsOf(await writeRandomModel(newFolder()))
    for (const [name, { data }] of source) {
      const { offset, length } = bundle.tensors[name]!
      const found = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + length),
      )
      expect(found.every((value, k) => value === valueOf(data[k]!))).toBe(true)
    }
  })
})

describe("a bundle is made once", () => {
  test("and opened without compiling after that, with the same fingerprint from a copy of the checkpoint", async () => {
    const folder = await writeRandomModel(newFolder())
    const cache = newFolder()
    const first = await open(folder, cache)
    expect(first.compiled).toBe(true)
    expect(await open(folder, cache)).toEqual({ bundle: first.bundle, compiled: false })
    const copy = await writeRandomModel(newFolder())
    expect((await open(copy, cache)).bundle).toEqual(first.bundle)
    expect(readdirSync(join(cache, "models")).sort()).toEqual([first.bundle.fingerprint, "known"])
  })

  test("an edited checkpoint gets another: one weight, or one field of its config", async () => {
    const folder = await writeRandomModel(newFolder())
    const cache = newFolder()
    const { bundle } = await open(folder, cache)
    const file = openSync(join(folder, "model.safetensors"), "r+")
    writeSync(file, Uint8Array.of(1), 0, 1, statSync(join(folder, "model.safetensors")).size - 4)
    closeSync(file)
    const edited = await open(folder, cache)
    expect(edited.compiled).toBe(true)
    expect(edited.bundle.fingerprint).not.toBe(bundle.fingerprint)
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...smallConfig, rope_theta: 5 }))
    const turned = await open(folder, cache)
    expect(new Set([bundle, edited.bundle, turned.bundle].map(({ fingerprint }) => fingerprint)).size).toBe(3)
  })

  const damages: [string, (bundle: Bundle, cache: string) => void][] = [
    ["weights are cut short", (bundle) => truncateSync(weightsOf(bundle), 5000)],
    ["weights are gone", (bundle) => rmSync(weightsOf(bundle))],
    [
      "weights have another byte, as many as before",
      (bundle) => {
        const file = openSync(weightsOf(bundle), "r+")
        writeSync(file, Uint8Array.of(255), 0, 1, 3)
        closeSync(file)
      },
    ],
    ["description is cut short", (bundle) => truncateSync(join(bundle.folder, "bundle.json"), 20)],
    ["description is gone", (bundle) => rmSync(join(bundle.folder, "bundle.json"))],
    [
      "note of what is known is empty",
      (_, cache) =>
        readdirSync(join(cache, "models", "known")).forEach((name) =>
          truncateSync(join(cache, "models", "known", name)),
        ),
    ],
  ]
  test.each(damages)("and again when its %s", async (_, damage) => {
    const folder = await writeRandomModel(newFolder())
    const cache = newFolder()
    const { bundle } = await open(folder, cache)
    const before = readFileSync(weightsOf(bundle))
    damage(bundle, cache)
    expect(await open(folder, cache)).toEqual({ bundle, compiled: true })
    expect(readFileSync(weightsOf(bundle)).equals(before)).toBe(true)
    expect((await open(folder, cache)).compiled).toBe(false)
  })

  test("by two processes that compile at once, both of which succeed", async () => {
    const folder = await writeRandomModel(newFolder(), { config: { vocab_size: 60_000 } })
    const cache = newFolder()
    const url = pathToFileURL(resolve(import.meta.dirname, "../support/model-files.ts")).href
    const script = `
      import { openBundle } from ${JSON.stringify(url)}
      let compiled = false
      const bundle = await openBundle(process.argv[1], { cache: process.argv[2], onProgress: () => (compiled = true) })
      console.log(JSON.stringify({ bundle, compiled }))`
    const children = [0, 1].map(() =>
      spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script, folder, cache], {
        cwd: resolve(import.meta.dirname, "../.."),
        stdio: ["ignore", "pipe", "inherit"],
      }),
    )
    const outputs = await Promise.all(
      children.map(async (child) => {
        const exited = once(child, "exit")
        let text = ""
        for await (const chunk of child.stdout) text += String(chunk)
        expect(await exited).toEqual([0, null])
        return JSON.parse(text) as { bundle: Bundle; compiled: boolean }
      }),
    )
    const { bundle, compiled } = await open(folder, cache)
    expect(compiled).toBe(false)
    for (const output of outputs) expect(output.bundle).toEqual(bundle)
    expect(readdirSync(join(cache, "models")).sort()).toEqual([bundle.fingerprint, "known"].sort())
  })
})

describe("a checkpoint that contradicts its config.json", () => {
  /** The small model's weights, changed, under another config. */
  async function contradiction(
    config: Record<string, unknown> = {},
    change: (tensors: Map<string, WritableTensor>) => void = () => {},
    weights: Record<string, unknown> = {},
  ): Promise<{ folder: string; path: string }> {
    const folder = await writeRandomModel(newFolder(), { config: weights })
    const tensors = await tensorsOf(folder)
    change(tensors)
    const path = join(folder, "model.safetensors")
    await writeSafetensors(path, tensors)
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...smallConfig, ...weights, ...config }))
    return { folder, path }
  }
  const q = "model.layers.0.self_attn.q_proj"

  test.each<[string, Parameters<typeof contradiction>, string]>([
    [
      "fewer layers than weights",
      [{ num_hidden_layers: 1 }],
      "config.json and the weights contradict each other: tensor model.layers.1.input_layernorm.weight has no place in this llama of 1 layers",
    ],
    [
      "more layers than weights",
      [{ num_hidden_layers: 3 }],
      "tensor model.layers.2.input_layernorm.weight is missing (config.json asks for it)",
    ],
    [
      "no biases, but there are",
      [{ attention_bias: false }, undefined, { attention_bias: true }],
      `config.json and the weights contradict each other: tensor ${q}.bias has no place in this llama of 2 layers`,
    ],
    [
      "biases, but there are none",
      [{ mlp_bias: true }],
      "tensor model.layers.0.mlp.gate_proj.bias is missing (config.json asks for it)",
    ],
    [
      "a head of its own, but there is none",
      [{}, (tensors) => tensors.delete("lm_head.weight")],
      "tensor lm_head.weight is missing (config.json asks for it)",
    ],
    [
      "another vocabulary",
      [{ vocab_size: 260 }],
      "tensor model.embed_tokens.weight: expected shape [260, 32] by config.json, got [259, 32]",
    ],
    [
      "other heads",
      [{ num_key_value_heads: 1 }],
      "tensor model.layers.0.self_attn.k_proj.weight: expected shape [8, 32] by config.json, got [16, 32]",
    ],
    [
      "as many numbers in another shape",
      [{}, (tensors) => tensors.set(`${q}.weight`, { ...tensors.get(`${q}.weight`)!, shape: [1024] })],
      `tensor ${q}.weight: expected shape [32, 32] by config.json, got [1024]`,
    ],
    [
      "integers",
      [{}, (tensors) => tensors.set(`${q}.weight`, { shape: [32, 32], data: new Int32Array(1024) })],
      `tensor ${q}.weight: expected F32, F16 or BF16, got I32`,
    ],
    [
      "a missing weight",
      [{}, (tensors) => tensors.delete("model.norm.weight")],
      "tensor model.norm.weight is missing (config.json asks for it)",
    ],
  ])("(%s) is refused, and nothing is compiled", async (_, args, message) => {
    const { folder, path } = await contradiction(...args)
    const cache = newFolder()
    await expect(openBundle(folder, { cache })).rejects.toThrow(`${path}: ${message}`)
    expect(readdirSync(join(cache, "models"))).toEqual(["known"])
  })

  /** The bundle, and what was said of it when it was compiled and when it was found in the cache. */
  async function withNotices(folder: string): Promise<{ bundle: Bundle; notices: string[] }> {
    const cache = newFolder()
    const notices: [string[], string[]] = [[], []]
    const bundle = await openBundle(folder, { cache, onNotice: (line) => notices[0].push(line) })
    await openBundle(folder, { cache, onNotice: (line) => notices[1].push(line) })
    expect(notices[1]).toEqual(notices[0])
    return { bundle, notices: notices[0] }
  }

  const frequencyName = (layer: number): string => `model.layers.${layer}.self_attn.rotary_emb.inv_freq`
  /** Of heads of 8 dims. */
  const frequencies = (theta: number, divisor = 1): WritableTensor => ({
    shape: [4],
    data: Float32Array.from({ length: 4 }, (_, i) => theta ** (-i / 4) / divisor),
  })

  test("is none where a tied head is stored once more, and frequencies are those of config.json", async () => {
    const { folder } = await contradiction({ tie_word_embeddings: true }, (tensors) => {
      tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!)
      tensors.set(frequencyName(0), frequencies(10_000))
    })
    const { bundle, notices } = await withNotices(folder)
    expect(notices).toEqual([])
    expect(bundle.architecture.tiedEmbeddings).toBe(true)
    expect(bundle.tensors["lm_head.weight"]).toBeUndefined()
  })

  test.each([
    ["scaled", frequencies(10_000, 4)],
    ["as old releases stored them, before they were scaled", frequencies(10_000)],
  ])("is none where the frequencies of linear scaling are stored %s", async (_, stored) => {
    const rope_scaling = { rope_type: "linear", factor: 4 }
    const { folder } = await contradiction({ rope_scaling }, (tensors) =>
      tensors.set(frequencyName(0), stored),
    )
    expect((await withNotices(folder)).notices).toEqual([])
  })

  test("between stored frequencies and config.json is won by config.json, in one line", async () => {
    const change = (tensors: Map<string, WritableTensor>): void => {
      for (const layer of [0, 1]) tensors.set(frequencyName(layer), frequencies(500_000))
    }
    const { folder, path } = await contradiction({}, change)
    const plain = await contradiction()
    const { bundle, notices } = await withNotices(folder)
    expect(notices).toEqual([
      `config.json wins over the stored ${frequencyName(0)} (${path}), which and 1 more say otherwise: transformers computes frequencies from the configuration and never loads them`,
    ])
    expect(bundle.fingerprint).toBe((await withNotices(plain.folder)).bundle.fingerprint)
  })

  test("between a tie and a stored head that differs is won by the head, in one line", async () => {
    const { folder, path } = await contradiction({ tie_word_embeddings: true })
    const untied = await contradiction({ tie_word_embeddings: false })
    const { bundle, notices } = await withNotices(folder)
    expect(notices).toEqual([
      `${path}: lm_head.weight wins over config.json, which ties it to model.embed_tokens.weight: the two differ, and transformers (since 5) does not tie what differs`,
    ])
    expect(bundle.fingerprint).toBe((await withNotices(untied.folder)).bundle.fingerprint)
  })

  test("is none where tied embeddings are stored under the head's name alone", async () => {
    const tied = { tie_word_embeddings: true }
    const { folder } = await contradiction(tied, (tensors) => {
      tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!)
      tensors.delete("model.embed_tokens.weight")
    })
    const usual = await contradiction(tied, (tensors) => tensors.delete("lm_head.weight"))
    const { bundle, notices } = await withNotices(folder)
    expect(notices).toEqual([])
    expect(bundle.fingerprint).toBe((await withNotices(usual.folder)).bundle.fingerprint)
  })

  test("of a bundle that was compiled before contradictions were looked for is found", async () => {
    const cache = newFolder()
    const forget = (): void => {
      const known = join(cache, "models", "known")
      for (const name of readdirSync(known)) {
        const path = join(known, name)
        const { fingerprint } = JSON.parse(readFileSync(path, "utf8")) as { fingerprint: string }
        writeFileSync(path, JSON.stringify({ fingerprint }))
      }
    }
    const { folder } = await contradiction()
    const first = await open(folder, cache)
    forget()
    // Where there is none, the weights are not compiled again.
    expect(await open(folder, cache)).toEqual({ bundle: first.bundle, compiled: false })
  })

  test.each([
    ["model.layers.0.self_attn.bias", [1, 1, 8, 8]],
    ["lm_head.weight", [259, 16]],
    ["score.weight", [1, 32]],
    ["model.layers.0.self_attn.sinks", [4]],
  ])("by a tensor that nobody here knows, %s %j, is refused", async (name, shape) => {
    const { folder, path } = await contradiction({ tie_word_embeddings: true }, (tensors) =>
      tensors.set(name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }),
    )
    await expect(openBundle(folder, { cache: newFolder() })).rejects.toThrow(
      `${path}: config.json and the weights contradict each other: tensor ${name} has no place in this llama of 2 layers`,
    )
  })

  test("is none where GPT-2's causal mask is stored, and is refused where it is no mask", async () => {
    const config = { model_type: "gpt2", n_embd: 32, n_layer: 1, n_head: 2, n_positions: 16, vocab_size: 259 }
    const stored = async (shape: number[]): Promise<string> => {
      const folder = await writeRandomModel(newFolder(), { config })
      const tensors = await tensorsOf(folder)
      tensors.set("transformer.h.0.attn.bias", {
        shape,
        data: new Float32Array(shape.reduce((a, b) => a * b)),
      })
      tensors.set("transformer.h.0.attn.masked_bias", { shape: [1], data: new Float32Array(1) })
      await writeSafetensors(join(folder, "model.safetensors"), tensors)
      return folder
    }
    expect((await withNotices(await stored([1, 1, 16, 16]))).notices).toEqual([])
    await expect(openBundle(await stored([32]), { cache: newFolder() })).rejects.toThrow(
      "tensor transformer.h.0.attn.bias has no place in this gpt2",
    )
  })
})

function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!
}

function bitsFloat(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!
}
