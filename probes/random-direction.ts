// The control: directions drawn at random, at the heads or layers that mass-mean shift would select, with only their
// signs read from the source. One draw says little: a hundred are a band that chance reaches on a target, and what a
// probe finds has to lie outside it.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Pair } from "../src/data/pairs.ts"
import { LitmusError } from "../src/base/errors.ts"
import type { OptionValues } from "../src/base/options.ts"
import { random } from "../src/base/random.ts"
import {
  calibratedLogits,
  fitAntisymmetric,
  readCalibrator,
  sigmoid,
  type Calibrator,
} from "./contract/calibrator.ts"
import { cosineProbe } from "./contract/cosine-probe.ts"
import { eachDirection, pairRows, placeOf, readDirections, type PairRows } from "./contract/directions.ts"
import { massMeanShiftOptions, unitsOf } from "./mass-mean-shift.ts"
import type { Direction, FittedProbe, Probe, ProbeRecord } from "./contract/probe.ts"
import { keptCount, rankUnits, sitesOf, type Unit } from "./fit/selection.ts"
import { sourcePairs } from "./fit/source-pairs.ts"

const options = {
  on: massMeanShiftOptions.on,
  k: massMeanShiftOptions.k,
  draws: {
    kind: "count",
    default: 100,
    description: "random probes that make the band; the first is the one scored",
  },
} as const

export type RandomDirectionOptions = OptionValues<Omit<typeof options, "draws">> & { readonly draws?: number }

export const randomDirection: Probe<typeof options, "random-direction"> = {
  name: "random-direction",
  description: "control: random directions at the heads or layers that mms selects, sign from the source",
  departures: [],
  hasNullBand: false,
  traits: { drawsOwnBand: true, measuresCapability: false },
  options,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitRandomDirection,
  restore,
}

/**
 * Standard normal directions; each is turned so that it prefers the better responses of the source.
 *
 * Logits and probabilities are those of the first draw, a cosine probe like any other; `scorePairs` gives the scores of
 * all draws besides, and an evaluation the band in which 95 % of their accuracies lie. The draws are not averaged:
 * many random directions, each turned by the labels, add up to the difference of the means.
 *
 * @param source - activations at the last token
 * @param options.on, options.k - as those of mass-mean shift
 * @param options.draws - defaults to 100
 * @param options.seed - of the directions, the pairs and the split
 */
export async function fitRandomDirection(
  source: ActivationSet,
  { on, k, draws = 100, seed }: RandomDirectionOptions & { readonly seed: number },
): Promise<FittedProbe> {
  const { pairs, fitPairs, heldOutPairs } = sourcePairs(source, seed)
  const units = unitsOf(source, on)
  const count = keptCount({ probe: "random-direction", on }, units.length, k)
  const ranked = await rankUnits(source, units, { fitPairs, heldOutPairs })
  const kept = ranked.slice(0, count).map(({ unit }) => unit)
  const directions = kept.map((unit): Direction => firstOf(unit, seed))
  const rows = pairRows(source, pairs)
  const signs = new Map<Direction, Int8Array>()
  await eachDirection(source, directions, (matrix, direction) => {
    const scores = cosinesOfDraws(matrix, direction, rows, { seed, draws })
    signs.set(
      direction,
      Int8Array.from(scores, (draw) => (draw.reduce((sum, score) => sum + Math.sign(score), 0) < 0 ? -1 : 1)),
    )
  })
  const band = {
    seed,
    signs: directions.map((direction) => [...signs.get(direction)!]),
    directions: directions.map((direction) => ({
      ...direction,
      values: direction.values.map((value) => value * signs.get(direction)![0]!),
    })),
  }
  const [first] = await scoresOfDraws(source, pairs, band)
  return randomProbe({
    ...band,
    calibrator: fitAntisymmetric(first!),
    summary: `random directions at ${kept.length} of ${units.length} ${on}, sign from the source, the first of ${draws} draws`,
  })
}

interface Band {
  readonly seed: number
  /** Sign of each draw at each direction's place. */
  readonly signs: readonly (readonly number[])[]
  /** Those of the first draw, signed. */
  readonly directions: readonly Direction[]
}

function randomProbe({
  calibrator,
  summary,
  ...band
}: Band & { calibrator: Calibrator; summary: string }): FittedProbe {
  const { directions } = band
  const first = cosineProbe({ probe: "random-direction", directions, calibrator, summary })
  return {
    ...first,
    async scorePairs(target, pairs) {
      const draws = await scoresOfDraws(target, pairs, band)
      const logits = calibratedLogits(calibrator, draws[0]!)
      return { logits, probabilities: logits.map(sigmoid), draws }
    },
    record() {
      const record = first.record()
      return { ...record, fields: { ...record.fields, seed: band.seed, signs: band.signs } }
    },
  }
}

function restore(record: ProbeRecord): FittedProbe {
  const { seed, signs, summary, calibrator } = record.fields
  const directions = readDirections(record)
  const sound =
    Array.isArray(signs) &&
    signs.length === directions.length &&
    signs.every(
      (list) => Array.isArray(list) && list.length > 0 && list.every((sign) => sign === 1 || sign === -1),
    )
  if (!sound || !Number.isSafeInteger(seed)) {
    throw new LitmusError(
      "random-direction: expected a seed and the signs of its draws (fit the probe again)",
    )
  }
  return randomProbe({
    seed: seed as number,
    signs: signs as number[][],
    directions,
    calibrator: readCalibrator(calibrator),
    summary: summary as string,
  })
}

/** Of every draw: mean over the places of cos(better − worse, direction), `[draws][nPairs]`. */
async function scoresOfDraws(
  target: ActivationSet,
  pairs: readonly Pair[],
  { seed, signs, directions }: Band,
): Promise<Float64Array[]> {
  const draws = signs[0]!.length
  const rows = pairRows(target, pairs)
  const scores = Array.from({ length: draws }, () => new Float64Array(pairs.length))
  const signsOf = new Map(directions.map((direction, i) => [direction, signs[i]!]))
  await eachDirection(target, directions, (matrix, direction) => {
    cosinesOfDraws(matrix, direction, rows, { seed, draws }).forEach((cosines, draw) => {
      const factor = signsOf.get(direction)![draw]! / directions.length
      cosines.forEach((cosine, i) => (scores[draw]![i]! += factor * cosine))
    })
  })
  return scores
}

/** cos(better − worse, direction) of every draw at one place, unsigned; a zero difference counts 0. */
function cosinesOfDraws(
  { data, width: stride }: { readonly data: Float32Array; readonly width: number },
  place: Direction,
  rows: readonly PairRows[],
  { seed, draws }: { seed: number; draws: number },
): Float64Array[] {
  const { begin, values } = place
  const drawn = Array.from({ length: draws }, (_, draw) => {
    const direction = directionOf(place, values.length, seed, draw)
    const norm = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0))
    return direction.map((value) => value / norm)
  })
  const scores = drawn.map(() => new Float64Array(rows.length))
  const difference = new Float64Array(values.length)
  rows.forEach(([better, worse], i) => {
    let squares = 0
    for (let j = 0; j < difference.length; j++) {
      const value = data[better * stride + begin + j]! - data[worse * stride + begin + j]!
      difference[j] = value
      squares += value * value
    }
    if (squares === 0) return
    const norm = Math.sqrt(squares)
    drawn.forEach((direction, draw) => {
      let product = 0
      for (let j = 0; j < difference.length; j++) product += difference[j]! * direction[j]!
      scores[draw]![i] = product / norm
    })
  })
  return scores
}

function firstOf(unit: Unit, seed: number): Direction {
  const place = { ...unit, values: new Float32Array() }
  return { ...placeOf(place), values: directionOf(place, unit.width, seed, 0) }
}

function directionOf({ site, head }: Direction, width: number, seed: number, draw: number): Float32Array {
  const { normal } = random(seed, "random direction", site, head ?? -1, draw)
  return Float32Array.from({ length: width }, normal)
}
