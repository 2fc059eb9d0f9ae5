// What an adapter does to a model's activations: LoRA beside the weights is LoRA merged into them, and virtual tokens are
// tokens whose embeddings are theirs.

import { mkdirSync, copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { buildTrie, packRow } from "../../src/rows/trie.ts"
import type { Adapter, ParameterArray } from "../../src/model/decoder/adapter.ts"
import type { Bundle } from "../../src/model/bundle/format.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { random } from "../../src/base/random.ts"
import { makeTunable, type TunableConfig } from "../../src/tuning/tunable.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { withNoise } from "../support/training.ts"
import { openBundle } from "../support/model-files.ts"

const root = temporaryFolder()
const cache = join(root, "cache")

// The same sums in another order: float32 rounding of values up to ~10.
const bound = 1e-4

async function adapterOf(bundle: Bundle, config: TunableConfig): Promise<Adapter> {
  const { form, initial } = withNoise(await makeTunable(bundle, config, { nLabels: 1, seed: 0 }), 0.1)
  return { form, parameters: initial, fingerprint: "test" }
}

/** A copy of a checkpoint with some of its tensors changed. */
async function changedCheckpoint(
  folder: string,
  name: string,
  change: (name: string, tensor: ParameterArray) => ParameterArray,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Bundle> {
  const place = join(root, name)
  mkdirSync(place, { recursive: true })
  const before = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object
  writeFileSync(join(place, "config.json"), JSON.stringify({ ...before, ...config }))
  copyFileSync(join(folder, "tokenizer.json"), join(place, "tokenizer.json"))
  const file = await openSafetensors(join(folder, "model.safetensors"))
  const tensors = new Map<string, ParameterArray>()
  for (const [key, { shape }] of file.tensors) {
    tensors.set(key, change(key, { shape, data: await file.readFloat32(key) }))
  }
  await file.close()
  await writeSafetensors(join(place, "model.safetensors"), tensors)
  return await openBundle(place, { cache })
}

/** W + alpha / rank · B A, summed in float64. */
function merged(
  { shape, data }: ParameterArray,
  a: ParameterArray,
  b: ParameterArray,
  factor: number,
): ParameterArray {
  const [nOut, nIn] = shape as [number, number]
  const rank = a.shape[0]!
  const sum = Float32Array.from(data, (value, at) => {
    const [i, j] = [Math.floor(at / nIn), at % nIn]
    let product = 0
    for (let k = 0; k < rank; k++) product += b.data[i * rank + k]! * a.data[k * nIn + j]!
    return value + factor * product
  })
  return { shape: [nOut, nIn], data: sum }
}

/** All sites and the logits at every token of a row that branches. */
async function activations(
  bundle: Bundle,
  adapter: Adapter | undefined,
  sequences: readonly Int32Array[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const { architecture } = bundle
  const row = packRow(buildTrie(sequences), 0, sequences.length)
  const sites = allSites(architecture).map(({ site }) => site)
  const options = { sites, reads: "tokens", logits: architecture.scoreLabels === undefined } as const
  const forward = await createForward(bundle, { ...options, threads: 1, adapter })
  const at = Int32Array.from(row.tokens, (_, i) => i)
  const found = await forward.run(row, { kind: "tokens", at })
  await forward.release()
  return new Map([...found].map(([site, { data }]) => [site, data]))
}

function branching(vocabSize: number): Int32Array[] {
  const { integer } = random(0, "tokens")
  const draw = (n: number): number[] => Array.from({ length: n }, () => integer(vocabSize))
  const prompt = draw(20)
  return [10, 15, 3].map((n) => Int32Array.from([...prompt, ...draw(n)]))
}

function worst(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): { site: string; difference: number } {
  expect([...a.keys()]).toEqual([...b.keys()])
  const all = [...a].map(([site, data]) => ({ site, difference: maxAbsDifference(data, b.get(site)!) }))
  return all.toSorted((x, y) => y.difference - x.difference)[0]!
}

/** How far LoRA beside the weights is from LoRA merged into them, and from none. */
async function compareMerged(
  folder: string,
  name: string,
  targets: readonly string[],
): Promise<{ fromMerged: number; fromPlain: number }> {
  const bundle = await openBundle(folder, { cache })
  const adapter = await adapterOf(bundle, { kind: "lora", rank: 4, alpha: 6, targets })
  const mergedBundle = await changedCheckpoint(folder, name, (key, tensor) => {
    const layer = key.replace(/\.weight$/, "")
    const a = adapter.parameters.get(`${layer}.lora_A.weight`)
    return a ? merged(tensor, a, adapter.parameters.get(`${layer}.lora_B.weight`)!, 6 / 4) : tensor
  })
  const sequences = branching(bundle.architecture.vocabSize)
  const beside = await activations(bundle, adapter, sequences)
  const within = await activations(mergedBundle, undefined, sequences)
  const plain = await activations(bundle, undefined, sequences)
  if (process.env.SHOW) console.log(name, worst(beside, within), worst(beside, plain))
  return { fromMerged: worst(beside, within).difference, fromPlain: worst(beside, plain).difference }
}

const everyLayer = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

describe("LoRA beside the weights", () => {
  let folder: string
  beforeAll(async () => {
    folder = await writeRandomModel(join(root, "model"), { deviation: 0.1, config: { attention_bias: true } })
  })

  it("has the activations and logits of the checkpoint that it is merged into", async () => {
    for (const [name, targets] of [
      ["merged", everyLayer],
      ["merged-two", ["q_proj", "v_proj"]],
    ] as const) {
      const { fromMerged, fromPlain } = await compareMerged(folder, name, targets)
      expect(fromMerged).toBeLessThanOrEqual(bound)
      expect(fromPlain).toBeGreaterThan(0.1)
    }
  })

  it.skipIf(!hasShared)(`on stories260K too${needsShared}`, async () => {
    const { fromMerged } = await compareMerged(shared("models", "stories260K"), "merged-stories", everyLayer)
    expect(fromMerged).toBeLessThanOrEqual(bound)
  })
})

describe("virtual tokens before a packed row", () => {
  it("are tokens whose embeddings are the prompt's, and leave no trace in what is returned", async () => {
    const nVirtual = 7
    const folder = await writeRandomModel(join(root, "prompted"), {
      deviation: 0.1,
      config: { tie_word_embeddings: true },
    })
    const bundle = await openBundle(folder, { cache })
    const { vocabSize } = bundle.architecture
    const adapter = await adapterOf(bundle, { kind: "prompt-tuning", virtualTokens: nVirtual })
    const prompt = adapter.parameters.get("prompt_embeddings")!
    const append = (key: string, tensor: ParameterArray): ParameterArray =>
      key === "model.embed_tokens.weight"
        ? {
            shape: [vocabSize + nVirtual, tensor.shape[1]!],
            data: Float32Array.of(...tensor.data, ...prompt.data),
          }
        : tensor
    const config = { vocab_size: vocabSize + nVirtual }
    const longer = await changedCheckpoint(folder, "prompted-longer", append, config)
    const sequences = branching(vocabSize)
    const virtual = Array.from({ length: nVirtual }, (_, k) => vocabSize + k)
    const found = await activations(bundle, adapter, sequences)
    const whole = await activations(
      longer,
      undefined,
      sequences.map((tokens) => Int32Array.from([...virtual, ...tokens])),
    )
    const nTokens = found.get("resid.0")!.length / bundle.architecture.dModel
    const expected = new Map(
      [...whole].map(([site, data]) => {
        const width = found.get(site)!.length / nTokens
        // Of the longer table the logits of the virtual tokens are left out.
        const wide = site === "logits" ? width + nVirtual : width
        const kept = Array.from({ length: nTokens }, (_, t) =>
          data.subarray((nVirtual + t) * wide, (nVirtual + t) * wide + width),
        )
        return [site, Float32Array.from(kept.flatMap((values) => [...values]))] as const
      }),
    )
    expect(worst(found, expected).difference).toBeLessThanOrEqual(1e-5)
    expect(worst(found, await activations(bundle, undefined, sequences)).difference).toBeGreaterThan(0.1)
  })

  it("may stand before a plain row as long as the context leaves room for", async () => {
    const nVirtual = 6
    const bundle = await openBundle(await writeRandomModel(join(root, "full-row")), { cache })
    const adapter = await adapterOf(bundle, { kind: "prompt-tuning", virtualTokens: nVirtual })
    const { contextLength } = bundle.architecture
    const forward = await createForward(bundle, { sites: ["final"], reads: "tokens", threads: 1, adapter })
    const row = plainRow(new Int32Array(contextLength - nVirtual).fill(9))
    const at = Int32Array.of(row.tokens.length - 1)
    const { data } = (await forward.run(row, { kind: "tokens", at })).get("final")!
    await forward.release()
    expect(data.length).toBe(32)
    expect(data.every(Number.isFinite)).toBe(true)
  })
})
