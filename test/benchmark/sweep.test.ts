// Sweeps and comparisons of directions, on worlds in memory (support/activations.ts) in place of a model.

import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Direction } from "../../probes/contract/probe.ts"
import { findProbe } from "../../probes/registry.ts"
import type { SavedProbe } from "../../probes/store.ts"
import { compareDirections } from "../../src/benchmark/compare-directions.ts"
import { sweepSuite } from "../../src/benchmark/sweep-suite.ts"
import { sweep } from "../../src/benchmark/sweep.ts"
import type { Workbench } from "../../src/benchmark/workbench/workbench.ts"
import type { Shift } from "../../src/data/index.ts"
import { UnusableDataError } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"
import { makeWorld, setOf } from "../support/activations.ts"

/** A workbench that has these sets, by the id and the split of their distributions. */
function benchOf(sets: Readonly<Record<string, ActivationSet>>): Workbench {
  const bench: Pick<Workbench, "seed" | "distribution" | "activations"> & { model: { fingerprint: string } } =
    {
      model: { fingerprint: "m" },
      seed: 0,
      distribution: async (id, split) => ({ ...sets[`${id} ${split}`]!.distribution, id, split }),
      activations: async ({ id, split }) => sets[`${id} ${split}`]!,
    }
  return bench as unknown as Workbench
}

describe("sweep", () => {
  const bench = benchOf({
    "a train": makeWorld({ seed: 1 }),
    "a test": makeWorld({ seed: 2 }),
    "b test": makeWorld({ seed: 3 }),
  })

  it("fits at each layer alone, and finds out which ones know", async () => {
    const done: number[] = []
    const points = await sweep(bench, findProbe("mass-mean"), {
      source: "a",
      target: "b",
      on: "resid",
      onProgress: (fits) => done.push(fits),
    })
    expect(points.map(({ unit }) => unit)).toEqual(["resid.0", "resid.1", "resid.2", "resid.3"])
    // Layer 0 is noise: ½ within three standard errors of 200 pairs. The others hold the truth twice, at 92 % each.
    expect(Math.abs(points[0]!.source.estimate - 0.5)).toBeLessThan(0.11)
    for (const { source, target } of points.slice(1)) {
      expect(source.estimate).toBeGreaterThan(0.9)
      expect(target!.estimate).toBeGreaterThan(0.9)
    }
    expect(done).toEqual([1, 2, 3, 4])
  })

  it("over a suite gives what each shift alone does, and names those of which nothing fits", async () => {
    const other = benchOf({
      "a train": makeWorld({ seed: 1 }),
      "a test": makeWorld({ seed: 2 }),
      "b train": makeWorld({ seed: 4 }),
      "b test": makeWorld({ seed: 3 }),
    })
    const shift = (source: string, target: string): Shift => ({ source, target, targetReference: target })
    const asked = ["mass-mean", "lat"].map((name) => ({ probe: findProbe(name), options: {} }))
    const refusing: Workbench = {
      ...other,
      distribution: async (id, split) =>
        id === "long"
          ? { ...(await other.distribution("a", split)), id }
          : await other.distribution(id, split),
      activations: async (of, needs) => {
        if (of.id === "long") throw new UnusableDataError("long test: no example fits")
        return await other.activations(of, needs)
      },
    }
    const shifts = [shift("a", "b"), shift("a", "long"), shift("b", "a")]
    const { sweeps, skipped } = await sweepSuite(refusing, asked, shifts, { on: "resid" })
    expect(sweeps.map(({ probe, source, target }) => `${probe} ${source} ${target}`)).toEqual([
      "mass-mean a b",
      "lat a b",
      "mass-mean b a",
      "lat b a",
    ])
    expect(skipped).toEqual([{ source: "a", target: "long", reason: "long test: no example fits" }])
    const alone = await sweep(other, findProbe("lat"), { source: "b", target: "a", on: "resid" })
    expect(sweeps[3]!.points).toEqual(alone)
  })

  it("sweeps heads, some of them, and without a target", async () => {
    const points = await sweep(bench, findProbe("lr"), { source: "a", on: "heads.0,heads.2#1" })
    expect(points.map(({ unit }) => unit)).toEqual(["heads.0#0", "heads.0#1", "heads.2#1"])
    expect(points.map(({ target }) => target)).toEqual([null, null, null])
  })

  it("is the fit with that option `on`, whatever k was", async () => {
    const probe = findProbe("lda")
    const what = { source: "a", on: "resid.2" }
    const one = await sweep(bench, probe, what)
    expect(await sweep(bench, probe, { ...what, options: { k: 3, on: "resid.3" } })).toEqual(one)
    expect(await sweep(bench, probe, { ...what, options: { shrinkage: 1 } })).not.toEqual(one)
  })

  it("refuses a probe that has no choice of where to read, and an unknown option", async () => {
    await expect(sweep(bench, findProbe("response-length"), { source: "a" })).rejects.toThrow(
      'sweep: response-length does not read at one layer or head of several (it has no option "on")',
    )
    await expect(sweep(bench, findProbe("lda"), { source: "a", options: { colour: 1 } })).rejects.toThrow(
      'unknown option of lda "colour"',
    )
  })
})

describe("compareDirections", () => {
  // Two columns of deviations 10 and 1 about a mean that is far away: Σ = diag(100, 1), nearly.
  const { normal } = random(0, "directions")
  const nRows = 20000
  const data = Float32Array.from({ length: 2 * nRows }, (_, i) => (i % 2 ? normal() : 10 * normal()) + 50)
  const bench = benchOf({ "a train": setOf({ sites: { "resid.0": data, "resid.1": data }, nRows }) })
  const saved = (...directions: [site: string, ...values: number[]][]): SavedProbe =>
    ({
      probe: {
        probe: "made",
        directions: directions.map(([site, ...values]): Direction => ({
          site,
          begin: 0,
          values: Float32Array.from(values),
        })),
      },
      needs: { stimulus: "plain", positions: { kind: "last" }, sites: ["resid"] },
      provenance: { model: "m", source: { id: "a" } },
    }) as unknown as SavedProbe

  it("gives cosines, and Mahalanobis cosines by the closed form", async () => {
    const { cosine, mahalanobis, places } = await compareDirections(bench, [
      saved(["resid.0", 1, 1]),
      saved(["resid.0", 1, -1]),
      saved(["resid.0", 0, -2]),
    ])
    expect(places).toEqual([
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ])
    expect(cosine[0]![1]).toBeCloseTo(0, 12)
    expect(cosine[0]![2]).toBeCloseTo(-Math.SQRT1_2, 7)
    // (100 − 1) / (100 + 1), and −1 / √101; 20 000 samples leave 1e-2.
    expect(mahalanobis[0]![1]).toBeCloseTo(99 / 101, 2)
    expect(Math.abs(mahalanobis[0]![2]! + 1 / Math.sqrt(101))).toBeLessThan(0.03)
    for (const matrix of [cosine, mahalanobis]) {
      for (const [i, row] of matrix.entries()) {
        expect(row[i]).toBeCloseTo(1, 12)
        row.forEach((value, j) => expect(value).toBe(matrix[j]![i]))
      }
    }
  })

  it("averages over the places that both have, and says where there are none", async () => {
    const { cosine, places } = await compareDirections(bench, [
      saved(["resid.0", 1, 0], ["resid.1", 1, 0]),
      saved(["resid.1", 0, 1], ["resid.0", 3, 0]),
      saved(["resid.1", 5, 0]),
    ])
    expect(places).toEqual([
      [2, 2, 1],
      [2, 2, 1],
      [1, 1, 1],
    ])
    expect(cosine[0]).toEqual([1, 0.5, 1])
    const apart = await compareDirections(bench, [saved(["resid.0", 1, 0]), saved(["resid.1", 1, 0])])
    expect(apart.cosine[0]![1]).toBeNull()
    expect(apart.mahalanobis[0]![1]).toBeNull()
  })

  it("compares plain cosines alone where the probes read another stimulus", async () => {
    const other = { ...saved(["resid.0", 1, 0]), needs: { ...saved().needs, stimulus: "lat-2" } }
    const { cosine, mahalanobis } = await compareDirections(bench, [saved(["resid.0", 1, 0]), other])
    expect(cosine[0]![1]).toBe(1)
    expect(mahalanobis[0]![1]).toBeNull()
  })

  it("refuses another model's probe, and one without directions", async () => {
    const foreign = {
      ...saved(["resid.0", 1, 0]),
      provenance: { model: "n", source: { id: "a" } },
    } as SavedProbe
    await expect(compareDirections(bench, [foreign])).rejects.toThrow(
      "directions: made was fitted on model n, not on m",
    )
    await expect(compareDirections(bench, [saved()])).rejects.toThrow("directions: made has no directions")
  })
})
