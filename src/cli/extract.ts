// litmus extract: put a distribution's activations into the cache.

import { InvalidArgumentError, Option, type Command } from "commander"
import { extract } from "../../activations/extract.ts"
import { describePositions, type Positions } from "../../activations/positions.ts"
import type { StoredDtype } from "../../activations/cache/index.ts"
import { readDistribution, selectExamples, splits, stimulusNames, type Split } from "../data/index.ts"
import { presentTo } from "../benchmark/workbench/present.ts"
import { openModel, withAdapter } from "../model/model.ts"
import type { QuantizationError } from "../model/quantization-error.ts"
import { readAdapter } from "../tuning/peft.ts"
import {
  dataOption,
  dtypes,
  list,
  litmusCommand,
  positions,
  printJson,
  progressOf,
  shardOption,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import type { Shard } from "../base/shards.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { percent, renderTable } from "./table.ts"

interface ExtractCommandOptions extends CommonOptions, ModelOptions {
  readonly adapter?: string
  readonly data: string
  readonly distribution: readonly string[]
  readonly split: readonly Split[]
  readonly sites: readonly string[]
  readonly positions: Positions
  readonly stimulus: string
  readonly dtype: StoredDtype
  readonly shard?: Shard
}

export function extractCommand(): Command {
  const command = withModel(
    litmusCommand("extract", "Run distributions through a model and keep the activations."),
  )
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .requiredOption("--distribution <names>", "distributions, separated by commas", list)
    .addOption(
      new Option("--split <names>", `splits, separated by commas: ${splits.join(", ")}`)
        .argParser(readSplits)
        .default([...splits], "both"),
    )
    .addOption(
      new Option("--sites <names>", "sites or kinds of sites, as resid.3, heads, mlp, final, all")
        .argParser(list)
        .default(["heads", "resid"], "heads,resid"),
    )
    .addOption(
      new Option("--positions <which>", "last, mean (over the response), all, or offsets as -1,-2")
        .argParser(positions)
        .default({ kind: "last" }, "last"),
    )
    .addOption(new Option("--stimulus <name>", "prompt template").choices(stimulusNames).default("plain"))
    .addOption(shardOption("compute the i-th of n shares of the parts alone"))
    .addOption(new Option("--dtype <type>", "how values are stored").choices(dtypes).default("float32"))
  return withCommonOptions(command)
    .addHelpText(
      "after",
      "\nAn interrupted extraction goes on where it stopped: run the same command again.\nShards write into one cache, or into several that are copied into one afterwards (cp -r a/. b/).\nlitmus submit writes the job that runs them all.\n\nExample:\n  litmus extract --model models/stories260K --data genies --distribution alpaca_easy --sites heads,final",
    )
    .action(runExtract)
}

function readSplits(text: string): Split[] {
  return list(text).map((name) => {
    const found = splits.find((split) => split === name)
    if (!found) throw new InvalidArgumentError(`Expected ${splits.join(" or ")}.`)
    return found
  })
}

async function runExtract(options: ExtractCommandOptions): Promise<void> {
  const { data, distribution: ids, split: asked, maxExamples, seed, cache } = options
  const { quantize, device, ignoreConfig } = options
  const progress = progressOf(options)
  const compile = progress.task("compile weights", "bytes")
  const base = await openModel(options.model, {
    cache,
    quantize,
    device,
    ignoreConfig,
    onNotice: progress.note,
    onProgress: compile.update,
  })
  compile.end()
  const model =
    options.adapter === undefined ? base : withAdapter(base, await readAdapter(options.adapter, base))
  const distributions = []
  for (const id of ids) {
    for (const split of asked) {
      const chosen = selectExamples(await readDistribution(data, id, split), { maxExamples, seed })
      distributions.push(await presentTo(model.source, chosen))
    }
  }
  const results = []
  for (const distribution of distributions) {
    const task = progress.task(`${distribution.id} ${distribution.split}`, "tokens")
    const {
      folder,
      cache: opened,
      summary,
      partsComputed,
      partsMissing,
    } = await extract(model, distribution, {
      ...options,
      onProgress: task.update,
    })
    task.end()
    results.push({
      ...summary,
      distribution: distribution.id,
      split: distribution.split,
      folder,
      activationRows: opened.nRows,
      parts: opened.manifest.nParts,
      partsComputed,
      partsMissing,
      sites: opened.manifest.sites.map(({ site }) => site),
      ...(model.quantizationError ? { quantization: model.quantizationError } : {}),
    })
  }
  if (options.json) {
    printJson(results)
    return
  }
  const isShared = results.some(({ partsMissing }) => partsMissing > 0)
  const header = ["distribution", "split", "rows", "too long", "tokens run", "separate", "computed now"]
  if (isShared) header.push("to come")
  const rows = results.map((result) => [
    result.distribution,
    result.split,
    thousands(result.activationRows),
    thousands(result.skipped.length),
    thousands(result.tokensRun),
    thousands(result.tokensSeparate),
    result.partsComputed === 0 ? "no" : `${result.partsComputed} of ${result.parts} parts`,
    ...(isShared ? [`${result.partsMissing} of ${result.parts} parts`] : []),
  ])
  process.stdout.write(`${renderTable(header, rows)}\n`)
  if (model.quantizationError) process.stdout.write(`${describeError(model.quantizationError)}\n`)
  process.stdout.write(`read at: ${describePositions(options.positions)}\n`)
  for (const { distribution, split, folder } of results)
    process.stdout.write(plainText(`${distribution} ${split}: ${folder}\n`))
}

/** What a model lost by being stored in fewer bits, in words. */
function describeError({ type, relativeError }: QuantizationError): string {
  const errors = Object.entries(relativeError)
  const [last, error] = errors.at(-1)!
  const largest = Math.max(...errors.map(([, value]) => value))
  return `${type}: the residual stream is off by ${percent(error)} % of its length at ${last}, ${percent(largest)} % where most (median over a text's tokens)`
}
