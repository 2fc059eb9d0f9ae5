// Which layers or heads to read: each is ranked by how well a logistic regression on it alone tells better from worse
// responses held out of the source. Source: GENIES, interventions/mms/train.py (after Li et al. 2023).

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Pair } from "../src/data/pairs.ts"
import { pairRows } from "./cosine-probe.ts"
import { fitLogistic, type FeatureView } from "./math/logistic.ts"

/** What can be selected: a site's columns, or one head's share of them. */
export interface Unit {
  readonly site: string
  readonly head?: number
  readonly begin: number
  readonly width: number
}

/** Every head of every `heads` site among `sites`. */
export function headUnits({ layout: { nHeads, dHead } }: ActivationSet, sites: readonly string[]): Unit[] {
  return sites.flatMap((site) =>
    Array.from({ length: nHeads }, (_, head) => ({ site, head, begin: head * dHead, width: dHead })),
  )
}

/** A unit and the validation accuracy of its logistic regression. */
export interface RankedUnit {
  readonly unit: Unit
  readonly accuracy: number
}

/**
 * Ranks units, the best first; ties go to the later unit, as the release's reversed argsort has it.
 *
 * @param fitPairs - pairs to fit on: each response is a sample
 * @param heldOutPairs - pairs whose responses measure the accuracy
 */
export async function rankUnits(
  source: ActivationSet,
  units: readonly Unit[],
  { fitPairs, heldOutPairs }: { fitPairs: readonly Pair[]; heldOutPairs: readonly Pair[] },
): Promise<RankedUnit[]> {
  const fitRows = pairRows(source, fitPairs).flat()
  const fitLabels = labelsOf(fitRows)
  const heldOutRows = pairRows(source, heldOutPairs).flat()
  const heldOutLabels = labelsOf(heldOutRows)
  const accuracies = new Map<Unit, number>()
  for (const site of new Set(units.map((unit) => unit.site))) {
    const { data, width: stride } = await source.matrix(site)
    for (const unit of units) {
      if (unit.site !== site) continue
      const view: FeatureView = { data, stride, begin: unit.begin, width: unit.width, rows: fitRows }
      // Which units are best is a matter of accuracies: far more digits than these need.
      const { weights, intercept } = fitLogistic(view, fitLabels, { tolerance: 1e-4 })
      let right = 0
      heldOutRows.forEach((row, i) => {
        let decision = intercept
        for (let j = 0; j < unit.width; j++) decision += data[row * stride + unit.begin + j]! * weights[j]!
        if (decision > 0 === (heldOutLabels[i] === 1)) right++
      })
      accuracies.set(unit, right / heldOutRows.length)
    }
  }
  return units
    .map((unit) => ({ unit, accuracy: accuracies.get(unit)! }))
    .sort((a, b) => a.accuracy - b.accuracy)
    .reverse()
}

/** How many units to keep by default: 16 as in the release, but no more than a quarter of a small model's. */
export function defaultCount(available: number): number {
  return Math.min(16, Math.ceil(available / 4))
}

// Rows stand in pairs, the better response first.
function labelsOf(rows: readonly number[]): Uint8Array {
  return Uint8Array.from(rows, (_, i) => (i % 2 === 0 ? 1 : 0))
}
