// Fitting alone, for code that fits once and asks many times.

import type { Evaluation } from "./evaluate.ts"
import { evaluate } from "./evaluate.ts"
import type { Intervention } from "./interventions/contract.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** An intervention fitted on a source. */
export interface Fitted {
  /** One line on what was fitted. */
  readonly summary: string
  readonly source: string
  /** Accuracy, calibration and the rest on the test split of a distribution, the source's own or another's. */
  evaluate(distribution: string): Promise<Evaluation>
}

/**
 * Fits an intervention on the training split of a source.
 *
 * @param source - id of a distribution of the workbench's data folder
 * @throws {LitmusError} if the distribution is missing or unusable
 */
export async function fit(bench: Workbench, intervention: Intervention, source: string): Promise<Fitted> {
  const fitted = await intervention.fit(bench, await bench.distribution(source, "train"))
  return {
    summary: fitted.summary,
    source,
    evaluate: async (distribution) =>
      await evaluate(bench, fitted, await bench.distribution(distribution, "test")),
  }
}
