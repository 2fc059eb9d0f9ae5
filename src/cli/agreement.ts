// litmus agreement: who prefers the same responses? Prints the matrix.

import type { Command } from "commander"
import { compareInterventions, type AgreementMatrix } from "../benchmark/agreement.ts"
import { makeIntervention } from "../benchmark/intervention.ts"
import { openWorkbench } from "../benchmark/workbench.ts"
import type { Task } from "../data/index.ts"
import { LitmusError } from "../errors.ts"
import {
  dataOption,
  assignment,
  list,
  litmusCommand,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  type CommonOptions,
  modelOption,
} from "./common.ts"
import { thousands } from "./progress.ts"
import { decimal, percent, plainText, renderTable } from "./table.ts"
import { describeInterventions } from "./transfer.ts"
import { wrap } from "./wrap.ts"

interface AgreementOptions extends CommonOptions {
  readonly model: string
  readonly adapter?: string
  readonly data: string
  readonly source: string
  readonly target: string
  readonly intervention: readonly string[]
  readonly set?: Readonly<Record<string, Record<string, string>>>
  readonly task?: Task
}

export function agreementCommand(): Command {
  const command = litmusCommand(
    "agreement",
    "Compare which responses interventions prefer: with the labels, with likelihood, with the longer response and with each other.",
  )
    .addOption(modelOption())
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .requiredOption("--source <name>", "distribution to fit on (its training split)")
    .requiredOption("--target <name>", "distribution to compare on (its test split)")
    .requiredOption("--intervention <names>", "what to compare, separated by commas (listed below)", list)
    .option("--set <name.option=value>", "option of an intervention; may be given again", assignment)
    .addOption(taskOption())
  return withCommonOptions(command)
    .addHelpText("after", () => `\n${describeInterventions()}`)
    .action(runAgreement)
}

async function runAgreement(options: AgreementOptions): Promise<void> {
  const { source, target, intervention: names, set = {}, seed } = options
  const stray = Object.keys(set).find((name) => !names.includes(name))
  if (stray !== undefined) throw new LitmusError(`--set ${stray}.…: ${stray} is not among the interventions`)
  const made = names.map((name) => makeIntervention(name, set[name]))
  const bench = await openWorkbench({ ...options, progress: progressOf(options) })
  const matrix = await compareInterventions(bench, made, { source, target })
  if (options.json) {
    printJson({ model: bench.model.fingerprint, seed, source, target, ...matrix })
    return
  }
  process.stdout.write(renderAgreement(matrix, { source, target }))
}

function renderAgreement(
  { names, pairs, share, kappa }: AgreementMatrix,
  { source, target }: { source: string; target: string },
): string {
  const header = ["", ...names.map((name) => name.replaceAll("-", "-\n"))]
  const table = (figures: AgreementMatrix["share"], show: (figure: number) => string): string =>
    renderTable(
      header,
      names.map((name, i) => [
        name,
        ...figures[i]!.map((figure, j) => (i === j ? "" : figure === null ? "–" : show(figure))),
      ]),
    )
  const title = `${thousands(pairs)} pairs of ${target} that all could score; fitted on ${source}`
  const note =
    "κ of two rankings is their agreement beyond what their accuracies alone would give; with the labels it is 2 · accuracy − 1."
  return (
    `\n${wrap(plainText(title))}\n\nprefer the same response, % (with the labels: accuracy)\n${table(share, percent)}\n` +
    `\nCohen's κ\n${table(kappa, (figure) => decimal(figure, 2).replace(/^-(?=0\.00$)/, ""))}\n${wrap(note)}\n`
  )
}
