// The cases of shared/golden/grads as what src/tuning works on: their padded batches as one packed row, a forest of
// eight trees, the padding left out; their initial parameters as something that can be trained.

import type { Distribution } from "../../src/data/index.ts"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import type { Model } from "../../src/model/model.ts"
import { openSafetensors, type SafetensorsFile } from "../../src/formats/safetensors.ts"
import { openSource } from "../../src/model/open-source.ts"
import { loraForm } from "../../src/tuning/lora.ts"
import { promptForm } from "../../src/tuning/prompt-tuning.ts"
import type { RewardRow } from "../../src/tuning/reward-graph.ts"
import type { Tunable } from "../../src/tuning/tunable.ts"
import { shared } from "./shared.ts"
import { openBundle } from "./model-files.ts"

const nPairs = 4

export interface GoldenCase {
  readonly tunable: Tunable
  /** Sequences 0 … 3 are the chosen, 4 … 7 the rejected responses. */
  readonly row: RewardRow
  readonly nPairs: number
  readonly nLabels: number
  /** A tensor of the case. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

/** Opens a case; its LoRA has rank 4 and alpha 8, its prompts 10 virtual tokens. */
export async function openGoldenCase(name: string): Promise<GoldenCase> {
  const file = await openSafetensors(shared("golden", "grads", name, "goldens.safetensors"))
  const initial = new Map<string, ParameterArray>()
  for (const [key, { shape }] of file.tensors) {
    if (key.startsWith("init."))
      initial.set(key.slice("init.".length), { shape, data: await file.readFloat32(key) })
  }
  const layers = [...initial.keys()].flatMap((key) => /^(.*)\.lora_A\.weight$/.exec(key)?.[1] ?? [])
  const tunable: Tunable =
    layers.length > 0
      ? {
          config: { kind: "lora", rank: 4, alpha: 8, targets: ["q_proj", "v_proj"] },
          form: loraForm(new Map(layers.map((layer) => [layer, 2]))),
          initial,
        }
      : {
          config: { kind: "prompt-tuning", virtualTokens: 10 },
          form: promptForm({ virtualTokens: 10 }),
          initial,
        }
  return {
    tunable,
    row: await rowOf(file),
    nPairs,
    nLabels: initial.get("score.weight")!.shape[0]!,
    read: (key) => file.readFloat32(key),
    close: () => file.close(),
  }
}

/** Positions count the padding before a token, as Hugging Face's do. */
async function rowOf(file: SafetensorsFile): Promise<RewardRow> {
  const tokens: number[] = []
  const positions: number[] = []
  const ends: number[] = []
  const reads: number[] = []
  for (const side of ["chosen", "rejected"]) {
    const ids = await readInts(file, `${side}.input_ids`)
    const mask = await readInts(file, `${side}.attention_mask`)
    const length = ids.length / nPairs
    for (let k = 0; k < nPairs; k++) {
      for (let t = 0; t < length; t++) {
        if (mask[k * length + t] !== 1) continue
        tokens.push(ids[k * length + t]!)
        positions.push(t)
      }
      reads.push(tokens.length - 1)
      while (ends.length < tokens.length) ends.push(tokens.length)
    }
  }
  const row = {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(positions),
    ends: Int32Array.from(ends),
  }
  return {
    row,
    reads: Int32Array.from(reads),
    better: Int32Array.of(0, 1, 2, 3),
    worse: Int32Array.of(4, 5, 6, 7),
  }
}

async function readInts(file: SafetensorsFile, name: string): Promise<Int32Array> {
  const { buffer, byteOffset, byteLength } = await file.readBytes(name)
  return new Int32Array(buffer.slice(byteOffset, byteOffset + byteLength))
}

/** The base model of all cases. A text is its token ids, with spaces between; it has no end-of-sequence token. */
export async function openGoldenBase(cache: string): Promise<Model> {
  const source = await openSource(shared("golden", "arch", "llama"))
  const bundle = await openBundle(source.path, { cache })
  return {
    source,
    bundle,
    fingerprint: bundle.fingerprint,
    tokenizerFingerprint: "token ids",
    endToken: undefined,
    tokenizer: async () => ({
      vocabSize: bundle.architecture.vocabSize,
      specialTokens: new Set<number>(),
      encode: (text) => Int32Array.from(text.split(" ").filter(Boolean), Number),
      decode: (ids) => Array.from(ids).join(" "),
    }),
  }
}

/** The sequences of a case as responses without a prompt: of each example the chosen, then the rejected one. */
export function goldenDistribution({ row: { row, reads } }: GoldenCase): Distribution {
  const text = (k: number): string =>
    Array.from(row.tokens.subarray(k === 0 ? 0 : reads[k - 1]! + 1, reads[k]! + 1)).join(" ")
  return {
    id: "golden",
    split: "test",
    fingerprint: "golden",
    examples: Array.from({ length: nPairs }, (_, k) => ({
      index: k,
      prompt: "",
      responses: [
        { text: text(k), label: 1 as const },
        { text: text(nPairs + k), label: 0 as const },
      ],
    })),
  }
}
