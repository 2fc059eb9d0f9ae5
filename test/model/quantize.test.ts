// Weights in 4 and 8 bits: the rounding, and that the engine computes with exactly the rounded weights. The oracle is the
// same checkpoint in float32 with its linear layers' weights replaced by what the blocks stand for: activations, LoRA's
// gradients and log-probabilities must agree to float32 noise.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { extract } from "../../activations/extract.ts"
import { readDistribution } from "../../src/data/index.ts"
import { blocksOf } from "../../src/graph/quantized.ts"
import { linearLayers } from "../../src/model/architectures/architecture.ts"
import type { Bundle } from "../../src/model/bundle/format.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { measureQuantization } from "../../src/model/quantization-error.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { bitsOf, dequantizeRows, quantizeRows, type Quantization } from "../../src/model/bundle/quantize.ts"
import { openSafetensors, writeSafetensors, type WritableTensor } from "../../src/formats/safetensors.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { random } from "../../src/base/random.ts"
import { makeTunable } from "../../src/tuning/tunable.ts"
import { smallArchitectures } from "../support/architectures.ts"
import { writeSums } from "../support/data-folder.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { lossAndGradientsOf, relativeDifference, separateRow, withNoise } from "../support/training.ts"
import { openBundle } from "../support/model-files.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const types = ["int4", "int8"] as const

describe("rounding", () => {
  const { normal } = random(0, "weights")
  const values = Float32Array.from({ length: 6 * 75 }, () => normal())

  it.each(types)("%s: every weight is the nearest of its block's steps", (type) => {
    const bits = bitsOf(type)
    const rows = quantizeRows(values, 75, bits)
    expect(rows.scales.length).toBe(6 * blocksOf(75))
    const back = dequantizeRows(rows, 75, bits)
    values.forEach((value, i) => {
      const step = Math.abs(rows.scales[Math.floor(i / 75) * 3 + Math.floor((i % 75) / 32)]!)
      // 4 bits reach from −8 to 7: what lies beyond 7.5 steps on the short side has no nearer one than 7.
      const slack = bits === 4 ? step : step / 2
      expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(slack * (1 + 1e-5))
    })
    const error = Math.sqrt(back.reduce((sum, x, i) => sum + (x - values[i]!) ** 2, 0) / values.length)
    // Uniform rounding has an error of step / √12; steps here are some 2.2 σ / 8 and / 127.
    expect(error).toBeLessThan(bits === 4 ? 0.09 : 0.006)
    expect(error).toBeGreaterThan(bits === 4 ? 0.05 : 0.003)
  })

  it("puts the entry of largest size at −8, pairs of entries into bytes, and pads with zeros", () => {
    const { blocks, scales } = quantizeRows(Float32Array.of(-1, 4, 0.5, 2, -2), 5, 4)
    expect([...scales]).toEqual([-0.5])
    // −1 → 2, 4 → −8, 0.5 → −1, 2 → −4, −2 → 4, each plus 8; the rest is 8.
    expect([...blocks]).toEqual([10 | (0 << 4), 7 | (4 << 4), 12 | (8 << 4), ...Array<number>(13).fill(0x88)])
  })

  it("leaves a block of zeros zero", () => {
    for (const bits of [4, 8] as const) {
      const rows = quantizeRows(new Float32Array(40), 40, bits)
      expect([...dequantizeRows(rows, 40, bits)]).toEqual(Array<number>(40).fill(0))
    }
  })

  it("refuses what is not finite", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(() => quantizeRows(Float32Array.of(1, bad), 2, 4)).toThrow("expected finite weights")
    }
  })
})

/** A small checkpoint quantised, and the same in float32 with the rounded weights. */
async function pairOf(name: string, type: Quantization): Promise<{ quantized: Model; rounded: Model }> {
  const config = smallArchitectures[name]!
  const folder = await writeRandomModel(join(root, `${name}-${type}`), { config, deviation: 0.15, seed: 8 })
  const quantized = await openModel(folder, { cache, quantize: type })
  const copy = await writeRandomModel(join(root, `${name}-${type}-rounded`), { config })
  const file = await openSafetensors(join(folder, "model.safetensors"))
  const tensors = new Map<string, WritableTensor>()
  const layers = linearLayers(quantized.bundle.architecture)
  for (const [key, { shape }] of file.tensors) {
    const data = await file.readFloat32(key)
    const layer = key.endsWith(".weight") ? layers.get(key.slice(0, -7)) : undefined
    tensors.set(key, { shape, data: layer ? roundTrip(data, layer, bitsOf(type)) : data })
  }
  await file.close()
  await writeSafetensors(join(copy, "model.safetensors"), tensors)
  return { quantized, rounded: await openModel(copy, { cache }) }
}

function roundTrip(
  data: Float32Array,
  { nOut, nIn, inOut }: { nOut: number; nIn: number; inOut: boolean },
  bits: 4 | 8,
): Float32Array {
  const at = (out: number, i: number): number => (inOut ? i * nOut + out : out * nIn + i)
  const rows = Float32Array.from({ length: nOut * nIn }, (_, k) => data[at(Math.floor(k / nIn), k % nIn)]!)
  const rounded = dequantizeRows(quantizeRows(rows, nIn, bits), nIn, bits)
  const back = new Float32Array(data.length)
  rounded.forEach((value, k) => (back[at(Math.floor(k / nIn), k % nIn)] = value))
  return back
}

async function activationsOf({ bundle }: { bundle: Bundle }): Promise<Map<string, Float32Array>> {
  const sites = allSites(bundle.architecture).map(({ site }) => site)
  const forward = await createForward(bundle, { sites, reads: "tokens", logits: true, threads: 2 })
  const row = plainRow(Int32Array.from({ length: 40 }, (_, i) => (i * 37 + 11) % 259))
  const found = await forward.run(row, { kind: "tokens", at: row.positions })
  await forward.release()
  return new Map([...found].map(([site, { data }]) => [site, data]))
}

describe.each(Object.keys(smallArchitectures))("a quantised %s", (name) => {
  it.each(types)("%s: gives the activations of its rounded weights, at every site", async (type) => {
    const { quantized, rounded } = await pairOf(name, type)
    const [found, expected] = [await activationsOf(quantized), await activationsOf(rounded)]
    expect([...found.keys()]).toEqual([...expected.keys()])
    for (const [site, values] of expected) {
      expect(maxAbsDifference(found.get(site)!, values)).toBeLessThanOrEqual(5e-5)
    }
    // And they are rounded: the plain model says something else.
    const plain = await activationsOf(await openModel(quantized.source.path, { cache }))
    expect(maxAbsDifference(plain.get("final")!, expected.get("final")!)).toBeGreaterThan(1e-3)
  })
})

describe("the error of quantisation", () => {
  it.each(["llama", "gemma2", "gpt2", "gpt_neox"])(
    "of a %s, block by block, is that of the whole models",
    async (name) => {
      const { quantized } = await pairOf(name, "int4")
      const { bundle } = quantized
      const tokens = Int32Array.from({ length: 41 }, (_, i) => (i * 37 + 11) % 259)
      const found = await measureQuantization(quantized.source, bundle, tokens)
      const plain = await openBundle(quantized.source.path, { cache })
      const streams = async (of: Bundle): Promise<Map<string, Float32Array>> => {
        const forward = await createForward(of, { sites: ["resid"], reads: "tokens", threads: 1 })
        const row = plainRow(tokens)
        const values = await forward.run(row, { kind: "tokens", at: row.positions })
        await forward.release()
        return new Map([...values].map(([site, { data }]) => [site, data]))
      }
      const [rounded, exact] = [await streams(bundle), await streams(plain)]
      expect(found).toMatchObject({ type: "int4", block: 32, tokens: 41 })
      expect(Object.keys(found.relativeError)).toEqual(["resid.1", "resid.2"])
      for (const [site, error] of Object.entries(found.relativeError)) {
        const errors = Array.from({ length: 41 }, (_, t) => {
          const part = (values: Float32Array): Float32Array => values.subarray(32 * t, 32 * (t + 1))
          const expected = part(exact.get(site)!)
          return (
            Math.hypot(...part(rounded.get(site)!).map((x, i) => x - expected[i]!)) / Math.hypot(...expected)
          )
        })
        // To the three digits that are kept.
        expect(Math.abs(error / errors.sort((a, b) => a - b)[20]! - 1)).toBeLessThan(6e-3)
        expect(error).toBeGreaterThan(0.005)
      }
    },
  )

  it("is smaller by far with 8 bits, is kept beside the bundle, and stands in the cache's metadata", async () => {
    const folder = await writeRandomModel(join(root, "error"), { deviation: 0.15 })
    const four = await openModel(folder, { cache, quantize: "int4" })
    const eight = await openModel(folder, { cache, quantize: "int8" })
    const at = ({ quantizationError }: Model): number => quantizationError!.relativeError["resid.2"]!
    expect(at(eight)).toBeLessThan(at(four) / 8)
    expect(at(eight)).toBeGreaterThan(0)
    let measured = false
    const again = await openModel(folder, { cache, quantize: "int4", onProgress: () => (measured = true) })
    expect(again.quantizationError).toEqual(four.quantizationError)
    expect(measured).toBe(false)
    const distribution = await readDistribution(writeSums(join(root, "data")), "more", "test")
    const extracted = await extract(four, distribution, { cache, sites: ["final"], threads: 1 })
    const { metadata } = extracted.cache.manifest
    expect(JSON.parse(metadata["litmus:quantization"]!)).toEqual(four.quantizationError)
    const plain = await extract(await openModel(folder, { cache }), distribution, {
      cache,
      sites: ["final"],
      threads: 1,
    })
    expect(plain.cache.manifest.metadata["litmus:quantization"]).toBeUndefined()
  })
})

describe("LoRA on a quantised base", () => {
  it.each(types)("%s: has the gradients of LoRA on the rounded weights", async (type) => {
    // Gated and fused products, rows that are no whole number of blocks.
    for (const name of ["llama", "phi3", "gpt2"]) {
      const { quantized, rounded } = await pairOf(name, type)
      const config = { kind: "lora", rank: 3, alpha: 6, targets: ["all-linear"] } as const
      const tunable = withNoise(await makeTunable(rounded.bundle, config, { nLabels: 1, seed: 0 }), 0.1)
      const draw = random(9, "pairs")
      const tokens = (n: number): Int32Array => Int32Array.from({ length: n }, () => draw.integer(259))
      const rows = [
        separateRow({ better: tokens(9), worse: tokens(14) }, { better: tokens(6), worse: tokens(5) }),
      ]
      const found = await lossAndGradientsOf(quantized, tunable, rows)
      const expected = await lossAndGradientsOf(rounded, tunable, rows)
      expect(Math.abs(found.loss - expected.loss)).toBeLessThan(1e-5)
      expect(relativeDifference(found.gradients, expected.gradients)).toBeLessThan(1e-4)
    }
  })

  it("is what there is: full fine-tuning needs the plain weights, and says so", async () => {
    const { quantized } = await pairOf("llama", "int4")
    await expect(makeTunable(quantized.bundle, { kind: "full" }, { nLabels: 1, seed: 0 })).rejects.toThrow(
      /self_attn\.q_proj\.weight is stored as int4: leave out --quantize/,
    )
  })
})

describe("a quantised bundle", () => {
  it("is another than the plain one and than that of other bits, and is found again", async () => {
    const folder = await writeRandomModel(join(root, "found"))
    const open = (quantize?: Quantization): Promise<Bundle> => openBundle(folder, { cache, quantize })
    const bundles = [await open(), await open("int4"), await open("int8")]
    expect(new Set(bundles.map(({ fingerprint }) => fingerprint)).size).toBe(3)
    let compiled = false
    const again = await openBundle(folder, { cache, quantize: "int4", onProgress: () => (compiled = true) })
    expect(again).toEqual(bundles[1])
    expect(compiled).toBe(false)
  })

  it("keeps embeddings, norms, biases and heads as they are", async () => {
    const config = { attention_bias: true, architectures: ["LlamaForSequenceClassification"] }
    const folder = await writeRandomModel(join(root, "kept"), { config })
    const { tensors, quantization } = await openBundle(folder, { cache, quantize: "int4" })
    expect(Object.keys(tensors).filter((name) => /layers/.test(name) && !/norm|bias/.test(name))).toEqual([])
    expect(Object.keys(tensors)).toEqual(
      expect.arrayContaining(["model.embed_tokens.weight", "model.norm.weight", "score.weight"]),
    )
    expect(Object.keys(quantization!.tensors).length).toBe(2 * 7)
  })

  it("of weights that are not finite is refused by the tensor's name", async () => {
    const folder = await writeRandomModel(join(root, "not-finite"))
    const path = join(folder, "model.safetensors")
    const file = await openSafetensors(path)
    const tensors = new Map<string, WritableTensor>()
    for (const [key, { shape }] of file.tensors)
      tensors.set(key, { shape, data: await file.readFloat32(key) })
    await file.close()
    tensors.get("model.layers.1.mlp.up_proj.weight")!.data[40] = Number.NaN
    await writeSafetensors(path, tensors)
    await expect(openBundle(folder, { cache, quantize: "int8" })).rejects.toThrow(
      `${path}: tensor model.layers.1.mlp.up_proj.weight: expected finite weights to quantise`,
    )
  })
})
