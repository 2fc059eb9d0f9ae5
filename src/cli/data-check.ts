// litmus data check: what a data folder is like before anything is fitted on it.

import { join } from "node:path"
import type { Command } from "commander"
import {
  checkData,
  type DataReport,
  type DistributionReport,
  type ShiftReport,
  type TokenCounter,
} from "../data/check.ts"
import { findings } from "../data/findings.ts"
import { LitmusError } from "../base/errors.ts"
import { readJson } from "../base/files.ts"
import { readArchitecture } from "../model/architectures/config.ts"
import { openSource } from "../model/open-source.ts"
import { presentBy } from "../benchmark/workbench/present.ts"
import { loadTokenizer } from "../model/tokenizer/tokenizer.ts"
import {
  count,
  ignoreConfigOption,
  list,
  litmusCommand,
  printJson,
  progressOf,
  type CommonOptions,
} from "./common.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

interface CheckOptions extends Pick<CommonOptions, "json" | "quiet"> {
  readonly distribution?: readonly string[]
  readonly model?: string
  readonly tokenizer?: string
  readonly context?: number
  readonly ignoreConfig?: readonly string[]
}

export function dataCheckCommand(): Command {
  return litmusCommand(
    "check",
    "Report on distributions: counts, repeated and leaked prompts, lengths and other cues, what does not fit a context.",
  )
    .argument("<folder>", "a data folder (distributions/, distribution_shifts/) or one distribution")
    .option("--distribution <names>", "only these, separated by commas", list)
    .option("--model <dir>", "count tokens as this checkpoint does, up to its context")
    .addOption(ignoreConfigOption())
    .option("--tokenizer <dir>", "count tokens by the tokenizer.json of this folder")
    .option("--context <n>", "longest sequence in tokens (default: the checkpoint's)", count)
    .option("--json", "print the report as JSON")
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
    .addHelpText(
      "after",
      "\nA file that cannot be read is named, the others are checked, and the exit code is 1.\n\nExample:\n  litmus data check genies --distribution alpaca_easy,alpaca_hard --model models/stories260K",
    )
    .action(runCheck)
}

async function runCheck(folder: string, options: CheckOptions): Promise<void> {
  const tokens = await tokenCounter(options)
  const task = progressOf({ quiet: options.quiet === true }).task("check", "distributions")
  const report = await checkData(folder, {
    distributions: options.distribution,
    tokens,
    onProgress: task.update,
  }).finally(() => task.end())
  const found = findings(report)
  if (options.json) printJson({ ...report, findings: found })
  else process.stdout.write(render(report, found))
  if (report.unreadable.length > 0) process.exitCode = 1
}

async function tokenCounter({
  model,
  tokenizer: folder,
  context,
  ignoreConfig,
}: CheckOptions): Promise<TokenCounter | undefined> {
  if (model !== undefined && folder !== undefined) {
    throw new LitmusError("data check: expected --model or --tokenizer, got both")
  }
  if (model === undefined && folder === undefined) {
    if (context === undefined) return undefined
    throw new LitmusError("data check: --context needs a tokenizer to count by: give --model or --tokenizer")
  }
  const source = await openSource(model ?? folder!, { ignoreConfig })
  const tokenizer = await loadTokenizer(source)
  const contextLength =
    context ??
    (model === undefined ? await contextOf(folder!) : (await readArchitecture(source)).contextLength)
  const template = await source.chatTemplate()
  return {
    contextLength,
    count: (text) => tokenizer.encode(text).length,
    present: (distribution) => presentBy(template, model ?? folder!, distribution),
  }
}

/** Of whatever config.json lies beside a tokenizer: its architecture need not be one that can be run. */
async function contextOf(folder: string): Promise<number> {
  const path = join(folder, "config.json")
  const config = await readJson(path).catch(() => undefined)
  const length = (config as { max_position_embeddings?: unknown } | null | undefined)?.max_position_embeddings
  if (Number.isSafeInteger(length)) return length as number
  throw new LitmusError(`data check: expected --context, since no ${path} gives max_position_embeddings`)
}

function render(report: DataReport, found: readonly string[]): string {
  const { distributions, shifts } = report
  const parts = [
    renderTable(
      headerOf(report),
      distributions.map((one) => rowOf(one, report)),
    ),
  ]
  const overlapping = shifts.filter(({ inSourceTrain, inSourceTest }) => inSourceTrain + inSourceTest > 0)
  if (overlapping.length > 0) parts.push(renderShifts(overlapping))
  if (shifts.length > 0) {
    parts.push(
      `\n${shifts.length - overlapping.length} of ${shifts.length} shifts: no test prompt of the target is in the source`,
    )
  }
  parts.push(
    "",
    ...wrap(
      "repeated: examples whose prompt occurs earlier in the split; in training: test examples whose prompt is a training " +
        "prompt; longer is right: accuracy of choosing the longer response on the test pairs, a tie counting ½; first: " +
        "examples whose better response comes first. Lengths are means of code points. Where there is no test split, " +
        "the figures are the training split's.",
    ).split("\n"),
  )
  if (found.length > 0)
    parts.push("", "found:", ...found.map((text) => `- ${wrap(plainText(text), { indent: 2 })}`))
  return `${parts.join("\n")}\n`
}

function headerOf(report: DataReport): string[] {
  const counted = report.distributions.some(({ splits: { train, test } }) => (test ?? train)?.tokens)
  return [
    "distribution",
    "train\nexamples",
    "test\nexamples",
    "test\npairs",
    "repeated\ntrain",
    "repeated\ntest",
    "in\ntraining",
    "longer is\nright %",
    "first\n%",
    "prompt\nlength",
    "better\nlength",
    "worse\nlength",
    ...(counted ? ["longest\ntokens", "pairs too\nlong"] : []),
  ]
}

function rowOf(
  { id, splits: { train, test }, testPromptsInTrain }: DistributionReport,
  report: DataReport,
): string[] {
  const shown = (test ?? train)!
  const number = (value: number | null | undefined): string =>
    value === null || value === undefined ? "–" : thousands(value)
  const cells = [
    id,
    number(train?.examples),
    number(test?.examples),
    number(test?.pairs),
    number(train && train.examples - train.distinctPrompts),
    number(test && test.examples - test.distinctPrompts),
    number(testPromptsInTrain),
    percent(shown.chooseLonger.accuracy),
    percent(shown.betterFirst),
    number(shown.characters.prompt),
    number(shown.characters.better),
    number(shown.characters.worse),
  ]
  return headerOf(report).length > cells.length
    ? [...cells, number(shown.tokens?.longest), number(shown.tokens?.pairsTooLong)]
    : cells
}

function renderShifts(shifts: readonly ShiftReport[]): string {
  const header = ["shift", "target's test\nexamples", "prompts in\nsource train", "prompts in\nsource test"]
  const rows = shifts.map(({ source, target, testExamples, inSourceTrain, inSourceTest }) => [
    `${source} → ${target}`,
    thousands(testExamples),
    thousands(inSourceTrain),
    thousands(inSourceTest),
  ])
  return renderTable(header, rows)
}
