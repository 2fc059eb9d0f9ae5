// Adapter folders: ours read back, PEFT's own (golden/grads, PEFT 0.14.0) and folders in its layout made here.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { readDistribution, type Distribution } from "../../src/data/index.ts"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import { openModel, withAdapter, type Model } from "../../src/model/model.ts"
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts"
import { readAdapter, writeAdapter } from "../../src/tuning/peft.ts"
import { rewardsOf } from "../../src/tuning/reward-model.ts"
import { makeTunable, type TunableConfig } from "../../src/tuning/tunable.ts"
import { writeSums } from "../support/data-folder.ts"
import { goldenDistribution, openGoldenBase, openGoldenCase } from "../support/golden-grads.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { bytesOf, withNoise } from "../support/training.ts"

const root = temporaryFolder()
const cache = join(root, "cache")

describe.skipIf(!hasShared)(`adapters of PEFT${needsShared}`, () => {
  const adapters = ["a_bt_lora_qv", "a_bt_lora_all", "b_genies_2label_lora_qv"]
  const promptCase = "c_prompt_tuning_bt_rightpad_last_nonpad"

  /** Rewards of the case's sequences: of each pair the chosen, then the rejected one; the mean over labels. */
  async function rewards(name: string, folder: string): Promise<{ found: Float64Array; expected: number[] }> {
    const golden = await openGoldenCase(name)
    const base = await openGoldenBase(cache)
    const model = withAdapter(base, await readAdapter(folder, base))
    const { rewards: found } = await rewardsOf(model, goldenDistribution(golden), { threads: 1 })
    const [chosen, rejected] = [await golden.read("rewards_chosen"), await golden.read("rewards_rejected")]
    const mean = (values: Float32Array, k: number): number => {
      const labels = values.subarray(k * golden.nLabels, (k + 1) * golden.nLabels)
      return labels.reduce((sum, value) => sum + value, 0) / golden.nLabels
    }
    const expected = Array.from({ length: golden.nPairs }, (_, k) => [
      mean(chosen, k),
      mean(rejected, k),
    ]).flat()
    await golden.close()
    return { found, expected }
  }

  /** A folder as PEFT writes it, of a case's initial parameters. */
  async function build(
    name: string,
    config: Readonly<Record<string, unknown>>,
    prefix: string,
  ): Promise<string> {
    const golden = await openGoldenCase(name)
    const folder = join(root, `built-${name}`)
    mkdirSync(folder, { recursive: true })
    const tensors = new Map(
      [...golden.tunable.initial].map(([key, parameter]) => [
        key === "prompt_embeddings" ? key : prefix + key,
        parameter,
      ]),
    )
    await writeSafetensors(join(folder, "adapter_model.safetensors"), tensors, { format: "pt" })
    writeFileSync(join(folder, "adapter_config.json"), JSON.stringify(config))
    await golden.close()
    return folder
  }

  // Rewards of PEFT's own forward pass; tolerance as the goldens suggest.
  it.each(adapters)("%s gives PEFT's rewards", async (name) => {
    const { found, expected } = await rewards(name, shared("golden", "grads", name))
    expect(maxAbsDifference(found, expected)).toBeLessThanOrEqual(2e-5)
  })

  it.each(adapters)("%s built in PEFT's layout from its parameters gives identical rewards", async (name) => {
    const config = {
      peft_type: "LORA",
      task_type: "SEQ_CLS",
      r: 4,
      lora_alpha: 8,
      target_modules: ["q_proj"],
    }
    const folder = await build(name, config, "base_model.model.")
    const [built, own] = [await rewards(name, folder), await rewards(name, shared("golden", "grads", name))]
    expect(built.found).toEqual(own.found)
  })

  it("prompt tuning in PEFT's layout gives PEFT's rewards", async () => {
    const config = { peft_type: "PROMPT_TUNING", task_type: "SEQ_CLS", num_virtual_tokens: 10 }
    const folder = await build(promptCase, config, "base_model.")
    const { found, expected } = await rewards(promptCase, folder)
    expect(maxAbsDifference(found, expected)).toBeLessThanOrEqual(2e-5)
  })

  it("a folder that we write holds PEFT's names, shapes and bytes", async () => {
    const name = "a_bt_lora_qv"
    const golden = await openGoldenCase(name)
    const base = await openGoldenBase(cache)
    const folder = join(root, "written-golden")
    const config = { kind: "lora", rank: 4, alpha: 8, dropout: 0, targets: ["v_proj", "q_proj"] } as const
    const note = { base: base.fingerprint, run: "test" }
    await writeAdapter(folder, config, golden.tunable.initial, { model: base, note })
    const [ours, theirs] = await Promise.all([
      readTensors(join(folder, "adapter_model.safetensors")),
      readTensors(shared("golden", "grads", name, "adapter_model.safetensors")),
    ])
    expect(ours).toEqual(theirs)
    const read = (place: string): Record<string, unknown> =>
      JSON.parse(readFileSync(join(place, "adapter_config.json"), "utf8")) as Record<string, unknown>
    const { base_model_name_or_path: _, ...written } = read(folder)
    expect(read(shared("golden", "grads", name))).toMatchObject(written)
    await golden.close()
  })
})

async function readTensors(path: string): Promise<Record<string, [shape: string, bytes: string]>> {
  const file = await openSafetensors(path)
  const read: Record<string, [string, string]> = {}
  for (const name of [...file.tensors.keys()].sort()) {
    const bytes = Buffer.from(await file.readBytes(name)).toString("base64")
    read[name] = [file.tensors.get(name)!.shape.join("x"), bytes]
  }
  await file.close()
  return read
}

describe("an adapter folder", () => {
  let model: Model
  let distribution: Distribution
  beforeAll(async () => {
    model = await openModel(await writeRandomModel(join(root, "model")), { cache })
    distribution = await readDistribution(writeSums(join(root, "data")), "more", "test")
  })

  async function parametersOf(
    config: TunableConfig,
    nLabels = 1,
  ): Promise<ReadonlyMap<string, ParameterArray>> {
    return withNoise(await makeTunable(model.bundle, config, { nLabels, seed: 0 }), 0.1).initial
  }

  const lora = { kind: "lora", rank: 3, alpha: 5, dropout: 0.1, targets: ["q_proj", "down_proj"] } as const

  async function write(name: string, base = model.fingerprint): Promise<string> {
    const folder = join(root, name)
    const options = { model, note: { base, run: "test" } }
    await writeAdapter(folder, lora, await parametersOf(lora), options)
    return folder
  }

  /** A folder with fields of its config changed and tensors replaced, or, undefined, left out. */
  async function altered(
    name: string,
    config: Readonly<Record<string, unknown>>,
    tensors: Readonly<Record<string, ParameterArray | undefined>> = {},
  ): Promise<string> {
    const folder = join(root, name)
    cpSync(await write(`${name}-before`), folder, { recursive: true })
    const path = join(folder, "adapter_config.json")
    const before = JSON.parse(readFileSync(path, "utf8")) as object
    writeFileSync(path, JSON.stringify({ ...before, ...config }))
    const file = await openSafetensors(join(folder, "adapter_model.safetensors"))
    const all = new Map<string, ParameterArray>()
    for (const [key, { shape }] of file.tensors) all.set(key, { shape, data: await file.readFloat32(key) })
    await file.close()
    for (const [key, tensor] of Object.entries(tensors)) {
      if (tensor) all.set(key, tensor)
      else all.delete(key)
    }
    await writeSafetensors(join(folder, "adapter_model.safetensors"), all)
    return folder
  }

  const rewardsWith = async (folder: string): Promise<Float64Array> => {
    const tuned = withAdapter(model, await readAdapter(folder, model))
    return (await rewardsOf(tuned, distribution, { threads: 1 })).rewards
  }

  it.each<[string, Parameters<typeof writeAdapter>[1], number]>([
    ["LoRA", lora, 1],
    ["LoRA with two labels", lora, 2],
    ["prompt tuning", { kind: "prompt-tuning", virtualTokens: 6 }, 1],
  ])("of %s is read back as it was written, and gives the same rewards", async (name, config, nLabels) => {
    const parameters = await parametersOf(config, nLabels)
    const options = { model, note: { base: model.fingerprint, run: "test" } }
    const folders = ["first", "second"].map((copy) => join(root, `${name} ${copy}`))
    for (const folder of folders) await writeAdapter(folder, config, parameters, options)
    const [first, second] = await Promise.all(folders.map((folder) => readAdapter(folder, model)))
    const head = new Map([["score.weight", first!.scoreHead!]])
    expect(bytesOf(new Map([...first!.parameters, ...head]))).toEqual(bytesOf(parameters))
    expect(first!.fingerprint).toBe(second!.fingerprint)
    expect(await rewardsWith(folders[0]!)).toEqual(await rewardsWith(folders[1]!))
    // It does something: the head alone on the plain model says otherwise.
    const plain = { ...first!, form: { prefixLength: 0, apply: (_: unknown, base: never) => base } }
    const without = await rewardsOf(withAdapter(model, plain), distribution, { threads: 1 })
    expect(maxAbsDifference(without.rewards, await rewardsWith(folders[0]!))).toBeGreaterThan(1e-3)
  })

  it("counts in the fingerprint of the model: its weights, and how they are scaled", async () => {
    const folders = [
      await write("fingerprint"),
      await altered("fingerprint-alpha", { lora_alpha: 6 }),
      await altered("fingerprint-rslora", { use_rslora: true }),
      await altered(
        "fingerprint-head",
        {},
        {
          "base_model.model.score.weight": { shape: [1, 32], data: new Float32Array(32) },
        },
      ),
    ]
    const models = await Promise.all(
      folders.map(async (folder) => withAdapter(model, await readAdapter(folder, model)).fingerprint),
    )
    expect(new Set([model.fingerprint, ...models]).size).toBe(5)
  })

  it("with use_rslora scales by alpha / √rank", async () => {
    const plain = await altered("alpha", { lora_alpha: 5 * Math.sqrt(3) })
    const rslora = await altered("rslora", { use_rslora: true })
    expect(maxAbsDifference(await rewardsWith(rslora), await rewardsWith(plain))).toBeLessThan(1e-6)
  })

  const layer = "base_model.model.model.layers.0"
  const zeros = (...shape: number[]): ParameterArray => ({
    shape,
    data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
  })
  it.each<[string, Record<string, unknown>, Record<string, ParameterArray | undefined>, RegExp]>([
    ["use_dora", { use_dora: true }, {}, /adapter_config\.json: use_dora is not supported/],
    [
      "a rank_pattern that its tensors contradict",
      { rank_pattern: { q_proj: 2 } },
      {},
      /q_proj\.lora_A\.weight: expected shape \[2, 32\], got \[3, 32\]/,
    ],
    ["a rank_pattern that is no pattern", { rank_pattern: { "(": 3 } }, {}, /rank_pattern: expected regular/],
    [
      "an alpha_pattern of zero",
      { alpha_pattern: { q_proj: 0 } },
      {},
      /alpha_pattern: q_proj: expected a positive/,
    ],
    ["a field that is not known", { use_new_thing: 3 }, {}, /use_new_thing is not supported, got 3/],
    ["layer_replication", { layer_replication: [[0, 1]] }, {}, /layer_replication is not supported/],
    ["lora_bias", { lora_bias: true }, {}, /lora_bias is not supported/],
    ["target_parameters", { target_parameters: ["mlp"] }, {}, /target_parameters is not supported/],
    ["megatron_config", { megatron_config: { a: 1 } }, {}, /megatron_config is not supported/],
    [
      "alora_invocation_tokens",
      { alora_invocation_tokens: [1] },
      {},
      /alora_invocation_tokens is not supported/,
    ],
    ["biases", { bias: "all" }, {}, /bias: expected "none", got "all"/],
    ...["pissa_niter_4", "olora", "loftq", "corda", "lora_ga", "mica"].map(
      (start): [string, Record<string, unknown>, Record<string, ParameterArray>, RegExp] => [
        start,
        { init_lora_weights: start },
        {},
        new RegExp(`init_lora_weights "${start}" is not supported: it may change the base`),
      ],
    ),
    [
      "modules_to_save without its tensor",
      { modules_to_save: ["norm"] },
      {},
      /modules_to_save: tensor .* is missing/,
    ],
    [
      "tokens without their tensor",
      { trainable_token_indices: [1] },
      {},
      /trainable_token_indices: its tensor is missing/,
    ],
    [
      "tokens that the vocabulary lacks",
      { trainable_token_indices: [100000] },
      {},
      /trainable_token_indices: expected distinct ids of 0 to \d+, got \[100000\]/,
    ],
    [
      "a copy that nothing asks for",
      {},
      { "base_model.model.model.norm.weight": zeros(32) },
      /tensor model\.norm\.weight is not asked for by target_modules, modules_to_save or/,
    ],
    [
      "a tensor under two names",
      {},
      {
        "base_model.model.model.layers.0.self_attn.q_proj.modules_to_save.default.lora_A.weight": zeros(
          3,
          32,
        ),
      },
      /two tensors are model\.layers\.0\.self_attn\.q_proj\.lora_A\.weight/,
    ],
    ["peft_type", { peft_type: "IA3" }, {}, /peft_type: expected LORA or PROMPT_TUNING, got "IA3"/],
    ["rank", { r: 0 }, {}, /r: expected a positive number, got 0/],
    ["another rank", { r: 4 }, {}, /q_proj\.lora_A\.weight: expected shape \[4, 32\], got \[3, 32\]/],
    [
      "a missing half",
      {},
      { [`${layer}.self_attn.q_proj.lora_B.weight`]: undefined },
      /tensor model\.layers\.0\.self_attn\.q_proj\.lora_B\.weight is missing/,
    ],
    [
      "a wrong shape",
      {},
      { [`${layer}.self_attn.q_proj.lora_B.weight`]: zeros(31, 3) },
      /q_proj\.lora_B\.weight: expected shape \[32, 3\], got \[31, 3\]/,
    ],
    [
      "a layer that is not there",
      {},
      { "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight": zeros(3, 32) },
      /layers\.9\.self_attn\.q_proj\.lora_A\.weight has no place in this model \(is it an adapter of another base/,
    ],
    [
      "half an update of the output head",
      {},
      { "base_model.model.lm_head.lora_A.weight": zeros(3, 32) },
      /tensor lm_head\.lora_B\.weight is missing/,
    ],
    [
      "a score head of the wrong shape",
      {},
      { "base_model.model.score.weight": zeros(1, 31) },
      /score\.weight: expected shape \[labels, 32\], got \[1, 31\]/,
    ],
    [
      "a score head without labels",
      {},
      { "base_model.model.score.weight": zeros(32) },
      /score\.weight: expected shape \[labels, 32\], got \[32\]/,
    ],
  ])("with %s is refused", async (name, config, tensors, message) => {
    await expect(readAdapter(await altered(`refused ${name}`, config, tensors), model)).rejects.toThrow(
      message,
    )
  })

  it("ignores fields that do not change what is computed, and switches that are off", async () => {
    const inert = {
      base_model_name_or_path: "elsewhere",
      peft_version: "0.99",
      init_lora_weights: "eva",
      eva_config: { rho: 2 },
      layers_to_transform: [0],
      use_new_thing: false,
      new_config: {},
      newer: null,
    }
    expect(await rewardsWith(await altered("inert", inert))).toEqual(
      await rewardsWith(await write("not-inert")),
    )
  })

  it("of another base is refused, and both fingerprints are named", async () => {
    const other = await openModel(await writeRandomModel(join(root, "other"), { seed: 1 }), { cache })
    const folder = await write("another-base")
    await expect(readAdapter(folder, other)).rejects.toThrow(
      `an adapter of another base: it was trained on model ${model.fingerprint}, and ${other.source.path} is ${other.fingerprint}`,
    )
  })

  it("that is not there, or whose note is damaged, is refused by its path", async () => {
    await expect(readAdapter(join(root, "nowhere"), model)).rejects.toThrow(
      /cannot read .*nowhere\/adapter_config\.json: no such file or folder/,
    )
    const folder = await write("damaged")
    writeFileSync(join(folder, "litmus.json"), "{")
    await expect(readAdapter(folder, model)).rejects.toThrow(/damaged\/litmus\.json/)
  })
})
