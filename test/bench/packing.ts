// What packing saves: the same pairs as packed rows and as one sequence for each member of each pair, run on the
// 100 M-parameter model.

import { cpus } from "node:os"
import { join } from "node:path"
import { forwardCost, makeSequences, packRow, planExtraction } from "../../activations/index.ts"
import { allPairs, readDistribution, selectExamples, stimulus } from "../../src/data/index.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel } from "../../src/model/model.ts"
import { expandSites } from "../../src/model/decoder/sites.ts"
import { benchData, benchFolder, benchModel } from "./fixtures.ts"

export async function benchPacking(): Promise<void> {
  const model = await openModel(await benchModel(), { cache: join(benchFolder, "cache") })
  const { architecture } = model.bundle
  const { folder, id } = benchData()
  const whole = await readDistribution(folder, id === "made" ? id : "alpaca_easy", "test")
  const distribution = selectExamples(whole, { maxExamples: 20, seed: 0 })
  const made = makeSequences(distribution, stimulus("plain"), await model.tokenizer(), architecture)
  const sites = expandSites(["resid"], architecture)
  const plan = planExtraction(made, architecture, { sites, positions: { kind: "last" } })
  const threads = cpus().length
  const forward = await createForward(model.bundle, { sites: ["resid"], reads: "tokens", threads })

  const packed = async (): Promise<number> => {
    const began = performance.now()
    for (const { begin, end } of plan.rows) {
      const row = packRow(plan.trie, begin, end)
      await forward.run(row, { kind: "tokens", at: Int32Array.from(row.paths, (path) => path.at(-1)!) })
    }
    return performance.now() - began
  }
  const byResponse = new Map(made.sequences.map((s) => [`${s.example} ${s.response}`, s.tokens]))
  const members = allPairs(distribution.examples).flatMap(({ example, better, worse }) => [
    byResponse.get(`${example} ${better}`)!,
    byResponse.get(`${example} ${worse}`)!,
  ])
  const separate = async (): Promise<number> => {
    const began = performance.now()
    for (const tokens of members) {
      await forward.run(plainRow(tokens), { kind: "tokens", at: Int32Array.of(tokens.length - 1) })
    }
    return performance.now() - began
  }
  await packed()
  const ratios: number[] = []
  for (let round = 0; round < 3; round++) ratios.push((await separate()) / (await packed()))
  await forward.release()
  ratios.sort((a, b) => a - b)
  const { tokensRun, tokensSeparate } = plan.summary
  console.log(`packing, 20 prompts of ${distribution.id} (test), every pair`)
  console.log(
    `  tokens: ${tokensRun} run for ${tokensSeparate} (${(tokensSeparate / tokensRun).toFixed(1)} times fewer)`,
  )
  console.log(`  time: one sequence at a time takes ${ratios[1]!.toFixed(1)} times as long (same engine)`)
  console.log(`  rows: ${plan.rows.length}, planned cost ${JSON.stringify(forwardCost(architecture))}`)
}
