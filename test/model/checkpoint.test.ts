// Which files of a model folder are its weights, and what is said of folders that are none.

import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { openCheckpoint, weightFiles } from "../../src/model/checkpoint/checkpoint.ts"
import { openModel } from "../../src/model/model.ts"
import { openSafetensors, writeSafetensors, type WritableTensor } from "../../src/formats/safetensors.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
let folders = 0

function newFolder(...names: string[]): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name), "")
  return folder
}

const one: WritableTensor = { shape: [1], data: Float32Array.of(1) }

describe("a model folder", () => {
  test("that does not exist, or is a file", async () => {
    const folder = join(root, "nowhere")
    await expect(openModel(folder, { cache })).rejects.toThrow(
      `model folder ${folder}: no such file or folder`,
    )
    const file = join(newFolder("model.bin"), "model.bin")
    await expect(openModel(file, { cache })).rejects.toThrow(
      `model folder ${file}: no config.json (expected a Hugging Face folder: config.json, *.safetensors, tokenizer.json; or a GGUF file)`,
    )
  })

  test("without config.json", async () => {
    const folder = newFolder("model.safetensors", "tokenizer.json")
    await expect(openModel(folder, { cache })).rejects.toThrow(
      `model folder ${folder}: no config.json (expected`,
    )
  })

  test("without weights says so, and what to do with weights of another format", async () => {
    const folder = newFolder("config.json")
    await expect(weightFiles(folder)).rejects.toThrow(`model folder ${folder}: no .safetensors file`)
    const old = newFolder("config.json", "pytorch_model.bin")
    await expect(weightFiles(old)).rejects.toThrow(
      `model folder ${old}: no .safetensors file (convert pytorch_model.bin to safetensors first)`,
    )
  })

  test("with several weight files and no index", async () => {
    const folder = newFolder("a.safetensors", "b.safetensors")
    await expect(weightFiles(folder)).rejects.toThrow(
      `model folder ${folder}: 2 .safetensors files and no model.safetensors.index.json`,
    )
  })

  test("takes model.safetensors, or the only file, and no adapter's", async () => {
    const folder = newFolder("other.safetensors", "adapter_model.safetensors")
    expect(await weightFiles(folder)).toEqual([join(folder, "other.safetensors")])
    const both = newFolder("model.safetensors", "other.safetensors")
    expect(await weightFiles(both)).toEqual([join(both, "model.safetensors")])
  })
})

describe("a sharded checkpoint", () => {
  function newIndex(content: unknown, ...names: string[]): string {
    const folder = newFolder(...names)
    const text = typeof content === "string" ? content : JSON.stringify(content)
    writeFileSync(join(folder, "model.safetensors.index.json"), text)
    return folder
  }

  test("is the files that its index names, each once", async () => {
    const map = { x: "b.safetensors", y: "a.safetensors", z: "b.safetensors" }
    const folder = newIndex({ weight_map: map }, "a.safetensors", "b.safetensors", "c.safetensors")
    expect(await weightFiles(folder)).toEqual([join(folder, "a.safetensors"), join(folder, "b.safetensors")])
  })

  test.each([
    ["a missing file", { weight_map: { x: "b.safetensors" } }, 'names "b.safetensors", which is not in '],
    [
      "a file outside the folder",
      { weight_map: { x: "../0/a.safetensors" } },
      'names "../0/a.safetensors", which is not in ',
    ],
    ["no name", { weight_map: { x: 3 } }, "names 3, which is not in "],
    ["nothing", { weight_map: {} }, 'expected an object "weight_map" that names files'],
    ["no map", { metadata: {} }, 'expected an object "weight_map" that names files'],
  ])("whose index names %s is refused", async (_, content, message) => {
    const folder = newIndex(content, "a.safetensors")
    await expect(weightFiles(folder)).rejects.toThrow(
      `${join(folder, "model.safetensors.index.json")}: ${message}`,
    )
  })

  test.each([
    ["null", ': expected an object "weight_map" that names files'],
    ['{\n"weight_map": {"x" "y"}}', ':2:20: malformed JSON: expected ":", got "\\""'],
  ])("whose index is %j is refused", async (text, message) => {
    const folder = newIndex(text, "a.safetensors")
    await expect(weightFiles(folder)).rejects.toThrow(
      `${join(folder, "model.safetensors.index.json")}${message}`,
    )
  })

  test("with one tensor in two files is refused", async () => {
    const folder = newFolder()
    const paths = ["a", "b"].map((name) => join(folder, `${name}.safetensors`))
    for (const path of paths) await writeSafetensors(path, new Map([["x", one]]))
    await expect(openCheckpoint(paths)).rejects.toThrow(
      `tensor x is in two files: ${paths[0]} and ${paths[1]}`,
    )
  })

  test("is the model that it was before it was split", async () => {
    const whole = await writeRandomModel(join(root, "whole"))
    const expected = await openBundle(whole, { cache })
    const split = await writeRandomModel(join(root, "split"))
    renameSync(join(split, "model.safetensors"), join(split, "old"))
    const file = await openSafetensors(join(split, "old"))
    const shards = [new Map<string, WritableTensor>(), new Map<string, WritableTensor>()]
    const map: Record<string, string> = {}
    let k = 0
    for (const [name, { shape }] of file.tensors) {
      const shard = k++ % 2
      shards[shard]!.set(name, { shape, data: await file.readFloat32(name) })
      map[name] = `model-${shard}.safetensors`
    }
    await file.close()
    for (const [shard, tensors] of shards.entries()) {
      await writeSafetensors(join(split, `model-${shard}.safetensors`), tensors)
    }
    writeFileSync(join(split, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }))
    expect(await openBundle(split, { cache })).toEqual(expected)
  })
})
