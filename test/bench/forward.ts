// Speed of the forward pass: 2 × parameters × tokens per second (embeddings and attention not counted) against the
// matrix product.

import { cpus } from "node:os"
import { join } from "node:path"
import { parameterCount } from "../../src/model/architectures/architecture.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { benchFolder, benchModel } from "./fixtures.ts"
import { matrixProduct, pairedRatio } from "./matrix-product.ts"
import { openBundle } from "../support/model-files.ts"

export async function benchForward(): Promise<void> {
  const bundle = await openBundle(await benchModel(), { cache: join(benchFolder, "cache") })
  const { architecture } = bundle
  const { vocabSize, dModel } = architecture
  const weights = parameterCount(architecture) - vocabSize * dModel
  const threads = cpus().length
  const yardstick = await matrixProduct(threads)
  console.log(
    `forward, ${(weights / 1e6).toFixed(0)} M parameters without embeddings, all residual sites, ${threads} threads`,
  )
  for (const length of [128, 256, 512, 1024]) {
    const forward = await createForward(bundle, { sites: ["resid"], reads: "tokens", threads })
    const row = plainRow(Int32Array.from({ length }, (_, i) => (i * 7919) % vocabSize))
    const at = Int32Array.of(length - 1)
    const result = await pairedRatio(async () => {
      const began = performance.now()
      await forward.run(row, { kind: "tokens", at })
      return (2 * weights * length) / ((performance.now() - began) / 1000)
    }, yardstick)
    await forward.release()
    console.log(
      `  row of ${String(length).padStart(4)} tokens: ${result.ratio.toFixed(2)} of the matrix product ` +
        `(${result.low.toFixed(2)} … ${result.high.toFixed(2)}), ${(result.speed / 2 / weights).toFixed(0)} tokens/s, ` +
        `matrix product ${(result.yardstick / 1e9).toFixed(0)} GFLOP/s`,
    )
  }
  await yardstick.release()
}
