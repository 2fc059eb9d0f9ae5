// litmus project: where responses lie on a saved probe's direction, on its source and on targets.

import { Option, type Command } from "commander"
import { loadProbe, type SavedProbe } from "../../probes/store.ts"
import { projectOnComponents } from "../benchmark/components.ts"
import { projectOnDirection, type ProjectedSet } from "../benchmark/project.ts"
import { openWorkbench, type Workbench } from "../benchmark/workbench/workbench.ts"
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
import { decimal, percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

interface ProjectOptions extends CommonOptions, ModelOptions, KeepOptions {
  readonly adapter?: string
  readonly data: string
  readonly target?: readonly string[]
  readonly place?: string
  readonly components?: string
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
    .addOption(
      new Option(
        "--components <n>",
        "project on so many principal components of the source's training responses instead",
      ).choices(["2", "3"]),
    )
  return withCommonOptions(withResults(command))
    .addHelpText(
      "after",
      "\nCoordinates are centred on the source's training responses. --json prints the points.\n--components 3 asks what varies most: one frame for source and targets, and how much of the\nfitted direction lies in it.\n\nExample:\n  litmus project probes/mms-easy --model models/llama --data genies --target arc_easy --results results",
    )
    .action(runProject)
}

async function runProject(folder: string, options: ProjectOptions): Promise<void> {
  const { target: targets = [], place } = options
  const saved = await loadProbe(folder)
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  if (options.components !== undefined) {
    await runComponents(bench, saved, options)
    return
  }
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
  process.stdout.write(
    plainText(
      `${projection.probe}, fitted on ${projection.source}: projection on its direction at ${projection.place}\n${renderTable(header, rows)}\n`,
    ),
  )
}

async function runComponents(bench: Workbench, saved: SavedProbe, options: ProjectOptions): Promise<void> {
  const { target: targets = [], place } = options
  const projected = await projectOnComponents(bench, saved, {
    targets,
    place,
    components: Number(options.components),
  })
  const { probe, source, shares, direction } = projected
  const question = [probe, source, ...targets, projected.place, shares.length]
  await keepFigure(options, { kind: "components", question }, projected)
  if (options.json) {
    printJson(projected)
    return
  }
  const tables = shares.map((share, c) => {
    const rows = projected.sets.map(({ distribution, split, points, labels }) => [
      `${distribution} ${split}`,
      String(points.length),
      ...[1, 0].flatMap((label) =>
        moments(points.filter((_, row) => labels[row] === label).map((point) => point[c]!)),
      ),
    ])
    const head = `\ncomponent ${c + 1}: ${percent(share)} % of the variance; the direction's part on it is ${decimal(direction[c])}`
    return `${wrap(head)}\n${renderTable(header, rows)}`
  })
  const inside = Math.sqrt(direction.reduce((sum, part) => sum + part * part, 0))
  const title = `${probe}, fitted on ${source}: principal components of ${projected.place}, from the source's training responses`
  const last = `The fitted direction has length 1; its part in these components has length ${decimal(inside)}.`
  process.stdout.write(plainText(`${wrap(title)}\n${tables.join("\n")}\n\n${wrap(last)}\n`))
}

const header = [
  "responses",
  "n",
  "better:\nmean",
  "standard\ndeviation",
  "worse:\nmean",
  "standard\ndeviation",
]

/** Of the responses of one label, along the direction. */
function summary({ points }: ProjectedSet, label: number): string[] {
  return moments(points.filter((point) => point[2] === label).map(([x]) => x))
}

/** Mean and standard deviation. */
function moments(values: readonly number[]): string[] {
  if (values.length === 0) return ["–", "–"]
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
  return [decimal(mean), decimal(Math.sqrt(variance))]
}
