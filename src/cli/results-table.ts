// litmus table: what a store of results says of a suite.

import { Option, type Command } from "commander"
import { mixedRuns } from "../benchmark/tables/mixed-runs.ts"
import { trainedApart } from "../benchmark/tables/trained-on.ts"
import { trainingsOf } from "../benchmark/tables/trainings.ts"
import { publishedModels } from "../benchmark/store/published.ts"
import { groupings } from "../benchmark/tables/group-results.ts"
import { views } from "../data/index.ts"
import { integer, list, litmusCommand, printJson } from "./common.ts"
import { suiteTableCsv } from "./results-csv.ts"
import { readTable, type TableChoice } from "./results-groups.ts"
import { renderTrainings } from "./results-training.ts"
import { renderSuiteTable } from "./results-text.ts"
import { chooseSuite, storedSuiteHelp } from "./stored-suite.ts"

interface TableOptions extends Omit<TableChoice, "suite"> {
  readonly suite?: string
  readonly metrics?: boolean
  readonly bootstrap?: boolean
  readonly training?: boolean
  readonly json?: boolean
  readonly csv?: boolean
}

export function tableCommand(): Command {
  return litmusCommand("table", "Show what a store of results says of a suite of shifts.")
    .argument("[store]", "folder of results; may be left out with --published")
    .addOption(
      new Option("--view <name>", "which labels and lists of shifts").choices(views).default("corrected"),
    )
    .option("--suite <name>", storedSuiteHelp)
    .addOption(new Option("--by <what>", "a row for each group of shifts").choices(groupings))
    .option("--model <names>", "only these models, separated by commas", list)
    .option("--compare <names>", "paired comparison of these interventions, separated by commas", list)
    .option("--published <models>", `published figures beside them: ${publishedModels.join(", ")}`, list)
    .option("--metrics", "the other metrics, too: AUROC, Brier score, calibration, contamination")
    .option("--bootstrap", "the paper's own intervals beside: shifts drawn singly, and by source")
    .option("--training", "the tuned models behind the table instead: rates, curves, whether they learned")
    .option("--seed <n>", "seed of the intervals", integer, 0)
    .option("--json", "print the table as JSON")
    .addOption(new Option("--csv", "print the table as CSV").conflicts(["json", "compare"]))
    .option("--debug", "show the stack of an error")
    .addHelpText("after", "\nExample:\n  litmus table --published llama-30b --compare mms,lora")
    .action(runTable)
}

/** The table of a store as text. */
export async function suiteTable(
  folder: string,
  options: Pick<TableChoice, "view" | "suite" | "model" | "seed">,
): Promise<string> {
  return renderSuiteTable(await readTable(folder, options))
}

async function runTable(folder: string | undefined, options: TableOptions): Promise<void> {
  const { view, metrics = false, bootstrap = false, training = false, seed, json, csv } = options
  const suite = await chooseSuite(folder, options.suite, options)
  const content = await readTable(folder, { ...options, suite })
  const { results, groups, drawnSingly, detectable } = content
  const shifts = results.shifts.length
  const ofTraining = {
    trainedApart: trainedApart(results),
    ...(training ? { trainings: trainingsOf(results) } : {}),
  }
  const notes = { detectable, drawnSingly, mixedRuns: mixedRuns(results) }
  if (json) printJson({ suite, view, seed, shifts, groups, ...notes, ...ofTraining })
  else if (csv) process.stdout.write(suiteTableCsv({ suite, view }, groups))
  else if (training) process.stdout.write(renderTrainings(results))
  else process.stdout.write(renderSuiteTable(content, { metrics, bootstrap }))
}
