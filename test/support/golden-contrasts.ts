// Contrasts of shared/golden/probes: 400 pairs in 96 dimensions, and what their authors' code makes of them.

import { selectContrasts, type Contrasts } from "../../probes/math/contrasts.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { shared } from "./shared.ts"

export interface GoldenContrasts {
  /** As its README has it for CCS: x0 = x_neg first, which is "positive" here, and x1 = x_pos. */
  readonly all: Contrasts
  /** Pairs 0 … 199. */
  readonly train: Contrasts
  /** Pairs 200 … 399. */
  readonly test: Contrasts
  /** 1: x_pos is the true one, `[400]`. */
  readonly labels: Int32Array
  readonly truth: Float32Array
  golden(name: string): Promise<Float32Array<ArrayBuffer>>
}

export async function goldenContrasts(set: "main" | "hard"): Promise<GoldenContrasts> {
  const data = await openSafetensors(shared("golden", "probes", set, "data.safetensors"))
  const goldens = shared("golden", "probes", set, "goldens.safetensors")
  const labels = (await data.readBytes("y")).slice().buffer
  const all = {
    positive: await data.readFloat32("x_neg"),
    negative: await data.readFloat32("x_pos"),
    count: 400,
    width: 96,
  }
  const truth = await data.readFloat32("truth_dir")
  await data.close()
  const rows = (begin: number): number[] => Array.from({ length: 200 }, (_, k) => begin + k)
  return {
    all,
    train: selectContrasts(all, rows(0)),
    test: selectContrasts(all, rows(200)),
    labels: new Int32Array(labels),
    truth,
    async golden(name) {
      const file = await openSafetensors(goldens)
      try {
        return await file.readFloat32(name)
      } finally {
        await file.close()
      }
    },
  }
}
