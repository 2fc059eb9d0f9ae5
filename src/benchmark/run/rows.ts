// The tables of a benchmark, put together from its evaluations: one row per intervention and shift, with the zero-shot
// accuracy and the capability that it is measured against.

import type { Shift } from "../../data/index.ts"
import { differentialElicitation } from "../../metrics/index.ts"
import { zeroShot } from "../interventions/likelihood.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import { folderOf } from "../store/places.ts"
import { withoutGaps, type SkippedRow, type SuiteRow } from "../store/suite-rows.ts"

/** What came of a cell: an evaluation, or the reason why there is none. */
export type CellOutcome = StoredEvaluation | { readonly skipped: string }

/** Looks up what came of a cell; undefined where it was not asked for, or failed. */
export type CellLookup = (intervention: string, source: string, target: string) => CellOutcome | undefined

/** The intervention that measures the capability on a reference; undefined where none could. */
export type CapabilityLookup = (reference: string) => string | undefined

/**
 * The rows of an intervention.
 *
 * @param contamination - share of the target's test prompts that the source's training split has, too; undefined where a
 *   split is empty
 */
export function benchRows(
  intervention: string,
  shifts: readonly Shift[],
  {
    cell,
    capabilityBy,
    candidates,
    contamination,
  }: {
    cell: CellLookup
    capabilityBy: CapabilityLookup
    /** Names of what the capability was chosen from; undefined where nothing was chosen. */
    candidates?: readonly string[] | undefined
    contamination: (shift: Shift) => number | undefined
  },
): { rows: SuiteRow[]; skipped: SkippedRow[] } {
  const rows: SuiteRow[] = []
  const skipped: SkippedRow[] = []
  for (const shift of shifts) {
    const { source, target, targetReference } = shift
    const own = cell(intervention, source, target)
    if (!own) continue
    if ("skipped" in own) {
      skipped.push({ source, target, targetReference, reason: own.skipped })
      continue
    }
    const accuracyOf = (name: string, from: string, to: string): number | undefined => {
      const found = cell(name, from, to)
      return found && "accuracy" in found ? found.accuracy : undefined
    }
    const baseline = accuracyOf(zeroShot.name, source, target)
    const tuned = capabilityBy(targetReference)
    const capability = tuned === undefined ? undefined : accuracyOf(tuned, targetReference, targetReference)
    rows.push(
      withoutGaps({
        source,
        target,
        targetReference,
        accuracy: own.accuracy,
        zeroShot: baseline,
        zeroShotBy: baseline === undefined ? undefined : folderOf(zeroShot.name),
        capability,
        capabilityBy: capability === undefined || tuned === undefined ? undefined : folderOf(tuned),
        capabilityCandidates: capability === undefined ? undefined : candidates?.map(folderOf),
        sourceAccuracy: accuracyOf(intervention, source, source),
        rmsCalibrationErrorGenies2023: own.metrics?.rmsCalibrationErrorGenies2023,
        differentialElicitation:
          baseline === undefined || capability === undefined
            ? undefined
            : differentialElicitation(own.accuracy, baseline, capability),
        contamination: contamination(shift),
        skippedPairs: own.metrics?.skippedPairs,
      }),
    )
  }
  return { rows, skipped }
}
