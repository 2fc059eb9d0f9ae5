// Where a probe reads: the `on` and `k` options, by the example of the linear probes.

import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { FittedProbe } from "../../probes/contract/probe.ts"
import { findProbe } from "../../probes/registry.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { makeWorld, pairsOf, transformed } from "../support/activations.ts"

function fit(
  name: string,
  source: ActivationSet,
  given: Readonly<Record<string, unknown>>,
): Promise<FittedProbe> {
  const probe = findProbe(name)
  return probe.fit(source, { ...resolveOptions(name, probe.options, given), seed: 0 })
}

describe("choosing where to read", () => {
  const source = makeWorld({ seed: 1, nLayers: 7 })

  it("keeps the best quarter of what `on` names, or k, and reads no other site", async () => {
    const read = new Set<string>()
    const watched: ActivationSet = {
      ...source,
      matrix: async (site) => {
        read.add(site)
        return await source.matrix(site)
      },
    }
    expect((await fit("mass-mean", watched, { on: "resid.2,resid.5", k: 1 })).directions).toHaveLength(1)
    expect([...read]).toEqual(["resid.2", "resid.5"])
    const quarter = await fit("mass-mean", source, {})
    expect(quarter.summary).toMatch(
      /^2 of 8 layers \(validation accuracy [01]\.\d{3} … [01]\.\d{3}\): resid\.\d resid\.\d$/,
    )
    expect((await fit("lr", source, { on: "heads.1#1" })).directions).toMatchObject([
      { site: "heads.1", head: 1, begin: 8 },
    ])
  })

  it("refuses what the model does not have", async () => {
    await expect(fit("lda", source, { on: "resid.9" })).rejects.toThrow(
      'unknown site "resid.9": did you mean "resid.',
    )
    await expect(fit("lda", source, { on: "heads.0#2" })).rejects.toThrow(
      "heads.0#2: expected a head below 2, got 2",
    )
    expect(() => resolveOptions("lda", findProbe("lda").options, { on: "resid.0#1" })).toThrow(
      'lda.on: expected resid, heads, mlp, final, or sites as resid.3,resid.4 or heads.3#2, got "resid.0#1"',
    )
    await expect(fit("lda", source, { shrinkage: 1.5 })).rejects.toThrow(
      "lda.shrinkage: expected a number between 0 and 1, got 1.5",
    )
  })

  it("averages several layers on one scale: a layer in other units changes nothing", async () => {
    const target = makeWorld({ seed: 2, nLayers: 7 })
    const louder = (set: ActivationSet): Promise<ActivationSet> =>
      transformed(set, (data, _, site) => (site === "resid.3" ? data.map((value) => value * 64) : data))
    for (const name of ["mass-mean", "lat", "lda"]) {
      const given = { on: "resid.2,resid.3,resid.4", k: 3 }
      const plain = await (await fit(name, source, given)).scorePairs(target, pairsOf(target))
      const other = await (
        await fit(name, await louder(source), given)
      ).scorePairs(await louder(target), pairsOf(target))
      const largest = Math.max(...plain.logits.map((logit, i) => Math.abs(logit - other.logits[i]!)))
      expect(largest).toBeLessThan(1e-3)
    }
  })
})
