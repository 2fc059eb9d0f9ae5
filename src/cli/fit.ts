// litmus fit: fit a probe on a source and save it.

import type { Command } from "commander"
import { resolveOptions } from "../base/options.ts"
import { findProbe, probes } from "../../probes/registry.ts"
import { saveProbe } from "../../probes/store.ts"
import { fitProbe } from "../benchmark/interventions/probe.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import type { Task } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { packageVersion } from "../base/version.ts"
import { engineName } from "../graph/engine.ts"
import {
  dataOption,
  assignment,
  litmusCommand,
  mixTargetOption,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { plainText } from "./plain-text.ts"
import { describeInterventions } from "./transfer.ts"
import { wrap } from "./wrap.ts"

interface FitOptions extends CommonOptions, ModelOptions {
  readonly adapter?: string
  readonly data: string
  readonly source: string
  readonly target?: string
  readonly mixTarget?: number
  readonly task?: Task
  readonly intervention: string
  readonly out: string
  readonly set?: Readonly<Record<string, Record<string, string>>>
}

export function fitCommand(): Command {
  const command = withModel(litmusCommand("fit", "Fit a probe on a source distribution and save it."))
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .requiredOption("--source <name>", "distribution to fit on (its training split)")
    .requiredOption("--intervention <name>", "the probe to fit (listed below)")
    .requiredOption("--out <dir>", "folder to save it in")
    .option("--set <name.option=value>", "option of the probe; may be given again", assignment)
    .addOption(mixTargetOption("--target"))
    .option("--target <name>", "distribution that --mix-target takes them of")
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
  const mixture = mixtureOf(options)
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const source = await (mixture
    ? bench.mixture({ source: options.source, ...mixture })
    : bench.distribution(options.source, "train"))
  const probe = await fitProbe(bench, source, definition, values)
  const provenance = {
    model: bench.model.fingerprint,
    source: {
      id: options.source,
      split: source.split,
      fingerprint: source.fingerprint,
      ...(mixture ? { mixture } : {}),
    },
    seed,
    options: values,
    engine: engineName(bench.model.device),
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

function mixtureOf({
  target,
  mixTarget: share,
}: Pick<FitOptions, "target" | "mixTarget">): { target: string; share: number } | undefined {
  if (target === undefined && share === undefined) return undefined
  if (target !== undefined && share !== undefined) return { target, share }
  throw new LitmusError("fit: expected --mix-target and --target together, got one of them")
}
