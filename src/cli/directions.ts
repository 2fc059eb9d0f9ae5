// litmus directions: how alike the directions of saved probes are.

import { basename } from "node:path"
import type { Command } from "commander"
import { loadProbe, type SavedProbe } from "../../probes/store.ts"
import { compareDirections, type Comparison } from "../benchmark/compare-directions.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import { LitmusError } from "../base/errors.ts"
import {
  dataOption,
  litmusCommand,
  printJson,
  progressOf,
  withCommonOptions,
  type CommonOptions,
  withModel,
  type ModelOptions,
} from "./common.ts"
import { keepFigure, withResults, type KeepOptions } from "./keep-figure.ts"
import { decimal, renderTable } from "./table.ts"

interface DirectionsOptions extends CommonOptions, ModelOptions, KeepOptions {
  readonly adapter?: string
  readonly data: string
}

export function directionsCommand(): Command {
  const command = withModel(
    litmusCommand(
      "directions",
      "Compare the directions of saved probes: cosine and Mahalanobis cosine, each with each.",
    ).argument("<probes...>", "folders that litmus fit saved"),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(
      dataOption(
        "folder of distributions in the GENIES format, with the probes' sources (default: the embedded small world's)",
      ),
    )
  return withCommonOptions(withResults(command))
    .addHelpText(
      "after",
      "\nOnly places that both probes read are compared. The Mahalanobis cosine is the correlation of two\nprobes' projections of their sources' training responses.\n\nExample:\n  litmus directions probes/mms-easy probes/mms-hard --model models/stories260K --data genies",
    )
    .action(runDirections)
}

async function runDirections(folders: readonly string[], options: DirectionsOptions): Promise<void> {
  if (folders.length < 2)
    throw new LitmusError(`directions: expected at least 2 probes, got ${folders.length}`)
  const probes: SavedProbe[] = []
  for (const folder of folders) probes.push(await loadProbe(folder))
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const comparison = await compareDirections(bench, probes)
  const names = probes.map(({ probe, provenance }, i) => ({
    folder: folders[i]!,
    probe: probe.probe,
    source: provenance.source.id,
    directions: probe.directions.length,
  }))
  const kept = names.map(({ folder, ...rest }) => ({ name: basename(folder), ...rest }))
  const question = kept.map(({ name }) => name)
  await keepFigure(options, { kind: "directions", question }, { probes: kept, ...comparison })
  if (options.json) {
    printJson({ probes: names, ...comparison })
    return
  }
  const labels = names.map(({ folder }) => basename(folder))
  const table = (values: Comparison): string =>
    renderTable(
      ["", ...labels],
      values.map((row, i) => [labels[i]!, ...row.map((value) => decimal(value))]),
    )
  const list = renderTable(
    ["probe", "kind", "fitted on", "directions", ...labels.map((label) => `places with\n${label}`)],
    names.map(({ probe, source, directions }, i) => [
      labels[i]!,
      probe,
      source,
      String(directions),
      ...comparison.places[i]!.map(String),
    ]),
  )
  process.stdout.write(
    `${list}\n\ncosine\n${table(comparison.cosine)}\n\nMahalanobis cosine, on the sources' training responses\n${table(comparison.mahalanobis)}\n`,
  )
}
