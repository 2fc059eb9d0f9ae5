// litmus tune: train a reward model on a source and keep it: an adapter folder as PEFT has it, or a checkpoint.

import { Argument, type Command } from "commander"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import type { Task } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { resolveOptions } from "../base/options.ts"
import { tuningKinds, tuningOptions, type TuningKind } from "../tuning/options.ts"
import { sweepLearningRate, type SweepResult } from "../tuning/sweep.ts"
import { tune } from "../tuning/tune.ts"
import {
  dataOption,
  list,
  litmusCommand,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { percent, renderTable } from "./table.ts"
import { renderTraining } from "./training-text.ts"
import { describeOptions } from "./transfer.ts"

interface TuneCommandOptions extends CommonOptions, ModelOptions {
  readonly data: string
  readonly source: string
  readonly task?: Task
  readonly out: string
  readonly sweep?: readonly string[]
  readonly set?: Readonly<Record<string, string>>
}

export function tuneCommand(): Command {
  const command = withModel(
    litmusCommand("tune", "Train a reward model on a source distribution and keep it.").addArgument(
      new Argument("<method>", "how").choices(tuningKinds),
    ),
  )
    .addOption(dataOption())
    .requiredOption("--source <name>", "distribution to train on (its training split)")
    .requiredOption("--out <dir>", "folder of the adapter (lora, prompt-tuning) or the checkpoint (full)")
    .addOption(taskOption())
    .option("--sweep <rates>", "learning rates to try first, separated by commas; the best is used", list)
    .option("--set <option=value>", "option of the training; may be given again", option)
  return withCommonOptions(command)
    .addHelpText("after", () => {
      const lines = tuningKinds.flatMap((kind) => [`  ${kind}`, ...describeOptions("", tuningOptions[kind])])
      return `\nOptions of the training:\n${lines.join("\n")}\n\nA killed run goes on where it stopped: run the same command again.\nUse the result with: litmus transfer --adapter <dir> --intervention reward,mms …`
    })
    .action(runTune)
}

function option(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=")
  if (at < 1) throw new LitmusError(`--set: expected option=value, got ${JSON.stringify(text)}`)
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

async function runTune(kind: TuningKind, options: TuneCommandOptions): Promise<void> {
  const { seed, cache, threads, out, sweep } = options
  const { set = {} } = options
  let values = resolveOptions(kind, tuningOptions[kind], set)
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const source = await bench.distribution(options.source, "train")
  let tried: SweepResult | undefined
  if (sweep) {
    const rates = sweep.map((rate) =>
      Number(resolveOptions(kind, tuningOptions[kind], { ...set, learningRate: rate }).learningRate),
    )
    tried = await sweepLearningRate(bench.model, source, kind, values, rates, {
      seed,
      threads,
      folder: out,
      progress: bench.progress,
    })
    values = { ...values, learningRate: tried.best }
  }
  const task = bench.progress?.task(`${kind} on ${source.id}`, "steps")
  const { summary, trained } = await tune(bench.model, source, kind, values, {
    seed,
    cache,
    threads,
    folder: out,
    task,
  }).finally(() => task?.end())
  if (options.json) {
    const result = {
      ...summary,
      source: source.id,
      seed,
      options: values,
      ...(tried ? { sweep: tried.tried } : {}),
    }
    printJson(result)
    return
  }
  const swept = tried ? `${renderSweep(tried)}\n` : ""
  process.stdout.write(
    `${swept}${renderTraining(summary, source.id)}${trained ? "saved in" : "was there already:"} ${out}\n`,
  )
}

function renderSweep({ tried, best }: SweepResult): string {
  const rows = tried.map(({ learningRate, accuracy, loss }) => [
    String(learningRate),
    accuracy === null ? "diverged" : percent(accuracy),
    loss === null ? "" : loss.toFixed(4),
  ])
  return `${renderTable(["learning rate", "held out %", "loss"], rows)}\nused: ${best}\n`
}
