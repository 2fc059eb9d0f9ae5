// litmus transfer: fit on a source, test on targets, print the table.

import type { Command } from "commander"
import { loadProbe } from "../../probes/store.ts"
import { interventions, makeIntervention } from "../benchmark/intervention.ts"
import { fittedProbe } from "../benchmark/probe-intervention.ts"
import { transfer, transferFitted, type TransferResult } from "../benchmark/transfer.ts"
import { openWorkbench, type Workbench } from "../benchmark/workbench.ts"
import { LitmusError } from "../errors.ts"
import { canonicalJson } from "../files.ts"
import {
  assignment,
  list,
  litmusCommand,
  progressOf,
  withCommonOptions,
  type CommonOptions,
} from "./common.ts"
import { thousands } from "./progress.ts"
import { decimal, percent, renderTable } from "./table.ts"

interface TransferOptions extends CommonOptions {
  readonly model: string
  readonly data: string
  readonly source?: string
  readonly target: readonly string[]
  readonly intervention?: readonly string[]
  readonly probe?: string
  readonly set?: Readonly<Record<string, Record<string, string>>>
}

export function transferCommand(): Command {
  const command = litmusCommand(
    "transfer",
    "Fit an intervention on a source distribution and test it on target distributions.",
  )
    .requiredOption("--model <dir>", "checkpoint: a Hugging Face folder of the LLaMA family")
    .requiredOption("--data <dir>", "folder of distributions in the GENIES format")
    .option("--source <name>", "distribution to fit on (its training split)")
    .requiredOption(
      "--target <names>",
      "distributions to test on (their test splits), separated by commas",
      list,
    )
    .option("--intervention <names>", "what to fit, separated by commas (listed below)", list)
    .option("--probe <dir>", "test a probe that `litmus fit` saved, instead of fitting one")
    .option("--set <name.option=value>", "option of an intervention; may be given again", assignment)
  return withCommonOptions(command)
    .addHelpText("after", () => `\n${describeInterventions()}\n\nExample:\n  ${example}`)
    .action(runTransfer)
}

const example = `litmus transfer --model models/stories260K --data genies --intervention mms \\
      --source alpaca_easy --target alpaca_hard,arc_easy,truthful_qa`

/** The interventions and their options, for help texts. */
export function describeInterventions(): string {
  const lines = interventions.flatMap(({ name, description, options }) => [
    `  ${name.padEnd(18)} ${description}`,
    ...Object.entries(options).map(([option, spec]) => {
      const standard = spec.default === undefined ? "" : ` (default: ${spec.default})`
      return `      --set ${`${name}.${option}`.padEnd(24)} ${spec.description}${standard}`
    }),
  ])
  return `Interventions:\n${lines.join("\n")}`
}

async function runTransfer(options: TransferOptions): Promise<void> {
  const { source, target: targets, intervention: names, probe: probeFolder, set = {} } = options
  if (probeFolder === undefined && (source === undefined || names === undefined)) {
    throw new LitmusError("transfer: expected --source and --intervention, or --probe")
  }
  if (probeFolder !== undefined && (names !== undefined || source !== undefined)) {
    throw new LitmusError(
      "transfer: --probe names what was fitted and on what: leave out --intervention and --source",
    )
  }
  const made = (names ?? []).map((name) => makeIntervention(name, set[name]))
  for (const name of Object.keys(set)) {
    if (!names?.includes(name))
      throw new LitmusError(`--set ${name}.…: ${name} is not among the interventions`)
  }
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const results: TransferResult[] = []
  if (probeFolder === undefined) {
    for (const intervention of made)
      results.push(await transfer(bench, intervention, { source: source!, targets }))
  } else {
    const { probe, needs, provenance } = await loadProbe(probeFolder)
    if (provenance.model !== bench.model.fingerprint) {
      throw new LitmusError(
        `${probeFolder}: the probe was fitted on model ${provenance.model}, but ${options.model} is ${bench.model.fingerprint}`,
      )
    }
    const fitted = fittedProbe(probe, needs)
    const what = { name: probe.probe, options: provenance.options, source: provenance.source.id, targets }
    results.push(await transferFitted(bench, fitted, what))
  }
  const tokens = tokenCounts(bench)
  if (options.json) {
    const result = { model: bench.model.fingerprint, seed: options.seed, results, tokens }
    process.stdout.write(`${canonicalJson(result, 2)}\n`)
    return
  }
  for (const result of results) process.stdout.write(`${renderTransfer(result)}\n`)
  process.stdout.write(
    `\ntokens run: ${thousands(tokens.run)}; one sequence for each member of each pair: ${thousands(tokens.separate)} ` +
      `(${(tokens.separate / tokens.run).toFixed(1)} times as many)\n`,
  )
}

function tokenCounts(bench: Workbench): { run: number; separate: number } {
  const plans = bench.plans()
  return {
    run: plans.reduce((sum, { tokensRun }) => sum + tokensRun, 0),
    separate: plans.reduce((sum, { tokensSeparate }) => sum + tokensSeparate, 0),
  }
}

function renderTransfer({ intervention, source, fitted, sourceEvaluation, targets }: TransferResult): string {
  const header = [
    "target",
    "pairs",
    "too long",
    "accuracy %\nper pair",
    "95 %\ninterval",
    "per\nprompt",
    "AUROC",
    "source\naccuracy %",
    "calibration\nerror",
    "as in\n2023",
    "Brier",
    "agrees with\nlonger %",
  ]
  const rows = targets.map((target) => [
    target.distribution,
    thousands(target.pairs),
    thousands(target.skippedPairs),
    percent(target.accuracy.estimate),
    `${percent(target.accuracy.low)} – ${percent(target.accuracy.high)}${target.accuracy.unit === "item" ? "*" : ""}`,
    percent(target.promptAccuracy),
    decimal(target.auroc),
    percent(sourceEvaluation.accuracy.estimate),
    decimal(target.rmsCalibrationError),
    decimal(target.rmsCalibrationErrorGenies2023),
    decimal(target.brierScore),
    percent(target.agreementWithLonger),
  ])
  const note = targets.some(({ accuracy }) => accuracy.unit === "item")
    ? "\n* fewer than 30 distinct prompts: resampled by pair"
    : ""
  return `\n${intervention}, fitted on ${source}\n${fitted}\n${renderTable(header, rows)}${note}`
}
