// Mass-mean shift as GENIES defines it (after Li et al. 2023, inference-time intervention): rank heads or layers by a
// logistic regression on each, keep the best k, take the difference of the class means there as the direction, and
// score a pair by the mean cosine between (better − worse) and the directions.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Pair } from "../src/data/pairs.ts"
import {
  calibratorKinds,
  fitAntisymmetric,
  fitGenies,
  uncalibrated,
  type Calibrator,
} from "./contract/calibrator.ts"
import { cosineProbe, meanCosines, restoreCosineProbe } from "./contract/cosine-probe.ts"
import { pairRows } from "./contract/directions.ts"
import type { OptionValues } from "../src/base/options.ts"
import type { Direction, FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import {
  describeSelection,
  keptCount,
  kOption,
  onOption,
  rankUnits,
  sitesOf,
  unitsAt,
  type Unit,
} from "./fit/selection.ts"
import { foldsByPrompt, sourcePairs } from "./fit/source-pairs.ts"
import { ofGeniesShift } from "./contract/departures.ts"

export const massMeanShiftOptions = {
  on: onOption(
    "heads",
    "attention heads before the output projection, or resid for residual layers 0 … L − 1",
  ),
  k: kOption,
  calibrator: {
    kind: "choice",
    values: calibratorKinds,
    default: "antisymmetric",
    description: "antisymmetric: p = σ(k·s), out of fold; genies: the release's, with an intercept",
  },
} as const

export type MassMeanShiftOptions = OptionValues<typeof massMeanShiftOptions>

export const massMeanShift: Probe<typeof massMeanShiftOptions, "mms"> = {
  name: "mms",
  description: "mass-mean shift on the best heads or layers, cosine score (Li et al. 2023; GENIES)",
  departures: [
    ...ofGeniesShift,
    {
      from: "Li et al. 2023",
      there: "directions steer generation",
      here: "they rank pairs, by the mean cosine, as in GENIES",
    },
  ],
  options: massMeanShiftOptions,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitMassMeanShift,
  restore: restoreCosineProbe,
}

/**
 * Mass-mean shift: at each kept head or layer, direction = mean(better) − mean(worse).
 *
 * Uses one seeded pair per prompt; 70 % of the prompts rank the units, and 30 % measure the ranking.
 * Directions are then taken over all of them, as the release does.
 *
 * @param source - activations at the last token, with the sites that `on` names
 * @param options.on - `heads` (default), `resid` (as in the release, 0 … L − 1), or some of them as `resid.3`
 * @param options.k - units to keep; defaults to min(16, ⌈available / 4⌉)
 * @param options.seed - of the pairs and of the split
 * @returns fitted probe; `scorePairs` gives logits
 * @throws {LitmusError} if fewer than two prompts can be scored
 * Source: GENIES, interventions/mms/train.py; Li et al. 2023, arXiv:2306.03341, section 3
 */
export async function fitMassMeanShift(
  source: ActivationSet,
  options: MassMeanShiftOptions & FitOptions,
): Promise<FittedProbe> {
  return await fitShift("mms", source, options)
}

/** Mass-mean shift under the name of a probe that differs from it in what it reads. */
export async function fitShift(
  probe: string,
  source: ActivationSet,
  { on, k, calibrator, seed, accuracyOnly = false }: MassMeanShiftOptions & FitOptions,
): Promise<FittedProbe> {
  const { pairs, fitPairs, heldOutPairs } = sourcePairs(source, seed)
  const units = unitsOf(source, on)
  const count = keptCount({ probe, on }, units.length, k)
  const ranked = await rankUnits(source, units, { fitPairs, heldOutPairs })
  const kept = ranked.slice(0, count)
  const directions = await meanDifferences(
    source,
    pairs,
    kept.map(({ unit }) => unit),
  )
  return cosineProbe({
    probe,
    directions,
    calibrator: accuracyOnly
      ? uncalibrated
      : await fitCalibrator(source, directions, { kind: calibrator, pairs, heldOutPairs, seed }),
    summary: describeSelection(kept, units.length),
  })
}

/** The units that `on` names; of `resid` as a whole, as in the release, 0 … L − 1. */
export function unitsOf(source: ActivationSet, on: string): Unit[] {
  const units = unitsAt(source, on)
  return on === "resid" ? units.slice(0, -1) : units
}

/** mean(better) − mean(worse) at each unit, over pairs. */
export async function meanDifferences(
  source: ActivationSet,
  pairs: readonly Pair[],
  units: readonly Unit[],
): Promise<Direction[]> {
  const rows = pairRows(source, pairs)
  const values = new Map<Unit, Float32Array>()
  for (const site of new Set(units.map((unit) => unit.site))) {
    const { data, width: stride } = await source.matrix(site)
    for (const unit of units) {
      if (unit.site !== site) continue
      const sum = new Float64Array(unit.width)
      for (const [better, worse] of rows) {
        const a = better * stride + unit.begin
        const b = worse * stride + unit.begin
        for (let j = 0; j < unit.width; j++) sum[j]! += data[a + j]! - data[b + j]!
      }
      values.set(
        unit,
        Float32Array.from(sum, (total) => total / rows.length),
      )
    }
  }
  return units.map((unit) => ({
    site: unit.site,
    ...(unit.head === undefined ? {} : { head: unit.head }),
    begin: unit.begin,
    values: values.get(unit)!,
  }))
}

/** Fits the calibrator; the default on scores of pairs by directions that were made without them. */
async function fitCalibrator(
  source: ActivationSet,
  directions: readonly Direction[],
  {
    kind,
    pairs,
    heldOutPairs,
    seed,
  }: { kind: Calibrator["kind"]; pairs: readonly Pair[]; heldOutPairs: readonly Pair[]; seed: number },
): Promise<Calibrator> {
  if (kind === "genies") return fitGenies(await meanCosines(source, heldOutPairs, directions))
  const units = directions.map(({ values, ...place }) => ({ ...place, width: values.length }))
  const scores: number[] = []
  for (const fold of foldsByPrompt(source, pairs, seed)) {
    const heldOut = new Set(fold)
    const others = pairs.filter((pair) => !heldOut.has(pair))
    scores.push(...(await meanCosines(source, fold, await meanDifferences(source, others, units))))
  }
  return fitAntisymmetric(scores)
}
