// Directions of other people's code on the same activations: shared/golden/probes (400 pairs, 96 dimensions).

import { beforeAll, describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { principalDirection } from "../../probes/lat.ts"
import { discriminant, fitLda } from "../../probes/lda.ts"
import type { WeightedDirection } from "../../probes/contract/linear-probe.ts"
import { fitLogisticRegression } from "../../probes/logistic-regression.ts"
import { fitMassMean } from "../../probes/mass-mean.ts"
import { setOf } from "../support/activations.ts"
import { readTensors } from "../support/matrices.ts"
import { cosine, maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"

const width = 96
const one = { on: "resid.0", k: 1, seed: 0 }

describe.skipIf(!hasShared).each(["main", "hard"])(`%s${needsShared}`, (name) => {
  let xPos: number[]
  let xNeg: number[]
  let y: number[]
  let source: ActivationSet
  const golden = async (tensor: string): Promise<number[]> =>
    (await readTensors(shared("golden", "probes", name, "goldens.safetensors"), [tensor]))[0]!

  beforeAll(async () => {
    const path = shared("golden", "probes", name, "data.safetensors")
    ;[xPos, xNeg, y] = (await readTensors(path, ["x_pos", "x_neg", "y"])) as [number[], number[], number[]]
    const rows = y.flatMap((label, i) => {
      const [pos, neg] = [xPos, xNeg].map((x) => x.slice(i * width, (i + 1) * width))
      return label === 1 ? [pos!, neg!] : [neg!, pos!]
    })
    source = setOf({ sites: { "resid.0": Float32Array.from(rows.flat()) }, nRows: 800 })
  })

  // All are one matrix away from float32 inputs: measured 1 − cos ≤ 3e-12.
  it("mass-mean: RepE's cluster means (dim) and geometry-of-truth's MMProbe (mm)", async () => {
    const { directions } = await fitMassMean(source, one)
    for (const tensor of ["dim.direction", "mm.direction"]) {
      expect(cosine(directions[0]!.values, await golden(tensor))).toBeGreaterThan(1 - 1e-9)
    }
    // Not only the direction: MMProbe does not normalise.
    expect(maxAbsDifference(directions[0]!.values, await golden("mm.direction"))).toBeLessThan(1e-5)
  })

  it("lda: MMProbe's pinv(Σ) · direction, in float64", async () => {
    for (const cut of [
      { atol: 1e-3, rtol: 0 },
      { atol: 0, rtol: 1e-6 },
    ]) {
      const { directions } = await fitLda(source, { ...one, ...cut, shrinkage: 0 })
      const expected = await golden("mm.iid_direction_f64")
      expect(cosine(directions[0]!.values, expected)).toBeGreaterThan(1 - 1e-9)
      expect(relativeDifference(directions[0]!.values, expected)).toBeLessThan(1e-6)
    }
  })

  it("lda: MMProbe with fewer samples (60) than dimensions, through the inner products of the samples", async () => {
    const [index, labels] = [await golden("mm_lowrank.index"), await golden("acts_labels")]
    const acts = (i: number): number[] =>
      i < 400 ? xPos.slice(i * width, (i + 1) * width) : xNeg.slice((i - 400) * width, (i - 399) * width)
    // Which true sample is paired with which false one has no bearing on class means and covariance.
    const side = (label: number): number[] => index.filter((i) => labels[i] === label)
    const [better, worse] = [side(1), side(0)]
    const data = Float32Array.from(better.flatMap((i, k) => [...acts(i), ...acts(worse[k]!)]))
    const rows = better.map((_, k): [number, number] => [2 * k, 2 * k + 1])
    const unit = { site: "resid.0", begin: 0, width }
    const found = discriminant({ atol: 1e-3, rtol: 0, shrinkage: 0 })(
      { data, nRows: 60, width },
      unit,
      rows,
      {},
    )
    // The golden is float32 throughout.
    expect(cosine(found.values, await golden("mm_lowrank.iid_direction"))).toBeGreaterThan(1 - 1e-5)
  })

  it("lr: scikit-learn's optimum (newton-cholesky, tol 1e-12): weights, intercept, decisions", async () => {
    const { directions, scoreResponses } = await fitLogisticRegression(source, {
      ...one,
      features: "responses",
      c: 1,
    })
    const [coefficients, intercept] = [
      await golden("lr.converged.coef"),
      await golden("lr.converged.intercept"),
    ]
    expect(relativeDifference(directions[0]!.values, coefficients)).toBeLessThan(1e-6)
    const { offset } = directions[0] as WeightedDirection
    expect(Math.abs(-offset / intercept[0]! - 1)).toBeLessThan(1e-6)
    const decisions = await golden("lr.converged.decision")
    const expected = y.flatMap((label, i) => {
      const [pos, neg] = [decisions[i]!, decisions[400 + i]!]
      return label === 1 ? [pos, neg] : [neg, pos]
    })
    expect(relativeDifference(await scoreResponses(source), expected)).toBeLessThan(1e-6)
  })

  it.each(["random_order", "true_first"])("lat: RepE's PCARepReader, %s, with its sign", async (order) => {
    const firstIsTrue = await golden(`lat.${order}.first_is_true`)
    const [direction, sign] = [await golden(`lat.${order}.direction`), await golden(`lat.${order}.sign`)]
    const [better] = [await source.matrix("resid.0")]
    const differences = Float64Array.from({ length: 400 * width }, (_, i) => {
      const at = 2 * Math.floor(i / width) * width + (i % width)
      return better.data[at]! - better.data[at + width]!
    })
    const flips = Int8Array.from(firstIsTrue, (first) => (first ? 1 : -1))
    const { values } = principalDirection(differences, width, flips)
    expect(cosine(values, direction) * sign[0]!).toBeGreaterThan(1 - 1e-6)
  })
})

/** Largest difference over the largest value. */
function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return maxAbsDifference(a, b) / Math.max(...Array.from(b, Math.abs))
}
