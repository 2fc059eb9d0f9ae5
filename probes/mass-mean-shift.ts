// Mass-mean shift as GENIES defines it (after Li et al. 2023, inference-time intervention): rank heads or layers by a
// logistic regression on each, keep the best k, take the difference of the class means there as the direction, and
// score a pair by the mean cosine between (better − worse) and the directions.

import type { ActivationSet } from "../activations/activation-set.ts"
import { clusterByPrompt, onePairPerExample, splitByPrompt, type Pair } from "../src/data/pairs.ts"
import { LitmusError } from "../src/errors.ts"
import { random } from "../src/random.ts"
import { calibratorKinds, fitAntisymmetric, fitGenies, type Calibrator } from "./calibrator.ts"
import { cosineProbe, meanCosines, pairRows, restoreCosineProbe } from "./cosine-probe.ts"
import type { OptionValues } from "../src/options.ts"
import type { Direction, FittedProbe, Probe } from "./probe.ts"
import { defaultCount, headUnits, rankUnits, type RankedUnit, type Unit } from "./selection.ts"

export const massMeanShiftOptions = {
  on: {
    kind: "choice",
    values: ["heads", "resid"],
    default: "heads",
    description: "read attention heads before the output projection, or whole residual layers",
  },
  k: {
    kind: "count",
    description: "heads or layers to keep (default: 16, at most a quarter of those there are)",
  },
  calibrator: {
    kind: "choice",
    values: calibratorKinds,
    default: "antisymmetric",
    description: "antisymmetric: p = σ(k·s), out of fold; genies: the release's, with an intercept",
  },
} as const

export type MassMeanShiftOptions = OptionValues<typeof massMeanShiftOptions>

export const massMeanShift: Probe<typeof massMeanShiftOptions> = {
  name: "mms",
  description: "mass-mean shift on the best heads or layers, cosine score (Li et al. 2023; GENIES)",
  options: massMeanShiftOptions,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: [on] }),
  fit: fitMassMeanShift,
  restore: restoreCosineProbe,
}

/**
 * Mass-mean shift: at each kept head or layer, direction = mean(better) − mean(worse).
 *
 * Uses one seeded pair per prompt; 70 % of the prompts rank the units, and 30 % measure the ranking.
 * Directions are then taken over all of them, as the release does.
 *
 * @param source - activations at the last token, with all `heads` sites or all `resid` sites
 * @param options.on - `heads` (default) or `resid`; of the latter, as in the release, 0 … L − 1
 * @param options.k - units to keep; defaults to min(16, ⌈available / 4⌉)
 * @param options.seed - of the pairs and of the split
 * @returns fitted probe; `scorePairs` gives logits
 * @throws {LitmusError} if fewer than two prompts can be scored
 * Source: GENIES, interventions/mms/train.py; Li et al. 2023, arXiv:2306.03341, section 3
 */
export async function fitMassMeanShift(
  source: ActivationSet,
  { on, k, calibrator, seed }: MassMeanShiftOptions & { readonly seed: number },
): Promise<FittedProbe> {
  const { pairs, fitPairs, heldOutPairs } = sourcePairs(source, seed)
  const units = unitsOf(source, on)
  const ranked = await rankUnits(source, units, { fitPairs, heldOutPairs })
  const count = k ?? defaultCount(units.length)
  if (count > units.length) {
    throw new LitmusError(`mms.k: expected at most ${units.length} (${on} of this model), got ${count}`)
  }
  const kept = ranked.slice(0, count)
  const directions = await meanDifferences(
    source,
    pairs,
    kept.map(({ unit }) => unit),
  )
  return cosineProbe({
    probe: "mms",
    directions,
    calibrator: await fitCalibrator(source, directions, { kind: calibrator, pairs, heldOutPairs, seed }),
    summary: describeSelection(kept, units.length, on),
  })
}

/** The source's pairs, one per prompt, and their split by prompt for ranking. */
export function sourcePairs(
  source: ActivationSet,
  seed: number,
): { pairs: Pair[]; fitPairs: Pair[]; heldOutPairs: Pair[] } {
  const { id, split, examples } = source.distribution
  const pairs = source.scorable(onePairPerExample(examples, { seed, distribution: id }))
  const usable = new Set(pairs.map(({ example }) => example))
  const remaining = examples.filter(({ index }) => usable.has(index))
  if (new Set(remaining.map(({ prompt }) => prompt)).size < 2) {
    throw new LitmusError(
      `${id} ${split}: expected at least 2 prompts with a usable pair, got ${remaining.length}`,
    )
  }
  const [first] = splitByPrompt(remaining, { seed })
  const inFirst = new Set(first.map(({ index }) => index))
  return {
    pairs,
    fitPairs: pairs.filter(({ example }) => inFirst.has(example)),
    heldOutPairs: pairs.filter(({ example }) => !inFirst.has(example)),
  }
}

/** The units that a choice names: heads, or residual layers without the last. */
export function unitsOf(source: ActivationSet, on: "heads" | "resid"): Unit[] {
  const sites = source.sites.filter((site) => site.startsWith(`${on}.`))
  if (on === "heads") return headUnits(source, sites)
  const width = source.widthOf(sites[0]!)
  return sites.slice(0, -1).map((site) => ({ site, begin: 0, width }))
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

const nFolds = 5

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

/** Pairs in folds such that equal prompts share one. */
function foldsByPrompt(source: ActivationSet, pairs: readonly Pair[], seed: number): Pair[][] {
  const { examples } = source.distribution
  const clusters = clusterByPrompt(examples)
  const clusterOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
  const present = [...new Set(pairs.map(({ example }) => clusterOf.get(example)!))]
  const order = random(seed, "calibration folds").shuffle(present)
  const foldOf = new Map(order.map((cluster, i) => [cluster, i % Math.min(nFolds, order.length)]))
  const folds: Pair[][] = Array.from({ length: Math.min(nFolds, order.length) }, () => [])
  for (const pair of pairs) folds[foldOf.get(clusterOf.get(pair.example)!)!]!.push(pair)
  return folds
}

/** "10 of 40 heads (validation accuracy 0.61 … 0.54): heads.3#2 …" */
export function describeSelection(kept: readonly RankedUnit[], available: number, on: string): string {
  const range = `${kept[0]!.accuracy.toFixed(3)} … ${kept.at(-1)!.accuracy.toFixed(3)}`
  const names = kept.map(({ unit: { site, head } }) => (head === undefined ? site : `${site}#${head}`))
  return `${kept.length} of ${available} ${on === "heads" ? "heads" : "layers"} (validation accuracy ${range}): ${names.join(" ")}`
}
