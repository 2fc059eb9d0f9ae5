// A fitted probe in a folder: probe.json says what it is and what it depends on, probe.safetensors holds its tensors.

import { join } from "node:path"
import { LitmusError } from "../src/base/errors.ts"
import { canonicalJson, makeFolder, readJson, sha256, writeFileAtomic } from "../src/base/files.ts"
import { encodeSafetensors, openSafetensors } from "../src/formats/safetensors.ts"
import { resolveOptions } from "../src/base/options.ts"
import type { FittedProbe, ProbeNeeds, ProbeRecord } from "./contract/probe.ts"
import { findProbe } from "./registry.ts"

const format = "litmus-probe"

/** What a saved probe was made of and with. */
export interface ProbeProvenance {
  readonly model: string
  /** What it was fitted on; `mixture` is what was added to the source, which the fingerprint covers. */
  readonly source: {
    readonly id: string
    readonly split: string
    readonly fingerprint: string
    readonly mixture?: { readonly target: string; readonly share: number }
  }
  readonly seed: number
  readonly options: Readonly<Record<string, unknown>>
  readonly engine: string
  readonly version: string
}

export interface SavedProbe {
  readonly probe: FittedProbe
  readonly needs: ProbeNeeds
  readonly provenance: ProbeProvenance
}

/** Writes a fitted probe; each file appears whole, probe.json last. */
export async function saveProbe(
  folder: string,
  probe: FittedProbe,
  provenance: ProbeProvenance,
): Promise<void> {
  const { tensors, ...record } = probe.record()
  const bytes = encodeSafetensors(tensors)
  await makeFolder(folder)
  await writeFileAtomic(join(folder, "probe.safetensors"), bytes)
  const { revision } = findProbe(probe.probe)
  const content = {
    format,
    formatVersion: 1,
    ...(revision === undefined ? {} : { revision }),
    ...record,
    provenance,
    tensors: sha256(bytes),
  }
  await writeFileAtomic(join(folder, "probe.json"), `${canonicalJson(content, 2)}\n`)
}

/**
 * Reads a fitted probe back.
 *
 * @throws {LitmusError} if the folder holds none, its tensors are not those it was saved with, or the probe has been
 *   revised since
 */
export async function loadProbe(folder: string): Promise<SavedProbe> {
  const path = join(folder, "probe.json")
  const content = (await readJson(path)) as Record<string, unknown> | null
  if (content?.format !== format || content.formatVersion !== 1 || typeof content.probe !== "string") {
    throw new LitmusError(`${path}: expected a probe saved by litmus (format ${format} 1)`)
  }
  const file = await openSafetensors(join(folder, "probe.safetensors"))
  try {
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
    for (const [name, { shape }] of file.tensors) {
      tensors.set(name, { shape, data: await file.readFloat32(name) })
    }
    if (sha256(encodeSafetensors(tensors)) !== content.tensors) {
      throw new LitmusError(`${file.path}: not the tensors that ${path} was saved with (fit the probe again)`)
    }
    const definition = findProbe(content.probe)
    if (content.revision !== definition.revision) {
      throw new LitmusError(
        `${path}: ${content.probe} was fitted by another version of Litmus, whose scores differ (fit the probe again)`,
      )
    }
    const fields = objectOf(content.fields, `${path}: fields`)
    const provenance = readProvenance(content.provenance, `${path}: provenance`)
    const record: ProbeRecord = { probe: content.probe, fields, tensors }
    const options = resolveOptions(content.probe, definition.options, provenance.options)
    return { probe: definition.restore(record), needs: definition.needs(options), provenance }
  } finally {
    await file.close()
  }
}

function readProvenance(content: unknown, what: string): ProbeProvenance {
  const { model, source, seed, options: given, engine, version } = objectOf(content, what)
  const options = objectOf(given, `${what}.options`)
  const text = (value: unknown, name: string): string => {
    if (typeof value === "string") return value
    throw new LitmusError(`${what}.${name}: expected a text (fit the probe again)`)
  }
  const number = (value: unknown, name: string): number => {
    if (typeof value === "number") return value
    throw new LitmusError(`${what}.${name}: expected a number (fit the probe again)`)
  }
  const { id, split, fingerprint, mixture } = objectOf(source, `${what}.source`)
  const mixed = mixture === undefined ? undefined : objectOf(mixture, `${what}.source.mixture`)
  return {
    model: text(model, "model"),
    source: {
      id: text(id, "source.id"),
      split: text(split, "source.split"),
      fingerprint: text(fingerprint, "source.fingerprint"),
      ...(mixed && {
        mixture: {
          target: text(mixed.target, "source.mixture.target"),
          share: number(mixed.share, "source.mixture.share"),
        },
      }),
    },
    seed: number(seed, "seed"),
    options,
    engine: text(engine, "engine"),
    version: text(version, "version"),
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new LitmusError(`${what}: expected an object (fit the probe again)`)
}
