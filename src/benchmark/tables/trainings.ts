// The trainings behind a table: every tuned model once, those included that only measure a capability.

import type { StoredEvaluation } from "../store/evaluation.ts"
import type { TrainingRecord } from "../../tuning/training-record.ts"
import { interventionOf } from "../store/places.ts"
import type { SeedResult, SuiteResults } from "./suite-results.ts"

/** A model tuned on a source with a seed. */
export interface Training {
  readonly model: string
  readonly intervention: string
  readonly source: string
  /** Of what was mixed into the source; absent where nothing was. */
  readonly mixedWith?: string
  /** Which of the further seeds; absent for the store's first. */
  readonly seed?: number
  readonly record: TrainingRecord
}

/** The trainings behind a suite's results, in the order of the rows, shifts and seeds. */
export function trainingsOf({ results }: SuiteResults): Training[] {
  const known = new Map<string, Training>()
  const note = (
    evaluation: StoredEvaluation | undefined,
    { seed }: SeedResult,
    what: Omit<Training, "record" | "seed">,
  ): void => {
    const record = evaluation?.training
    if (!record) return
    const place = seed === undefined ? what : { ...what, seed }
    const key = JSON.stringify(place)
    if (!known.has(key)) known.set(key, { ...place, record })
  }
  for (const { model, intervention, shifts } of results) {
    for (const result of shifts) {
      for (const one of result?.bySeed ?? []) {
        const { source, target, targetReference } = result!.shift
        const mixture = intervention.includes("+") ? { mixedWith: target } : {}
        note(one.evaluations.own, one, { model, intervention, source, ...mixture })
        if (one.capabilityBy === undefined) continue
        const measuring = interventionOf(one.capabilityBy)
        note(one.evaluations.capability, one, { model, intervention: measuring, source: targetReference })
      }
    }
  }
  return [...known.values()]
}
