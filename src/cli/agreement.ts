// litmus agreement: who prefers the same responses? Prints the matrix.

import { Option, type Command } from "commander"
import { compareInterventions, type AgreementMatrix } from "../benchmark/agreement.ts"
import { makeIntervention } from "../benchmark/interventions/registry.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import { openResults } from "../benchmark/store/results.ts"
import { suiteAgreement } from "../benchmark/tables/suite-agreement.ts"
import { resolveInterventions } from "../benchmark/tables/suite-comparison.ts"
import { groupings, groupResults, type Grouping } from "../benchmark/tables/group-results.ts"
import { readSuiteResults } from "../benchmark/tables/read-suite-results.ts"
import { describeView, readSuite, suiteName, views, type Task, type View } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import {
  dataOption,
  fillDefaults,
  assignment,
  list,
  litmusCommand,
  printJson,
  progressOf,
  taskOption,
  withCommonOptions,
  withModel,
  type CommonOptions,
  type ModelOptions,
} from "./common.ts"
import { thousands } from "./progress.ts"
import { chooseSuite, storedSuiteHelp } from "./stored-suite.ts"
import { plainText } from "./plain-text.ts"
import { decimal, percent, renderTable } from "./table.ts"
import { describeInterventions } from "./transfer.ts"
import { wrap } from "./wrap.ts"

interface AgreementOptions extends CommonOptions, Partial<ModelOptions> {
  readonly adapter?: string
  readonly data?: string
  readonly source?: string
  readonly target?: string
  readonly intervention?: readonly string[]
  readonly suite?: string
  readonly view: View
  readonly by?: Grouping
  readonly set?: Readonly<Record<string, Record<string, string>>>
  readonly task?: Task
}

export function agreementCommand(): Command {
  const command = withModel(
    litmusCommand(
      "agreement",
      "Compare which responses interventions prefer: with the labels, with likelihood, with the longer response and with each other.",
    ),
  )
    .argument("[store]", "folder of results: compare what it holds, averaged over the shifts of a suite")
    .option("--adapter <dir>", "LoRA or prompt-tuning adapter for the checkpoint (PEFT's format)")
    .addOption(dataOption())
    .option("--source <name>", "distribution to fit on (its training split)")
    .option("--target <name>", "distribution to compare on (its test split)")
    .option("--intervention <names>", "what to compare, separated by commas (listed below)", list)
    .option("--set <name.option=value>", "option of an intervention; may be given again", assignment)
    .addOption(taskOption())
    .option("--suite <name>", `of a store: ${storedSuiteHelp}`)
    .addOption(
      new Option("--view <name>", "of a store: which labels and lists of shifts")
        .choices(views)
        .default("corrected"),
    )
    .addOption(new Option("--by <what>", "of a store: a matrix for each group of shifts").choices(groupings))
  return withCommonOptions(command, { filled: false })
    .addHelpText("after", () => `\n${describeInterventions()}`)
    .action(runAgreement)
}

async function runAgreement(
  store: string | undefined,
  given: AgreementOptions,
  command: Command,
): Promise<void> {
  if (store !== undefined) {
    await runStoreAgreement(store, given)
    return
  }
  await fillDefaults(command)
  const options = command.opts<AgreementOptions>()
  const { model, data, source, target, intervention: names, set = {}, seed } = options
  if (
    model === undefined ||
    data === undefined ||
    source === undefined ||
    target === undefined ||
    names === undefined
  ) {
    throw new LitmusError("agreement: expected a store of results, or --source, --target and --intervention")
  }
  const stray = Object.keys(set).find((name) => !names.includes(name))
  if (stray !== undefined) throw new LitmusError(`--set ${stray}.…: ${stray} is not among the interventions`)
  const made = names.map((name) => makeIntervention(name, set[name]))
  const bench = await openWorkbench({ ...options, model, data, progress: progressOf(options) })
  const matrix = await compareInterventions(bench, made, { source, target })
  if (options.json) {
    printJson({ model: bench.model.fingerprint, seed, source, target, ...matrix })
    return
  }
  process.stdout.write(renderAgreement(matrix, { source, target }))
}

async function runStoreAgreement(folder: string, options: AgreementOptions): Promise<void> {
  const { view, by, intervention, model, data, source, target, json } = options
  if ([model, data, source, target].some((given) => given !== undefined)) {
    throw new LitmusError(
      "agreement: a store holds its results already: leave out --model, --data, --source and --target",
    )
  }
  const suite = await chooseSuite(folder, options.suite, options)
  const shifts = await readSuite(suite, view)
  const results = await readSuiteResults(
    { suite: suiteName(suite), shifts, view },
    { store: await openResults(folder) },
  )
  const names = intervention && resolveInterventions(results, intervention)
  const groups = [...(by ? groupResults(results, by) : new Map([[undefined, results]]))].flatMap(
    ([group, part]) => suiteAgreement(part, names).map((matrix) => ({ group, ...matrix })),
  )
  if (groups.length === 0) {
    throw new LitmusError(
      `${folder}: no shift of the suite ${suite} on which all interventions have pairs of the same examples`,
    )
  }
  if (json) {
    printJson({ suite, view, groups })
    return
  }
  for (const { group, model: name, nShifts, leftOut, ...matrix } of groups) {
    const head = [group, name, `${nShifts} shifts of ${results.suite}`].filter((part) => part !== undefined)
    const rest =
      leftOut > 0 ? ` (${leftOut} left out: not all interventions have pairs of the same examples there)` : ""
    const title = `${head.join(", ")}${rest}, ${thousands(matrix.pairs)} pairs; ${describeView(view, shifts)}`
    process.stdout.write(renderMatrix(matrix, title))
  }
}

function renderAgreement(
  matrix: AgreementMatrix,
  { source, target }: { source: string; target: string },
): string {
  return renderMatrix(
    matrix,
    `${thousands(matrix.pairs)} pairs of ${target} that all could score; fitted on ${source}`,
  )
}

function renderMatrix(
  { names, share, kappa }: Pick<AgreementMatrix, "names" | "share" | "kappa">,
  title: string,
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
  const note =
    "κ of two rankings is their agreement beyond what their accuracies alone would give; with the labels it is 2 · accuracy − 1."
  return (
    `\n${wrap(plainText(title))}\n\nprefer the same response, % (with the labels: accuracy)\n${table(share, percent)}\n` +
    `\nCohen's κ\n${table(kappa, (figure) => decimal(figure, 2).replace(/^-(?=0\.00$)/, ""))}\n${wrap(note)}\n`
  )
}
