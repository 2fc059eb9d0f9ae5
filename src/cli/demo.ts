// litmus demo: the whole way on the embedded model and its small world: activations, probes, LoRA, zero-shot, one table,
// and what to type next. What it made lies in the cache: a second start reads it.

import type { Command } from "commander"
import { join } from "node:path"
import { runBench } from "../benchmark/run/bench.ts"
import type { BenchSpec } from "../benchmark/run/plan.ts"
import { makeIntervention } from "../benchmark/interventions/registry.ts"
import { openResults } from "../benchmark/store/results.ts"
import { groupResults, readSuiteResults } from "../benchmark/tables/suite-results.ts"
import { summarizeSuite, type SuiteSummary } from "../benchmark/tables/suite-summary.ts"
import { openWorkbench, type Workbench } from "../benchmark/workbench.ts"
import { suite } from "../data/index.ts"
import { fingerprint } from "../files.ts"
import { embeddedData, embeddedModel, embeddedModelName } from "../microworld/embedded.ts"
import { embeddedOptions } from "../microworld/options.ts"
import { litmusCommand, printJson, progressOf, withCommonOptions, type CommonOptions } from "./common.ts"
import { errorLine } from "./error-line.ts"
import { percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

const interventions = ["mms", "lat", "lr", "lora", "zero-shot"]
const references = ["zero-shot", "per-token-likelihood", "longer", "bag-of-words"]

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
  const labels = [...groupResults(results, "label")].map(([label, part]): LabelFigures => ({
    label,
    shifts: part.shifts.length,
    summaries: summarizeSuite(part, { seed }).summaries.filter(({ intervention }) =>
      interventions.includes(intervention),
    ),
  }))
  if (json) printJson({ suite: spec.suite, seed, out, labels })
  else process.stdout.write(renderDemo(labels, describeModel(bench), out))
}

/**
 * The suite of the small world. What the model is capable of is shown by LoRA or by a few demonstrations, whichever does
 * better on held-out data: 48 sums are too few for LoRA, while the model knows them all.
 */
function demoSpec(seed: number): BenchSpec {
  const make = (name: string) => makeIntervention(name, embeddedOptions[name])
  return {
    suite: "microworld",
    shifts: suite("microworld"),
    interventions: interventions.map(make),
    references: references.map(make),
    capability: { by: "best", candidates: ["lora", "few-shot"].map(make) },
    seeds: [seed],
  }
}

function describeModel({ model }: Workbench): string {
  const { nLayers, dModel } = model.bundle.architecture
  return `A LLaMA of ${nLayers} layers, ${dModel} wide, that has read a small world's encyclopedia, school and forum.`
}

function renderDemo(labels: readonly LabelFigures[], about: string, out: string): string {
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
      "Averages over shifts. Elicitation: accuracy / capability, which is the accuracy of LoRA or of few-shot prompts, " +
        "whichever is better on held-out data, when given the target itself; differential: (accuracy − zero-shot) / " +
        "capability, in points. Intervals over prompts, the shifts fixed.",
    ),
    "",
    wrap(whatItShows(labels)),
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

/** One sentence on the table, from its figures. */
function whatItShows(labels: readonly LabelFigures[]): string {
  const of = (label: string, name: string): number | undefined =>
    labels.find((group) => group.label === label)?.summaries.find(({ intervention }) => intervention === name)
      ?.elicitation?.mean
  const [extreme, probing] = [of("extreme", "lora"), of("probing", "lora")]
  if (extreme === undefined || probing === undefined) return "Not every shift has a result (see above)."
  const probes = ["mms", "lat", "lr"]
  const best = probes.toSorted((a, b) => (of("probing", b) ?? 0) - (of("probing", a) ?? 0))[0]!
  const lead = (of("probing", best) ?? 0) - probing
  const compared =
    Math.abs(lead) < 0.005
      ? `and the best probe there, ${best}, as much`
      : `and the best probe there, ${best}, ${percent(Math.abs(lead))} points ${lead > 0 ? "more" : "less"}`
  return (
    `LoRA, fitted on a source, brings out ${percent(extreme)} % of what the model is capable of where the shift is one of ` +
    `difficulty, language, skill or style, and ${percent(probing)} % where the truth comes apart from what is popular, ` +
    `wished for or long; ${compared}.`
  )
}
