// litmus fit: fit a probe on a source and save it.

import type { Command } from "commander"
import { resolveOptions } from "../options.ts"
import { findProbe, probes } from "../../probes/registry.ts"
import { saveProbe } from "../../probes/store.ts"
import { fitProbe } from "../benchmark/probe-intervention.ts"
import { openWorkbench } from "../benchmark/workbench.ts"
import type { Task } from "../data/index.ts"
import { LitmusError } from "../errors.ts"
import { engineName, packageVersion } from "../version.ts"
import {
  dataOption,
  assignment,
  litmusCommand,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  type CommonOptions,
  modelOption,
} from "./common.ts"
import { plainText } from "./table.ts"
import { describeInterventions } from "./transfer.ts"
import { wrap } from "./wrap.ts"

interface FitOptions extends CommonOptions {
  readonly model: string
  readonly adapter?: string
  readonly data: string
  readonly source: string
  readonly task?: Task
  readonly intervention: string
  readonly out: string
  readonly set?: Readonly<Record<string, Record<string, string>>>
}

export function fitCommand(): Command {
  const command = litmusCommand("fit", "Fit a probe on a source distribution and save it.")
    .addOption(modelOption())
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .requiredOption("--source <name>", "distribution to fit on (its training split)")
    .requiredOption("--intervention <name>", "the probe to fit (listed below)")
    .requiredOption("--out <dir>", "folder to save it in")
    .option("--set <name.option=value>", "option of the probe; may be given again", assignment)
    .addOption(taskOption())
  return withCommonOptions(command)
    .addHelpText(
      "after",
      () =>
        `\n${describeInterventions(probes)}\n\nTest it with: litmus transfer --probe <dir> --model <dir> --data <dir> --target <names>`,
    )
    .action(runFit)
}

async function runFit(options: FitOptions): Promise<void> {
  const { intervention: name, set = {}, seed, out } = options
  const definition = findProbe(name)
  const stray = Object.keys(set).find((key) => key !== name)
  if (stray !== undefined) throw new LitmusError(`--set ${stray}.…: the probe to fit is ${name}`)
  const values = resolveOptions(name, definition.options, set[name])
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const source = await bench.distribution(options.source, "train")
  const probe = await fitProbe(bench, source, definition, values)
  const provenance = {
    model: bench.model.fingerprint,
    source: { id: source.id, split: source.split, fingerprint: source.fingerprint },
    seed,
    options: values,
    engine: engineName(),
    version: packageVersion(),
  }
  await saveProbe(out, probe, provenance)
  if (options.json) {
    const { calibrator, sites, summary } = probe
    printJson({ probe: name, folder: out, sites, calibrator, summary, provenance })
    return
  }
  const found = wrap(`${name}, fitted on ${source.id}: ${probe.summary}`)
  process.stdout.write(plainText(`${found}\nsaved in ${out}\n`))
}
