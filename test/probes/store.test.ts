// Fitted probes in folders.

import { readFileSync, writeFileSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { attention } from "../../probes/attention.ts"
import type { ProbeProvenance } from "../../probes/store.ts"
import { loadProbe, saveProbe } from "../../probes/store.ts"
import { massMeanShift } from "../../probes/mass-mean-shift.ts"
import type { ProbeNeeds } from "../../probes/contract/probe.ts"
import { probes } from "../../probes/registry.ts"
import { resolveOptions } from "../../src/base/options.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { makeWorld, pairsOf } from "../support/activations.ts"
import { makeContrastWorld, makeTokenWorld } from "../support/contrasts.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
/** Activations of the kind that a probe needs. */
function worldFor({ stimulus, positions }: ProbeNeeds, seed: number): ActivationSet {
  if (positions.kind === "all") return makeTokenWorld({ seed, nPairs: 40 })
  return stimulus === "yes-no" ? makeContrastWorld({ seed, nPairs: 40 }) : makeWorld({ seed, nPairs: 40 })
}

const provenance: ProbeProvenance = {
  model: "0123456789abcdef",
  source: { id: "made", split: "train", fingerprint: "made" },
  seed: 3,
  options: {},
  engine: "none",
  version: "0",
}

describe.each(probes)("$name in a folder", (probe) => {
  // The world of contrasts has no heads, which cra reads by default.
  const options = resolveOptions(probe.name, probe.options, probe.name === "cra" ? { on: "resid.1" } : {})
  const source = worldFor(probe.needs(options), 1)
  const target = worldFor(probe.needs(options), 2)
  const folder = join(root, probe.name)

  it("scores as it did before it was saved, bit for bit", async () => {
    const fitted = await probe.fit(source, { ...options, seed: 3 })
    await saveProbe(folder, fitted, { ...provenance, options })
    const { probe: loaded, needs, provenance: read } = await loadProbe(folder)
    expect(loaded.record()).toEqual(fitted.record())
    expect(loaded.directions).toEqual(fitted.directions)
    expect(loaded.summary).toBe(fitted.summary)
    expect(needs).toEqual(probe.needs(options))
    expect(read).toMatchObject({ model: "0123456789abcdef", seed: 3, source: { id: "made" } })
    const pairs = pairsOf(target)
    expect(await loaded.scorePairs(target, pairs)).toEqual(await fitted.scorePairs(target, pairs))
    expect(await loaded.scoreResponses(target)).toEqual(await fitted.scoreResponses(target))
  })

  it("is saved to the same bytes again, and leaves no other file", async () => {
    const again = join(root, `${probe.name}-again`)
    await saveProbe(again, await probe.fit(source, { ...options, seed: 3 }), { ...provenance, options })
    for (const name of ["probe.json", "probe.safetensors"]) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(folder, name)))).toBe(true)
    }
    expect((await readdir(again)).toSorted()).toEqual(["probe.json", "probe.safetensors"])
  })
})

it("a probe of a kind that was revised since is refused: it would give other scores than it was fitted for", async () => {
  const folder = join(root, "former")
  const options = resolveOptions("attention", attention.options)
  const source = worldFor(attention.needs(options), 1)
  await saveProbe(folder, await attention.fit(source, { ...options, seed: 3 }), { ...provenance, options })
  await expect(loadProbe(folder)).resolves.toBeDefined()
  const path = join(folder, "probe.json")
  const { revision: _, ...former } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>
  writeFileSync(path, JSON.stringify(former))
  await expect(loadProbe(folder)).rejects.toThrow(
    "attention was fitted by another version of Litmus, whose scores differ (fit the probe again)",
  )
})

describe("a damaged probe is refused with what is wrong:", () => {
  const probe = massMeanShift
  const source = makeWorld({ seed: 1, nPairs: 40 })
  const options = resolveOptions(probe.name, probe.options)

  async function saved(name: string): Promise<string> {
    const folder = join(root, name)
    await saveProbe(folder, await probe.fit(source, { ...options, seed: 0 }), { ...provenance, options })
    return folder
  }

  function edit(folder: string, change: (content: Record<string, unknown>) => unknown): void {
    const path = join(folder, "probe.json")
    writeFileSync(
      path,
      JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>)),
    )
  }

  it("no probe at all", async () => {
    await expect(loadProbe(join(root, "nowhere"))).rejects.toThrow(
      `cannot read ${join(root, "nowhere", "probe.json")}: no such file or folder`,
    )
  })

  it("malformed JSON, with its line", async () => {
    const folder = await saved("malformed")
    writeFileSync(join(folder, "probe.json"), '{\n  "format": "litmus-probe",,\n}')
    await expect(loadProbe(folder)).rejects.toThrow(`${join(folder, "probe.json")}:2:`)
  })

  it("another tool's file", async () => {
    const folder = await saved("foreign")
    edit(folder, () => ({ format: "other" }))
    await expect(loadProbe(folder)).rejects.toThrow(
      `${join(folder, "probe.json")}: expected a probe saved by litmus (format litmus-probe 1)`,
    )
  })

  it("a probe that this version does not know", async () => {
    const folder = await saved("unknown")
    edit(folder, (content) => ({ ...content, probe: "mmz" }))
    await expect(loadProbe(folder)).rejects.toThrow(
      'unknown intervention "mmz": did you mean "mms"? known: mms,',
    )
  })

  it("other tensors than it was saved with", async () => {
    const folder = await saved("flipped")
    const path = join(folder, "probe.safetensors")
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    await expect(loadProbe(folder)).rejects.toThrow(
      `${path}: not the tensors that ${join(folder, "probe.json")} was saved with (fit the probe again)`,
    )
    writeFileSync(path, bytes.subarray(0, 40))
    await expect(loadProbe(folder)).rejects.toThrow(/exceeds the file's 40 bytes \(the file is truncated/)
  })

  it.each([
    ["fields", { fields: undefined }, "fields: expected an object (fit the probe again)"],
    [
      "directions",
      { fields: { calibrator: { kind: "antisymmetric", slope: 1 }, directions: [{}] } },
      "mms: expected a list of directions, each with its site and first column",
    ],
    [
      "calibrator",
      { fields: { directions: [] } },
      "calibrator: expected one of antisymmetric, genies, got undefined",
    ],
    ["provenance", { provenance: [] }, "provenance: expected an object (fit the probe again)"],
    [
      "options",
      { provenance: { model: "x" } },
      "provenance.options: expected an object (fit the probe again)",
    ],
  ])("no %s", async (what, change, message) => {
    const folder = await saved(`without ${what}`)
    edit(folder, (content) => ({ ...content, ...change }))
    await expect(loadProbe(folder)).rejects.toThrow(message)
  })

  it("a tensor is missing", async () => {
    const folder = await saved("missing")
    edit(folder, (content) => {
      const fields = content.fields as { directions: unknown[] }
      return { ...content, fields: { ...fields, directions: [...fields.directions, ...fields.directions] } }
    })
    await expect(loadProbe(folder)).rejects.toThrow(/^mms: tensor direction\.\d+ is missing$/)
  })
})
