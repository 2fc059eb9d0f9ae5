// Every site and the logits against Hugging Face's own modelling code (golden/arch, transformers 4.46.3, float32)
// and against llama2.c-derived figures of real checkpoints. Tolerance: float32 noise there is 8e-6, the bound 1e-4.

import { copyFileSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { createForward, type Forward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle, loadTokenizer } from "../support/model-files.ts"

const cache = temporaryFolder()
const bound = 1e-4

async function readInts(
  file: Awaited<ReturnType<typeof openSafetensors>>,
  name: string,
): Promise<Int32Array> {
  const bytes = await file.readBytes(name)
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

async function withForward<T>(
  folder: string,
  use: (forward: Forward, nLayers: number) => Promise<T>,
): Promise<T> {
  const bundle = await openBundle(folder, { cache })
  const sites = allSites(bundle.architecture).map(({ site }) => site)
  const forward = await createForward(bundle, { sites, reads: "tokens", logits: true, threads: 2 })
  try {
    return await use(forward, bundle.architecture.nLayers)
  } finally {
    await forward.release()
  }
}

/** The site that a golden's name stands for; Hugging Face's last hidden state is after the final norm. */
function siteOf(name: string, nLayers: number): string {
  const [kind, layer] = name.split(".")
  switch (kind) {
    case "hidden_states":
      return Number(layer) === nLayers ? "final" : `resid.${layer}`
    case "pre_final_norm":
      return `resid.${nLayers}`
    case "attn_heads":
      return `heads.${layer}`
    case "mlp_out":
      return `mlp.${layer}`
    default:
      return name
  }
}

/** Compares every quantity of a file of goldens, but of runs that `left` matches; returns how many there were. */
async function compareSites(folder: string, path: string, left = /^never/): Promise<number> {
  const golden = await openSafetensors(path)
  let compared = 0
  await withForward(folder, async (forward, nLayers) => {
    const runs = new Map<string, string[]>()
    for (const key of golden.tensors.keys()) {
      const [run, ...rest] = key.split(".") as [string, ...string[]]
      if (/input_ids|attention_mask|position_ids/.test(key) || left.test(run)) continue
      runs.set(run, [...(runs.get(run) ?? []), rest.join(".")])
    }
    let worst = 0
    for (const [run, quantities] of runs) {
      const ids = await readInts(golden, `${run}.input_ids`)
      const mask = await readInts(golden, `${run}.attention_mask`)
      const [nRows, length] = golden.tensors.get(`${run}.input_ids`)!.shape as [number, number]
      // Hugging Face's positions count the padding before a token unless it is told others, which matters where
      // positions are learned. OPT counts from the mask.
      const counted = /gpt2\//.test(path) && run === "leftpad"
      const outputs = []
      for (let b = 0; b < nRows; b++) {
        const real = Int32Array.from({ length }, (_, t) => b * length + t).filter((at) => mask[at] === 1)
        const plain = plainRow(real.map((at) => ids[at]!))
        const row = counted ? { ...plain, positions: real.map((at) => at - b * length) } : plain
        outputs.push({ real, values: await forward.run(row, { kind: "tokens", at: plain.positions }) })
      }
      for (const quantity of quantities) {
        const expected = await golden.readFloat32(`${run}.${quantity}`)
        const width = golden.tensors.get(`${run}.${quantity}`)!.shape[2]!
        for (const { real, values } of outputs) {
          const actual = values.get(siteOf(quantity, nLayers))!
          const wanted = Float32Array.from({ length: real.length * width }, (_, k) => {
            return expected[real[Math.floor(k / width)]! * width + (k % width)]!
          })
          const difference = maxAbsDifference(actual.data, wanted)
          expect(difference, `${folder} ${run}.${quantity}`).toBeLessThanOrEqual(bound)
          worst = Math.max(worst, difference)
        }
        compared++
      }
    }
    if (process.env.LITMUS_REPORT) console.log(`${folder}: ${worst.toExponential(1)}`)
  })
  await golden.close()
  return compared
}

describe.skipIf(!hasShared)(`sites against transformers${needsShared}`, () => {
  const cases: [name: string, goldens: string, comparisons: number][] = [
    ["llama", "llama", 38],
    ["llama_sharded", "llama", 38],
    ["llama_bf16", "llama_bf16", 6],
    ["llama_f16", "llama_f16", 6],
    ["llama_tied", "llama_tied", 22],
    ["llama_rope_linear", "llama_rope_linear", 22],
    ["llama_rope_llama3", "llama_rope_llama3", 22],
    ["mistral", "mistral", 38],
    ["qwen2", "qwen2", 38],
    ["qwen3", "qwen3", 38],
    ["gemma", "gemma", 38],
    ["gemma2", "gemma2", 38],
    ["phi3", "phi3", 38],
    ["gpt_neox", "gpt_neox", 38],
    ["gpt2", "gpt2", 40],
    ["gpt2_hubkeys", "gpt2", 40],
    ["opt", "opt", 38],
  ]
  it.each(cases)(
    "%s: every site and the logits, at the real positions of padded runs",
    async (name, goldens, count) => {
      const golden = shared("golden", "arch", goldens, "goldens.safetensors")
      expect(await compareSites(shared("golden", "arch", name), golden)).toBe(count)
    },
  )

  // The second set: OLMo 2 and rotary scalings. transformers 4.46.3, 4.52.4 and 4.57.1. Sequences of 100 tokens are longer than longrope's
  // original context of 64, and do not fit: their frequencies would be others.
  it.each([
    ["olmo2", "olmo2", /^never/, 19],
    ["llama_yarn", "llama_yarn", /^never/, 11],
    ["llama_yarn_attnfactor", "llama_yarn", /^never/, 11],
    ["llama_yarn_noorig", "llama_yarn", /^never/, 11],
    ["phi3_longrope", "phi3_longrope", /^long/, 17],
    ["phi3_longrope_partial", "phi3_longrope_partial", /^long/, 9],
  ] as const)("%s: every site and the logits", async (name, weights, left, count) => {
    const folder = join(temporaryFolder(), name)
    mkdirSync(folder)
    copyFileSync(shared("golden-2", "arch", name, "config.json"), join(folder, "config.json"))
    copyFileSync(shared("golden-2", "arch", weights, "model.safetensors"), join(folder, "model.safetensors"))
    const golden = shared("golden-2", "arch", name, "goldens.safetensors")
    expect(await compareSites(folder, golden, left)).toBe(count)
  })

  it("a single file goes before the index of shards that are no longer the model (case 05)", async () => {
    const { ids, sets } = JSON.parse(
      readFileSync(shared("cases", "05-stale-shard-index", "expected.json"), "utf8"),
    ) as { ids: number[]; sets: Record<string, number[]> }
    for (const name of ["model", "resaved"]) {
      await withForward(shared("cases", "05-stale-shard-index", name), async (forward) => {
        const row = plainRow(Int32Array.from(ids))
        const at = Int32Array.of(ids.length - 1)
        const logits = (await forward.run(row, { kind: "tokens", at })).get("logits")!.data
        const off = Object.values(sets).map((expected) => maxAbsDifference(logits, expected))
        // The new weights' first, then the old shards'.
        expect(Math.min(...off)).toBeLessThanOrEqual(bound)
        expect(off[Object.keys(sets).findIndex((set) => /old|shard/.test(set))]).toBeGreaterThan(1)
      })
    }
  })

  it.each(["stories260K", "stories260K-bf16", "babyllama-105"])(
    "%s, a trained checkpoint: residual streams, final norm and logits of its own texts",
    async (name) => {
      const folder = shared("models", name)
      const golden = await openSafetensors(join(folder, "golden.safetensors"))
      const { texts } = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8")) as {
        texts: { text: string; input_ids: number[] }[]
      }
      const tokenizer = await loadTokenizer(folder)
      await withForward(folder, async (forward, nLayers) => {
        for (const [k, { text }] of texts.entries()) {
          const ids = await readInts(golden, `input_ids.${k}`)
          expect(tokenizer.encode(text)).toEqual(ids)
          const row = plainRow(ids)
          const values = await forward.run(row, { kind: "tokens", at: row.positions })
          const hidden = await golden.readFloat32(`hidden.${k}`)
          const size = hidden.length / (nLayers + 1)
          for (let layer = 0; layer <= nLayers; layer++) {
            const expected = hidden.subarray(layer * size, (layer + 1) * size)
            expect(maxAbsDifference(values.get(`resid.${layer}`)!.data, expected)).toBeLessThanOrEqual(bound)
          }
          const final = await golden.readFloat32(`final_norm.${k}`)
          expect(maxAbsDifference(values.get("final")!.data, final)).toBeLessThanOrEqual(bound)
          const logits = await golden.readFloat32(`logits.${k}`)
          expect(maxAbsDifference(values.get("logits")!.data, logits)).toBeLessThanOrEqual(bound)
        }
      })
      await golden.close()
    },
  )
})
