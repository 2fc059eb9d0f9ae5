// Models, data and probes that are not what they should be: one line on standard error that says what is wrong, a
// non-zero exit code, nothing on standard output.

import { cpSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { sums, writeDistribution, writeSums } from "../support/data-folder.ts"
import { smallConfig, writeRandomModel } from "../support/random-model.ts"
import {
  complaintOf,
  extractMore as extract,
  smallWorld,
  succeed,
  transferTo,
} from "../support/small-world.ts"

const { root, data, model, cache, place, inputs } = await smallWorld()

describe.concurrent("a model folder", () => {
  async function spoilt(
    name: string,
    spoil: (folder: string) => void,
  ): Promise<{ folder: string; message: string }> {
    const folder = join(root, name)
    cpSync(model, folder, { recursive: true })
    spoil(folder)
    return { folder, message: await complaintOf([...extract, "--model", folder, ...place]) }
  }

  it("that is not there", async () => {
    const message = await complaintOf([...extract, "--model", join(root, "no model"), ...place])
    expect(message).toBe(`model folder ${join(root, "no model")}: no such file or folder`)
  })

  it("that is none", async () => {
    expect(await complaintOf([...extract, "--model", data, ...place])).toBe(
      `model folder ${data}: no config.json (expected a Hugging Face folder: config.json, *.safetensors, tokenizer.json; or a GGUF file)`,
    )
    expect(await complaintOf(["inspect", root])).toContain(
      `${root}: expected a model (config.json), an adapter`,
    )
  })

  it("with tokenizer.model alone: says how to get the other", async () => {
    const { folder, message } = await spoilt("sentencepiece", (at) => {
      rmSync(join(at, "tokenizer.json"))
      writeFileSync(join(at, "tokenizer.model"), "")
    })
    expect(message).toBe(
      `cannot read ${join(folder, "tokenizer.json")}: no such file or folder (there is a tokenizer.model: write tokenizer.json beside it with Hugging Face's AutoTokenizer.from_pretrained(folder).save_pretrained(folder))`,
    )
  })

  it("of an architecture that is not known: lists those that are", async () => {
    const { folder, message } = await spoilt("mamba", (at) =>
      writeFileSync(join(at, "config.json"), JSON.stringify({ ...smallConfig, model_type: "mamba" })),
    )
    expect(message).toContain(
      `${join(folder, "config.json")}: architecture "mamba" is not supported; supported: llama`,
    )
  })

  it.each([
    [
      "within its header",
      100,
      /model\.safetensors: header length \d+ exceeds the file's 100 bytes \(the file is truncated or not a safetensors file\)$/,
    ],
    [
      "within its tensors",
      50_000,
      /model\.safetensors: tensor .* leaves the file's \d+ bytes of data \(is the file truncated\?\)$/,
    ],
  ])("whose weights are cut off %s", async (where, bytes, message) => {
    expect(
      (await spoilt(`cut ${where}`, (at) => truncateSync(join(at, "model.safetensors"), bytes))).message,
    ).toMatch(message)
  })

  it("whose config.json is malformed: says where", async () => {
    const { folder, message } = await spoilt("malformed", (at) =>
      writeFileSync(join(at, "config.json"), '{\n "a": 1,\n}'),
    )
    expect(message).toContain(`${join(folder, "config.json")}:3:1: `)
  })
})

describe.concurrent("a distribution", () => {
  const wrong = writeSums(join(root, "wrong data"))
  const own = ["--model", model, "--data", wrong, "--cache", cache, "--quiet"]
  const file = (name: string): string => join(wrong, "distributions", name, "test.json")
  it.each([
    ["malformed", '[\n  {"prompt": "a" "responses": {}}\n]', ":2:18: malformed JSON: expected "],
    ["cut", '[\n  {"prompt": "a"', ":2:"],
    ["empty", "[]", ": expected at least one example, got an empty list"],
    ["object", "{}", ": expected a list of examples, got "],
    [
      "twice",
      [{ prompt: "p", responses: { a: 1, b: 1 } }],
      " [0].responses: expected exactly one response labelled 1, got 2",
    ],
    [
      "never",
      [...sums(3), { prompt: "p", responses: { a: 0, b: 0 } }],
      " [3].responses: expected exactly one response labelled 1, got none",
    ],
    [
      "alone",
      [{ prompt: "p", responses: { a: 1 } }],
      " [0].responses: expected at least one response labelled 0, got none",
    ],
    [
      "label",
      [{ prompt: "p", responses: { a: 1, b: 2 } }],
      ' [0].responses["b"]: expected the label 0 or 1, got 2',
    ],
    ["prompt", [{ responses: { a: 1, b: 0 } }], " [0].prompt: expected a text, got "],
  ])("that is wrong (%s) is refused with its place", async (name, content, message) => {
    writeDistribution(wrong, name, { test: content })
    expect(await complaintOf([...transferTo(name), ...own])).toContain(file(name) + message)
  })

  it("all of whose examples are too long is refused", async () => {
    const folder = join(root, "long")
    writeDistribution(folder, "long", { test: [{ prompt: "x".repeat(300), responses: { a: 1, b: 0 } }] })
    const args = [
      "extract",
      "--model",
      model,
      "--data",
      folder,
      "--cache",
      cache,
      "--quiet",
      "--distribution",
      "long",
    ]
    expect(await complaintOf([...args, "--split", "test"])).toBe(
      "long test: no example fits the model's context of 256 tokens (the shortest has 302)",
    )
  })
})

describe("a saved probe", () => {
  it("of another model is refused", async () => {
    const [out, other] = [join(root, "probe"), join(root, "other model")]
    await writeRandomModel(other, { seed: 1 })
    await succeed(["fit", "--intervention", "mms", "--source", "sums", "--out", out, ...inputs])
    expect(
      await complaintOf(["transfer", "--probe", out, "--target", "more", "--model", other, ...place]),
    ).toMatch(/probe: the probe was fitted on model [0-9a-f]{16}, but .*other model is [0-9a-f]{16}/)
    expect(
      await complaintOf(["transfer", "--probe", out, "--source", "sums", "--target", "more", ...inputs]),
    ).toBe(
      "transfer: --probe names what was fitted and on what: leave out --intervention, --source and --mix-target",
    )
    expect(await complaintOf(["transfer", "--probe", data, "--target", "more", ...inputs])).toBe(
      `cannot read ${join(data, "probe.json")}: no such file or folder`,
    )
  })
})
