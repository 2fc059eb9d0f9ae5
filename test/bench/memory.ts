// Anonymous memory while extracting: what the process holds of its own, mapped weights not counted. Measured from
// outside, in a child process, from the kernel's RssAnon.

import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { benchData, benchFolder, benchModel } from "./fixtures.ts"

interface Usage {
  readonly peakAnonymous: number
  readonly seconds: number
}

/** Runs `litmus extract` on so many examples with a fresh activation cache. */
async function extractionUsage(model: string, maxExamples: number | undefined): Promise<Usage> {
  const { folder, id } = benchData()
  const cache = mkdtempSync(join(benchFolder, "memory-"))
  const main = join(import.meta.dirname, "../../src/cli/main.ts")
  const options = [
    "--model",
    model,
    "--data",
    folder,
    "--distribution",
    id,
    "--split",
    "train",
    "--sites",
    "resid",
  ]
  const limit = maxExamples === undefined ? [] : ["--max-examples", String(maxExamples)]
  const began = performance.now()
  const child = spawn(
    process.execPath,
    ["--import", "tsx", main, "extract", ...options, ...limit, "--cache", cache, "--quiet"],
    { stdio: ["ignore", "ignore", "inherit"] },
  )
  let peakAnonymous = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
      peakAnonymous = Math.max(peakAnonymous, Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
    } catch {
      // It has just ended.
    }
  }, 20)
  const code = await new Promise((resolve) => child.on("close", resolve))
  clearInterval(timer)
  rmSync(cache, { recursive: true, force: true })
  if (code !== 0) throw new Error(`extract ended with code ${String(code)}`)
  return { peakAnonymous, seconds: (performance.now() - began) / 1000 }
}

export async function benchMemory(full: boolean): Promise<void> {
  const model = await benchModel()
  const { id } = benchData()
  const report = (what: string, { peakAnonymous, seconds }: Usage): void =>
    console.log(
      `  ${what.padEnd(14)} ${(peakAnonymous / 2 ** 20).toFixed(0)} MiB anonymous at most, ${seconds.toFixed(0)} s`,
    )
  console.log(`memory, extracting ${id} (train) with the 100 M-parameter model, compiling included`)
  // All 600 of code_hard run some 464,000 tokens: minutes. The short form compares fewer.
  const [fewer, most] = full ? [150, undefined] : [20, 80]
  const few = await extractionUsage(model, fewer)
  report(`${fewer} examples`, few)
  const more = await extractionUsage(model, most)
  report(most === undefined ? "all examples" : `${most} examples`, more)
  console.log(
    `  four times the examples add ${((more.peakAnonymous - few.peakAnonymous) / 2 ** 20).toFixed(0)} MiB`,
  )
}
