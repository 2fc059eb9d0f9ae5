// litmus sweep: one probe at every layer, or every head: where does the model know?

import type { Command } from "commander"
import { findProbe } from "../../probes/registry.ts"
import { sweep, type SweepPoint } from "../benchmark/sweep.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import { LitmusError } from "../base/errors.ts"
import type { AccuracyInterval } from "../metrics/index.ts"
import {
  dataOption,
  assignment,
  list,
  litmusCommand,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  withModel,
} from "./common.ts"
import { keepFigure, withResults } from "./keep-figure.ts"
import { runSweepSuite, type SweepOptions } from "./sweep-suite.ts"
import { plainText } from "./plain-text.ts"
import { percent, renderTable } from "./table.ts"

export function sweepCommand(): Command {
  const command = withModel(
    litmusCommand("sweep", "Fit a probe at every layer or head alone and show what each reaches."),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .option("--source <name>", "distribution to fit on (its training split)")
    .requiredOption(
      "--intervention <names>",
      "the probe: any that litmus fit knows and that has an option on; with --suite several, or all",
      list,
    )
    .option("--target <name>", "distribution to test on besides the source (its test split)")
    .option("--suite <name>", "instead of a source and a target: all shifts of a suite, averaged")
    .option("--on <sites>", "resid, heads, mlp, or some, as resid.3,resid.4 (default: resid)")
    .option("--set <name.option=value>", "option of the probe; may be given again", assignment)
    .addOption(taskOption())
  return withCommonOptions(withResults(command))
    .addHelpText(
      "after",
      "\nA layer picked by the target's column has seen the target: report it as such.\n\nExample:\n  litmus sweep --model models/llama --data genies --source alpaca_easy --target arc_easy \\\n      --intervention lda\n  litmus sweep --model models/llama --data genies --suite genies --intervention mass-mean,lda,lat",
    )
    .action(runSweep)
}

async function runSweep(options: SweepOptions): Promise<void> {
  const { suite } = options
  if (suite !== undefined) {
    await runSweepSuite({ ...options, suite })
    return
  }
  const { intervention: names, set = {}, source, target, on = "resid" } = options
  if (source === undefined) throw new LitmusError("sweep: expected --source, or --suite")
  const [name = "", ...more] = names
  if (more.length > 0) throw new LitmusError("sweep: expected one probe, or --suite to compare several")
  const probe = findProbe(name)
  const stray = Object.keys(set).find((key) => key !== name)
  if (stray !== undefined) throw new LitmusError(`--set ${stray}.…: the probe is ${name}`)
  const progress = progressOf(options)
  const bench = await openWorkbench({ ...options, progress })
  const task = progress.task(`${name} on ${on}`, "fits")
  const points = await sweep(bench, probe, {
    source,
    target,
    on,
    options: set[name] ?? {},
    onProgress: task.update,
  })
  task.end()
  const result = { probe: name, source, target: target ?? null, on, seed: options.seed, points }
  const question = [name, on, source, target ?? null, set[name] ?? {}, options.seed, options.task ?? null]
  await keepFigure(options, { kind: "sweeps", question }, result)
  if (options.json) {
    printJson(result)
    return
  }
  process.stdout.write(`${renderSweep(name, { source, target, points })}\n`)
}

function renderSweep(
  name: string,
  { source, target, points }: { source: string; target: string | undefined; points: readonly SweepPoint[] },
): string {
  const columns = (interval: AccuracyInterval): string[] => [
    percent(interval.estimate),
    `${percent(interval.low)} – ${percent(interval.high)}${interval.unit === "item" ? "*" : ""}`,
    bar(interval.estimate),
  ]
  const titles = (id: string): string[] => [`${id}\naccuracy %`, "95 %\ninterval", "0 ½ 1"]
  const header = ["site", ...titles(source), ...(target === undefined ? [] : titles(target))]
  const rows = points.map((point) => [
    point.unit,
    ...columns(point.source),
    ...(point.target ? columns(point.target) : []),
  ])
  const best = points.reduce((a, b) => (b.source.estimate >= a.source.estimate ? b : a))
  const byPair = points.some((point) => point.source.unit === "item" || point.target?.unit === "item")
  const note = byPair ? "\n* all pairs are of one prompt, and are taken for independent" : ""
  return plainText(
    `${name}, fitted on ${source} at each place alone; test splits, per pair\n${renderTable(header, rows)}${note}\nbest on ${source}: ${best.unit} (${percent(best.source.estimate)} %), as measured on its test split`,
  )
}

const barWidth = 20

/** A share as a bar from 0 to 1 with a mark at ½. */
function bar(share: number): string {
  const filled = Math.round(share * barWidth)
  return Array.from({ length: barWidth }, (_, i) => (i < filled ? "█" : i === barWidth / 2 ? "│" : "·")).join(
    "",
  )
}
