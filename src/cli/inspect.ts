// litmus inspect: say what a folder or file is: whatever Litmus reads or writes.

import { readdir, stat } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import { unitName } from "../base/sites.ts"
import type { Command } from "commander"
import { openCache } from "../../activations/cache/index.ts"
import type { PlanSummary } from "../sequences/summary.ts"
import { loadProbe } from "../../probes/store.ts"
import {
  allPairs,
  chooseLonger,
  clusterByPrompt,
  listDistributions,
  readDistribution,
  splits,
} from "../data/index.ts"
import { FileError, LitmusError } from "../base/errors.ts"
import { canonicalJson } from "../base/files.ts"
import { agreement, pairOutcomes } from "../metrics/index.ts"
import { parameterCount } from "../model/architectures/architecture.ts"
import { readArchitecture } from "../model/architectures/config.ts"
import type { Architecture } from "../model/architectures/architecture.ts"
import { resolveContradictions } from "../model/bundle/contradictions.ts"
import { allSites } from "../model/decoder/sites.ts"
import type { SourceOptions } from "../model/checkpoint/source.ts"
import { isGguf, openSource } from "../model/open-source.ts"
import { ignoreConfigOption, litmusCommand, printJson, type CommonOptions } from "./common.ts"
import { inspectAdapter, inspectCacheRoot, inspectStore, inspectTraining } from "./inspect-made.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { wrap } from "./wrap.ts"

type Facts = Readonly<Record<string, unknown>>

export function inspectCommand(): Command {
  return litmusCommand(
    "inspect",
    "Say what a folder or file is: a model, an adapter, a probe, activations, data, a store of results or the cache.",
  )
    .argument("<path>", "the folder or file")
    .addOption(ignoreConfigOption())
    .option("--json", "print the facts as JSON")
    .option("--debug", "show the stack of an error")
    .action(async (path: string, options: SourceOptions & Pick<CommonOptions, "json">) => {
      const facts = await inspect(path, options)
      if (options.json) printJson(facts)
      else process.stdout.write(render(facts))
    })
}

async function inspect(path: string, options: SourceOptions): Promise<Facts> {
  if (await isGguf(path)) return await inspectModel(path, options)
  const split = splits.find((known) => basename(path) === `${known}.json`)
  if (split && (await isFile(path))) return await inspectDistribution(dirname(resolve(path)), [split])
  let names: string[]
  try {
    names = await readdir(path)
  } catch (error) {
    if (!(await isFile(path))) throw new FileError(path, error)
    throw new LitmusError(
      `${path}: expected a folder, a GGUF file, or a distribution's train.json or test.json, got another file`,
      { cause: error },
    )
  }
  const has = (name: string): boolean => names.includes(name)
  if (has("probe.json")) return await inspectProbe(path)
  if (has("manifest.json")) return await inspectCache(path)
  if (has("adapter_config.json")) return await inspectAdapter(path)
  if (has("config.json")) return { ...(await inspectModel(path, options)), ...(await trainingOf(path)) }
  if (splits.some((split) => has(`${split}.json`))) return await inspectDistribution(path)
  if (has("generalization_metrics") || has("evaluations")) return await inspectStore(path)
  const root = await inspectCacheRoot(path)
  if (root) return root
  const distributions = await distributionsIn(path, has("distributions"))
  if (distributions !== undefined) {
    return { is: "data folder", distributions: distributions.length, names: distributions }
  }
  throw new LitmusError(
    `${path}: expected a model (config.json), an adapter (adapter_config.json), an activation cache (manifest.json), a fitted probe (probe.json), a distribution (train.json, test.json), a data folder (distributions/), a store of results (generalization_metrics/) or the cache (models/, activations/)`,
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** Of a checkpoint that litmus tune made, under names of their own. */
async function trainingOf(path: string): Promise<Facts> {
  const tuned = await inspectTraining(path)
  return tuned ? { tuned } : {}
}

/** Its distributions, if it is a folder of them; a folder that says that it is one is told what it lacks. */
async function distributionsIn(path: string, named: boolean): Promise<string[] | undefined> {
  try {
    return await listDistributions(path)
  } catch (error) {
    if (named) throw error
    return undefined
  }
}

/** How a model tells positions. */
function describePositions({ rotary, dHead }: Architecture): string {
  if (!rotary) return "learned"
  const { rope, width } = rotary
  const share = width < dHead ? ` on ${width} of ${dHead} dims` : ""
  return `rotary, ${rope.type === "default" ? `theta ${rope.theta}` : canonicalJson(rope)}${share}`
}

async function inspectModel(path: string, options: SourceOptions): Promise<Facts> {
  const source = await openSource(path, options)
  const configured = await readArchitecture(source)
  const checkpoint = await source.openWeights()
  const dtypes = [...new Set([...checkpoint.tensors.values()].map(({ entry }) => entry.dtype))].sort()
  const { architecture, notices } = await resolveContradictions(checkpoint, configured).finally(() =>
    checkpoint.close(),
  )
  const { norm, attention, modelType, vocabSize, contextLength, dModel, nLayers, nHeads, nKvHeads } =
    architecture
  const { dHead, dMlp, tiedEmbeddings, scoreLabels } = architecture
  return {
    is: "model",
    parameters: parameterCount(architecture),
    dtypes,
    files: checkpoint.files.length,
    modelType,
    vocabSize,
    contextLength,
    dModel,
    nLayers,
    nHeads,
    nKvHeads,
    dHead,
    dMlp,
    tiedEmbeddings,
    ...(scoreLabels === undefined ? {} : { scoreLabels }),
    positions: describePositions(architecture),
    norm: `${norm.kind === "rms" ? "root mean square" : "layer"}, epsilon ${norm.epsilon}`,
    windows: attention.windows ? attention.windows.map((width) => width ?? "all").join(" ") : "none",
    sites: allSites(architecture).map(({ site, width }) => `${site} [${width}]`),
    ...(notices.length === 0 ? {} : { notices: notices.join("; ") }),
  }
}

async function inspectCache(path: string): Promise<Facts> {
  const cache = await openCache(path)
  const { key, sites, dtype, parts, nParts, positions, summary } = cache.manifest
  const { skipped, ...counts } = summary as PlanSummary
  return {
    is: "activation cache",
    complete: cache.complete,
    parts: `${parts.length} of ${nParts}`,
    activationRows: cache.nRows,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    dtype,
    positions,
    ...key,
    ...counts,
    tooLong: skipped.length,
    sites: sites.map(({ site, width }) => `${site} [${width}]`),
  }
}

async function inspectProbe(path: string): Promise<Facts> {
  const { probe, needs, provenance } = await loadProbe(path)
  return {
    is: "fitted probe",
    probe: probe.probe,
    summary: probe.summary,
    calibrator: probe.calibrator,
    stimulus: needs.stimulus,
    positions: needs.positions.kind,
    ...provenance,
    directions: probe.directions.map((direction) => {
      const { values } = direction
      const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
      return `${unitName(direction)} [${values.length}] norm ${norm.toPrecision(4)}`
    }),
  }
}

async function inspectDistribution(path: string, wanted = splits): Promise<Facts> {
  const folder = resolve(path)
  const facts: Record<string, unknown> = { is: "distribution", id: basename(folder) }
  const names = await readdir(folder)
  for (const split of wanted) {
    if (!names.includes(`${split}.json`)) continue
    const distribution = await readDistribution(dirname(folder), basename(folder), split)
    const { examples } = distribution
    const pairs = allPairs(examples)
    const longer = pairOutcomes(chooseLonger(distribution, pairs))
    const always = new Float64Array(pairs.length).fill(1)
    facts[split] = {
      examples: examples.length,
      distinctPrompts: new Set(clusterByPrompt(examples)).size,
      pairs: pairs.length,
      chooseLongerIsRight: Number(agreement(longer, always).toFixed(4)),
      fingerprint: distribution.fingerprint,
    }
  }
  return facts
}

function render(facts: Facts): string {
  const indent = Math.max(...Object.keys(facts).map((name) => name.length)) + 2
  const lines = Object.entries(facts).map(
    ([name, value]) => name.padEnd(indent) + wrap(entriesOf(value).join(", "), { indent }),
  )
  return `${lines.join("\n").replaceAll(noBreak, " ")}\n`
}

// Lines break between entries, not within one; plain text has no such character, see plainText.
const noBreak = "\u009f"

function entriesOf(value: unknown): string[] {
  if (typeof value === "string") return [plainText(value)]
  if (Array.isArray(value)) return value.map((entry) => plainText(String(entry)).replaceAll(" ", noBreak))
  if (typeof value === "object") {
    if (value === null) return ["–"]
    return Object.entries(value).map(([name, entry]) =>
      [plainText(name), ...entriesOf(entry)].join(" ").replaceAll(" ", noBreak),
    )
  }
  return [
    typeof value === "number" && Number.isInteger(value) ? thousands(value) : `${value as number | boolean}`,
  ]
}
