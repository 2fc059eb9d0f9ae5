// litmus transfer: fit on a source, test on targets, print the table.

import type { Command } from "commander"
import { caveats } from "../../probes/contract/caveats.ts"
import { describeDeparture } from "../../probes/contract/departures.ts"
import { loadProbe, type ProbeProvenance } from "../../probes/store.ts"
import type {
  Intervention,
  InterventionKind,
  ShuffledIntervention,
} from "../benchmark/interventions/contract.ts"
import { interventions, makeIntervention } from "../benchmark/interventions/registry.ts"
import { fittedProbe } from "../benchmark/interventions/probe.ts"
import { transfer, transferFitted, type TransferResult, type TransferTask } from "../benchmark/transfer.ts"
import { openWorkbench, type Workbench } from "../benchmark/workbench/workbench.ts"
import type { Task } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import type { OptionSpecs } from "../base/options.ts"
import { baselineNames, noBaselinesOption } from "./baselines.ts"
import {
  dataOption,
  assignment,
  list,
  litmusCommand,
  mixTargetOption,
  nullOption,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { errorLine } from "./error-line.ts"
import { thousands } from "./progress.ts"
import { renderTransfer } from "./transfer-text.ts"
import { wrap } from "./wrap.ts"

interface TransferOptions extends CommonOptions, ModelOptions {
  readonly adapter?: string
  readonly data: string
  readonly source?: string
  readonly target: readonly string[]
  readonly mixTarget?: number
  readonly dropSeen?: boolean
  readonly task?: Task
  readonly intervention?: readonly string[]
  readonly probe?: string
  readonly null: number
  readonly baselines: boolean
  readonly set?: Readonly<Record<string, Record<string, string>>>
}

export function transferCommand(): Command {
  const command = withModel(
    litmusCommand(
      "transfer",
      "Fit an intervention on a source distribution and test it on target distributions.",
    ),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .option("--source <name>", "distribution to fit on (its training split)")
    .requiredOption(
      "--target <names>",
      "distributions to test on (their test splits), separated by commas",
      list,
    )
    .option("--intervention <names>", "what to fit, separated by commas (listed below)", list)
    .option("--probe <dir>", "test a probe that `litmus fit` saved, instead of fitting one")
    .option("--set <name.option=value>", "option of an intervention; may be given again", assignment)
    .addOption(mixTargetOption("each target"))
    .addOption(nullOption())
    .addOption(noBaselinesOption())
    .option("--drop-seen", "leave out test prompts that were trained on")
    .addOption(taskOption())
  return withCommonOptions(command)
    .addHelpText("after", () => `\n${describeInterventions()}\n\nExample:\n  ${example}`)
    .action(runTransfer)
}

const example = `litmus transfer --model models/stories260K --data genies --intervention mms \\
      --source alpaca_easy --target alpaca_hard,arc_easy,truthful_qa`

const indent = 8
const hang = (text: string): string => " ".repeat(indent) + wrap(text, { indent })

/** The interventions and their options, for help texts. */
export function describeInterventions(
  kinds: readonly Omit<InterventionKind, "make">[] = interventions,
): string {
  const lines = kinds.flatMap(({ name, description, departures = [], options }) => [
    `  ${name}`,
    hang(description),
    ...(caveats[name] === undefined ? [] : [hang(caveats[name])]),
    ...departures.map((departure) => hang(`· ${describeDeparture(departure)}`)),
    ...describeOptions(`${name}.`, options),
  ])
  const title = "Interventions (·: how they differ from the paper or code that they are named after):"
  return `${title}\n${lines.join("\n")}`
}

/** Options with their values and defaults, for help texts. */
export function describeOptions(prefix: string, options: OptionSpecs): string[] {
  return Object.entries(options).flatMap(([option, spec]) => {
    const values = spec.kind === "choice" ? spec.values.join("|") : `<${spec.kind}>`
    const standard = spec.default === undefined ? "" : ` (default: ${String(spec.default)})`
    return [`    --set ${prefix}${option}=${values}`, hang(spec.description + standard)]
  })
}

async function runTransfer(options: TransferOptions): Promise<void> {
  const { source, target: targets, intervention: names, probe: probeFolder, set = {} } = options
  const { mixTarget: share, dropSeen, null: nullDraws } = options
  if (probeFolder === undefined && (source === undefined || names === undefined)) {
    throw new LitmusError("transfer: expected --source and --intervention, or --probe")
  }
  if (probeFolder !== undefined && (names ?? source ?? share) !== undefined) {
    throw new LitmusError(
      "transfer: --probe names what was fitted and on what: leave out --intervention, --source and --mix-target",
    )
  }
  const made = (names ?? []).map((name) => makeIntervention(name, set[name]))
  for (const name of Object.keys(set)) {
    if (!names?.includes(name))
      throw new LitmusError(`--set ${name}.…: ${name} is not among the interventions`)
  }
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const results: TransferResult[] = []
  const baselines: TransferResult[] = []
  const failures: Failure[] = []
  if (probeFolder === undefined) {
    // Of every target its own mixture, and of every mixture its own fit.
    const tasks: readonly TransferTask[] =
      share === undefined
        ? [{ source: source!, targets, dropSeen, nullDraws }]
        : targets.map((target) => ({
            source: source!,
            targets: [target],
            mixture: { target, share },
            dropSeen,
            nullDraws,
          }))
    // A misspelt target costs no work.
    for (const { source: id, mixture } of tasks) if (mixture) await bench.mixture({ source: id, ...mixture })
    await transferAll(bench, made, tasks, { results, failures })
    if (options.baselines) {
      const others = baselineNames
        .filter((name) => !names!.includes(name))
        .map((name) => makeIntervention(name))
      const withoutBands = tasks.map((task) => ({ ...task, nullDraws: 0 }))
      await transferAll(bench, others, withoutBands, { results: baselines, failures: [], mayFail: true })
    }
  } else {
    const { probe, needs, provenance } = await loadProbe(probeFolder)
    if (provenance.model !== bench.model.fingerprint) {
      throw new LitmusError(
        `${probeFolder}: the probe was fitted on model ${provenance.model}, but ${options.model} is ${bench.model.fingerprint}`,
      )
    }
    const fitted = fittedProbe(probe, needs)
    const { id, mixture } = provenance.source
    const { options: own } = provenance
    const shuffled = await shuffledOfSaved(bench, { name: probe.probe, provenance, nullDraws })
    const what = { name: probe.probe, options: own, source: id, targets, mixture, dropSeen, shuffled }
    results.push(await transferFitted(bench, fitted, what))
  }
  for (const { intervention, error } of failures) {
    process.stderr.write(errorLine(`${intervention}: ${error}`))
    process.exitCode = 1
  }
  const { tokensRun: run, tokensSeparate: separate } = bench.tokens()
  const tokens = { run, separate }
  if (options.json) {
    const failed = failures.length > 0 ? { failures } : {}
    const result = {
      model: bench.model.fingerprint,
      seed: options.seed,
      results,
      baselines,
      ...failed,
      tokens,
    }
    printJson(result)
    return
  }
  for (const result of results) {
    const beside = baselines.filter(({ mixture }) => mixture?.target === result.mixture?.target)
    process.stdout.write(`${renderTransfer(result, beside)}\n`)
  }
  if (run === 0) return
  const saved =
    `tokens run: ${thousands(tokens.run)}; one sequence for each member of each pair: ${thousands(tokens.separate)} ` +
    `(${(tokens.separate / tokens.run).toFixed(1)} times as many)`
  process.stdout.write(`\n${wrap(saved)}\n`)
}

/** Fits a saved probe again on shuffled labels, where the data folder has what it was fitted on. */
async function shuffledOfSaved(
  bench: Workbench,
  {
    name,
    provenance: { source, seed, options },
    nullDraws,
  }: { name: string; provenance: ProbeProvenance; nullDraws: number },
): Promise<ShuffledIntervention | undefined> {
  if (nullDraws === 0) return undefined
  const { id, fingerprint, mixture } = source
  const train = await (
    mixture ? bench.mixture({ source: id, ...mixture }) : bench.distribution(id, "train")
  ).catch((error: unknown) => {
    if (error instanceof LitmusError) return undefined
    throw error
  })
  if (train?.fingerprint !== fingerprint) return undefined
  return await makeIntervention(name, options).fitShuffled?.({ ...bench, seed }, train, nullDraws)
}

interface Failure {
  readonly intervention: string
  readonly error: string
}

/** Transfers one intervention after the other. One that cannot go on does not take the others' results with it. */
async function transferAll(
  bench: Workbench,
  made: readonly Intervention[],
  tasks: readonly TransferTask[],
  {
    results,
    failures,
    mayFail = false,
  }: { results: TransferResult[]; failures: Failure[]; mayFail?: boolean },
): Promise<void> {
  const all = made.flatMap((intervention) => tasks.map((task) => ({ intervention, task })))
  for (const { intervention, task } of all) {
    try {
      results.push(await transfer(bench, intervention, task))
    } catch (error) {
      const allFailed = failures.length === all.length - 1 && !mayFail
      if (!(error instanceof LitmusError) || allFailed) throw error
      failures.push({ intervention: intervention.name, error: error.message })
    }
  }
}
