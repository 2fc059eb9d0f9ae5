// Transfer: fit on a source distribution's training split, score the test splits of the source and of the targets.

import type { Evaluation } from "./evaluate.ts"
import { evaluate } from "./evaluate.ts"
import type { FittedIntervention, Intervention } from "./contract.ts"
import type { Workbench } from "./workbench.ts"

export interface TransferResult {
  readonly intervention: string
  readonly options: Readonly<Record<string, unknown>>
  /** What was fitted, in words. */
  readonly fitted: string
  readonly source: string
  /** On the source's own test split. */
  readonly sourceEvaluation: Evaluation
  /** In the order asked for. */
  readonly targets: readonly Evaluation[]
}

/** Fits an intervention on a source and tests it on targets. */
export async function transfer(
  bench: Workbench,
  intervention: Intervention,
  { source, targets }: { source: string; targets: readonly string[] },
): Promise<TransferResult> {
  const train = await bench.distribution(source, "train")
  await lookUp(bench, [source, ...targets])
  const fitted = await intervention.fit(bench, train)
  return await transferFitted(bench, fitted, { ...intervention, source, targets })
}

/** Tests something already fitted. */
export async function transferFitted(
  bench: Workbench,
  fitted: FittedIntervention,
  {
    name,
    options,
    source,
    targets,
  }: Pick<Intervention, "name" | "options"> & { source: string; targets: readonly string[] },
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
    sourceEvaluation,
    targets: evaluations,
  }
}

/** Everything is looked up before anything is computed: a misspelt target costs no work. */
async function lookUp(bench: Workbench, ids: readonly string[]): Promise<void> {
  for (const id of ids) await bench.distribution(id, "test")
}
