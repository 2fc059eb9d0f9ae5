// The probes of contrast pairs as users meet them: what they find, what they promise, and how they fail.

import { beforeAll, describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { ccs } from "../../probes/ccs.ts"
import { ccsLeaky } from "../../probes/ccs-leaky.ts"
import { clusterNorm } from "../../probes/cluster-norm.ts"
import { crcTpc } from "../../probes/crc-tpc.ts"
import { topComponent } from "../../probes/math/pca.ts"
import type { FittedProbe, Probe } from "../../probes/contract/probe.ts"
import { loadProbe, saveProbe } from "../../probes/store.ts"
import { vinc } from "../../probes/vinc.ts"
import { ShapeError } from "../../src/base/errors.ts"
import { onePairPerExample } from "../../src/data/pairs.ts"
import { auroc, pairAccuracy } from "../../src/metrics/index.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { pairsOf, swapped, transformed } from "../support/activations.ts"
import { makeContrastWorld, shuffledRows, truthOf } from "../support/contrasts.ts"
import { setOfRows } from "../support/activations.ts"
import { bytesOf, provenance, scaled } from "../support/fitted.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { temporaryFolder } from "../support/temporary.ts"

interface Form {
  readonly form: string
  readonly probe: Probe
  readonly given: Readonly<Record<string, unknown>>
}

const forms: readonly Form[] = [
  { form: "ccs", probe: ccs, given: { epochs: 200, restarts: 4 } },
  { form: "ccs, hidden layer", probe: ccs, given: { network: "mlp", epochs: 100, restarts: 2 } },
  { form: "ccs-leaky", probe: ccsLeaky, given: { epochs: 200, restarts: 4 } },
  { form: "crc-tpc", probe: crcTpc, given: {} },
  { form: "vinc", probe: vinc, given: {} },
  { form: "cluster-norm", probe: clusterNorm, given: { epochs: 200, restarts: 4 } },
  { form: "cluster-norm, crc-tpc", probe: clusterNorm, given: { method: "crc-tpc" } },
]

const fitWith = (
  { probe, given }: Pick<Form, "probe" | "given">,
  source: ActivationSet,
  seed = 0,
): Promise<FittedProbe> => probe.fit(source, { ...resolveOptions(probe.name, probe.options, given), seed })

const accuracyOn = async (target: ActivationSet, fitted: FittedProbe): Promise<number> =>
  pairAccuracy((await fitted.scorePairs(target, pairsOf(target))).logits)

// Truth: a response's Yes and No are 2.5 apart, its noise √2, so that a pair differs by 5 ± 2: at best 99.4 % of pairs.
// Distractor: deviation 6, alike in Yes and No; the endings themselves are 6 apart.
const loud = { truth: 2.5, distractor: 6 }
const source = makeContrastWorld({ seed: 1, ...loud })
const target = makeContrastWorld({ seed: 2, ...loud })

describe.each(forms)("$form", (form) => {
  const { probe } = form
  let fitted: FittedProbe

  beforeAll(async () => {
    fitted = await fitWith(form, source)
  })

  it("finds a planted truth beside a louder distractor", async () => {
    const epochs = form.given.network === "mlp" ? 200 : 1000
    const given = "epochs" in form.given ? { ...form.given, epochs } : form.given
    const trained = await fitWith({ probe, given }, source)
    // Measured with truth 2 over three worlds: .91 and more; with 3, .99 and more.
    expect(await accuracyOn(target, trained)).toBeGreaterThan(0.9)
    expect(auroc(await trained.scoreResponses(target), target.rows.label)).toBeGreaterThan(0.85)
    for (const { values, site } of trained.directions) {
      const truth = truthOf(site, values.length)
      const length = Math.hypot(...values)
      const cosine = values.reduce((sum, value, j) => sum + (value / length) * truth[j]!, 0)
      expect(cosine).toBeGreaterThan(0.7)
    }
  })

  it("fits to the same bytes from the same seed, whatever the order of the rows", async () => {
    const again = await fitWith(form, await shuffledRows(source, 3))
    expect(bytesOf(again)).toBe(bytesOf(fitted))
    const [a, b] = await Promise.all([fitted, again].map((one) => one.scorePairs(target, pairsOf(target))))
    expect([...b!.logits]).toEqual([...a!.logits])
  })

  it("flips the sign of a logit when the responses are swapped", async () => {
    const asked = await fitted.scorePairs(target, pairsOf(target))
    const other = await fitted.scorePairs(target, swapped(pairsOf(target)))
    expect(other.logits.every((logit, i) => logit === -asked.logits[i]!)).toBe(true)
    const sums = asked.probabilities.map((p, i) => p + other.probabilities[i]!)
    expect(maxAbsDifference(sums, new Float64Array(sums.length).fill(1))).toBeLessThan(1e-15)
  })

  it("gives all rows of a response one score, and pairs the difference of two", async () => {
    const scores = await fitted.scoreResponses(target)
    const { logits } = await fitted.scorePairs(target, pairsOf(target))
    // Rows: better Yes, better No, worse Yes, worse No.
    expect([0, 1, 2].every((k) => scores[4 * k] === scores[4 * k + 1])).toBe(true)
    const { calibrator } = fitted
    const slope = calibrator.kind === "antisymmetric" ? calibrator.slope : Number.NaN
    const expected = logits.map((_, k) => slope * (scores[4 * k]! - scores[4 * k + 2]!))
    expect([...logits]).toEqual([...expected])
  })

  it("comes back from a folder with the same scores", async () => {
    const folder = temporaryFolder()
    await saveProbe(folder, fitted, {
      ...provenance,
      options: resolveOptions(probe.name, probe.options, form.given),
    })
    const { probe: read, needs } = await loadProbe(folder)
    expect(needs).toEqual({ stimulus: "ccs-yes-no", positions: { kind: "last" }, sites: ["final"] })
    expect([...(await read.scorePairs(target, pairsOf(target))).logits]).toEqual([
      ...(await fitted.scorePairs(target, pairsOf(target))).logits,
    ])
    expect(bytesOf(read)).toBe(bytesOf(fitted))
  })

  it("gives identical responses the probability ½", async () => {
    const tied = await transformed(target, (data, width) =>
      data.map((value, i) => (Math.floor(i / width) % 4 > 1 ? data[i - 2 * width]! : value)),
    )
    const { probabilities } = await fitted.scorePairs(tied, pairsOf(tied))
    expect(probabilities.every((p) => p === 0.5)).toBe(true)
  })

  it("gives every pair the probability ½ where nothing varies", async () => {
    const constant = await transformed(source, (data) => data.map(() => 7))
    const { logits, probabilities } = await (
      await fitWith(form, constant)
    ).scorePairs(constant, pairsOf(constant))
    expect(logits.every((logit) => logit === 0)).toBe(true)
    expect(probabilities.every((p) => p === 0.5)).toBe(true)
  })

  it("has finite scores with fewer samples than dimensions, and with two prompts", async () => {
    for (const options of [
      { nPairs: 5, width: 60 },
      { nPairs: 2, width: 8 },
    ]) {
      const small = makeContrastWorld({ seed: 1, ...options })
      const { logits } = await (await fitWith(form, small)).scorePairs(small, pairsOf(small))
      expect(logits.every(Number.isFinite)).toBe(true)
    }
  })

  it("refuses to fit on an activation that is not a number, and does not hide one when it scores", async () => {
    const spoil = (set: ActivationSet): Promise<ActivationSet> =>
      transformed(set, (data, width) => data.map((value, i) => (i === 4 * width + 5 ? Number.NaN : value)))
    await expect(fitWith(form, await spoil(source))).rejects.toThrow(
      `${probe.name}: expected finite features, got NaN in row `,
    )
    const { logits } = await fitted.scorePairs(await spoil(target), pairsOf(target))
    expect(Number.isNaN(logits[1])).toBe(true)
  })

  it("refuses a model that is narrower than the one it was fitted on", async () => {
    const narrow = await transformed(target, (data, width) => data.filter((_, i) => i % width < 4))
    const scored = fitted.scorePairs(narrow, pairsOf(narrow))
    await expect(scored).rejects.toThrow(ShapeError)
    await expect(scored).rejects.toThrow(
      "final: expected at least 24 columns, got 4 (the probe was fitted on another model)",
    )
  })

  it("refuses more than one site, one that is not there, and a source without both endings", async () => {
    const on = (site: string): Form => ({ ...form, given: { ...form.given, on: site } })
    await expect(fitWith(on("final,resid.1"), source)).rejects.toThrow(
      `${probe.name}.on: expected one site or head, got 2 (final,resid.1): name one, as final`,
    )
    await expect(fitWith(on("mlp.3"), source)).rejects.toThrow(
      `${probe.name}: expected activations at mlp.3 sites, got none`,
    )
    const plain = setOfRows(
      [0, 1, 2, 3].map((k) => ({ example: k >> 1, response: k & 1, variant: "plain", position: 0 })),
      { final: new Float32Array(8) },
    )
    await expect(fitWith(form, plain)).rejects.toThrow(
      "expected at least 2 distinct prompts with a usable pair",
    )
  })

  it("leaves out a pair one ending of which is too long, and scores the other responses", async () => {
    const without = (set: ActivationSet): ActivationSet => ({
      ...set,
      rowsOf: (example, response, variant = "yes") =>
        example === 3 && response === 1 && variant === "no" ? [] : set.rowsOf(example, response, variant),
    })
    const partial = await fitWith(form, without(source))
    const scores = await partial.scoreResponses(without(target))
    expect([...scores.subarray(14, 16)]).toEqual([Number.NaN, Number.NaN])
    expect(scores[12]).not.toBe(0)
    await expect(partial.scorePairs(without(target), pairsOf(target, [3]))).rejects.toThrow(
      /example 3.*response/,
    )
  })
})

describe("ccs", () => {
  const quick = { epochs: 200, restarts: 4 }

  it("reports every restart: its loss, and its agreement with the best", async () => {
    const fitted = await fitWith({ probe: ccs, given: quick }, source)
    const { report } = fitted.record().fields as {
      report: { backend: string; restarts: { loss: number; agreement: number }[] }
    }
    expect(report.backend).toBe("wasm")
    expect(report.restarts).toHaveLength(4)
    const losses = report.restarts.map(({ loss }) => loss)
    const best = report.restarts[losses.indexOf(Math.min(...losses))]!
    expect(best.agreement).toBe(1)
    expect(report.restarts.every(({ agreement }) => agreement >= 0.5 && agreement <= 1)).toBe(true)
    expect(fitted.summary).toMatch(
      /^final, best of 4 restarts: loss 0\.\d{4} \(others to 0\.\d{4}\), which agree with it on \d\.\d{3} … \d\.\d{3}; sign (kept|turned) by the source's labels; accuracy on held-out prompts of the source \d\.\d{3}$/,
    )
  })

  it("takes sign and normalisation from the source: a target inverted is wrong, a shifted one is as it was", async () => {
    const fitted = await fitWith({ probe: ccs, given: quick }, source)
    const accuracy = await accuracyOn(target, fitted)
    // Yes and No exchanged.
    const turned = await transformed(target, (data, width) =>
      data.map((_, i) => data[Math.floor(i / width) % 2 ? i - width : i + width]!),
    )
    expect(await accuracyOn(turned, fitted)).toBeCloseTo(1 - accuracy, 10)
    const pairs = pairsOf(target)
    const alone = await fitted.scorePairs(target, pairs.slice(0, 3))
    const among = await fitted.scorePairs(target, pairs)
    expect([...alone.logits]).toEqual([...among.logits.subarray(0, 3)])
  })

  it("is at chance, and knows it, where the labels are random", async () => {
    const [nothing, other] = [1, 2].map((seed) => makeContrastWorld({ seed, truth: 0, distractor: 3 }))
    const { probabilities } = await (
      await fitWith({ probe: ccs, given: quick }, nothing!)
    ).scorePairs(other!, pairsOf(other!))
    const mean = probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length
    // 150 pairs: a standard error is 4 points of accuracy, and probabilities stay near ½.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
  })

  it("starts elsewhere from another seed", async () => {
    const [a, b] = [0, 1].map((seed) => fitWith({ probe: ccs, given: quick }, source, seed))
    expect(bytesOf(await a!)).not.toBe(bytesOf(await b!))
  })
})

describe("ccs-leaky", () => {
  const form = { probe: ccsLeaky, given: { restarts: 4 } }

  it("is never below ½ on single responses: a target inverted is as right as it was", async () => {
    const fitted = await fitWith(form, source)
    const turned = await transformed(target, (data, width) =>
      data.map((_, i) => data[Math.floor(i / width) % 2 ? i - width : i + width]!),
    )
    const other = { ...turned, distribution: { ...turned.distribution, fingerprint: "turned" } }
    expect(await accuracyOn(target, fitted)).toBeGreaterThan(0.86)
    expect(await accuracyOn(other, fitted)).toBeGreaterThan(0.86)
  })

  it("is accurate on max(acc, 1 − acc) of the responses of one pair a prompt, by the scores that it gives", async () => {
    const noise = makeContrastWorld({ seed: 5, truth: 0, distractor: 6 })
    for (const seed of [0, 1, 2, 3]) {
      const fitted = await fitWith(form, source, seed)
      const { singly } = await fitted.scorePairs(noise, pairsOf(noise))
      const scores = await fitted.scoreResponses(noise)
      const asked = onePairPerExample(noise.distribution.examples, {
        seed,
        distribution: noise.distribution.id,
      })
      const expected = asked.flatMap(({ example, better, worse }) => [
        scores[noise.rowsOf(example, better)[0]!]! > 0 ? 1 : 0,
        scores[noise.rowsOf(example, worse)[0]!]! < 0 ? 1 : 0,
      ])
      expect([...singly!.outcomes]).toEqual(expected)
      expect(expected.filter((right) => right === 1).length).toBeGreaterThanOrEqual(expected.length / 2)
    }
  })

  it("does not see how far the target lies from the source: it is normalised by its own means", async () => {
    const moved = await transformed(target, (data) => data.map((value) => value + 7))
    const fitted = await fitWith(form, source)
    const [here, there] = [
      await fitted.scorePairs(target, pairsOf(target)),
      await fitted.scorePairs(moved, pairsOf(moved)),
    ]
    expect(there.singly!.outcomes).toEqual(here.singly!.outcomes)
  })

  it("says what it is, and is trained again for another target", async () => {
    const fitted = await fitWith(form, source)
    expect(fitted.summary).toContain("no evidence of transfer")
    const renamed = { ...target, distribution: { ...target.distribution, id: "another" } }
    const [one, two] = [
      await fitted.scorePairs(target, pairsOf(target)),
      await fitted.scorePairs(renamed, pairsOf(renamed)),
    ]
    expect(maxAbsDifference(one.logits, two.logits)).toBeGreaterThan(1e-6)
  })
})

describe("crc-tpc", () => {
  it("does not follow what is loudest in the activations themselves", async () => {
    const { data, width } = await source.matrix("final")
    const { direction } = topComponent(Float64Array.from(data), width)
    const truth = truthOf("final", width)
    expect(Math.abs(direction.reduce((sum, value, j) => sum + value * truth[j]!, 0))).toBeLessThan(0.4)
  })

  it("does not change when all activations are three times as large", async () => {
    const plain = await (
      await fitWith({ probe: crcTpc, given: {} }, source)
    ).scorePairs(target, pairsOf(target))
    const [a, b] = [await scaled(source, 3), await scaled(target, 3)]
    const other = await (await fitWith({ probe: crcTpc, given: {} }, a)).scorePairs(b, pairsOf(b))
    // Float32 activations and directions; logits below 20.
    expect(maxAbsDifference(other.logits, plain.logits)).toBeLessThan(1e-4)
  })
})
