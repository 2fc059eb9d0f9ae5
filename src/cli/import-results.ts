// litmus import-results: puts the published results of GENIES in a store.

import { stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { importResults, type ImportReport } from "../benchmark/store/import-results.ts"
import { litmusCommand, printJson, progressOf, type CommonOptions } from "./common.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { wrap } from "./wrap.ts"

interface ImportOptions extends Pick<CommonOptions, "json" | "quiet"> {
  readonly out: string
  readonly data?: string
}

export function importResultsCommand(): Command {
  return litmusCommand(
    "import-results",
    "Put the published results of GENIES in a store, and check its tables against its evaluations.",
  )
    .argument("<folder>", "results of the release: evaluations/ and generalization_metrics/")
    .requiredOption("--out <dir>", "store to put them in")
    .option(
      "--data <dir>",
      "GENIES data folder, to know which pairs share a prompt (default: beside the results)",
    )
    .option("--json", "print the report as JSON")
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
    .addHelpText("after", "\nExample:\n  litmus import-results genies/results --out results")
    .action(runImport)
}

async function runImport(folder: string, { out, data, json, quiet }: ImportOptions): Promise<void> {
  const beside = dirname(resolve(folder))
  const found = data ?? ((await isFolder(join(beside, "distributions"))) ? beside : undefined)
  const progress = progressOf({ quiet: quiet === true })
  const report = await importResults(folder, out, {
    progress,
    ...(found === undefined ? {} : { data: found }),
  })
  if (json) printJson(report)
  else process.stdout.write(renderReport(report))
}

function renderReport(report: ImportReport): string {
  const { tables, evaluations, deeper, copies, unnamed, prompts, rows, figures, deviations } = report
  const lines = [
    `${thousands(tables)} tables and ${thousands(evaluations)} evaluations imported`,
    ...(deeper > 0 ? [`of them ${deeper} stood a folder deeper than the others`] : []),
    ...(copies > 0 ? [`${copies} evaluations left out that occur twice`] : []),
    ...(unnamed > 0
      ? [`${unnamed} evaluations left out whose folder names no model with tables and source`]
      : []),
    prompts > 0
      ? `prompts of ${prompts} test splits noted, so that intervals go by prompt`
      : "no data folder: intervals over prompts will take the pairs of a prompt for independent (see --data)",
    `${thousands(figures)} figures in ${thousands(rows)} rows of the tables compared with their evaluations: ` +
      (deviations.length === 0
        ? "all equal"
        : `all equal but ${deviations.length}, which stay as the tables have them`),
    ...deviations.map(
      ({ figure, model, source, target, table, evaluation, interventions }) =>
        `- ${figure} of ${model}, ${source} → ${target}: ${table} in ${interventions.length} tables, ` +
        (evaluation === null ? "no evaluation" : `${evaluation} in the evaluation`),
    ),
  ]
  return lines.map((line) => `${wrap(plainText(line), { indent: 2 })}\n`).join("")
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}
