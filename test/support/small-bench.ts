// What the tests of benchmarks share: a small random model, sums as data, three shifts, and a specification to change.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { runBench } from "../../src/benchmark/run/bench.ts"
import type { BenchSpec } from "../../src/benchmark/run/plan.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import type { Shift } from "../../src/data/index.ts"
import { writeDistribution, writeSums } from "./data-folder.ts"
import { writeRandomModel } from "./random-model.ts"
import { temporaryFolder } from "./temporary.ts"

type WorkbenchOptions = Parameters<typeof openWorkbench>[0]

export interface SmallBench {
  readonly root: string
  readonly model: string
  readonly cache: string
  readonly data: string
  /** Where `run` puts its results unless told otherwise. */
  readonly out: string
  open(options?: Partial<WorkbenchOptions>): Promise<Workbench>
  run(
    changed?: Partial<BenchSpec>,
    options?: { out?: string; seed?: number; maxExamples?: number },
  ): ReturnType<typeof runBench>
}

export async function smallBench(): Promise<SmallBench> {
  const root = temporaryFolder()
  const [cache, out] = [join(root, "cache"), join(root, "results")]
  const data = writeSums(join(root, "data"))
  const tooLong = { prompt: "one and ".repeat(60), responses: { " 60.": 1 as const, " 1.": 0 as const } }
  writeDistribution(data, "long", { train: [tooLong], test: [tooLong] })
  writeDistribution(data, "empty", { train: [tooLong], test: [] })
  const model = await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
  const open: SmallBench["open"] = (options = {}) =>
    openWorkbench({ model, data, cache, threads: 1, ...options })
  return {
    root,
    model,
    cache,
    data,
    out,
    open,
    run: async (changed = {}, { out: folder = out, ...options } = {}) =>
      await runBench(await open(options), specOf(changed), { out: folder, name: "m" }),
  }
}

export const shift = (source: string, target: string, targetReference = target): Shift => ({
  source,
  target,
  targetReference,
  label: "extreme",
  category: "sums",
})

export const shifts = [shift("sums", "more"), shift("sums", "few", "more"), shift("more", "sums")]

/** LoRA that is soon done, and learns nothing. */
export const quick = { steps: 3, batch: 4, validation: 0 }

export const specOf = (changed: Partial<BenchSpec> = {}): BenchSpec => ({
  suite: "mine",
  shifts,
  interventions: [makeIntervention("mms"), makeIntervention("mass-mean")],
  references: ["zero-shot", "longer"].map((name) => makeIntervention(name)),
  capability: { by: "lora", candidates: [makeIntervention("lora", quick)] },
  seeds: [0],
  ...changed,
})

/** Text of every file of a store, by path. */
export function textsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort()
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), readFileSync(path, "utf8")]))
}
