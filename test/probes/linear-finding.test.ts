// What the linear probes find, each where its paper says that it does and where that it does not: a planted truth and a
// distractor that is louder, varies within both classes alike, and overlaps with the truth or not.

import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { FittedProbe } from "../../probes/contract/probe.ts"
import { fitRandomDirection } from "../../probes/random-direction.ts"
import { findProbe } from "../../probes/registry.ts"
import { fitResponseLength } from "../../probes/response-length.ts"
import { evaluateScores } from "../../src/benchmark/evaluate.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { random } from "../../src/base/random.ts"
import { makeWorld, pairsOf, setOf, transformed } from "../support/activations.ts"
import { makeContrastWorld, truthOf } from "../support/contrasts.ts"
import { cosine } from "../support/numbers.ts"

const width = 32

interface Planted {
  readonly truth?: number
  readonly loud?: number
  /** Cosine of the distractor with the truth. */
  readonly overlap?: number
}

/** 400 pairs: column 0 is the truth, the distractor lies in columns 0 and 1, noise of deviation 1 everywhere. */
function planted(seed: number, { truth = 2, loud = 5, overlap = 0 }: Planted = {}): ActivationSet {
  const { normal } = random(seed, "planted")
  const data = new Float32Array(800 * width)
  for (let row = 0; row < 800; row++) {
    const distractor = loud * normal()
    for (let j = 0; j < width; j++) data[row * width + j] = normal()
    data[row * width]! += (row % 2 ? -truth : truth) / 2 + overlap * distractor
    data[row * width + 1]! += Math.sqrt(1 - overlap ** 2) * distractor
  }
  return setOf({ sites: { "resid.0": data }, nRows: 800, id: `planted ${seed}` })
}

function fit(
  name: string,
  source: ActivationSet,
  given: Readonly<Record<string, unknown>>,
): Promise<FittedProbe> {
  const probe = findProbe(name)
  return probe.fit(source, { ...resolveOptions(name, probe.options, given), seed: 0 })
}

async function accuracyOn(target: ActivationSet, fitted: FittedProbe): Promise<number> {
  return pairAccuracy((await fitted.scorePairs(target, pairsOf(target))).logits)
}

const truthOfPlanted = Array.from({ length: width }, (_, j) => (j === 0 ? 1 : 0))

// Along the truth a pair differs by 2 ± 1.4: at best 92 %. One standard error is 1.3 points.
describe("beside a louder distractor (deviation 5) at right angles to the truth", () => {
  const [source, target] = [planted(1), planted(11)]

  // Measured on three worlds: mass-mean .797 … .910 (what little of the distractor is in the means is loud), others
  // .905 … .938.
  it.each([
    ["mass-mean", {}, 0.75, 0.93],
    ["lda", {}, 0.87, 0.93],
    ["lda", { shrinkage: 0.1 }, 0.87, 0.93],
    ["lr", {}, 0.87, 0.93],
    ["lr", { features: "differences" }, 0.87, 0.88],
    ["ttpd", { polarity: "none" }, 0.75, 0.93],
  ] as const)("%s %j finds the truth", async (name, given, accuracy, least) => {
    const fitted = await fit(name, source, { ...given, on: "resid.0" })
    expect(await accuracyOn(target, fitted)).toBeGreaterThan(accuracy)
    expect(cosine(fitted.directions[0]!.values, truthOfPlanted)).toBeGreaterThan(least)
  })

  it("lat finds the distractor: it is what differs most within pairs", async () => {
    const { directions } = await fit("lat", source, { on: "resid.0" })
    expect(Math.abs(directions[0]!.values[1]!)).toBeGreaterThan(0.98)
  })
})

describe("beside a louder distractor that overlaps with the truth (cosine 0.6)", () => {
  const [source, target] = [planted(1, { overlap: 0.6 }), planted(11, { overlap: 0.6 })]

  // Measured on three worlds: mass-mean .657 … .745, the others .850 … .887.
  it("mass-mean points at the truth and is drowned by the distractor", async () => {
    const fitted = await fit("mass-mean", source, { on: "resid.0" })
    expect(cosine(fitted.directions[0]!.values, truthOfPlanted)).toBeGreaterThan(0.93)
    expect(await accuracyOn(target, fitted)).toBeLessThan(0.78)
  })

  it.each([
    ["lda", {}],
    ["lda", { shrinkage: 0.1 }],
    ["lr", {}],
    ["lr", { features: "differences" }],
  ])("%s %j turns away from the distractor", async (name, given) => {
    expect(await accuracyOn(target, await fit(name, source, { ...given, on: "resid.0" }))).toBeGreaterThan(
      0.82,
    )
  })

  it("lda with shrinkage 1 is mass-mean", async () => {
    const [one, other] = [
      await fit("lda", source, { on: "resid.0", shrinkage: 1 }),
      await fit("mass-mean", source, { on: "resid.0" }),
    ]
    expect(cosine(one.directions[0]!.values, other.directions[0]!.values)).toBeGreaterThan(1 - 1e-9)
  })
})

describe("lat", () => {
  const world: Planted = { truth: 4, loud: 1 }
  const [source, target] = [planted(1, world), planted(11, world)]

  it("finds the truth where that is what differs most within pairs", async () => {
    const fitted = await fit("lat", source, { on: "resid.0" })
    // Measured on three worlds: .998 and more.
    expect(await accuracyOn(target, fitted)).toBeGreaterThan(0.97)
    expect(cosine(fitted.directions[0]!.values, truthOfPlanted)).toBeGreaterThan(0.98)
  })

  it("loses it with the better response always first and the mean subtracted, not without the mean", async () => {
    const centred = await fit("lat", source, { on: "resid.0", order: "better-first" })
    expect(Math.abs(cosine(centred.directions[0]!.values, truthOfPlanted))).toBeLessThan(0.5)
    const raw = await fit("lat", source, { on: "resid.0", order: "better-first", centre: false })
    expect(cosine(raw.directions[0]!.values, truthOfPlanted)).toBeGreaterThan(0.98)
  })

  it("takes its sign from the labels: the other way round, the other direction", async () => {
    const turned = await transformed(source, (data) =>
      data.map((_, i) => data[(Math.floor(i / width) ^ 1) * width + (i % width)]!),
    )
    const [one, other] = [
      await fit("lat", source, { on: "resid.0" }),
      await fit("lat", turned, { on: "resid.0" }),
    ]
    expect(cosine(one.directions[0]!.values, other.directions[0]!.values)).toBeLessThan(-1 + 1e-6)
  })
})

describe("on Yes and No", () => {
  const world = { nPairs: 300, truth: 2, distractor: 6 }
  const [source, target] = [
    makeContrastWorld({ seed: 1, ...world }),
    makeContrastWorld({ seed: 11, ...world }),
  ]

  // Measured on three worlds: .967 … .980; cosine cra .98, ttpd .90.
  it.each([
    ["cra", 0.95],
    ["ttpd", 0.85],
  ])("%s finds the truth; what both endings share cancels", async (name, least) => {
    const fitted = await fit(name, source, { on: "resid.1" })
    expect(await accuracyOn(target, fitted)).toBeGreaterThan(0.94)
    expect(cosine(fitted.directions[0]!.values, truthOf("resid.1", 24))).toBeGreaterThan(least)
    expect(await fitted.scoreResponses(target)).toHaveLength(target.rows.example.length)
  })

  it("cra with alpha 0 reads Yes alone, distractor and all", async () => {
    const fitted = await fit("cra", source, { on: "resid.1", alpha: 0 })
    // Measured on three worlds: .690 … .867.
    expect(await accuracyOn(target, fitted)).toBeLessThan(0.92)
  })

  it("refuse plain activations", async () => {
    for (const name of ["cra", "ttpd"]) {
      const plain = makeWorld({ seed: 1 })
      const asked = {
        ...plain,
        rowsOf: (of: number, which: number, variant = "plain") =>
          variant === "plain" ? plain.rowsOf(of, which) : [],
      }
      await expect(fit(name, asked, { on: "resid.1" })).rejects.toThrow(
        "world 1 train: expected the variants yes and no of each response, got plain",
      )
    }
  })
})

describe("controls", () => {
  const [source, target] = [planted(1, { truth: 4, loud: 0 }), planted(11, { truth: 4, loud: 0 })]

  it("shuffled labels are at chance on a target where the probe itself is not, and say what was memorised", async () => {
    // Each draw is one direction near chance: over twelve targets turned by coin their mean is within a standard error.
    const accuracies: number[] = []
    for (let seed = 0; seed < 12; seed++) {
      const probe = findProbe("shuffled-labels")
      const fitted = await probe.fit(source, {
        ...resolveOptions(probe.name, probe.options, { of: "mass-mean" }),
        seed,
      })
      accuracies.push(await accuracyOn(target, fitted))
      expect(fitted.summary).toMatch(
        /^mass-mean on shuffled labels, the first of 20 draws, of which it fits \d\d\.\d %; 1 of 1 layers/,
      )
    }
    const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / 12
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.35)
    expect(Math.max(...accuracies)).toBeLessThan(await accuracyOn(target, await fit("mass-mean", source, {})))
  })

  it("shuffled labels make a band of refitted draws that the probe itself lies outside of, and come back from a record", async () => {
    const probe = findProbe("shuffled-labels")
    const given = { ...resolveOptions(probe.name, probe.options, { of: "mass-mean", draws: 25 }), seed: 0 }
    const fitted = await probe.fit(source, given)
    const pairs = pairsOf(target)
    const { logits, draws } = await fitted.scorePairs(target, pairs)
    expect(draws).toHaveLength(25)
    expect(draws![0]).toEqual(logits)
    // Other coins, other directions.
    expect(new Set(draws!.map((scores) => scores[0])).size).toBe(25)
    const accuracies = draws!.map(pairAccuracy).sort((a, b) => a - b)
    expect(await accuracyOn(target, await fit("mass-mean", source, {}))).toBeGreaterThan(accuracies.at(-1)!)
    const restored = await probe.restore(fitted.record()).scorePairs(target, pairs)
    expect(restored).toEqual(await fitted.scorePairs(target, pairs))
  })

  it("reads shuffled labels of a single draw, as 0.1 saved them", async () => {
    const probe = findProbe("shuffled-labels")
    const given = { ...resolveOptions(probe.name, probe.options, { of: "mass-mean", draws: 1 }), seed: 0 }
    const fitted = await probe.fit(source, given)
    const { fields, tensors } = fitted.record()
    const [inner] = fields.draws as Record<string, unknown>[]
    const old = {
      probe: probe.name,
      fields: { of: fields.of, summary: fields.summary, inner },
      tensors: new Map([...tensors].map(([name, tensor]) => [name.replace(/^0\./, ""), tensor])),
    }
    const pairs = pairsOf(target)
    expect((await probe.restore(old).scorePairs(target, pairs)).logits).toEqual(
      (await fitted.scorePairs(target, pairs)).logits,
    )
  })

  it("random directions: the first of the draws is scored, and an evaluation has the band of all", async () => {
    const fitted = await fitRandomDirection(source, { on: "resid.0", k: 1, draws: 50, seed: 0 })
    const pairs = pairsOf(target)
    const { logits, probabilities, draws } = await fitted.scorePairs(target, pairs)
    expect(draws).toHaveLength(50)
    expect(pairAccuracy(draws![0]!)).toBe(pairAccuracy(logits))
    const { nullBand, accuracy } = evaluateScores(
      target.distribution,
      { pairs, logits, probabilities, draws: draws! },
      { asked: pairs.length },
    )
    expect(nullBand!.draws).toBe(50)
    // A random direction of 32 dimensions has a cosine of about 0.18 with the truth, and its sign is known.
    expect(nullBand!.low).toBeGreaterThan(0.4)
    expect(nullBand!.low).toBeLessThan(accuracy.estimate + 1e-12)
    expect(nullBand!.high).toBeGreaterThan(0.6)
    expect(nullBand!.high).toBeLessThan(0.95)
    expect(new Set(draws!.map(pairAccuracy)).size).toBeGreaterThan(10)
  })

  it("random directions come back from their record with all draws", async () => {
    const fitted = await fitRandomDirection(source, { on: "resid.0", k: 1, draws: 5, seed: 3 })
    const restored = findProbe("random-direction").restore(fitted.record())
    const [one, other] = [
      await fitted.scorePairs(target, pairsOf(target)),
      await restored.scorePairs(target, pairsOf(target)),
    ]
    expect(other.draws).toEqual(one.draws)
    expect(other.logits).toEqual(one.logits)
  })

  it("response length learns its sign from the source, and prefers neither where lengths are equal", async () => {
    const lengths = (better: string, worse: string): ActivationSet => ({
      ...source,
      distribution: {
        ...source.distribution,
        examples: source.distribution.examples.map((example) => ({
          ...example,
          responses: [
            { text: better, label: 1 as const },
            { text: worse, label: 0 as const },
          ],
        })),
      },
    })
    const short = await fitResponseLength(lengths("no", "certainly"), { seed: 0 })
    expect(await accuracyOn(lengths("a", "aa"), short)).toBe(1)
    expect(await accuracyOn(lengths("aa", "a"), short)).toBe(0)
    expect(short.summary).toBe(
      "prefers the shorter response: the better one is longer in 0.0 % of the source's pairs",
    )
    const neither = await fitResponseLength(lengths("yes", "not"), { seed: 0 })
    expect(await accuracyOn(lengths("a", "aa"), neither)).toBe(0.5)
    // Code points, as chooseLonger has it: an emoji is one.
    expect(await accuracyOn(lengths("😀", "a"), short)).toBe(0.5)
  })
})
