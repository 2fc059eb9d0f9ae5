// What a store keeps of fits on shuffled labels: the accuracy of each on a target, and of which evaluation they are the
// null band.

import { LitmusError } from "../../base/errors.ts"
import { fingerprint } from "../../base/files.ts"
import { fieldsOf, numbers } from "./evaluation.ts"

export interface StoredNull {
  /** Fingerprint of what the draws depend on. */
  readonly run: string
  /** Share of pairs in which the better response is preferred, of every draw. */
  readonly accuracies: readonly number[]
}

// Changes when the same inputs would give other draws.
const format = 1

/** What a null band depends on: all that its evaluation depends on. */
export function nullRunOf(evaluationRun: string): string {
  return fingerprint({ nullBand: format, of: evaluationRun })
}

export function parseNull(json: unknown, where: string): StoredNull {
  const { run, accuracies } = fieldsOf(json, where)
  if (typeof run !== "string") throw new LitmusError(`${where}: expected a run, got ${String(run)}`)
  return { run, accuracies: numbers(accuracies, `${where} .accuracies`, (share) => share >= 0 && share <= 1) }
}
