// The probes that are trained on labelled responses by gradient: attention over tokens, and a hidden layer.

import { beforeAll, describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { attention } from "../../probes/attention.ts"
import { fitLogistic } from "../../probes/math/logistic.ts"
import { mlp } from "../../probes/mlp.ts"
import type { FittedProbe, Probe } from "../../probes/contract/probe.ts"
import { responseTokens } from "../../probes/fit/response-tokens.ts"
import { loadProbe, saveProbe } from "../../probes/store.ts"
import { ShapeError } from "../../src/base/errors.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { pairsOf, swapped, transformed } from "../support/activations.ts"
import { makeTokenWorld, makeXorWorld, shuffledRows } from "../support/contrasts.ts"
import { setOfRows } from "../support/activations.ts"
import { bytesOf, provenance, scaled } from "../support/fitted.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { temporaryFolder } from "../support/temporary.ts"

const forms = [
  { probe: attention as Probe, make: makeTokenWorld, needs: { kind: "all" } },
  { probe: mlp as Probe, make: makeXorWorld, needs: { kind: "last" } },
]
// Fewer than the defaults: what is promised here does not depend on them.
const quick: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  attention: { starts: 2 },
  mlp: { starts: 2, epochs: 200 },
}

const fitWith = (
  probe: Probe,
  source: ActivationSet,
  { seed = 0, ...given }: Record<string, unknown> & { seed?: number } = {},
): Promise<FittedProbe> => {
  const options = resolveOptions(probe.name, probe.options, { ...quick[probe.name], ...given })
  return probe.fit(source, { ...options, seed })
}

const accuracyOn = async (target: ActivationSet, fitted: FittedProbe): Promise<number> =>
  pairAccuracy((await fitted.scorePairs(target, pairsOf(target))).logits)

describe.each(forms)("$probe.name", ({ probe, make, needs }) => {
  const source = make({ seed: 1 })
  const target = make({ seed: 2 })
  const pairs = pairsOf(target)
  let fitted: FittedProbe

  beforeAll(async () => {
    fitted = await fitWith(probe, source)
  })

  it("fits to the same bytes from the same seed, whatever the order of the rows", async () => {
    const again = await fitWith(probe, await shuffledRows(source, 3))
    expect(bytesOf(again)).toBe(bytesOf(fitted))
  })

  it("flips the sign of a logit when the responses are swapped", async () => {
    const asked = await fitted.scorePairs(target, pairs)
    const other = await fitted.scorePairs(target, swapped(pairs))
    expect(other.logits.every((logit, i) => logit === -asked.logits[i]!)).toBe(true)
  })

  // Features are standardised first; float32 products, logits below 30, hundreds of steps.
  it("gives nearly the same probabilities when all activations are four times as large", async () => {
    const plain = await fitted.scorePairs(target, pairs)
    const other = await (
      await fitWith(probe, await scaled(source, 4))
    ).scorePairs(await scaled(target, 4), pairs)
    expect(maxAbsDifference(other.probabilities, plain.probabilities)).toBeLessThan(1e-3)
  })

  it("comes back from a folder with the same scores", async () => {
    const folder = temporaryFolder()
    await saveProbe(folder, fitted, { ...provenance, options: resolveOptions(probe.name, probe.options) })
    const read = await loadProbe(folder)
    expect(read.needs).toEqual({ stimulus: "plain", positions: needs, sites: ["final"] })
    expect([...(await read.probe.scorePairs(target, pairs)).logits]).toEqual([
      ...(await fitted.scorePairs(target, pairs)).logits,
    ])
    expect(bytesOf(read.probe)).toBe(bytesOf(fitted))
  })

  it("gives every pair the probability ½ where nothing varies", async () => {
    const constant = await transformed(source, (data) => data.map(() => 7))
    const { probabilities } = await (await fitWith(probe, constant)).scorePairs(constant, pairsOf(constant))
    expect(probabilities.every((p) => p === 0.5)).toBe(true)
  })

  it("has finite scores on as few as two prompts", async () => {
    const small = make({ seed: 1, nPairs: 2 })
    const { logits } = await (await fitWith(probe, small)).scorePairs(target, pairs)
    expect(logits.every(Number.isFinite)).toBe(true)
  })

  it("refuses to fit on an activation that is not a number, and does not hide one when it scores", async () => {
    const spoil = (set: ActivationSet): Promise<ActivationSet> =>
      transformed(set, (data, width) => {
        const row = set.rowsOf(1, 0).at(-1)!
        return data.map((value, i) => (i === row * width + 5 ? Number.NaN : value))
      })
    await expect(fitWith(probe, await spoil(source))).rejects.toThrow(
      `${probe.name}: expected finite features, got NaN in row `,
    )
    const { logits } = await fitted.scorePairs(await spoil(target), pairs)
    expect(Number.isNaN(logits[1])).toBe(true)
  })

  it("refuses a narrower model, more than one site and one that is not there", async () => {
    const narrow = await transformed(target, (data, width) => data.filter((_, i) => i % width < 4))
    await expect(fitted.scorePairs(narrow, pairs)).rejects.toThrow(ShapeError)
    await expect(fitWith(probe, source, { on: "resid.1" })).rejects.toThrow(
      `${probe.name}: expected activations at resid.1 sites, got none`,
    )
  })

  it("refuses a pair one of whose responses has no activations", async () => {
    const incomplete: ActivationSet = {
      ...target,
      rowsOf: (example, response) => (response === 1 ? [] : target.rowsOf(example, response)),
    }
    await expect(fitted.scorePairs(incomplete, pairs)).rejects.toThrow(
      "example 0: responses 0 and 1 do not both have activations",
    )
  })
})

describe("the starts of a probe that is trained by gradient", () => {
  const [source, target] = [makeTokenWorld({ seed: 3, nPairs: 60 }), makeTokenWorld({ seed: 4, nPairs: 60 })]

  it.each([attention, mlp].map((probe) => probe as Probe))(
    "$name keeps the one of least held-out loss, and reports what the others came to",
    async (probe) => {
      const set = probe.name === "attention" ? source : makeXorWorld({ seed: 3, nPairs: 60 })
      const fitted = await fitWith(probe, set, { starts: 4 })
      const { report } = fitted.record().fields as {
        report: { best: number; starts: { loss: number; accuracy: number; agreement: number }[] }
      }
      const { best, starts } = report
      expect(starts).toHaveLength(4)
      expect(best).toBe(starts.findIndex(({ loss }) => loss === Math.min(...starts.map((one) => one.loss))))
      expect(starts[best]!.agreement).toBe(1)
      expect(new Set(starts.map(({ loss }) => loss)).size).toBe(4)
      const others = starts
        .filter((_, k) => k !== best)
        .map(({ accuracy }) => accuracy.toFixed(3))
        .sort()
      expect(fitted.summary).toContain(
        `best of 4 starts by held-out loss: ${starts[best]!.loss.toFixed(4)} (others to `,
      )
      expect(fitted.summary).toContain(
        `accuracy on held-out prompts of the source ${starts[best]!.accuracy.toFixed(3)} (others ${others[0]} … ${others.at(-1)}), which agree with it on `,
      )
    },
  )

  it("does not depend on how many others are trained beside it", async () => {
    const scoresOf = async (starts: number): Promise<{ best: number; losses: number[] }> => {
      const { report } = (await fitWith(attention, source, { starts })).record().fields as {
        report: { best: number; starts: { loss: number }[] }
      }
      return { best: report.best, losses: report.starts.map(({ loss }) => loss) }
    }
    const [two, five] = [await scoresOf(2), await scoresOf(5)]
    // Float32 products, summed in another order.
    expect(maxAbsDifference(two.losses, five.losses.slice(0, 2))).toBeLessThan(1e-3)
  })

  it("says that it has not converged where the steps do not suffice", async () => {
    expect((await fitWith(attention, source, { iterations: 3 })).summary).toMatch(
      /after 3 steps, not converged$/,
    )
    expect((await fitWith(attention, source)).summary).toMatch(/after \d+ steps$/)
    expect(await accuracyOn(target, await fitWith(attention, source))).toBeGreaterThan(0.5)
  })
})

describe("attention", () => {
  it("finds one token among others that speak as loudly, where a mean over tokens does not", async () => {
    const [source, target] = [makeTokenWorld({ seed: 1 }), makeTokenWorld({ seed: 2 })]
    // Measured over worlds 1 to 6: .99 and more.
    expect(await accuracyOn(target, await fitWith(attention, source))).toBeGreaterThan(0.95)
    // With a penalty that keeps the query at 0 it is the mean over tokens.
    const mean = await meanOverTokens(source, target)
    expect(mean).toBeLessThan(0.9)
  })

  it("reads the response's tokens alone: the prompt may be anything", async () => {
    const [source, target] = [
      makeTokenWorld({ seed: 1, nPairs: 60 }),
      makeTokenWorld({ seed: 2, nPairs: 60 }),
    ]
    const fitted = await fitWith(attention, source)
    const other = await transformed(target, (data, width) =>
      data.map((value, i) => (target.rows.position[Math.floor(i / width)]! < 2 ? 100 : value)),
    )
    expect([...(await fitted.scorePairs(other, pairsOf(other))).logits]).toEqual([
      ...(await fitted.scorePairs(target, pairsOf(target))).logits,
    ])
  })

  it("reads a response from its example's start on; one without a token of its own by its last token", async () => {
    const rows = [0, 1].flatMap((response) =>
      [0, 1, 2].map((position) => ({ example: 0, response, variant: "plain", position })),
    )
    const tokensFrom = async (start: number): Promise<number[][]> =>
      await responseTokens(
        setOfRows(rows, { final: new Float32Array(6) }, { start }),
        [0, 1].map((response) => ({ example: 0, response })),
      )
    expect(await tokensFrom(0)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(await tokensFrom(1)).toEqual([
      [1, 2],
      [4, 5],
    ])
    expect(await tokensFrom(3)).toEqual([[2], [5]])
  })
})

describe("mlp", () => {
  it("finds that two features agree, which no direction tells, beside a louder one", async () => {
    const [source, target] = [makeXorWorld({ seed: 1 }), makeXorWorld({ seed: 2 })]
    expect(await accuracyOn(target, await fitWith(mlp, source))).toBeGreaterThan(0.95)
    expect(Math.abs((await linearAccuracy(source, target)) - 0.5)).toBeLessThan(0.1)
  })

  it("starts elsewhere from another seed", async () => {
    const source = makeXorWorld({ seed: 1, nPairs: 40 })
    const [a, b] = [await fitWith(mlp, source), await fitWith(mlp, source, { seed: 1 })]
    expect(bytesOf(a)).not.toBe(bytesOf(b))
  })
})

async function linearAccuracy(source: ActivationSet, target: ActivationSet): Promise<number> {
  const { data, width, nRows } = await source.matrix("final")
  const rows = Array.from({ length: nRows }, (_, row) => row)
  const { weights } = fitLogistic({ data, stride: width, begin: 0, width, rows }, source.rows.label)
  const other = (await target.matrix("final")).data
  return pairAccuracy(
    pairsOf(target).map((_, k) =>
      weights.reduce(
        (sum, weight, j) => sum + weight * (other[2 * k * width + j]! - other[(2 * k + 1) * width + j]!),
        0,
      ),
    ),
  )
}

async function meanOverTokens(source: ActivationSet, target: ActivationSet): Promise<number> {
  const averaged = async (set: ActivationSet): Promise<{ x: Float64Array; width: number }> => {
    const { data, width } = await set.matrix("final")
    const responses = set.distribution.examples.flatMap((_, example) => [
      set.rowsOf(example, 0),
      set.rowsOf(example, 1),
    ])
    const x = new Float64Array(responses.length * width)
    responses.forEach((rows, i) => {
      const own = rows.slice(2)
      for (const row of own)
        for (let j = 0; j < width; j++) x[i * width + j]! += data[row * width + j]! / own.length
    })
    return { x, width }
  }
  const { x, width } = await averaged(source)
  const rows = Array.from({ length: x.length / width }, (_, row) => row)
  const labels = rows.map((row) => 1 - (row % 2))
  const { weights } = fitLogistic({ data: x, stride: width, begin: 0, width, rows }, labels)
  const { x: other } = await averaged(target)
  return pairAccuracy(
    pairsOf(target).map((_, k) =>
      weights.reduce(
        (sum, weight, j) => sum + weight * (other[2 * k * width + j]! - other[(2 * k + 1) * width + j]!),
        0,
      ),
    ),
  )
}
