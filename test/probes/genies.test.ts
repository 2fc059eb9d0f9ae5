// GENIES' own mms and lat_stim_1 on 120 pairs of random data in 96 columns, seen as 3 layers of 2 heads of 16 (mms) or
// as 3 layers of 32 (lat_stim): test/golden/probes-genies.json, made by
//   interventions/mms/train.py: get_com_directions, train_probes (LogisticRegression), get_top_heads, post_hoc_calibration
// at commit 22c8afb with scikit-learn 1.2.1 and torch 1.13.1. val_accs, top, directions, scores and probabilities follow.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { fitGenies, sigmoid, type Calibrator } from "../../probes/contract/calibrator.ts"
import { meanCosines } from "../../probes/contract/cosine-probe.ts"
import { massMeanShift, meanDifferences, unitsOf } from "../../probes/mass-mean-shift.ts"
import type { Direction } from "../../probes/contract/probe.ts"
import { rankUnits, type RankedUnit, type Unit } from "../../probes/fit/selection.ts"
import { columns, pairsOf, setOf } from "../support/activations.ts"
import { maxAbsDifference } from "../support/numbers.ts"

interface Golden {
  readonly train_idx: readonly number[]
  readonly val_idx: readonly number[]
  /** Of every unit. */
  readonly val_accs: readonly number[]
  readonly com_directions: readonly number[]
  /** Indices of the kept units: layer and head, or layer. */
  readonly top: readonly number[]
  /** Of the kept units, the best first. */
  readonly directions: readonly number[]
  readonly calibrator_coef_intercept: readonly [number, number]
  /** ½(1 + s) of the second response against the first; on odd pairs the better is the second. */
  readonly scores: readonly number[]
  /** P(the second response is the better). */
  readonly calibrated_probs: readonly number[]
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/probes-genies.json"), "utf8"),
) as { readonly x: string; readonly mms: Golden; readonly lat_stim: Golden }
const x = new Float32Array(new Uint8Array(Buffer.from(golden.x, "base64")).buffer)

const cases = [
  { name: "mms", on: "heads", nHeads: 2, dHead: 16, kept: 3, numbers: golden.mms },
  { name: "lat_stim", on: "resid", nHeads: 1, dHead: 32, kept: 2, numbers: golden.lat_stim },
] as const

describe.each(cases)("GENIES' $name", ({ on, nHeads, dHead, kept, numbers }) => {
  const { train_idx: train, val_idx: val } = numbers
  const layers = [0, 1, 2].map((layer) => columns(x, { stride: 96, begin: 32 * layer, width: 32 }))
  const sites = Object.fromEntries(layers.map((data, layer) => [`${on}.${layer}`, data]))
  // The release reads hidden states 0 … L − 1: the last of ours is there and must not be looked at.
  if (on === "resid") sites["resid.3"] = new Float32Array(240 * 32).fill(Number.NaN)
  const set: ActivationSet = setOf({ sites, nRows: 240, layout: { nHeads, dHead } })
  const units = unitsOf(set, on)

  let ranked: RankedUnit[]
  let best: Unit[]
  let directions: Direction[]
  let calibrator: Calibrator & { kind: "genies" }
  beforeAll(async () => {
    ranked = await rankUnits(set, units, {
      fitPairs: pairsOf(set, train),
      heldOutPairs: pairsOf(set, val),
    })
    best = ranked.slice(0, kept).map(({ unit }) => unit)
    directions = await meanDifferences(set, pairsOf(set, [...train, ...val]), best)
    calibrator = fitGenies(await meanCosines(set, pairsOf(set, val), directions)) as typeof calibrator
  })

  it("reaches the same validation accuracy at every unit", () => {
    const accuracies = units.map((unit) => ranked.find((candidate) => candidate.unit === unit)!.accuracy)
    expect(accuracies).toEqual(numbers.val_accs)
  })

  // mms: heads 0, 1 and 2 tie for the third place, which goes to the last of them.
  it("keeps the same units, ties going to the later one", () => {
    const places = best.map(({ site, head }) => [
      Number(site.split(".")[1]),
      ...(head === undefined ? [] : [head]),
    ])
    expect(places.flat()).toEqual(numbers.top)
  })

  // torch sums 120 float32 rows in float32, ours in float64: 1.6e-6 apart at values up to 0.9.
  it("takes the same directions, over training and validation pairs", async () => {
    const all = await meanDifferences(set, pairsOf(set), units)
    expect(
      maxAbsDifference(
        all.flatMap(({ values }) => [...values]),
        numbers.com_directions,
      ),
    ).toBeLessThan(5e-6)
    const found = directions.flatMap(({ values }) => [...values])
    expect(maxAbsDifference(found, numbers.directions)).toBeLessThan(5e-6)
  })

  const secondAgainstFirst = async (): Promise<number[]> => {
    const scores = await meanCosines(set, pairsOf(set), directions)
    return Array.from(scores, (score, i) => 0.5 * (1 + (i % 2 ? score : -score)))
  }

  // Cosines in float32 there: 2.7e-7 apart.
  it("scores pairs alike", async () => {
    expect(maxAbsDifference(await secondAgainstFirst(), numbers.scores)).toBeLessThan(1e-6)
  })

  // scikit-learn's lbfgs stops at a gradient of 1e-4, 5e-5 (relative) off the optimum that ours goes on to.
  it("fits the same calibrator, only nearer to the optimum", async () => {
    const [coefficient, intercept] = numbers.calibrator_coef_intercept
    expect(Math.abs(calibrator.coefficient / coefficient - 1)).toBeLessThan(2e-4)
    expect(Math.abs(calibrator.intercept / intercept - 1)).toBeLessThan(2e-4)
    const scores = await meanCosines(set, pairsOf(set, val), directions)
    const loss = (c: number, b: number): number =>
      scores.reduce((sum, score, i) => {
        const sign = i % 2 ? -1 : 1
        return sum + Math.log1p(Math.exp(-sign * (c * 0.5 * (1 + sign * score) + b)))
      }, 0)
    expect(loss(calibrator.coefficient, calibrator.intercept)).toBeLessThan(loss(coefficient, intercept))
  })

  // What the calibrator's difference comes to: 1.5e-5 at most.
  it("gives the same calibrated probabilities", async () => {
    const probabilities = (await secondAgainstFirst()).map((score) =>
      sigmoid(calibrator.coefficient * score + calibrator.intercept),
    )
    expect(maxAbsDifference(probabilities, numbers.calibrated_probs)).toBeLessThan(1e-4)
  })

  it("is what the whole probe keeps, but for a split of its own", async () => {
    const probe = await massMeanShift.fit(set, { on, k: units.length, calibrator: "genies", seed: 0 })
    const found = units.flatMap(({ site, begin }) => [
      ...probe.directions.find((direction) => direction.site === site && direction.begin === begin)!.values,
    ])
    expect(maxAbsDifference(found, numbers.com_directions)).toBeLessThan(5e-6)
    expect(probe.calibrator.kind).toBe("genies")
  })
})
