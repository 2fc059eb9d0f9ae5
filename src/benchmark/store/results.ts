// A store of results: a folder of files in the folders, names and columns of the GENIES release, so that its files and
// one's own read alike.
//
//   evaluations/<intervention>/<model>-<source>/<target>.json     one evaluation, with the probability of every pair
//   generalization_metrics/<model>/<intervention>/<suite>.csv     one row per shift
//   prompts/<distribution>.json                                   which pairs of a test split share a prompt (ours)
//   trials/<intervention>/<model>/<reference>.json                accuracy on held-out data of a reference (ours)
//   skipped/<intervention>/<model>-<source>/<target>.json         why there is no evaluation (ours)
//   seeds/<seed>/                                                 a store of its own for every further seed (ours)
//
// An evaluation of our own has, beside the release's fields, one object `litmus`: how ties are counted, which pairs
// were scored, and what the result depends on.

import { readdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { LitmusError } from "../../errors.ts"
import { describeIo, isMissing, makeFolder, readJson, readText, writeFileAtomic } from "../../files.ts"
import { parseInputs, type StoredInputs } from "./inputs.ts"
import {
  formatSuiteRows,
  parseSkippedRows,
  parseSuiteRows,
  type SkippedRow,
  type SuiteRow,
} from "./suite-rows.ts"

/** What the store calls an intervention, where the release has another name for it. */
const releaseNames: Readonly<Record<string, string>> = {
  lora: "lora_fine_tuning",
  "prompt-tuning": "prompt_tuning",
  "few-shot": "few_shot",
  "zero-shot": "zero_shot",
  "lat-mean": "lat_stim_1",
  "lat-mean-2": "lat_stim_2",
  // The release's CCS chooses its sign on the test set; ours, which does not, must not stand under the same name.
  "ccs-leaky": "ccs",
  ccs: "ccs_source_sign",
}

/** The folder of an intervention in a store: its name in the release, where it has one there. */
export function folderOf(intervention: string): string {
  const [base = "", ...mixture] = intervention.split("+")
  return [Object.hasOwn(releaseNames, base) ? releaseNames[base] : base, ...mixture].join("+")
}

/** The intervention whose folder this is. */
export function interventionOf(folder: string): string {
  const [base, ...mixture] = folder.split("+")
  const entry = Object.entries(releaseNames).find(([, name]) => name === base)
  return [entry ? entry[0] : base, ...mixture].join("+")
}

/** What an evaluation is of: an intervention on a model, fitted on a source, tested on a target. */
export interface EvaluationKey {
  readonly model: string
  readonly intervention: string
  readonly source: string
  readonly target: string
}

/** An evaluation as a store holds it. */
export interface StoredEvaluation {
  /** Share of pairs in which the better response is preferred. */
  readonly accuracy: number
  /** What a pair with p = ½ counts: 1 in the release, ½ here. */
  readonly tieValue: number
  /** Probability that the better response is the better one, `[nPairs]`; the release's CCS stores none. */
  readonly probabilities?: readonly number[]
  /** Places of the scored pairs among all pairs of the split; absent if they are all of them, or not known. */
  readonly pairs?: readonly number[]
  /** Above 0 where the better response is preferred, `[nPairs]`; they decide where p is ½ to the last digit. */
  readonly logits?: readonly number[]
  /** What else was measured; of our own evaluations alone. */
  readonly metrics?: StoredMetrics
  /** What it was made of and with; of our own evaluations alone. */
  readonly inputs?: StoredInputs
  /** A fingerprint of all that it depends on; of our own evaluations alone. */
  readonly run?: string
  /** A fingerprint of the target's examples, whose pairs these are; of our own evaluations alone. */
  readonly examples?: string
}

/** The figures that an evaluation keeps because its pairs alone do not give them. */
export interface StoredMetrics {
  /** Share of prompts whose better response beats all others. */
  readonly promptAccuracy?: number
  /** Over pooled single responses. */
  readonly auroc?: number
  /** Share of pairs on which it agrees with "choose the longer response". */
  readonly agreementWithLonger?: number
  readonly skippedPairs?: number
  /** Every pair in both orders, 10 bins. */
  readonly rmsCalibrationError?: number
  /** As the 2023 release computes it. */
  readonly rmsCalibrationErrorGenies2023?: number
}

/** How well an intervention does on held-out data of a reference: what the best one is chosen by. */
export interface StoredTrial {
  readonly run: string
  /** Share of held-out pairs in which the better response is preferred, a tie counting ½. */
  readonly accuracy: number
  readonly pairs: number
}

/** Why an evaluation cannot be made: found by fitting or scoring, and not to be found out again. */
export interface StoredSkip {
  readonly run: string
  readonly reason: string
}

/** A folder of results. What is not there is undefined or an empty list. */
export interface ResultStore {
  readonly folder: string
  /** Models that have tables, sorted. */
  models(): Promise<string[]>
  /** Interventions that have tables for a model, sorted. */
  interventions(model: string): Promise<string[]>
  /** Suites that have a table, sorted. */
  suites(model: string, intervention: string): Promise<string[]>
  suiteRows(model: string, intervention: string, suite: string): Promise<SuiteRow[]>
  /** Shifts that the table names as skipped, each with the reason. */
  skippedRows(model: string, intervention: string, suite: string): Promise<SkippedRow[]>
  evaluation(key: EvaluationKey): Promise<StoredEvaluation | undefined>
  /** Number of the prompt that each pair of a test split belongs to, equal texts having equal numbers, `[nPairs]`. */
  prompts(distribution: string): Promise<readonly number[] | undefined>
  trial(key: Omit<EvaluationKey, "target">): Promise<StoredTrial | undefined>
  skip(key: EvaluationKey): Promise<StoredSkip | undefined>
  /** The stores of further seeds, by seed. */
  seeds(): Promise<ResultStore[]>
}

/**
 * Opens a store.
 *
 * @throws {LitmusError} if the folder is missing or holds no tables
 */
export async function openResults(folder: string): Promise<ResultStore> {
  const store = resultsAt(folder)
  if ((await store.models()).length === 0) {
    throw new LitmusError(
      `${folder}: expected a store of results (generalization_metrics/<model>/<intervention>/<suite>.csv), got none`,
    )
  }
  return store
}

/** A store that may be empty, or not be there yet. */
export function resultsAt(folder: string): ResultStore {
  const tables = join(folder, "generalization_metrics")
  return {
    folder,
    models: () => entriesOf(tables),
    interventions: async (model) =>
      (await entriesOf(join(tables, part("model", model)))).map(interventionOf).sort(),
    async suites(model, intervention) {
      const names = await entriesOf(dirname(tablePath(folder, { model, intervention, suite: "all" })))
      return names.filter((name) => name.endsWith(".csv")).map((name) => suiteOfFile(name))
    },
    async suiteRows(model, intervention, suite) {
      const path = tablePath(folder, { model, intervention, suite })
      return parseSuiteRows(await readText(path), path)
    },
    async skippedRows(model, intervention, suite) {
      const path = tablePath(folder, { model, intervention, suite })
      return parseSkippedRows(await readText(path), path)
    },
    async evaluation(key) {
      const path = evaluationPath(folder, key)
      const json = await readIfThere(path)
      return json === undefined ? undefined : parseEvaluation(json, path)
    },
    async prompts(distribution) {
      const path = promptsPath(folder, distribution)
      const json = await readIfThere(path)
      if (json === undefined) return undefined
      return numbers(fieldsOf(json, path).prompts, `${path} .prompts`, (n) => Number.isSafeInteger(n))
    },
    async trial(key) {
      const path = trialPath(folder, key)
      const json = await readIfThere(path)
      return json === undefined ? undefined : parseTrial(json, path)
    },
    async skip(key) {
      const path = evaluationPath(folder, key, "skipped")
      const json = await readIfThere(path)
      return json === undefined ? undefined : parseSkip(json, path)
    },
    async seeds() {
      const names = (await entriesOf(join(folder, "seeds"))).filter((name) => /^-?\d+$/.test(name))
      return names.sort((a, b) => Number(a) - Number(b)).map((name) => resultsAt(join(folder, "seeds", name)))
    },
  }
}

/** The folder of a seed's results: the store's own for the first, one in it for another. */
export function seedFolder(folder: string, seed: number, first: number): string {
  return seed === first ? folder : join(folder, "seeds", String(seed))
}

/** Writes an evaluation: the release's fields, and ours under `litmus`. */
export async function writeEvaluation(
  folder: string,
  key: EvaluationKey,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const path = evaluationPath(folder, key)
  parseEvaluation(fields, path)
  await write(path, `${JSON.stringify({ distribution_id: key.target, ...fields })}\n`)
}

/** Writes why an evaluation cannot be made. */
export async function writeSkip(folder: string, key: EvaluationKey, skip: StoredSkip): Promise<void> {
  await write(evaluationPath(folder, key, "skipped"), `${JSON.stringify(skip)}\n`)
}

/** Writes the table of a suite. */
export async function writeSuiteRows(
  folder: string,
  where: { model: string; intervention: string; suite: string },
  rows: readonly SuiteRow[],
  skipped: readonly SkippedRow[] = [],
): Promise<void> {
  await write(tablePath(folder, where), formatSuiteRows(rows, skipped))
}

/** Writes how well an intervention does on held-out data of a reference. */
export async function writeTrial(
  folder: string,
  key: Omit<EvaluationKey, "target">,
  trial: StoredTrial,
): Promise<void> {
  await write(trialPath(folder, key), `${JSON.stringify(trial)}\n`)
}

/** Writes which pairs of a test split share a prompt. */
export async function writePrompts(
  folder: string,
  distribution: string,
  prompts: readonly number[],
): Promise<void> {
  await write(promptsPath(folder, distribution), `${JSON.stringify({ distribution, prompts })}\n`)
}

/**
 * Outcomes of an evaluation's pairs, ties counted as its accuracy counts them unless told otherwise, `[nPairs]`.
 * Undefined where there are no probabilities.
 */
export function storedOutcomes(
  { probabilities, logits, tieValue }: StoredEvaluation,
  tie = tieValue,
): Float64Array | undefined {
  const outcome = (margin: number): number => (margin > 0 ? 1 : margin < 0 ? 0 : tie)
  if (logits) return Float64Array.from(logits, outcome)
  return probabilities && Float64Array.from(probabilities, (p) => outcome(p - 0.5))
}

/**
 * Whether evaluations of one split may be set pair beside pair: not where they are of other examples of it, as with
 * another `--max-examples` or seed. The release's, which do not say, are of all.
 */
export function areOfSameExamples(evaluations: readonly StoredEvaluation[]): boolean {
  return new Set(evaluations.flatMap(({ examples }) => examples ?? [])).size <= 1
}

/** Reads the fields of an evaluation. One without the object `litmus` is the release's: p = ½ counts as right. */
export function parseEvaluation(json: unknown, where: string): StoredEvaluation {
  const fields = fieldsOf(json, where)
  const accuracy = fields.eval_accuracy
  if (!(typeof accuracy === "number" && accuracy >= 0 && accuracy <= 1)) {
    throw new LitmusError(`${where} .eval_accuracy: expected a share, got ${String(accuracy)}`)
  }
  const ours = fields.litmus === undefined ? {} : fieldsOf(fields.litmus, `${where} .litmus`)
  const tieValue = ours.tie_value ?? 1
  if (tieValue !== 1 && tieValue !== 0.5) {
    throw new LitmusError(`${where} .litmus.tie_value: expected 1 or 0.5, got ${JSON.stringify(tieValue)}`)
  }
  const probabilities = fields.eval_probabilities
  const isShare = (p: number): boolean => p >= 0 && p <= 1
  const run = ours.run
  const inputs = parseInputs(ours)
  const target = ours.target === undefined ? undefined : fieldsOf(ours.target, `${where} .litmus.target`)
  const examples = target?.fingerprint
  return {
    accuracy,
    tieValue,
    ...(inputs ? { inputs } : {}),
    ...(typeof run === "string" ? { run } : {}),
    ...(typeof examples === "string" ? { examples } : {}),
    ...(ours.metrics === undefined ? {} : { metrics: metricsOf(ours.metrics, `${where} .litmus.metrics`) }),
    ...(ours.logits === undefined
      ? {}
      : { logits: numbers(ours.logits, `${where} .litmus.logits`, () => true) }),
    ...(probabilities === undefined
      ? {}
      : { probabilities: numbers(probabilities, `${where} .eval_probabilities`, isShare) }),
    ...(ours.pairs === undefined
      ? {}
      : { pairs: numbers(ours.pairs, `${where} .litmus.pairs`, (n) => Number.isSafeInteger(n) && n >= 0) }),
  }
}

function metricsOf(json: unknown, where: string): StoredMetrics {
  const fields = fieldsOf(json, where)
  const names = [
    "promptAccuracy",
    "auroc",
    "agreementWithLonger",
    "skippedPairs",
    "rmsCalibrationError",
    "rmsCalibrationErrorGenies2023",
  ] as const
  return Object.fromEntries(
    names.flatMap((name) => (typeof fields[name] === "number" ? [[name, fields[name]]] : [])),
  )
}

function parseTrial(json: unknown, where: string): StoredTrial {
  const { run, accuracy, pairs } = fieldsOf(json, where)
  if (typeof run === "string" && typeof accuracy === "number" && typeof pairs === "number") {
    return { run, accuracy, pairs }
  }
  throw new LitmusError(`${where}: expected a run, an accuracy and a number of pairs`)
}

function parseSkip(json: unknown, where: string): StoredSkip {
  const { run, reason } = fieldsOf(json, where)
  if (typeof run === "string" && typeof reason === "string") return { run, reason }
  throw new LitmusError(`${where}: expected a run and a reason`)
}

function trialPath(folder: string, { model, intervention, source }: Omit<EvaluationKey, "target">): string {
  const folders = [part("intervention", folderOf(intervention)), part("model", model)]
  return join(folder, "trials", ...folders, `${part("distribution", source)}.json`)
}

function evaluationPath(
  folder: string,
  { model, intervention, source, target }: EvaluationKey,
  kind: "evaluations" | "skipped" = "evaluations",
): string {
  const fitted = `${part("model", model)}-${part("distribution", source)}`
  const file = `${part("distribution", target)}.json`
  return join(folder, kind, part("intervention", folderOf(intervention)), fitted, file)
}

function tablePath(
  folder: string,
  { model, intervention, suite }: { model: string; intervention: string; suite: string },
): string {
  const file = `${part("suite", suite === "genies" ? "GENIES" : suite)}.csv`
  const folders = [part("model", model), part("intervention", folderOf(intervention))]
  return join(folder, "generalization_metrics", ...folders, file)
}

function suiteOfFile(file: string): string {
  const name = file.slice(0, -".csv".length)
  return name === "GENIES" ? "genies" : name
}

function promptsPath(folder: string, distribution: string): string {
  return join(folder, "prompts", `${part("distribution", distribution)}.json`)
}

/**
 * Says before any work is done that a name cannot stand in a store.
 *
 * @throws {LitmusError} if it cannot
 */
export function checkStoreName(kind: "model" | "suite", name: string): void {
  part(kind, name)
}

/** A name that is to become a part of a path: names come from users and files. */
function part(kind: string, name: string): string {
  if (/^\w[\w.+%-]*$/.test(name)) return name
  throw new LitmusError(`${kind} "${name}": expected letters, digits and _ . + % - to name a file by`)
}

async function write(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path))
  await writeFileAtomic(path, text)
}

/** Names in a folder, sorted, without hidden ones; none if it is missing. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw new LitmusError(`cannot read ${folder}: ${describeIo(error)}`, { cause: error })
  }
}

async function readIfThere(path: string): Promise<unknown> {
  try {
    return await readJson(path)
  } catch (error) {
    if (error instanceof LitmusError && isMissing(error.cause)) return undefined
    throw error
  }
}

function fieldsOf(json: unknown, where: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>
  throw new LitmusError(`${where}: expected an object, got ${Array.isArray(json) ? "a list" : String(json)}`)
}

function numbers(value: unknown, where: string, passes: (n: number) => boolean): number[] {
  if (!Array.isArray(value))
    throw new LitmusError(`${where}: expected a list of numbers, got ${typeof value}`)
  const bad = value.findIndex((entry) => !(typeof entry === "number" && passes(entry)))
  if (bad >= 0)
    throw new LitmusError(`${where}[${bad}]: expected a fitting number, got ${String(value[bad])}`)
  return value as number[]
}
