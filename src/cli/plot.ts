// litmus plot: a figure of the report's page as a file.

import { dirname, extname } from "node:path"
import { Option, type Command } from "commander"
import { views, type View } from "../data/index.ts"
import { LitmusError, unknownName } from "../base/errors.ts"
import { makeFolder, writeFileAtomic } from "../base/files.ts"
import { reliability } from "../report/collect-pairs.ts"
import { plotNames, renderPng, renderSvg, type PlotName, type PlotRequest } from "../report/render-figure.ts"
import { metrics, modelName, type Metric, type SiteIndex } from "../report/site-data.ts"
import { count, integer, list, litmusCommand } from "./common.ts"
import { chooseSweep, listSweeps } from "./plot-sweeps.ts"
import { reportOf, withReportOptions } from "./report.ts"
import { plainText } from "./plain-text.ts"

interface PlotOptions {
  readonly out?: string
  readonly view: View
  readonly of?: string
  readonly metric?: Metric
  readonly model?: readonly string[]
  readonly intervention?: readonly string[]
  readonly label?: string
  readonly category?: string
  readonly source?: string
  readonly target?: string
  readonly sweep?: number | "list"
  readonly width: number
  readonly scale: number
  readonly dark?: boolean
  readonly published?: readonly string[]
  readonly suite?: readonly string[]
  readonly seed: number
  readonly quiet?: boolean
}

export function plotCommand(): Command {
  const command = litmusCommand("plot", "Draw a figure of a store of results into a file.")
    .argument("<figure>", plotNames.join(", "))
    .argument("[store]", "folder of results; may be left out with --published")
    .option("-o, --out <file>", "the picture: .svg or .png")
    .addOption(
      new Option("--view <name>", "which labels and lists of shifts").choices(views).default("corrected"),
    )
    .option("--of <suite>", "leaderboard: the suite (default: the first that has results)")
    .addOption(new Option("--metric <name>", "what is shown (default: the figure's own)").choices(metrics))
    .option("--model <names>", "only these models, separated by commas", list)
    .option("--intervention <names>", "only these interventions, separated by commas", list)
    .option("--label <name>", "only shifts with this label")
    .option("--category <name>", "only shifts of this category")
    .option("--source <name>", "layers: only sweeps that fit on this distribution")
    .option("--target <name>", "layers: only sweeps that test on this distribution besides")
    .option(
      "--sweep <n>",
      "layers: which of the store's sweeps (default: the first that matches), or list to see them",
      sweepNumber,
    )
    .option("--width <n>", "in CSS pixels", count, 760)
    .option("--scale <n>", "pixels of a PNG for each CSS pixel", count, 2)
    .option("--dark", "light ink on dark paper")
  return withReportOptions(command)
    .addHelpText(
      "after",
      "\nExample:\n  litmus plot shifts results --intervention mms,lora --category unwanted_personas -o shifts.svg",
    )
    .action(runPlot)
}

async function runPlot(name: string, folder: string | undefined, options: PlotOptions): Promise<void> {
  const figure = plotNames.find((known) => known === name)
  if (!figure) throw unknownName("figure", name, plotNames)
  const { out, sweep } = options
  if (figure === "layers" && sweep === "list") {
    const { sweeps } = (await reportOf("plot", folder, options)).index
    process.stdout.write(listSweeps(sweeps, options))
    return
  }
  if (out === undefined) throw new LitmusError("required option '-o, --out <file>' not specified")
  const type = extname(out).toLowerCase()
  if (type !== ".svg" && type !== ".png") {
    throw new LitmusError(`--out ${out}: expected a name that ends in .svg or .png`)
  }
  const { index, released } = await reportOf("plot", folder, options)
  const request = requestOf(figure, index, options)
  const svg = await renderSvg(
    figure,
    { index, reliability: figure === "reliability" ? reliability(released) : [] },
    request,
  )
  await makeFolder(dirname(out))
  await writeFileAtomic(out, type === ".svg" ? `${svg}\n` : await renderPng(svg, { scale: options.scale }))
  process.stdout.write(plainText(`${out}\n`))
}

function requestOf(figure: PlotName, index: SiteIndex, options: PlotOptions): PlotRequest {
  const {
    view,
    of: suite = index.suites[0] ?? "",
    model,
    intervention,
    label,
    category,
    width,
    dark,
  } = options
  requireKnown("suite", [suite], index.suites)
  const isLayers = figure === "layers"
  // A sweep's may be others than those of the results.
  if (!isLayers) {
    requireKnown("model", model, index.rows.map(modelName))
    requireKnown(
      "intervention",
      intervention,
      index.rows.map((row) => row.intervention),
    )
  }
  requireKnown(
    "label",
    label === undefined ? [] : [label],
    index.shifts.flatMap((shift) => shift.label ?? []),
  )
  requireKnown(
    "category",
    category === undefined ? [] : [category],
    index.shifts.flatMap((shift) => shift.category ?? []),
  )
  return {
    view,
    suite,
    metric: options.metric ?? (figure === "radar" || figure === "scale" ? "elicitation" : "accuracy"),
    ...(model ? { models: model } : {}),
    ...(intervention ? { interventions: intervention } : {}),
    ...(label === undefined ? {} : { label }),
    ...(category === undefined ? {} : { category }),
    ...(isLayers ? { sweep: chooseSweep(index.sweeps, options) } : {}),
    width,
    theme: dark ? "dark" : "light",
  }
}

function sweepNumber(text: string): number | "list" {
  return text === "list" ? text : integer(text)
}

function requireKnown(kind: string, names: readonly string[] = [], known: readonly string[]): void {
  const distinct = [...new Set(known)]
  const unknown = names.find((name) => !distinct.includes(name))
  if (unknown !== undefined) throw unknownName(kind, unknown, distinct)
}
