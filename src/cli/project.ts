// litmus project: where responses lie on a saved probe's direction, on its source and on targets.

import type { Command } from "commander"
import { loadProbe } from "../../probes/store.ts"
import { projectOnDirection, type ProjectedSet } from "../benchmark/project.ts"
import { openWorkbench } from "../benchmark/workbench.ts"
import {
  dataOption,
  list,
  litmusCommand,
  printJson,
  progressOf,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { keepFigure, withResults, type KeepOptions } from "./keep-figure.ts"
import { plainText } from "./plain-text.ts"
import { decimal, renderTable } from "./table.ts"

interface ProjectOptions extends CommonOptions, ModelOptions, KeepOptions {
  readonly adapter?: string
  readonly data: string
  readonly target?: readonly string[]
  readonly place?: string
}

export function projectCommand(): Command {
  const command = withModel(
    litmusCommand(
      "project",
      "Project the responses of a source and of targets on a saved probe's direction and the first orthogonal component.",
    ).argument("<probe>", "folder that litmus fit saved"),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .option(
      "--target <names>",
      "distributions besides the source, separated by commas (their test splits)",
      list,
    )
    .option("--place <site>", "resid.3, heads.3#2 …: one that the probe reads (default: its first, the best)")
  return withCommonOptions(withResults(command))
    .addHelpText(
      "after",
      "\nCoordinates are centred on the source's training responses. --json prints the points.\n\nExample:\n  litmus project probes/mms-easy --model models/llama --data genies --target arc_easy --results results",
    )
    .action(runProject)
}

async function runProject(folder: string, options: ProjectOptions): Promise<void> {
  const { target: targets = [], place } = options
  const saved = await loadProbe(folder)
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const projection = await projectOnDirection(bench, saved, { targets, place })
  const question = [projection.probe, projection.source, ...targets, projection.place]
  await keepFigure(options, { kind: "projections", question }, projection)
  if (options.json) {
    printJson(projection)
    return
  }
  const rows = projection.sets.map((set) => [
    `${set.distribution} ${set.split}`,
    String(set.points.length),
    ...[1, 0].flatMap((label) => summary(set, label)),
  ])
  const header = [
    "responses",
    "n",
    "better:\nmean",
    "standard\ndeviation",
    "worse:\nmean",
    "standard\ndeviation",
  ]
  process.stdout.write(
    plainText(
      `${projection.probe}, fitted on ${projection.source}: projection on its direction at ${projection.place}\n${renderTable(header, rows)}\n`,
    ),
  )
}

/** Mean and standard deviation along the direction. */
function summary({ points }: ProjectedSet, label: number): string[] {
  const values = points.filter((point) => point[2] === label).map(([x]) => x)
  if (values.length === 0) return ["–", "–"]
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
  return [decimal(mean), decimal(Math.sqrt(variance))]
}
