// Every site and the logits against Hugging Face's own modelling code (golden/arch, transformers 4.46.3, float32)
// and against llama2.c-derived figures of real checkpoints. Tolerance: float32 noise there is 8e-6, the bound 1e-4.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { openBundle } from "../../src/model/bundle.ts"
import { createForward, plainRow, type Forward } from "../../src/model/forward.ts"
import { openSafetensors } from "../../src/model/safetensors.ts"
import { allSites } from "../../src/model/sites.ts"
import { loadTokenizer } from "../../src/model/tokenizer.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

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
      const golden = await openSafetensors(shared("golden", "arch", goldens, "goldens.safetensors"))
      await withForward(shared("golden", "arch", name), async (forward, nLayers) => {
        const runs = new Map<string, string[]>()
        for (const key of golden.tensors.keys()) {
          const [run, ...rest] = key.split(".") as [string, ...string[]]
          if (/input_ids|attention_mask|position_ids/.test(key)) continue
          runs.set(run, [...(runs.get(run) ?? []), rest.join(".")])
        }
        let compared = 0
        let worst = 0
        for (const [run, quantities] of runs) {
          const ids = await readInts(golden, `${run}.input_ids`)
          const mask = await readInts(golden, `${run}.attention_mask`)
          const [nRows, length] = golden.tensors.get(`${run}.input_ids`)!.shape as [number, number]
          // Hugging Face's positions count the padding before a token unless it is told others, which matters where
          // positions are learned. OPT counts from the mask.
          const counted = goldens === "gpt2" && run === "leftpad"
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
              expect(difference, `${name} ${run}.${quantity}`).toBeLessThanOrEqual(bound)
              worst = Math.max(worst, difference)
            }
            compared++
          }
        }
        expect(compared).toBe(count)
        if (process.env.LITMUS_REPORT) console.log(`${name}: ${worst.toExponential(1)}`)
      })
      await golden.close()
    },
  )

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
