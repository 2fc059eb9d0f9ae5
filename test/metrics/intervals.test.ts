import { describe, expect, test } from "vitest"
import {
  bootstrapDifference,
  bootstrapMean,
  bootstrapStatistic,
  percentileInterval,
} from "../../src/metrics/intervals.ts"
import { resampleMeans } from "../../src/metrics/resample.ts"
import { random } from "../../src/base/random.ts"

const stream = random(8)
const nItems = 600
const ownCluster = Array.from({ length: nItems }, (_, i) => i)
const coins = ownCluster.map(() => stream.integer(2))
const others = ownCluster.map(() => stream.integer(2))
const threes = ownCluster.map((i) => `prompt ${Math.floor(i / 3)}`)

function width(interval: { low: number; high: number }): number {
  return interval.high - interval.low
}

describe("the width", () => {
  test("of the interval of a mean of independent items is that of the normal approximation", () => {
    const { estimate, low, high } = bootstrapMean(coins, ownCluster, { nResamples: 10_000 })
    const error = Math.sqrt((estimate * (1 - estimate)) / nItems)
    // 10 000 resamples: a percentile is off by about .03 standard errors; .12 is four of them.
    expect(Math.abs(high - (estimate + 1.96 * error))).toBeLessThan(0.12 * error)
    expect(Math.abs(low - (estimate - 1.96 * error))).toBeLessThan(0.12 * error)
  })

  test("grows by √3 where clusters of three share their value", () => {
    const shared = ownCluster.map((i) => coins[Math.floor(i / 3)]!)
    const byCluster = width(bootstrapMean(shared, threes, { nResamples: 10_000 }))
    const byItem = width(bootstrapMean(shared, ownCluster, { nResamples: 10_000 }))
    expect(byCluster / byItem).toBeGreaterThan(0.94 * Math.sqrt(3))
    expect(byCluster / byItem).toBeLessThan(1.06 * Math.sqrt(3))
  })

  test("grows with the level and is 0 where all values are equal", () => {
    const at = (level: number): number => width(bootstrapMean(coins, threes, { level }))
    expect(at(0.5)).toBeLessThan(at(0.9))
    expect(at(0.9)).toBeLessThan(at(0.99))
    expect(
      bootstrapMean(
        coins.map(() => 0.5),
        threes,
      ),
    ).toMatchObject({ estimate: 0.5, low: 0.5, high: 0.5 })
  })
})

describe("the draws", () => {
  test("equal a plain resampling of whole clusters, written out", () => {
    const values = [1, 2, 3, 4, 5, 6, 7]
    const clusters = ["b", "a", "b", "c", "c", "c", "a"]
    const members = [
      [1, 6],
      [0, 2],
      [3, 4, 5],
    ] // a, b, c
    const { draws, means } = resampleMeans([values], clusters, { seed: 3, minClusters: 0, nResamples: 50 })
    const numbers = random(3, "bootstrap")
    const expected = Array.from({ length: 50 }, () => {
      const drawn = Array.from({ length: 3 }, () => members[numbers.integer(3)]!).flat()
      return drawn.reduce((sum, i) => sum + values[i]!, 0) / drawn.length
    })
    expect(means[0]).toBe(4)
    expect([...draws[0]!]).toEqual(expected)
  })

  test("are the same for the same seed and labels and differ for others", () => {
    const first = bootstrapMean(coins, threes, { seed: 1, labels: ["math"] })
    expect(bootstrapMean(coins, threes, { seed: 1, labels: ["math"] })).toEqual(first)
    expect(bootstrapMean(coins, threes, { seed: 2, labels: ["math"] }).low).not.toBe(first.low)
    const draws = (label: string): number[] => [
      ...resampleMeans([coins], threes, { labels: [label] }).draws[0]!,
    ]
    expect(draws("code")).not.toEqual(draws("math"))
  })

  test("do not depend on the order of the items, nor on the type of the lists", () => {
    const order = random(9).shuffle([...ownCluster])
    const shuffled = bootstrapMean(
      Float32Array.from(order, (i) => coins[i]!),
      order.map((i) => threes[i]!),
    )
    expect(shuffled).toEqual(bootstrapMean(coins, threes))
  })

  test("of columns, and of separate calls on the same items, are joint", () => {
    const joint = resampleMeans([coins, others], threes)
    const alone = resampleMeans([others], threes)
    expect(joint.draws[1]).toEqual(alone.draws[0])
  })
})

describe("the difference of two interventions", () => {
  test("has a narrower interval where they err on the same items", () => {
    const nearly = coins.map((outcome, i) => (i % 20 === 0 ? 1 - outcome : outcome))
    const paired = bootstrapDifference(coins, nearly, threes)
    const alone = bootstrapMean(coins, threes)
    expect(width(paired)).toBeLessThan(0.7 * width(alone))
  })

  test("is that of the means, and changes sign when they change places", () => {
    const difference = bootstrapDifference(coins, others, threes)
    const back = bootstrapDifference(others, coins, threes)
    expect(difference.estimate).toBe(
      bootstrapMean(coins, threes).estimate - bootstrapMean(others, threes).estimate,
    )
    expect(back.low).toBeCloseTo(-difference.high, 12)
    expect(back.high).toBeCloseTo(-difference.low, 12)
  })

  test("of an intervention from itself is 0 for certain", () => {
    expect(bootstrapDifference(coins, coins, threes)).toMatchObject({ estimate: 0, low: 0, high: 0 })
  })
})

describe("what was drawn", () => {
  test("is clusters from 30 distinct ones on", () => {
    const clusters = ownCluster.map((i) => i % 30)
    const interval = bootstrapMean(coins, clusters)
    expect(interval).toMatchObject({
      unit: "cluster",
      nItems: 600,
      nClusters: 30,
      nResamples: 2000,
      level: 0.95,
    })
    expect(interval).not.toHaveProperty("note")
  })

  test("is items below that, as the note says", () => {
    const interval = bootstrapMean(
      coins,
      ownCluster.map((i) => i % 29),
    )
    expect(interval).toMatchObject({
      unit: "item",
      nClusters: 29,
      note: "items resampled: 29 distinct clusters, fewer than 30",
    })
    expect(interval).toMatchObject({ low: bootstrapMean(coins, ownCluster).low })
    expect(
      bootstrapMean(
        coins,
        coins.map(() => "one prompt"),
      ).note,
    ).toBe("items resampled: 1 distinct cluster, fewer than 30")
  })

  test("is clusters however few, where minClusters allows it", () => {
    const interval = bootstrapMean(
      coins,
      ownCluster.map((i) => i % 5),
      { minClusters: 1 },
    )
    expect(interval).toMatchObject({
      unit: "cluster",
      note: "only 5 clusters: the interval is a rough guide",
    })
  })

  test("of a single item is said to allow no interval", () => {
    expect(bootstrapMean([1], ["a"]).note).toBe("one item: no interval can be estimated")
  })
})

describe("a statistic of several means", () => {
  test("is resampled jointly: a constant ratio has no spread", () => {
    const tripled = coins.map((value) => 3 * value + 3)
    const plain = coins.map((value) => value + 1)
    const ratio = bootstrapStatistic([tripled, plain], threes, ([a, b]) => a! / b!)
    expect(ratio.estimate).toBe(3)
    expect(width(ratio)).toBeLessThan(1e-12)
  })

  test("leaves out resamples in which it is not finite and counts them in the note", () => {
    // One item of 40 has capability 1: it is missing from (39/40)^40 = 36 % of the resamples.
    const rare = Array.from({ length: 40 }, (_, i) => (i === 0 ? 1 : 0))
    const interval = bootstrapStatistic(
      [rare.map(() => 1), rare],
      ownCluster.slice(0, 40),
      ([a, c]) => a! / c!,
    )
    const leftOut = Number(/^(\d+) of 2000 resamples left out: not finite$/.exec(interval.note ?? "")?.[1])
    expect(leftOut / 2000).toBeGreaterThan(0.32)
    expect(leftOut / 2000).toBeLessThan(0.41)
    expect(Number.isFinite(interval.high)).toBe(true)
  })

  test("is refused where it is not finite for the sample itself", () => {
    expect(() =>
      bootstrapStatistic(
        [
          [1, 1],
          [0, 0],
        ],
        [0, 1],
        ([a, c]) => a! / c!,
      ),
    ).toThrow("statistic: expected a finite number, got Infinity")
  })
})

// NumPy 2.4.6: numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [2.5, 97.5]) and [10, 90]
test("percentiles lie between order statistics as NumPy's do", () => {
  const { low, high } = percentileInterval([3, 1, 4, 1, 5, 9, 2, 6])
  expect(low).toBeCloseTo(1, 12)
  expect(high).toBeCloseTo(8.475, 12)
  expect(percentileInterval([3, 1, 4, 1, 5, 9, 2, 6], 0.8).high).toBeCloseTo(6.9, 12)
  expect(percentileInterval([7])).toEqual({ low: 7, high: 7 })
})

test("values, clusters and options that do not fit are refused with what was expected", () => {
  expect(() => bootstrapMean([1, 2], ["a"])).toThrow("values: expected as many values as clusters (1), got 2")
  expect(() => bootstrapMean([], [])).toThrow("values: expected at least one value, got none")
  expect(() => bootstrapMean([1, Number.NaN], [0, 1])).toThrow(
    "values: expected finite numbers, got NaN at index 1",
  )
  expect(() => bootstrapMean([1, 2], [0, Number.NaN])).toThrow(
    "clusters: expected texts or numbers, got NaN at index 1",
  )
  expect(() => bootstrapMean([1], [0], { level: Number.NaN })).toThrow(
    "level: expected a number between 0 and 1, got NaN",
  )
  expect(() => bootstrapMean([1], [0], { level: 95 })).toThrow(
    "level: expected a number between 0 and 1, got 95",
  )
  expect(() => bootstrapMean([1], [0], { nResamples: 0 })).toThrow(
    "nResamples: expected an integer of at least 1, got 0",
  )
  expect(() => bootstrapMean([1], [0], { minClusters: Number.NaN })).toThrow(
    "minClusters: expected an integer of at least 0, got NaN",
  )
  expect(() => bootstrapMean([1], [0], { seed: 0.5 })).toThrow("seed: expected an integer, got 0.5")
  expect(() => bootstrapDifference([1, 2], [1], [0, 1])).toThrow(
    "values of the first intervention: expected as many values as the second's (1), got 2",
  )
  expect(() => resampleMeans([], [0])).toThrow("resampleMeans: expected at least one column, got none")
  expect(() => percentileInterval([Infinity])).toThrow(
    "resampled values: expected finite numbers, got Infinity at index 0",
  )
})
