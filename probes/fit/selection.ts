// Which layers or heads to read: each unit is ranked by how well something fitted on it alone tells better from worse
// held out of the source; here by a logistic regression. Source: GENIES, interventions/mms/train.py (after Li et al.
// 2023).

import { kindOf, means, splitNames, unitName } from "../../src/base/sites.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { LitmusError, unknownName } from "../../src/base/errors.ts"
import { pairRows } from "../contract/directions.ts"
import { fitLogistic, type FeatureView } from "../math/logistic.ts"

/** The `on` option of a probe that reads some of the model's layers or heads. */
export function onOption<Default extends string>(
  standard: Default,
  description: string,
): { readonly kind: "sites"; readonly default: Default; readonly description: string } {
  return { kind: "sites", default: standard, description: `${description}; or some, as resid.3 or heads.3#2` }
}

/** The `k` option of a probe that keeps the best layers or heads. */
export const kOption = {
  kind: "count",
  description:
    "best heads or layers to keep (default: 16, at most a quarter of those there are; 1: the single best)",
} as const

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

/**
 * The units that an `on` option names: `heads`, `resid`, `mlp` or `final` for all there are, or some of them as
 * `resid.3,resid.4` or `heads.3#2`.
 *
 * @returns without repetition, in the model's order
 * @throws {LitmusError} for a site or a head that the set does not have
 */
export function unitsAt(source: ActivationSet, on: string): Unit[] {
  const { nHeads } = source.layout
  const names = splitNames(on)
  for (const { name, site, head } of names) {
    if (!source.sites.some((known) => means(site, known))) throw unknownName("site", site, source.sites)
    if (head !== undefined && !(head < nHeads)) {
      throw new LitmusError(`${name}: expected a head below ${nHeads}, got ${head}`)
    }
  }
  return source.sites.flatMap((site) => {
    const here = names.filter((name) => means(name.site, site))
    if (here.length === 0) return []
    if (kindOf(site) !== "heads") return [{ site, begin: 0, width: source.widthOf(site) }]
    return headUnits(source, [site]).filter(({ head }) =>
      here.some((name) => name.head === undefined || name.head === head),
    )
  })
}

/** The sites to extract for an `on` option. */
export function sitesOf(on: string): string[] {
  return [...new Set(splitNames(on).map(({ site }) => site))]
}

/** A unit and its accuracy on pairs or responses held out of the source. */
export interface RankedUnit {
  readonly unit: Unit
  readonly accuracy: number
}

/** The best first; ties go to the later unit, as the release's reversed argsort has it. */
export function byAccuracy(units: readonly Unit[], accuracies: ReadonlyMap<Unit, number>): RankedUnit[] {
  return units
    .map((unit) => ({ unit, accuracy: accuracies.get(unit)! }))
    .sort((a, b) => a.accuracy - b.accuracy)
    .reverse()
}

/** "10 of 40 heads (validation accuracy 0.610 … 0.540): heads.3#2 …" */
export function describeSelection(kept: readonly RankedUnit[], available: number): string {
  const best = kept[0]!.accuracy.toFixed(3)
  const range = kept.length > 1 ? `${best} … ${kept.at(-1)!.accuracy.toFixed(3)}` : best
  const what = kept.some(({ unit }) => unit.head !== undefined) ? "heads" : "layers"
  return `${kept.length} of ${available} ${what} (validation accuracy ${range}): ${kept.map(({ unit }) => unitName(unit)).join(" ")}`
}

/**
 * Ranks units by logistic regression on single responses, the best first, ties as {@link byAccuracy}.
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
  return byAccuracy(units, accuracies)
}

/** How many units to keep by default: 16 as in the release, but no more than a quarter of a small model's. */
export function defaultCount(available: number): number {
  return Math.min(16, Math.ceil(available / 4))
}

/**
 * How many units to keep: what was asked for, or the default.
 *
 * @param what - the probe and its choice of units: named in errors
 * @throws {LitmusError} if there are none, or fewer than asked for
 */
export function keptCount(
  what: { probe: string; on: string },
  available: number,
  k: number | undefined,
): number {
  if (available === 0) {
    throw new LitmusError(`${what.probe}: expected activations at ${what.on} sites, got none`)
  }
  if (k !== undefined && k > available) {
    throw new LitmusError(
      `${what.probe}.k: expected at most ${available} (${what.on} of this model), got ${k}`,
    )
  }
  return k ?? defaultCount(available)
}

// Rows stand in pairs, the better response first.
function labelsOf(rows: readonly number[]): Uint8Array {
  return Uint8Array.from(rows, (_, i) => (i % 2 === 0 ? 1 : 0))
}
