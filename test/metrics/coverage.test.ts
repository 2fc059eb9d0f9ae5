// Intervals by cluster: closed forms, what they must not do, and the edges. How often they hold the truth is measured by
// npm run bench -- coverage; its table is docs/coverage.md.

import { describe, expect, it } from "vitest"
import {
  accuracyInterval,
  auroc,
  aurocWithout,
  brierScore,
  calibrationInterval,
  clusteredMean,
  describeDifference,
  detectableDifference,
  jackknifeInterval,
  jackknifeOfSums,
  rmsCalibrationError,
  studentInterval,
  studentQuantile,
} from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"

describe("studentQuantile", () => {
  it.each([
    // Closed forms for one and two degrees of freedom; scipy.stats.t.ppf for the others.
    [0.975, 1, Math.tan(Math.PI * 0.475)],
    [0.975, 2, 4.302652729911275],
    [0.975, 5, 2.5705818366147395],
    [0.8, 30, 0.8537672614713756],
    [0.975, Infinity, 1.959963984540054],
    [0.025, 5, -2.5705818366147395],
  ])("of %f with %f degrees of freedom is %f", (p, df, expected) => {
    expect(studentQuantile(p, df)).toBeCloseTo(expected, 8)
  })
})

describe("clusteredMean", () => {
  it("is the textbook's where every cluster has one item", () => {
    const { mean, variance, df } = clusteredMean([1, 2, 3, 6], ["a", "b", "c", "d"])
    expect([mean, df]).toEqual([3, 3])
    // Sample variance 14 / 3, over 4.
    expect(variance).toBeCloseTo(14 / 12, 15)
  })

  it("is that of the cluster means where clusters are equally large", () => {
    const { variance, df } = clusteredMean([1, 3, 2, 2, 5, 7], [0, 0, 1, 1, 2, 2])
    // Means 2, 2, 6: variance 16 / 3, over 3.
    expect(variance).toBeCloseTo(16 / 9, 12)
    expect(df).toBeCloseTo(2, 12)
  })

  it("has fewer degrees of freedom where one cluster holds most items", () => {
    const clusters = [...Array.from({ length: 8 }, () => "big"), "a", "b", "c", "d", "e", "f", "g"]
    const { df } = clusteredMean(
      clusters.map((_, i) => i),
      clusters,
    )
    // Numerically: tr(A)² / tr(A²) of the matrices in clusters.ts.
    expect(df).toBeCloseTo(2.8, 9)
  })
})

describe("accuracyInterval", () => {
  const each = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

  it("is Wilson's for prompts of one pair", () => {
    const outcomes = each(40).map((i) => (i < 30 ? 1 : 0))
    const { low, high, estimate, unit } = accuracyInterval(outcomes, each(40))
    // statsmodels proportion_confint(30, 40, method="wilson")
    expect([estimate, unit]).toEqual([0.75, "cluster"])
    expect(low).toBeCloseTo(0.5981, 4)
    expect(high).toBeCloseTo(0.8581, 4)
  })

  it("is never empty: 0 of 40 and all of 40 are not certain", () => {
    const none = accuracyInterval(new Float64Array(40), each(40))
    expect([none.low, none.high].map((value) => value.toFixed(3))).toEqual(["0.000", "0.088"])
    const all = accuracyInterval(new Float64Array(40).fill(1), each(40))
    expect([all.low, all.high].map((value) => value.toFixed(3))).toEqual(["0.912", "1.000"])
  })

  it("is wider where pairs of a prompt are alike, and takes pairs for independent where all share one prompt", () => {
    const outcomes = each(60).map((i) => (Math.floor(i / 3) % 4 === 0 ? 0 : 1))
    const clustered = accuracyInterval(
      outcomes,
      each(60).map((i) => Math.floor(i / 3)),
    )
    const one = accuracyInterval(outcomes, new Uint8Array(60))
    expect(clustered.high - clustered.low).toBeGreaterThan(1.4 * (one.high - one.low))
    expect(one).toMatchObject({ unit: "item", nClusters: 1, effectiveItems: 60 })
  })

  it("does not depend on the order of the items", () => {
    const outcomes = [1, 0, 1, 1, 0, 1]
    const clusters = ["a", "a", "b", "b", "c", "d"]
    const reversed = accuracyInterval([...outcomes].reverse(), [...clusters].reverse())
    expect(reversed.low).toBeCloseTo(accuracyInterval(outcomes, clusters).low, 12)
  })
})

describe("jackknifeInterval", () => {
  it("of a mean is Student's interval over clusters", () => {
    const values = [1, 2, 4, 8, 3]
    const mean = (kept: Uint32Array): number => kept.reduce((sum, i) => sum + values[i]!, 0) / kept.length
    const clusters = ["a", "b", "c", "d", "e"]
    const expected = studentInterval(clusteredMean(values, clusters))!
    const found = jackknifeInterval(clusters, mean)!
    expect(found.low).toBeCloseTo(expected.low, 10)
    expect(found.high).toBeCloseTo(expected.high, 10)
  })

  it("of AUROC stays between 0 and 1, and is none where a class is missing", () => {
    const scores = [3, 1, 2, 0, 4, 2.5, 1.5, 1.7]
    const labels = [1, 0, 1, 0, 1, 0, 1, 0]
    const clusters = [0, 0, 1, 1, 2, 2, 3, 3]
    const area = (kept: Uint32Array): number | undefined =>
      auroc(
        Float64Array.from(kept, (i) => scores[i]!),
        Float64Array.from(kept, (i) => labels[i]!),
      )
    const ends = jackknifeInterval(clusters, area, { scale: "share" })!
    expect(ends.low > 0 && ends.high < 1).toBe(true)
    expect(jackknifeInterval(clusters, () => undefined)).toBeUndefined()
  })

  it("of a share is Wilson's with the items that have its variance, wider towards ½", () => {
    const outcomes = Array.from({ length: 40 }, (_, i) => (i < 30 ? 1 : 0))
    const mean = (kept: Uint32Array): number => kept.reduce((sum, i) => sum + outcomes[i]!, 0) / kept.length
    const { low, high } = jackknifeInterval([...outcomes.keys()], mean, { scale: "share" })!
    // p (1 − p) / 39 is the variance of 39 items; (p + k/2 ± t √(p (1 − p) / n + k / 4n)) / (1 + k) with k = t² / n.
    expect(high).toBeCloseTo(wilson(39)[1], 10)
    // (1 − p)² / variance = 13 wrong answers and .4 unseen ones, with design effects of 40/39 and 1.
    expect(low).toBeCloseTo(wilson(39)[0], 10)
    const turned = jackknifeInterval([...outcomes.keys()], (kept) => 1 - mean(kept), { scale: "share" })!
    expect(turned.low).toBeCloseTo(1 - high, 12)
    expect(turned.high).toBeCloseTo(1 - low, 12)
  })

  it("of a share whose prompts differ little among few errors is wider towards ½ alone", () => {
    // 20 prompts with p = .95 and .97 in turn: variance 1e-4 / 19, design effect 20 · variance / (.96 · .04) = .0027.
    const values = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.95 : 0.97))
    const mean = (kept: Uint32Array): number => kept.reduce((sum, i) => sum + values[i]!, 0) / kept.length
    const { low, high } = jackknifeInterval([...values.keys()], mean, { scale: "share" })!
    const variance = 1e-4 / 19
    const evidence = 0.04 ** 2 / variance
    const observed = (20 * variance) / (0.96 * 0.04)
    const drawn = (evidence * observed + 0.4) / (evidence + 0.4)
    expect(high).toBeCloseTo(wilson(20 / observed, 0.96, 2.093024054408263)[1], 10)
    expect(low).toBeCloseTo(wilson(20 / drawn, 0.96, 2.093024054408263)[0], 10)
    expect(0.96 - low).toBeGreaterThan(high - 0.96)
  })

  it("of an AUROC of 1 is Wilson's for as many items as there are prompts, not none", () => {
    const scores = Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? 1 : 0))
    const clusters = scores.map((_, i) => i >> 1)
    const area = (kept: Uint32Array): number | undefined =>
      auroc(
        Float64Array.from(kept, (i) => scores[i]!),
        Float64Array.from(kept, (i) => scores[i]!),
      )
    const ends = jackknifeInterval(clusters, area, { scale: "share" })!
    // n / (n + t²) with n = 40 and t = 2.0227, Student's of 39 degrees of freedom.
    expect(ends.low).toBeCloseTo(40 / (40 + 2.022690920036762 ** 2), 6)
    expect(ends.high).toBe(1)
  })

  it("of an AUROC that is 1 without one of the prompts is not none", () => {
    const positive = [5, 6, 7, 8, 0.5]
    const scores = [...positive, 0, 1, 2, 3, 4]
    const labels = scores.map((_, i) => (i < 5 ? 1 : 0))
    const area = (kept: Uint32Array): number | undefined =>
      auroc(
        Float64Array.from(kept, (i) => scores[i]!),
        Float64Array.from(kept, (i) => labels[i]!),
      )
    const clusters = scores.map((_, i) => i % 5)
    const ends = jackknifeInterval(clusters, area, { scale: "share" })!
    expect(ends.low).toBeGreaterThan(0)
    expect(ends.low).toBeLessThan(area(Uint32Array.from(scores.keys()))!)
    expect(ends.high).toBeLessThanOrEqual(1)
  })
})

describe("what may be said of a difference", () => {
  it("comes from its interval", () => {
    expect(describeDifference(0.032, { low: 0.011, high: 0.053 })).toBe("3.2 points more (1.1 to 5.3)")
    expect(describeDifference(-0.032, { low: -0.053, high: -0.011 })).toBe("3.2 points less (-5.3 to -1.1)")
    expect(describeDifference(0.032, { low: -0.01, high: 0.074 })).toBe(
      "no difference shown (-1.0 to 7.4 points)",
    )
    expect(describeDifference(0.032, undefined)).toBe(
      "3.2 points, from too little to say whether it is chance",
    )
  })

  it("has a size that could have been shown: 2.8 standard errors with many prompts", () => {
    expect(detectableDifference({ variance: 0.0004, df: Infinity })).toBeCloseTo(0.02 * 2.8016, 5)
    expect(detectableDifference({ variance: 0, df: 3 })).toBeUndefined()
  })
})

describe("leaving clusters out by their sums", () => {
  const { normal, integer } = random(3, "jackknife")
  const clusters = Array.from({ length: 120 }, () => integer(17))
  const logits = clusters.map(() => Math.round(2 * normal()) / 2 + 0.5)
  const probabilities = logits.map((logit) => 1 / (1 + Math.exp(-logit)))
  const labels = clusters.map(() => integer(2))

  it("gives the areas that computing each anew gives, ties included", () => {
    const anew = Array.from({ length: 17 }, (_, g) => {
      const kept = clusters.flatMap((cluster, i) => (cluster === g ? [] : [i]))
      return auroc(
        kept.map((i) => logits[i]!),
        kept.map((i) => labels[i]!),
      )!
    })
    const fast = aurocWithout(logits, labels, clusters, 17)
    fast.forEach((area, g) => expect(area).toBeCloseTo(anew[g]!, 12))
  })

  it("gives the interval of a Brier score that computing each anew gives", () => {
    const slow = jackknifeInterval(
      clusters,
      (kept) => brierScore(Array.from(kept, (i) => probabilities[i]!)),
      { scale: "share" },
    )!
    const squares = probabilities.map((p) => (1 - p) ** 2)
    const ones = squares.map(() => 1)
    const fast = jackknifeOfSums(clusters, [squares, ones], ([sum, n]) => sum! / n!, { scale: "share" })!
    expect(fast.low).toBeCloseTo(slow.low, 10)
    expect(fast.high).toBeCloseTo(slow.high, 10)
  })
})

describe("calibrationInterval", () => {
  const { normal, integer, uniform } = random(4, "calibration")
  const clusters = Array.from({ length: 120 }, () => integer(17))
  const probabilities = clusters.map(() => 1 / (1 + Math.exp(-normal() / 3 - 1)))

  it("solves its equation, with each cluster left out and flipped anew", () => {
    const squared = (p: readonly number[]): number => rmsCalibrationError(p) ** 2
    const where = (keep: (cluster: number) => boolean): number[] =>
      probabilities.filter((_, i) => keep(clusters[i]!))
    const whole = squared(probabilities)
    const without = Array.from({ length: 17 }, (_, g) => squared(where((cluster) => cluster !== g)))
    const mean = without.reduce((a, b) => a + b, 0) / 17
    const bias = 16 * (mean - whole)
    // A pair that is flipped stays in its bins, with the other outcome.
    const flipped = Array.from({ length: 17 }, (_, g) => {
      const { sizes, errors } = binsOf(
        [...probabilities],
        where((cluster) => cluster === g),
      )
      return (
        (errors.reduce((sum, error, bin) => sum + (sizes[bin] ? error ** 2 / sizes[bin] : 0), 0) /
          sizes.reduce((a, b) => a + b) -
          whole) **
        2
      )
    })
    const ofWithout = (16 / 17) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    const ofFlipped = flipped.reduce((a, b) => a + b, 0) / 17
    const estimate = whole - bias
    const { low, high } = calibrationInterval(probabilities, clusters)!
    for (const { x, unseen, weight } of [
      { x: low ** 2, unseen: 0.4, weight: 0.6 },
      { x: high ** 2, unseen: 1, weight: 0.4 },
    ]) {
      const at = (1 - weight) * estimate + weight * x
      const variance = ((ofWithout + unseen * ofFlipped) * (bias + 2 * at)) / (bias + 2 * estimate)
      expect((x - estimate) ** 2).toBeCloseTo(studentQuantile(0.975, 16) ** 2 * variance, 10)
    }
    expect(low).toBeLessThan(Math.sqrt(estimate))
    expect(high).toBeGreaterThan(Math.sqrt(estimate))
  })

  it("is not empty where all pairs are right with one probability", () => {
    const n = 40
    const { low, high } = calibrationInterval(
      new Float64Array(n).fill(0.9),
      Array.from({ length: n }, (_, i) => i),
    )!
    // S = .01. One flipped pair makes it ((.9 − .1 n) / (n + 1))². The variance is .4 or 1 of the square of the difference,
    // and (x − S)² = t² · variance · (S + .6 (x − S)) / S below, with .4 above.
    const ofFlipped = (((0.9 - 0.1 * n) / (n + 1)) ** 2 - 0.01) ** 2
    const square = 2.022690920036762 ** 2 * ofFlipped
    const root = (sign: number, unseen: number, weight: number): number => {
      const slope = (weight * unseen * square) / 0.01
      return 0.01 + slope / 2 + sign * Math.sqrt(unseen * square + slope ** 2 / 4)
    }
    expect(low).toBeCloseTo(Math.sqrt(root(-1, 0.4, 0.6)), 8)
    expect(high).toBeCloseTo(Math.sqrt(root(1, 1, 0.4)), 8)
  })

  it("starts at 0 where probabilities are right as often as they say", () => {
    const drawn = Array.from({ length: 60 }, () => {
      const logit = normal()
      return 1 / (1 + Math.exp(uniform() < 1 / (1 + Math.exp(-logit)) ? -logit : logit))
    })
    const singly = drawn.map((_, i) => i)
    expect(calibrationInterval(drawn, singly)!.low).toBe(0)
    expect(calibrationInterval(new Float64Array(9).fill(0.5), singly.slice(0, 9))).toEqual({
      low: 0,
      high: 0,
    })
  })

  it("does not depend on the order of the pairs, and needs three prompts", () => {
    const reversed = calibrationInterval([...probabilities].reverse(), [...clusters].reverse())!
    expect(reversed.high).toBeCloseTo(calibrationInterval(probabilities, clusters)!.high, 10)
    expect(calibrationInterval([0.5, 0.6, 0.7], ["a", "b", "b"])).toBeUndefined()
    expect(() => calibrationInterval([0.5], [])).toThrow("expected as many values as probabilities of pairs")
  })
})

/** Wilson's interval, t for 39 degrees of freedom unless given. */
function wilson(n: number, p = 0.75, t = 2.022690920036762): [number, number] {
  const k = t ** 2 / n
  const half = t * Math.sqrt((p * (1 - p)) / n + k / (4 * n))
  return [(p + k / 2 - half) / (1 + k), (p + k / 2 + half) / (1 + k)]
}

/** Sizes and errors of ten bins, pairs in both orders; those of `flipped` with the other outcome. */
function binsOf(
  probabilities: readonly number[],
  flipped: readonly number[],
): { sizes: number[]; errors: number[] } {
  const sizes = Array.from({ length: 10 }, () => 0)
  const errors = Array.from({ length: 10 }, () => 0)
  const items = [
    ...probabilities.flatMap((p) => [[p, p - 1] as const, [1 - p, 1 - p] as const]),
    ...flipped.flatMap((p) => [[p, p] as const, [1 - p, -p] as const]),
  ]
  for (const [p, error] of items) {
    sizes[Math.min(9, Math.floor(10 * p))]! += 1
    errors[Math.min(9, Math.floor(10 * p))]! += error
  }
  return { sizes, errors }
}
