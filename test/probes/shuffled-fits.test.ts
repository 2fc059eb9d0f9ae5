// Null bands: every probe on shuffled labels.

import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { FittedProbe, Probe, ShuffledFits } from "../../probes/contract/probe.ts"
import { fitShuffled } from "../../probes/fit/shuffled-fits.ts"
import { findProbe, probes } from "../../probes/registry.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { makeWorld, pairsOf } from "../support/activations.ts"
import { makeContrastWorld, makeTokenWorld, makeXorWorld } from "../support/contrasts.ts"

const quick: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  cra: { on: "resid.1" },
  ccs: { epochs: 100, restarts: 2 },
  "cluster-norm": { epochs: 100, restarts: 2 },
  mlp: { epochs: 100, starts: 2 },
}

const worldFor = (probe: Probe, seed: number): ActivationSet => {
  const { stimulus } = probe.needs(optionsOf(probe))
  if (probe.name === "attention") return makeTokenWorld({ seed })
  if (probe.name === "mlp") return makeXorWorld({ seed })
  return stimulus === "plain"
    ? makeWorld({ seed, distractor: 3 })
    : makeContrastWorld({ seed, truth: 2, distractor: 3 })
}
const optionsOf = (probe: Probe) => resolveOptions(probe.name, probe.options, quick[probe.name])

const shuffledOf = async (probe: Probe, source: ActivationSet, draws: number): Promise<ShuffledFits> =>
  (await fitShuffled(probe, source, { ...optionsOf(probe), seed: 0 }, draws))!

const accuracies = async (fits: ShuffledFits, target: ActivationSet): Promise<number[]> =>
  (await fits.scorePairs(target, pairsOf(target))).map(pairAccuracy)

const accuracyOf = async (fitted: FittedProbe, target: ActivationSet): Promise<number> =>
  pairAccuracy((await fitted.scorePairs(target, pairsOf(target))).logits)

const banded = probes.filter(({ hasNullBand }) => hasNullBand !== false)

it("leaves out controls that are bands, and published CCS, whose labels are the target's", async () => {
  const without = probes.filter((probe) => !banded.includes(probe)).map(({ name }) => name)
  expect(without).toEqual(["ccs-leaky", "random-direction", "shuffled-labels"])
  const probe = findProbe("random-direction")
  const source = makeWorld({ seed: 1 })
  expect(await fitShuffled(probe, source, { ...optionsOf(probe), seed: 0 }, 2)).toBeUndefined()
})

describe.each(banded.map((probe) => ({ name: probe.name, probe })))(
  "$name on shuffled labels",
  ({ probe }) => {
    const [source, target] = [worldFor(probe, 1), worldFor(probe, 2)]

    it("is as often right as wrong over its draws; the first of more draws are those of fewer", async () => {
      const many = await accuracies(await shuffledOf(probe, source, 12), target)
      expect(many).toHaveLength(12)
      expect(await accuracies(await shuffledOf(probe, source, 3), target)).toEqual(many.slice(0, 3))
      // A draw may prefer nearly all better responses or nearly none: what is one direction has two signs. 12 coins all on
      // one side come up once in 2,000 times.
      expect(Math.min(...many)).toBeLessThan(0.52)
      expect(Math.max(...many)).toBeGreaterThan(0.48)
      expect(new Set(many).size).toBeGreaterThan(1)
    })

    it("asked for accuracies alone prefers the same responses as when it calibrates", async () => {
      const options = { ...optionsOf(probe), seed: 0 }
      const whole = await accuracyOf(await probe.fit(source, options), target)
      const quickly = await accuracyOf(await probe.fit(source, { ...options, accuracyOnly: true }), target)
      // Fewer digits: of 200 pairs two may change sides.
      expect(Math.abs(whole - quickly)).toBeLessThanOrEqual(0.01)
    })
  },
)

describe("shuffled labels of probes whose labels decide the sign alone", () => {
  it.each(["ccs", "crc-tpc", "vinc", "cluster-norm"])(
    "%s: each draw is the fit or its opposite",
    async (name) => {
      const probe = findProbe(name)
      const [source, target] = [worldFor(probe, 1), worldFor(probe, 2)]
      const own = await accuracyOf(await probe.fit(source, { ...optionsOf(probe), seed: 0 }), target)
      for (const accuracy of await accuracies(await shuffledOf(probe, source, 8), target)) {
        expect([own, 1 - own].some((either) => Math.abs(either - accuracy) < 1e-9)).toBe(true)
      }
    },
  )
})
