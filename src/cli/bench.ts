// litmus bench: every shift of a suite, every intervention, every metric, into a store of results.

import { Option, type Command } from "commander"
import { runBench, type BenchReport } from "../benchmark/run/bench.ts"
import { capabilities, planBench, type BenchSpec, type Capability } from "../benchmark/run/plan.ts"
import { countParts, piecesIn, planShard } from "../benchmark/run/shards.ts"
import { estimateBench, type BenchEstimate } from "../benchmark/run/estimate.ts"
import type { Intervention } from "../benchmark/interventions/contract.ts"
import { interventions, makeIntervention, references, traitsOf } from "../benchmark/interventions/registry.ts"
import { checkStoreName } from "../benchmark/store/places.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import { readSuite, suiteName, suiteNames, type Task } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import type { Progress } from "../base/progress.ts"
import type { Shard } from "../base/shards.ts"
import {
  assignment,
  count,
  list,
  litmusCommand,
  mixTargetOption,
  nullOption,
  printJson,
  progressOf,
  shardOption,
  taskOption,
  withCommonOptions,
  withModel,
  dataOption,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { baselineNames, noBaselinesOption } from "./baselines.ts"
import { errorLine } from "./error-line.ts"
import { reportingProgress, runInJobs, serveParts } from "./bench-jobs.ts"
import { duration, thousands } from "./progress.ts"
import { nameInStore } from "./keep-figure.ts"
import { suiteTable } from "./results-table.ts"
import { plainText } from "./plain-text.ts"
import { renderTable } from "./table.ts"
import { describeInterventions } from "./transfer.ts"
import { wrap } from "./wrap.ts"

interface BenchCommandOptions extends CommonOptions, ModelOptions {
  readonly adapter?: string
  readonly data: string
  readonly suite: string
  readonly interventions: readonly string[]
  readonly out: string
  readonly name?: string
  readonly capability: Capability
  readonly seeds: number
  readonly jobs: number
  /** This is one of the processes. */
  readonly job?: boolean
  readonly mixTarget?: number
  readonly null: number
  readonly baselines: boolean
  readonly shard?: Shard
  readonly dryRun?: boolean
  readonly set?: Readonly<Record<string, Record<string, string>>>
  readonly task?: Task
}

export function benchCommand(): Command {
  const command = withModel(
    litmusCommand(
      "bench",
      "Fit interventions on every source of a suite of shifts, test them on its targets, and keep the results.",
    ),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .addOption(
      new Option("--suite <name>", `${suiteNames.join(", ")}, or a file of shifts (.json)`).default(
        "genies",
        "genies; with the embedded data microworld",
      ),
    )
    .option("--interventions <names>", "what to fit, separated by commas (listed below), or all", list, [
      "mms",
      "lat",
      "ccs",
      "lora",
    ])
    .requiredOption("--out <dir>", "store of results; what it holds already is not made again")
    .option("--name <name>", "what the store calls the model (default: the name of its folder)")
    .addOption(
      new Option(
        "--capability <by>",
        "what is tuned on a target's reference to see what the model is capable of: lora, or whatever is best on held-out training data",
      )
        .choices(capabilities)
        .default("lora"),
    )
    .option("--seeds <n>", "repeat with n seeds (pairs, splits, initialisation)", count, 3)
    .addOption(mixTargetOption("each shift's target"))
    .addOption(nullOption())
    .addOption(noBaselinesOption())
    .addOption(
      new Option("--jobs <n>", "processes that fit side by side; they share the threads")
        .argParser(count)
        .default(1)
        .conflicts("shard"),
    )
    .addOption(new Option("--job").hideHelp())
    .addOption(shardOption("do the i-th of n shares of the fits alone, and write no tables"))
    .option("--dry-run", "say what would be done, how many tokens, how long, how much disk; do nothing")
    .option("--set <name.option=value>", "option of an intervention; may be given again", assignment)
    .addOption(taskOption())
  return withCommonOptions(command)
    .addHelpText("after", () => `\n${describeInterventions()}\n\n${aboutShards}\n\nExample:\n  ${example}`)
    .action(runBenchCommand)
}

const aboutShards = `A shard fits all that is fitted on its sources. Shards write into one store, or into several that are
copied into one afterwards (cp -r a/. b/); the same command without --shard then finds all evaluations
there and writes the tables. More shards than sources times seeds have nothing to do. litmus submit
writes the job that runs them all.`

const example = `litmus bench --model models/llama --data genies --suite genies \\
      --interventions mms,lat,cra,ccs,lora,zero-shot --out results/`

async function runBenchCommand(options: BenchCommandOptions): Promise<void> {
  const { out, jobs, job = false, shard } = options
  const name = options.name ?? nameInStore(options.model, options.adapter)
  const spec = await specOf(options)
  checkStoreName("model", name)
  checkStoreName("suite", spec.suite)
  const progress = job ? reportingProgress() : progressOf(options)
  const threads = job ? Math.max(1, Math.floor(options.threads / jobs)) : options.threads
  const bench = await openWorkbench({ ...options, threads, progress })
  if (job) {
    await serveParts(async (part) => (await runBench(bench, spec, { out, name, shard: part })).made)
    return
  }
  if (options.dryRun) {
    const estimate = await estimateBench(bench, spec, { out, name, shard })
    if (options.json) printJson({ ...shardOf(options), ...estimate })
    else process.stdout.write(renderEstimate(estimate, shard))
    return
  }
  const made = jobs > 1 ? await runPartsInJobs(spec, { jobs, progress }) : 0
  const gathered = await runBench(bench, spec, { out, name, shard, ...(jobs > 1 ? {} : { progress }) })
  const report = { ...gathered, made: gathered.made + made, held: gathered.held - made }
  for (const { what, error } of report.failures) {
    process.stderr.write(errorLine(`${what}: ${error}`))
    process.exitCode = 1
  }
  if (options.json) printJson({ name, suite: spec.suite, out, ...shardOf(options), ...report })
  else process.stdout.write(await renderReport(options, name, report))
}

/** Has processes make all evaluations of a benchmark; returns how many they made. */
async function runPartsInJobs(
  spec: BenchSpec,
  { jobs, progress }: { jobs: number; progress: Progress },
): Promise<number> {
  const plan = planBench(spec)
  const parts = countParts(plan)
  const all = piecesIn(plan)
  const task = progress.task(`benchmark ${spec.suite}`, "fits")
  let done = 0
  task.update(done, all)
  const onPart = (part: Shard): void => {
    done += piecesIn(planShard(plan, part))
    task.update(done, all)
  }
  return await runInJobs({ jobs, parts, progress, onPart }).finally(() => task.end())
}

async function specOf(options: BenchCommandOptions): Promise<BenchSpec> {
  const { suite, set = {}, capability, seed, seeds, mixTarget, null: nullDraws } = options
  const always = [...references.map(({ name }) => name), ...(options.baselines ? baselineNames : [])]
  const all = interventions.flatMap(({ name, traits }) => (traits?.needsScoreHead ? [] : [name]))
  const names = [...new Set(options.interventions.flatMap((name) => (name === "all" ? all : [name])))]
  const make = (name: string): Intervention => makeIntervention(name, set[name])
  const asked = names.map(make)
  const candidates =
    capability === "lora"
      ? [make("lora")]
      : [...new Set([...names, "lora"])]
          .filter((name) => traitsOf(name).measuresCapability !== false)
          .map(make)
  const used = new Set([...names, ...always, ...candidates.map(({ name }) => name)])
  const stray = Object.keys(set).find((name) => !used.has(name))
  if (stray !== undefined) {
    throw new LitmusError(`--set ${stray}.…: ${stray} is not among the interventions`)
  }
  checkSuiteFile(suite)
  return {
    suite: suiteName(suite),
    shifts: await readSuite(suite),
    interventions: asked,
    references: always.map(make),
    capability: { by: capability, candidates },
    seeds: Array.from({ length: seeds }, (_, k) => seed + k),
    ...(mixTarget === undefined ? {} : { mixTarget }),
    nullDraws,
  }
}

/** A store's tables go by the suite's name: those of a file must not stand in the place of a built-in suite's. */
function checkSuiteFile(suite: string): void {
  const name = suiteName(suite)
  const built = suiteNames.find((known) => known.toLowerCase() === name.toLowerCase())
  if (built === undefined || built === suite) return
  throw new LitmusError(
    `--suite ${suite}: there is a suite ${built}, whose tables those of the file would overwrite: name the file otherwise`,
  )
}

/** Which shard it was, counted from 1 as it is asked for. */
function shardOf({ shard }: BenchCommandOptions): { shard?: string } {
  return shard === undefined ? {} : { shard: placeOf(shard) }
}

function placeOf({ index, count: all }: Shard): string {
  return `${index + 1}/${all}`
}

async function renderReport(
  { out, suite, seed, shard }: BenchCommandOptions,
  name: string,
  { made, held, skipped, reasons }: BenchReport,
): Promise<string> {
  const table =
    shard === undefined
      ? await suiteTable(out, { suite, view: "corrected", model: [name], seed }).catch((error: unknown) => {
          if (error instanceof LitmusError) return ""
          throw error
        })
      : ""
  const counts = `${thousands(made)} evaluations made, ${thousands(held)} already in ${out}, ${thousands(skipped)} skipped`
  const listed = reasons.map(({ reason, cells }) => `${wrap(plainText(`skipped (${cells}): ${reason}`))}\n`)
  const next =
    shard === undefined
      ? ""
      : `${wrap(`shard ${placeOf(shard)}: no tables. When all ${shard.count} are done and in one folder, run the command once more without --shard.`)}\n`
  return `${table}\n${wrap(plainText(counts))}\n${listed.join("")}${next}`
}

function renderEstimate(
  { fits, trials, shuffledFits, held, work, seconds, bytes, evaluations }: BenchEstimate,
  shard: Shard | undefined,
): string {
  const rows = work.map(({ kind, pieces, cached, tokens, operations, bytes: size }) => [
    kind,
    thousands(pieces),
    thousands(cached),
    thousands(tokens),
    (operations / 1e12).toFixed(operations < 1e13 ? 2 : 0),
    megabytes(size),
  ])
  const head = ["", "pieces", "in the\ncache", "tokens\nto run", "operations\n/ 10¹²", "disk"]
  const lines = [
    `${shard === undefined ? "" : `shard ${placeOf(shard)}: `}${thousands(fits)} fits${trials > 0 ? ` and ${thousands(trials)} trials` : ""}, ${thousands(evaluations)} evaluations, of which the store has ${thousands(held)}`,
    `about ${duration(seconds)} at the speed of a bare matrix product here, small models take longer; ${megabytes(bytes)} of disk. Fitting probes is not counted${shuffledFits > 0 ? `, nor is fitting them ${thousands(shuffledFits)} times on shuffled labels (--null), which reads the same activations` : ""}.`,
  ]
  return `\n${wrap(lines[0]!)}\n${renderTable(head, rows)}\n${wrap(lines[1]!)}\n`
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
