// Comparing and saving fitted probes.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { FittedProbe } from "../../probes/contract/probe.ts"
import type { ProbeProvenance } from "../../probes/store.ts"
import { canonicalJson } from "../../src/base/files.ts"
import { transformed } from "./activations.ts"

/** Equal for equal fitted probes, to the last bit. */
export function bytesOf(fitted: FittedProbe): string {
  const { probe, fields, tensors } = fitted.record()
  const bytes = Array.from(tensors, ([name, { shape, data }]) => [
    name,
    shape,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
  ]).sort(([a], [b]) => String(a).localeCompare(String(b)))
  return canonicalJson([probe, fields, bytes])
}

/** What a saved probe says of where it comes from, for tests that do not look at it. */
export const provenance: ProbeProvenance = {
  model: "model",
  source: { id: "made", split: "train", fingerprint: "made" },
  seed: 0,
  options: {},
  engine: "engine",
  version: "0",
}

/** The set with all activations times a factor. */
export function scaled(set: ActivationSet, factor: number): Promise<ActivationSet> {
  return transformed(set, (data) => data.map((value) => value * factor))
}
