// What every probe promises, on activations made in memory (support/activations.ts: truth, distractor and noise).

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { FittedProbe, Probe } from "../../probes/contract/probe.ts"
import { massMeanShift } from "../../probes/mass-mean-shift.ts"
import { randomDirection } from "../../probes/random-direction.ts"
import { probes } from "../../probes/registry.ts"
import { LitmusError, ShapeError } from "../../src/base/errors.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { makeWorld, pairsOf, setOf, swapped, transformed } from "../support/activations.ts"
import { makeContrastWorld, shuffledRows } from "../support/contrasts.ts"
import { bytesOf } from "../support/fitted.ts"
import { maxAbsDifference } from "../support/numbers.ts"

// Probes that read several rows a response, or are trained by steps, have these tests in files of their own.
const elsewhere = new Map([
  ["contrast-probes.test.ts", ["ccs", "ccs-leaky", "crc-tpc", "vinc"]],
  ["cluster-norm.test.ts", ["cluster-norm"]],
  ["trained-probes.test.ts", ["attention", "mlp"]],
  // Reads no activations at all.
  ["linear-finding.test.ts", ["response-length"]],
])
const here = probes.filter(({ name }) => ![...elsewhere.values()].flat().includes(name))

/** Every probe with its defaults, and in the forms that change what it promises. */
const forms: readonly { form: string; probe: Probe; given: Readonly<Record<string, unknown>> }[] = [
  // The world of contrasts has no heads, which cra reads by default.
  ...here.map((probe) => ({ form: probe.name, probe, given: probe.name === "cra" ? { on: "resid.1" } : {} })),
  ...[massMeanShift, randomDirection].map((probe) => ({
    form: `${probe.name} on resid`,
    probe: probe as Probe,
    given: { on: "resid" },
  })),
  { form: "mms with GENIES' calibrator", probe: massMeanShift, given: { calibrator: "genies" } },
]

// Whose logits know the scale of the activations: the penalty of a logistic regression is on raw weights.
const knowScale = ["lr", "shuffled-labels", "mean-embedding"]

it("covers every probe, here or in the file that is named", () => {
  for (const [file, names] of elsewhere) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8")
    for (const name of names) {
      expect(probes.map((probe) => probe.name)).toContain(name)
      expect(text).toContain(name)
    }
  }
  expect(here.length + [...elsewhere.values()].flat().length).toBe(probes.length)
})

describe.each(forms)("$form", ({ probe, given }) => {
  const options = resolveOptions(probe.name, probe.options, given)
  const fit = (source: ActivationSet, seed = 0): Promise<FittedProbe> =>
    probe.fit(source, { ...options, seed })
  const readsContrasts = probe.needs(options).stimulus === "yes-no"
  const world = (seed: number): ActivationSet =>
    readsContrasts
      ? makeContrastWorld({ seed, nPairs: 200, truth: 2, distractor: 3 })
      : makeWorld({ seed, distractor: 3 })
  const source = world(1)
  const target = world(2)
  const pairs = pairsOf(target)
  const hasIntercept = "calibrator" in given && given.calibrator === "genies"

  it("fits to the same bytes from the same seed", async () => {
    expect(bytesOf(await fit(source))).toBe(bytesOf(await fit(world(1))))
  })

  it("does not depend on the order of the matrices' rows", async () => {
    const moved = await shuffledRows(source, 4)
    const set = { ...moved, layout: source.layout }
    const [plain, other] = [await fit(source), await fit(set)]
    expect(bytesOf(other)).toBe(bytesOf(plain))
    expect(await other.scorePairs(set, pairsOf(set))).toEqual(await plain.scorePairs(source, pairsOf(source)))
    const [alone, again] = [await plain.scoreResponses(source), await other.scoreResponses(set)]
    for (const [row, score] of again.entries()) {
      const { example, response, variant } = set.rows
      expect(score).toBe(alone[source.rowsOf(example[row]!, response[row]!, variant[row])[0]!])
    }
  })

  it("flips the sign of a logit when the responses are swapped, unless its calibrator has an intercept", async () => {
    const fitted = await fit(source)
    const asked = await fitted.scorePairs(target, pairs)
    const other = await fitted.scorePairs(target, swapped(pairs))
    expect(other.logits.every((logit, i) => logit === -asked.logits[i]!)).toBe(!hasIntercept)
    const sums = other.probabilities.map((p, i) => p + asked.probabilities[i]!)
    // Two roundings of float64 numbers below 1.
    expect(maxAbsDifference(sums, new Float64Array(pairs.length).fill(1)) < 1e-15).toBe(!hasIntercept)
  })

  // Cosines do not know lengths. Float32 activations times 3 are rounded, by 6e-8 relative; logits are below 20.
  it.skipIf(knowScale.includes(probe.name))(
    "gives the same logits when all activations are three times as large",
    async () => {
      const triple = (set: ActivationSet): Promise<ActivationSet> =>
        transformed(set, (data) => data.map((value) => value * 3))
      const plain = await (await fit(source)).scorePairs(target, pairs)
      const other = await (await fit(await triple(source))).scorePairs(await triple(target), pairs)
      expect(maxAbsDifference(other.logits, plain.logits)).toBeLessThan(1e-4)
    },
  )

  it("gives probabilities on the logits' side of ½", async () => {
    const { logits, probabilities } = await (await fit(source)).scorePairs(target, pairs)
    expect(logits.some((logit) => logit > 0) && logits.some((logit) => logit < 0)).toBe(true)
    expect(probabilities.every((p, i) => p > 0 && p < 1 && p > 0.5 === logits[i]! > 0)).toBe(true)
  })

  it("names the sites that it reads, among those that it asks for", async () => {
    const fitted = await fit(source)
    const kinds = probe.needs(options).sites
    expect(fitted.probe).toBe(probe.name)
    expect(fitted.sites.length).toBeGreaterThan(0)
    expect(
      fitted.sites.every((site) => kinds.some((kind) => kind === site || kind === site.split(".")[0])),
    ).toBe(true)
    // A null band reads the sites of all its draws, and shows the directions of the first.
    const shown = new Set(fitted.directions.map(({ site }) => site))
    const read =
      probe.name === "shuffled-labels" ? fitted.sites.filter((site) => shown.has(site)) : fitted.sites
    expect(shown).toEqual(new Set(read))
  })

  it("scores a target of another size than its source, and no pair at all", async () => {
    const fitted = await fit(source)
    const small = readsContrasts
      ? makeContrastWorld({ seed: 3, nPairs: 3 })
      : makeWorld({ seed: 3, nPairs: 3 })
    expect((await fitted.scorePairs(small, pairsOf(small))).logits).toHaveLength(3)
    expect((await fitted.scorePairs(small, [])).logits).toHaveLength(0)
    expect(await fitted.scoreResponses(small)).toHaveLength(small.rows.example.length)
  })

  it("has finite scores with fewer samples than dimensions", async () => {
    const wide = (seed: number): ActivationSet =>
      readsContrasts
        ? makeContrastWorld({ seed, nPairs: 6, width: 80 })
        : makeWorld({ seed, nPairs: 6, dHead: 40 })
    const fitted = await fit(wide(1))
    const other = wide(2)
    expect((await fitted.scorePairs(other, pairsOf(other))).logits.every(Number.isFinite)).toBe(true)
  })

  it("has finite scores where some features, or all, are constant", async () => {
    const some = await transformed(source, (data, width) =>
      data.map((value, i) => (i % width < 3 ? 7 : value)),
    )
    expect((await (await fit(some)).scorePairs(some, pairs)).logits.every(Number.isFinite)).toBe(true)
    const all = await transformed(source, (data) => data.map(() => 7))
    const { logits } = await (await fit(all)).scorePairs(all, pairs)
    expect(logits.every(Number.isFinite)).toBe(true)
  })

  it("gives identical responses the probability ½ and the accuracy ½, unless its calibrator has an intercept", async () => {
    const { example, response, variant } = target.rows
    const twin = Array.from(response, (r, row) =>
      r === 1 ? target.rowsOf(example[row]!, 0, variant[row])[0]! : row,
    )
    const tied = await transformed(target, (data, width) =>
      data.map((_, i) => data[twin[Math.floor(i / width)]! * width + (i % width)]!),
    )
    const { logits, probabilities } = await (await fit(source)).scorePairs(tied, pairs)
    // With an intercept, one and the same answer for all: not ½, unless by chance.
    expect(new Set(probabilities).size).toBe(1)
    expect(probabilities[0] === 0.5 && pairAccuracy(logits) === 0.5).toBe(!hasIntercept)
  })

  it("refuses to fit on an activation that is not a number, and does not hide one when it scores", async () => {
    const spoil = (set: ActivationSet): Promise<ActivationSet> =>
      transformed(set, (data, width) =>
        data.map((value, i) => (i % (8 * width) < width ? Number.NaN : value)),
      )
    await expect(spoil(source).then(fit)).rejects.toThrow(
      /^[\w -]+: expected finite features, got NaN in row \d+, column \d+$/,
    )
    const { logits } = await (await fit(source)).scorePairs(await spoil(target), pairs)
    expect(() => pairAccuracy(logits)).toThrow(/^scores of pairs: expected numbers, got NaN at index \d+$/)
  })

  it("refuses a model that is narrower than the one it was fitted on", async () => {
    const fitted = await fit(source)
    const narrow = await transformed(target, (data, width) => data.filter((_, i) => i % width < 4))
    const scored = fitted.scorePairs(narrow, pairs)
    await expect(scored).rejects.toThrow(ShapeError)
    await expect(scored).rejects.toThrow(
      /^(heads|resid)\.\d: expected (at least )?(8|16|24) columns, got 4 \(the probe was fitted on another model\)$/,
    )
  })

  it("refuses a pair one of whose responses has no activations", async () => {
    const fitted = await fit(source)
    const rows = [
      { example: 0, response: 0 },
      { example: 1, response: 1 },
    ]
    const sites = Object.fromEntries(
      fitted.sites.map((site) => [site, new Float32Array(2 * source.widthOf(site))]),
    )
    const incomplete = setOf({ sites, rows, nRows: 2 })
    expect(incomplete.scorable(pairsOf(incomplete))).toEqual([])
    await expect(fitted.scorePairs(incomplete, pairsOf(incomplete))).rejects.toThrow(
      "made train, example 0: responses 0 and 1 do not both have activations",
    )
  })

  it("refuses a source with one prompt, however many examples it has", async () => {
    const one: ActivationSet = {
      ...source,
      distribution: {
        ...source.distribution,
        examples: source.distribution.examples.map((example) => ({ ...example, prompt: "Write!" })),
      },
    }
    await expect(fit(one)).rejects.toThrow(
      `${source.distribution.id} train: expected at least 2 distinct prompts with a usable pair to fit on, got 1 (200 examples)`,
    )
  })

  it.skipIf(hasIntercept)("fits on as few as two prompts", async () => {
    const two = readsContrasts ? makeContrastWorld({ seed: 5, nPairs: 2 }) : makeWorld({ seed: 5, nPairs: 2 })
    const { logits } = await (await fit(two)).scorePairs(target, pairs)
    expect(logits.every(Number.isFinite)).toBe(true)
  })

  it("refuses a source without the sites that it needs", async () => {
    const { data, nRows } = await source.matrix("resid.1")
    const other = {
      ...source,
      sites: ["mlp.0"],
      matrix: async () => ({ data, nRows, width: data.length / nRows }),
    }
    await expect(fit(other)).rejects.toThrow(/^unknown site "(heads|resid|resid\.[01])": known: mlp\.0$/)
  })

  it("lists its options when one is unknown, and says what one may be", () => {
    const known = Object.keys(probe.options)
    expect(() => resolveOptions(probe.name, probe.options, { colour: "red" })).toThrow(
      `unknown option of ${probe.name} "colour": known: ${known.join(", ")}`,
    )
    for (const name of known) {
      const given = (): unknown => resolveOptions(probe.name, probe.options, { [name]: "?" })
      expect(given).toThrow(LitmusError)
      expect(given).toThrow(`${probe.name}.${name}: expected `)
      expect(given).toThrow(/, got "\?"$/)
    }
  })
})

it("GENIES' calibrator asks for two validation pairs, which two prompts do not have", async () => {
  const options = resolveOptions("mms", massMeanShift.options, { calibrator: "genies" })
  await expect(massMeanShift.fit(makeWorld({ seed: 5, nPairs: 2 }), { ...options, seed: 0 })).rejects.toThrow(
    "genies calibrator: expected at least 2 validation pairs, got 1 (give more examples, or use the antisymmetric one)",
  )
})

describe.each(here.filter(({ options }) => "k" in options))("$name's k", (probe) => {
  const source = makeWorld({ seed: 1 })
  const fitWith = (given: Readonly<Record<string, unknown>>): Promise<FittedProbe> =>
    probe.fit(source, { ...resolveOptions(probe.name, probe.options, { on: "heads", ...given }), seed: 0 })

  it("is how many heads or layers are kept; by default a quarter, rounded up", async () => {
    expect((await fitWith({ k: 5 })).directions).toHaveLength(5)
    // Of 3 layers of 2 heads; of 3 or 4 residual layers.
    expect((await fitWith({})).directions).toHaveLength(2)
    expect((await fitWith({ on: "resid" })).directions).toHaveLength(1)
  })

  it("may not be more than there are", async () => {
    await expect(fitWith({ k: 7 })).rejects.toThrow(
      `${probe.name}.k: expected at most 6 (heads of this model), got 7`,
    )
    // The release's probes leave the last residual layer out.
    await expect(fitWith({ k: 5, on: "resid" })).rejects.toThrow(
      /^[\w-]+\.k: expected at most [34] \(resid of this model\), got 5$/,
    )
    for (const k of [0, -1, 1.5, Number.NaN, "many"]) {
      await expect((async () => await fitWith({ k }))()).rejects.toThrow(
        `${probe.name}.k: expected a positive integer, got `,
      )
    }
  })
})
