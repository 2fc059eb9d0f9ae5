// Cluster normalisation against the probes that it serves: a loud feature that flips with the answer.

import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { ccs } from "../../probes/ccs.ts"
import { clusterNorm } from "../../probes/cluster-norm.ts"
import { crcTpc } from "../../probes/crc-tpc.ts"
import type { FittedProbe, Probe } from "../../probes/contract/probe.ts"
import { pairAccuracy } from "../../src/metrics/index.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { pairsOf } from "../support/activations.ts"
import { makeContrastWorld } from "../support/contrasts.ts"

const fitWith = (
  probe: Probe,
  source: ActivationSet,
  given: Readonly<Record<string, unknown>>,
): Promise<FittedProbe> => probe.fit(source, { ...resolveOptions(probe.name, probe.options, given), seed: 0 })

const accuracyOn = async (target: ActivationSet, fitted: FittedProbe): Promise<number> =>
  pairAccuracy((await fitted.scorePairs(target, pairsOf(target))).logits)

describe("cluster-norm", () => {
  // An opinion goes by a loudly marked group and flips with the answer: four times as far apart as the truth.
  const opinionated = { truth: 2.5, opinion: 10 }
  const [here, there] = [1, 2].map((seed) => makeContrastWorld({ seed, ...opinionated })) as [
    ActivationSet,
    ActivationSet,
  ]

  it.each(["ccs", "crc-tpc"] as const)("finds the truth where %s alone finds an opinion", async (method) => {
    const given = method === "ccs" ? { epochs: 400, restarts: 4 } : {}
    const alone = await fitWith(method === "ccs" ? ccs : crcTpc, here, given)
    expect(await accuracyOn(there, alone)).toBeLessThan(0.65)
    const fitted = await fitWith(clusterNorm, here, { ...given, method, clusters: 2 })
    expect(await accuracyOn(there, fitted)).toBeGreaterThan(0.8)
    expect(fitted.summary).toMatch(/^final, clusters of \d+, \d+;/)
  })

  it("takes as many clusters as there are contrasts at most", async () => {
    const small = makeContrastWorld({ seed: 1, nPairs: 3 })
    const fitted = await fitWith(clusterNorm, small, { method: "crc-tpc", clusters: 50 })
    expect((await fitted.scorePairs(small, pairsOf(small))).logits.every(Number.isFinite)).toBe(true)
  })
})
