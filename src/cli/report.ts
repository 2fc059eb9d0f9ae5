// litmus report: a static site of a store of results. litmus view: the same, served and opened.

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { InvalidArgumentError, type Command } from "commander"
import { publishedModels } from "../benchmark/store/published.ts"
import { LitmusError } from "../base/errors.ts"
import { collectReport, type Report } from "../report/collect.ts"
import { serveSite } from "../report/serve.ts"
import { writeSite } from "../report/write-site.ts"
import { integer, list, litmusCommand, progressOf } from "./common.ts"
import { errorLine } from "./error-line.ts"
import { plainText } from "./plain-text.ts"
import { thousands } from "./progress.ts"

interface ReportOptions {
  readonly data?: string
  readonly published?: readonly string[]
  readonly suite?: readonly string[]
  readonly seed: number
  readonly quiet?: boolean
}

/** Adds the options on what a report is made of. */
export function withReportOptions(command: Command): Command {
  return command
    .option("--published <models>", `published figures beside them: ${publishedModels.join(", ")}`, list)
    .option("--suite <files>", "files of shifts (.json) that are suites besides, separated by commas", list)
    .option("--seed <n>", "seed of the intervals", integer, 0)
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
}

export function reportCommand(): Command {
  const command = litmusCommand(
    "report",
    "Write a static site of a store of results: tables, figures, single pairs.",
  )
    .argument("[store]", "folder of results; may be left out with --published")
    .requiredOption("--out <dir>", "folder of the site; a report that is there is replaced")
    .option("--data <dir>", "folder of distributions in the GENIES format, to show prompts and responses")
  return withReportOptions(command)
    .addHelpText(
      "after",
      "\nThe site needs no network and no server: open index.html. Texts are copied into it with --data only.\n\nExample:\n  litmus report results --data genies --out site",
    )
    .action(runReport)
}

export function viewCommand(): Command {
  const command = litmusCommand("view", "Show a store of results in the browser.")
    .argument("[store]", "folder of results; may be left out with --published")
    .option("--data <dir>", "folder of distributions in the GENIES format, to show prompts and responses")
    .option("--port <n>", "port on this machine, 0 to 65535 (default: any free one)", port)
    .option("--no-open", "only print the address")
  return withReportOptions(command)
    .addHelpText("after", "\nEnds with Ctrl+C.\n\nExample:\n  litmus view results --data genies")
    .action(runView)
}

function port(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 65_535)) throw new InvalidArgumentError("Expected a port from 0 to 65535.")
  return value
}

async function runReport(
  folder: string | undefined,
  options: ReportOptions & { readonly out: string },
): Promise<void> {
  const report = await reportOf("report", folder, options)
  const { files, bytes } = await writeSite(report, options.out, { progress: progressOf(options) })
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
  process.stdout.write(plainText(`${join(options.out, "index.html")}: ${thousands(files)} files, ${size}\n`))
}

async function runView(
  folder: string | undefined,
  options: ReportOptions & { readonly port?: number; readonly open: boolean },
): Promise<void> {
  const report = await reportOf("view", folder, options)
  const parent = await mkdtemp(join(tmpdir(), "litmus-view-"))
  try {
    const site = join(parent, "site")
    await writeSite(report, site, { progress: progressOf(options) })
    const served = await serveSite(site, options.port === undefined ? {} : { port: options.port })
    process.stdout.write(`${served.url} (Ctrl+C ends it)\n`)
    if (options.open) await openBrowser(served.url)
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve())
    })
    await served.close()
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

/** Without a browser the address is printed. */
async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import("open")
  const opened = await open(url).catch(() => undefined)
  opened?.on("error", () => undefined)
}

/** Collects a report with progress. */
export async function reportOf(
  command: string,
  folder: string | undefined,
  options: ReportOptions,
): Promise<Report> {
  const { data, published = [], suite = [], seed } = options
  if (folder === undefined && published.length === 0) {
    throw new LitmusError(`${command}: expected a store of results, or --published`)
  }
  const report = await collectReport(folder, { data, published, suiteFiles: suite, seed })
  const [first, ...more] = report.withoutTexts
  if (first !== undefined) {
    const names = [first, ...more.slice(0, 2)].join(", ") + (more.length > 2 ? " …" : "")
    const what = `warning: ${data} has none of the distributions that ${folder} has results on (${names})`
    process.stderr.write(errorLine(`${what}: their texts are not shown`))
  }
  return report
}
