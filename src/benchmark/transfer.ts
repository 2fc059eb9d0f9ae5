// Transfer: fit on a source distribution's training split, score the test splits of the source and of the targets.

import type { MixtureParts } from "../data/index.ts"
import type { Evaluation } from "./evaluate.ts"
import { evaluate } from "./evaluate.ts"
import type { FittedIntervention, Intervention } from "./interventions/contract.ts"
import type { Workbench } from "./workbench.ts"

export interface TransferResult {
  readonly intervention: string
  readonly options: Readonly<Record<string, unknown>>
  /** What was fitted, in words. */
  readonly fitted: string
  readonly source: string
  /** What was added to the source's training examples. */
  readonly mixture?: Pick<MixtureParts, "target" | "share">
  /** On the source's own test split. */
  readonly sourceEvaluation: Evaluation
  /** In the order asked for. */
  readonly targets: readonly Evaluation[]
}

/**
 * Fits an intervention on a source and tests it on targets.
 *
 * @param what.mixture - a share of a target's training examples to add to the source's; none by default. The source's
 *   own test split stays as it is
 */
export async function transfer(
  bench: Workbench,
  intervention: Intervention,
  { source, targets, mixture }: TransferTask,
): Promise<TransferResult> {
  const train = await (mixture ? bench.mixture({ source, ...mixture }) : bench.distribution(source, "train"))
  await lookUp(bench, [source, ...targets])
  const fitted = await intervention.fit(bench, train)
  return await transferFitted(bench, fitted, { ...intervention, source, targets, mixture })
}

/** What to fit on and what to test on, by the ids of distributions. */
export interface TransferTask {
  readonly source: string
  readonly targets: readonly string[]
  readonly mixture?: Pick<MixtureParts, "target" | "share"> | undefined
}

/** Tests something already fitted. */
export async function transferFitted(
  bench: Workbench,
  fitted: FittedIntervention,
  { name, options, source, targets, mixture }: Pick<Intervention, "name" | "options"> & TransferTask,
): Promise<TransferResult> {
  await lookUp(bench, [source, ...targets])
  const sourceEvaluation = await evaluate(bench, fitted, await bench.distribution(source, "test"))
  const evaluations: Evaluation[] = []
  for (const id of targets) {
    evaluations.push(
      id === source ? sourceEvaluation : await evaluate(bench, fitted, await bench.distribution(id, "test")),
    )
  }
  return {
    intervention: name,
    options,
    fitted: fitted.summary,
    source,
    ...(mixture ? { mixture } : {}),
    sourceEvaluation,
    targets: evaluations,
  }
}

/** Everything is looked up before anything is computed: a misspelt target costs no work. */
async function lookUp(bench: Workbench, ids: readonly string[]): Promise<void> {
  for (const id of ids) await bench.distribution(id, "test")
}
