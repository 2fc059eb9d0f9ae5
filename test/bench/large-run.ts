// One step of the benchmark of large models, in a process of its own: compile, load or run; prints JSON.

import { cpus } from "node:os"
import { parameterCount } from "../../src/model/architectures/architecture.ts"
import { createForward, type Forward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { matrixProduct, pairedRatio } from "./matrix-product.ts"
import { openBundle } from "../support/model-files.ts"

const [step, folder, cache, format] = process.argv.slice(2) as [string, string, string, string]
const quantize = format === "int4" ? "int4" : undefined
const length = 512
const threads = cpus().length
const began = performance.now()
const seconds = (): number => (performance.now() - began) / 1000
const bundle = await openBundle(folder, { cache, quantize })
const { architecture } = bundle
const row = plainRow(Int32Array.from({ length }, (_, i) => (i * 7919) % architecture.vocabSize))
const at = Int32Array.of(length - 1)

const load = (): Promise<Forward> =>
  createForward(bundle, { sites: ["resid"], reads: "tokens", threads, maxRowTokens: length })

async function run(): Promise<unknown> {
  const forward = await load()
  const timed = async (): Promise<number> => {
    const start = performance.now()
    await forward.run(row, { kind: "tokens", at })
    return length / ((performance.now() - start) / 1000)
  }
  // The yardstick takes memory of its own, some 200 MB: less than the sites' values would.
  const yardstick = await matrixProduct(threads)
  const { vocabSize, dModel } = architecture
  const perToken = 2 * (parameterCount(architecture) - 2 * vocabSize * dModel)
  const result = await pairedRatio(async () => (await timed()) * perToken, yardstick, 7)
  await yardstick.release()
  await forward.release()
  return {
    seconds: seconds(),
    tokensPerSecond: result.speed / perToken,
    ratio: result.ratio,
    product: result.yardstick,
  }
}

if (step === "run") console.log(JSON.stringify(await run()))
else {
  if (step === "load") await (await load()).release()
  console.log(JSON.stringify({ seconds: seconds() }))
}
