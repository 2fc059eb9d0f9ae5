// How a linear probe is fitted, whatever finds its directions: rank the layers or heads by what the probe itself reaches
// on prompts held out of the source, keep the best, find their directions on all pairs, and calibrate on scores of pairs
// that a refit did not see. Each site is read twice: once to rank it, once more if it is kept.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Matrix } from "../../activations/cache/index.ts"
import { fitAntisymmetric, uncalibrated } from "../contract/calibrator.ts"
import { pairRows, type PairRows } from "../contract/directions.ts"
import { linearProbe, projection, type WeightedDirection } from "../contract/linear-probe.ts"
import type { FittedProbe } from "../contract/probe.ts"
import { byAccuracy, describeSelection, keptCount, unitsAt, type Unit } from "./selection.ts"
import { foldsByPrompt, sourcePairs } from "./source-pairs.ts"

/** What a fit on one unit finds. */
export interface FoundDirection {
  /** Turned so that the better response projects higher, `[width]`. */
  readonly values: ArrayLike<number>
  /** Projection of a response that is neither better nor worse; by default the mean projection of the fit's rows. */
  readonly offset?: number
  /** Says that x·d − offset is a logit as it is, so that several directions are averaged without rescaling. */
  readonly isLogit?: boolean
  /** The pairs do not say which way the direction points: it is kept and counts 0. */
  readonly undecided?: boolean
}

/** What a fit may use of an earlier one: the ranking and the folds' refits need fewer digits, and a guess saves time. */
export interface FitHints {
  readonly rough?: boolean
  readonly start?: ArrayLike<number>
}

/** Finds a direction in the columns of a unit. `rows` name the rows of the pairs, better first. */
export type DirectionFinder = (
  matrix: Matrix,
  unit: Unit,
  rows: readonly PairRows[],
  hints: FitHints,
) => FoundDirection

export interface LinearFit {
  readonly probe: string
  readonly on: string
  readonly k: number | undefined
  readonly seed: number
  readonly find: DirectionFinder
  /** Leave the probability as it is, and stop at the digits that a ranking needs; defaults to false. */
  readonly accuracyOnly?: boolean | undefined
}

/**
 * Fits a linear probe.
 *
 * The score of one direction is x·d itself. Several are averaged, each divided by the root mean square of its
 * differences on the source, unless they are logits already.
 *
 * @throws {LitmusError} if fewer than two prompts can be scored, or fewer units are there than asked for
 */
export async function fitLinear(
  source: ActivationSet,
  { probe, on, k, seed, find, accuracyOnly = false }: LinearFit,
): Promise<FittedProbe> {
  const { pairs, fitPairs, heldOutPairs } = sourcePairs(source, seed)
  const units = unitsAt(source, on)
  const count = keptCount({ probe, on }, units.length, k)
  const [fitRows, heldOutRows] = [pairRows(source, fitPairs), pairRows(source, heldOutPairs)]
  const accuracies = new Map<Unit, number>()
  await eachUnit(source, units, (matrix, unit) => {
    const { values, undecided } = find(matrix, unit, fitRows, { rough: true })
    const scores = undecided
      ? new Float64Array(heldOutRows.length)
      : differences(matrix, unit, heldOutRows, values)
    const right = scores.reduce((sum, score) => sum + (score > 0 ? 1 : score < 0 ? 0 : 0.5), 0)
    accuracies.set(unit, right / scores.length)
  })
  const kept = byAccuracy(units, accuracies).slice(0, count)
  const allRows = pairRows(source, pairs)
  const folds = (accuracyOnly ? [] : foldsByPrompt(source, pairs, seed)).map((fold) => {
    const heldOut = new Set(fold)
    return {
      fold: pairRows(source, fold),
      others: pairRows(
        source,
        pairs.filter((pair) => !heldOut.has(pair)),
      ),
    }
  })
  const found = new Map<Unit, WeightedDirection>()
  const foldScores = folds.map(({ fold }) => new Float64Array(fold.length))
  await eachUnit(
    source,
    kept.map(({ unit }) => unit),
    (matrix, unit) => {
      const whole = find(matrix, unit, allRows, { rough: accuracyOnly })
      found.set(unit, weighted(matrix, unit, allRows, whole, count))
      folds.forEach(({ fold, others }, i) => {
        const part = find(matrix, unit, others, { rough: true, start: whole.values })
        const { values, weight } = weighted(matrix, unit, others, part, count)
        differences(matrix, unit, fold, values).forEach((score, j) => (foldScores[i]![j]! += weight * score))
      })
    },
  )
  return linearProbe({
    probe,
    directions: kept.map(({ unit }) => found.get(unit)!),
    calibrator: accuracyOnly ? uncalibrated : fitAntisymmetric(foldScores.flatMap((scores) => [...scores])),
    summary: describeSelection(kept, units.length),
  })
}

/** Calls `use` for every unit with its site's matrix, each site read once. */
export async function eachUnit(
  source: ActivationSet,
  units: readonly Unit[],
  use: (matrix: Matrix, unit: Unit) => void,
): Promise<void> {
  for (const site of new Set(units.map((unit) => unit.site))) {
    const matrix = await source.matrix(site)
    for (const unit of units) if (unit.site === site) use(matrix, unit)
  }
}

/** (better − worse)·d of each pair. */
export function differences(
  { data, width }: Matrix,
  { begin }: Unit,
  rows: readonly PairRows[],
  values: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(rows, ([better, worse]) => {
    return projection(data, better * width + begin, values) - projection(data, worse * width + begin, values)
  })
}

function weighted(
  matrix: Matrix,
  unit: Unit,
  rows: readonly PairRows[],
  { values, offset, isLogit, undecided }: FoundDirection,
  count: number,
): WeightedDirection {
  const { site, head, begin } = unit
  const direction = Float32Array.from(values)
  let weight = undecided ? 0 : 1 / count
  if (weight !== 0 && count > 1 && !isLogit) {
    const squares = differences(matrix, unit, rows, direction).reduce((sum, score) => sum + score * score, 0)
    weight = squares === 0 ? 0 : weight / Math.sqrt(squares / rows.length)
  }
  const place = { site, ...(head === undefined ? {} : { head }), begin, values: direction }
  return { ...place, weight, offset: offset ?? meanProjection(matrix, unit, rows, direction) }
}

function meanProjection(
  { data, width }: Matrix,
  { begin }: Unit,
  rows: readonly PairRows[],
  direction: Float32Array,
): number {
  let sum = 0
  for (const row of rows.flat()) sum += projection(data, row * width + begin, direction)
  return sum / (2 * rows.length)
}
