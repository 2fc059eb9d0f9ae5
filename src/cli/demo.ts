// litmus demo: the whole way on the embedded model and its small world: activations, probes, LoRA, zero-shot, one table,
// and what to type next. What it made lies in the cache: a second start reads it.

import type { Command } from "commander"
import { join } from "node:path"
import { runBench } from "../benchmark/run/bench.ts"
import type { BenchSpec } from "../benchmark/run/plan.ts"
import { makeIntervention, references } from "../benchmark/interventions/registry.ts"
import { openResults } from "../benchmark/store/results.ts"
import { type SuiteResults } from "../benchmark/tables/suite-results.ts"
import { groupResults } from "../benchmark/tables/group-results.ts"
import { readSuiteResults } from "../benchmark/tables/read-suite-results.ts"
import { compareInSuite } from "../benchmark/tables/suite-comparison.ts"
import { summarizeSuite, type SuiteSummary } from "../benchmark/tables/suite-summary.ts"
import { openWorkbench, type Workbench } from "../benchmark/workbench/workbench.ts"
import { suite } from "../data/index.ts"
import { fingerprint } from "../base/files.ts"
import { embeddedData, embeddedModel, embeddedModelName } from "../microworld/embedded.ts"
import { demoOptions } from "../microworld/options.ts"
import { whatItShows, type AgainstLora, type LabelAccuracies } from "../microworld/words.ts"
import { litmusCommand, printJson, progressOf, withCommonOptions, type CommonOptions } from "./common.ts"
import { errorLine } from "./error-line.ts"
import { percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

const interventions = ["mms", "lat", "lr", "lora", "zero-shot"]
const alwaysRun = [...references.map(({ name }) => name), "bag-of-words"]
const nSeeds = 3

export function demoCommand(): Command {
  const command = litmusCommand(
    "demo",
    "Fit probes and LoRA on the embedded small model, test them on its shifts, show how far they carry.",
  )
  return withCommonOptions(command).action(runDemo)
}

/** The shifts of one label and what each intervention comes to on them. */
interface LabelFigures {
  readonly label: string
  readonly shifts: number
  readonly summaries: readonly SuiteSummary[]
}

async function runDemo(options: CommonOptions): Promise<void> {
  const { cache, seed, json } = options
  const bench = await openWorkbench({
    ...options,
    model: embeddedModel(),
    data: await embeddedData(cache),
    progress: progressOf(options),
  })
  const spec = demoSpec(seed)
  const out = join(cache, "demo", fingerprint([bench.model.fingerprint, seed, options.maxExamples ?? null]))
  const report = await runBench(bench, spec, { out, name: embeddedModelName, progress: bench.progress })
  for (const { what, error } of report.failures) {
    process.stderr.write(errorLine(`${what}: ${error}`))
    process.exitCode = 1
  }
  const store = await openResults(out)
  const view = "corrected"
  const results = await readSuiteResults({ suite: spec.suite, shifts: spec.shifts, view }, { store })
  const parts = groupResults(results, "label")
  const labels = [...parts].map(([label, part]): LabelFigures => ({
    label,
    shifts: part.shifts.length,
    summaries: summarizeSuite(part, { seed }).summaries.filter(({ intervention }) =>
      interventions.includes(intervention),
    ),
  }))
  if (json) printJson({ suite: spec.suite, seed, out, labels })
  else process.stdout.write(renderDemo(labels, describeModel(bench), describe(parts, seed), out))
}

/** The suite of the small world with three trainings of LoRA, capability included. */
function demoSpec(seed: number): BenchSpec {
  const make = (name: string) => makeIntervention(name, name === "lora" ? demoOptions.lora : {})
  return {
    suite: "microworld",
    shifts: suite("microworld"),
    interventions: interventions.map(make),
    references: alwaysRun.map(make),
    capability: { by: "lora", candidates: [make("lora")] },
    seeds: Array.from({ length: nSeeds }, (_, i) => seed + i),
  }
}

function describeModel({ model }: Workbench): string {
  const { nLayers, dModel } = model.bundle.architecture
  return `A LLaMA of ${nLayers} layers, ${dModel} wide, that has read a small world's encyclopedia, school and forum.`
}

function renderDemo(labels: readonly LabelFigures[], about: string, shown: string, out: string): string {
  const header = [
    "fitted on the source",
    ...labels.flatMap(({ label, shifts }) => [
      `${label} (${shifts})\naccuracy %`,
      "elicita-\ntion %",
      "95 %\ninterval",
      "differ-\nential",
      "95 %\ninterval",
    ]),
  ]
  const rows = interventions.map((name) => [name, ...labels.flatMap((group) => cellsOf(group, name))])
  return [
    "",
    wrap(about),
    renderTable(header, rows),
    wrap(
      "Averages over shifts. Elicitation: accuracy / capability, which is the accuracy of LoRA tuned on the target " +
        `itself; differential: (accuracy − zero-shot) / capability, in points. Intervals over prompts and ${nSeeds} ` +
        "seeds, the shifts fixed.",
    ),
    "",
    wrap(shown),
    "",
    wrap(`Next: litmus table ${out} --suite microworld --by shift shows every shift.`),
    wrap(
      "With a model of your own (a Hugging Face folder) and distributions in the GENIES format: " +
        "litmus bench --model DIR --data DIR --suite shifts.json --interventions mms,lr,lora --out results",
    ),
    "",
  ].join("\n")
}

function cellsOf({ summaries }: LabelFigures, name: string): string[] {
  const row = summaries.find(({ intervention }) => intervention === name)
  if (!row) return ["–", "–", "–", "–", "–"]
  const { accuracy, elicitation, differentialElicitation: differential } = row
  return [
    percent(accuracy.mean),
    percent(elicitation?.mean),
    band(elicitation?.overPrompts),
    percent(differential?.mean),
    band(differential?.overPrompts),
  ]
}

function band(interval: { low: number; high: number } | undefined): string {
  return interval ? `${percent(interval.low)} – ${percent(interval.high)}` : "–"
}

/** What is said of the table: accuracies of LoRA, and each probe against it where the shifts are probing. */
function describe(parts: ReadonlyMap<string, SuiteResults>, seed: number): string {
  const lora = [...parts].map(([label, { results, shifts }]): LabelAccuracies => {
    const row = results.find(({ intervention }) => intervention === "lora")
    return {
      label,
      accuracies: shifts.flatMap((_, i) => row?.shifts[i]?.accuracy ?? []),
    }
  })
  const probing = parts.get("probing")
  const against = ["mms", "lat", "lr"].flatMap((probe): AgainstLora[] => {
    const [comparison] = probing ? compareInSuite(probing, ["lora", probe], { seed }) : []
    if (!comparison) return []
    const { first, mean, overPrompts } = comparison
    const sign = first === probe ? 1 : -1
    const ends = overPrompts && [sign * overPrompts.low, sign * overPrompts.high]
    const interval = ends && { low: Math.min(...ends), high: Math.max(...ends) }
    return [{ probe, difference: sign * mean, interval }]
  })
  return whatItShows(lora, against, nSeeds)
}
