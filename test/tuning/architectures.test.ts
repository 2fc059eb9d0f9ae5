// Tuning on every architecture: LoRA's and prompt tuning's gradients of the pairwise loss against central differences,
// adapters in PEFT's names, and …ForSequenceClassification checkpoints as reward models.
//
// Differences are taken along the gradient and along a random direction, unit length, at four points. The loss is formed
// in float64 from the engine's float32 rewards, whose rounding (1e-7) over the step (0.02) leaves about 1e-5.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { linearLayers, parameterSpecs } from "../../src/model/architectures/architecture.ts"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, withAdapter, type Model } from "../../src/model/model.ts"
import { openSafetensors, writeSafetensors, type WritableTensor } from "../../src/formats/safetensors.ts"
import { random } from "../../src/base/random.ts"
import { packPairs } from "../../src/tuning/batches.ts"
import { defaultTargets } from "../../src/tuning/lora.ts"
import { trainingCost } from "../../src/tuning/memory.ts"
import { readAdapter, writeAdapter } from "../../src/tuning/peft.ts"
import { createScorer, createTrainingStep, type RewardRow } from "../../src/tuning/reward-graph.ts"
import { scoreHeadOf } from "../../src/tuning/reward-model.ts"
import { makeTunable, type Tunable } from "../../src/tuning/tunable.ts"
import { smallArchitectures } from "../support/architectures.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { withNoise } from "../support/training.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const names = Object.keys(smallArchitectures)
const tolerance = 3e-4

async function modelOf(name: string, fields: Record<string, unknown> = {}, label = name): Promise<Model> {
  const config = { ...smallArchitectures[name]!, ...fields }
  return await openModel(await writeRandomModel(join(root, label), { config, deviation: 0.15 }), { cache })
}

/** Three pairs that share prefixes; the sequences are longer than every window. */
function pairRow(model: Model): RewardRow {
  const draw = random(5, "pairs")
  const tokens = (n: number): number[] => Array.from({ length: n }, () => 3 + draw.integer(256))
  const trunk = tokens(6)
  const pairs = [3, 5, 6].map((shared) => {
    const start = [...trunk.slice(0, shared), ...tokens(3)]
    return {
      better: Int32Array.from([...start, ...tokens(4)]),
      worse: Int32Array.from([...start, ...tokens(7)]),
    }
  })
  const rows = packPairs(pairs, trainingCost(model.bundle.architecture), { maxRowTokens: 200 })
  expect(rows.length).toBe(1)
  return rows[0]!
}

/** Largest error of the directional derivatives of all parameters, relative to max(1, |derivative|). */
async function worstDerivative(model: Model, tunable: Tunable): Promise<number> {
  const row = pairRow(model)
  const limits = { maxRowTokens: 256, threads: 1 }
  const step = await createTrainingStep(model.bundle, tunable, limits)
  const scorer = await createScorer(model.bundle, tunable, limits)
  const { gradients } = await step.run(row, tunable.initial, 1, [0])
  const lossAt = async (parameters: ReadonlyMap<string, ParameterArray>): Promise<number> => {
    const rewards = await scorer.run(row, parameters)
    return row.better.reduce((sum, k, pair) => {
      return sum + Math.log1p(Math.exp(rewards[row.worse[pair]!]! - rewards[k]!))
    }, 0)
  }
  let worst = 0
  for (const [name, { shape, data }] of tunable.initial) {
    const gradient = gradients.get(name)!.slice()
    const { normal } = random(6, name)
    for (const direction of [Float64Array.from(gradient), Float64Array.from(gradient, normal)]) {
      const length = Math.hypot(...direction)
      // Not a comparison of zeros.
      expect(length).toBeGreaterThan(0.01)
      const along = (offset: number): Promise<number> => {
        const moved = data.map((value, i) => value + (offset * direction[i]!) / length)
        return lossAt(new Map([...tunable.initial, [name, { shape, data: moved }]]))
      }
      const h = 0.02
      const near = (await along(h)) - (await along(-h))
      const far = (await along(2 * h)) - (await along(-2 * h))
      const expected = (8 * near - far) / (12 * h)
      const actual = gradient.reduce((sum, g, i) => sum + (g * direction[i]!) / length, 0)
      const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected))
      worst = Math.max(worst, Number.isNaN(error) ? Infinity : error)
    }
  }
  await step.release()
  await scorer.release()
  if (process.env.LITMUS_REPORT) console.log(`gradients: ${worst.toExponential(1)}`)
  return worst
}

describe.each(names)("on %s", (name) => {
  it("gradients of LoRA on every linear layer agree with central differences", async () => {
    // Differences across a kink are no derivative: with a smooth activation in ReLU's place all else is the same.
    const smooth = name === "opt" ? { activation_function: "gelu" } : {}
    const model = await modelOf(name, smooth, `gradients-${name}`)
    const config = { kind: "lora", rank: 2, alpha: 4, targets: ["all-linear"] } as const
    const tunable = withNoise(await makeTunable(model.bundle, config, { nLabels: 1, seed: 0 }), 0.1)
    expect(tunable.initial.size).toBe(2 * linearLayers(model.bundle.architecture).size + 1)
    expect(await worstDerivative(model, tunable)).toBeLessThan(tolerance)
  })

  it("gradients of prompt tuning agree with central differences", async () => {
    const smooth = name === "opt" ? { activation_function: "gelu" } : {}
    const model = await modelOf(name, smooth, `gradients-${name}`)
    const config = { kind: "prompt-tuning", virtualTokens: 3 } as const
    const tunable = withNoise(await makeTunable(model.bundle, config, { nLabels: 1, seed: 0 }), 0.1)
    expect(await worstDerivative(model, tunable)).toBeLessThan(tolerance)
  })

  it("an adapter is written in PEFT's names and read back, with or without the trunk's prefix", async () => {
    const model = await modelOf(name)
    const { architecture } = model.bundle
    const targets = defaultTargets(architecture)
    const config = { kind: "lora", rank: 2, alpha: 4, targets } as const
    const tunable = withNoise(await makeTunable(model.bundle, config, { nLabels: 1, seed: 0 }), 0.1)
    const folder = join(root, `adapter-${name}`)
    const note = { base: model.fingerprint, run: "test" }
    await writeAdapter(folder, { ...config, dropout: 0 }, tunable.initial, { model, note })
    const written = JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8")) as object
    expect(written).toMatchObject({ target_modules: targets, fan_in_fan_out: name === "gpt2" })
    const path = join(folder, "adapter_model.safetensors")
    const tensors = await tensorsOf(path)
    const layers = [...linearLayers(architecture).keys()].filter((layer) =>
      targets.includes(layer.split(".").at(-1)!),
    )
    expect([...tensors.keys()].filter((key) => key.includes("lora_A"))).toEqual(
      layers.map((layer) => `base_model.model.${layer}.lora_A.weight`),
    )
    const before = await readAdapter(folder, model)
    const { prefix } = architecture
    const headless = [...tensors].map(([key, tensor]): [string, WritableTensor] => [
      key.replace(`base_model.model.${prefix}`, "base_model.model."),
      tensor,
    ])
    await writeSafetensors(path, new Map(headless))
    const after = await readAdapter(folder, model)
    expect([...after.parameters]).toEqual([...before.parameters])
    // It does something.
    const last = async (on: Model): Promise<Float32Array> => {
      const forward = await createForward(on.bundle, {
        sites: ["final"],
        reads: "tokens",
        threads: 1,
        adapter: on.adapter,
      })
      const row = plainRow(Int32Array.of(5, 60, 7, 80))
      const { data } = (await forward.run(row, { kind: "tokens", at: Int32Array.of(3) })).get("final")!
      await forward.release()
      return data
    }
    const tuned = await last(withAdapter(model, after))
    const plain = await last(model)
    expect(Math.max(...tuned.map((value, i) => Math.abs(value - plain[i]!)))).toBeGreaterThan(1e-2)
  })

  it("a …ForSequenceClassification checkpoint is a reward model", async () => {
    const { className } = (await modelOf(name)).bundle.architecture
    const fields = { architectures: [`${className}ForSequenceClassification`], id2label: { 0: "a", 1: "b" } }
    const model = await modelOf(name, fields, `reward-${name}`)
    const { architecture } = model.bundle
    expect(parameterSpecs(architecture).at(-1)).toEqual({ name: "score.weight", shape: [2, 32] })
    const head = await scoreHeadOf(model)
    const stored = await tensorsOf(join(model.source.path, "model.safetensors"))
    expect(head).toEqual({ shape: [2, 32], data: stored.get("score.weight")!.data })
    // Its trunk is the plain model's.
    expect(Object.keys(model.bundle.tensors).filter((key) => /lm_head|embed_out/.test(key))).toEqual([])
  })
})

describe("a target module", () => {
  it("that an architecture has not got is refused with those that it has", async () => {
    const model = await modelOf("gpt_neox", {}, "targets")
    const config = { kind: "lora", rank: 2, alpha: 4, targets: ["q_proj"] } as const
    await expect(makeTunable(model.bundle, config, { nLabels: 1, seed: 0 })).rejects.toThrow(
      /target module.*q_proj.*query_key_value.*dense_h_to_4h/,
    )
  })
})

async function tensorsOf(path: string): Promise<Map<string, WritableTensor>> {
  const file = await openSafetensors(path)
  const tensors = new Map<string, WritableTensor>()
  for (const [key, { shape }] of file.tensors) tensors.set(key, { shape, data: await file.readFloat32(key) })
  await file.close()
  return tensors
}
