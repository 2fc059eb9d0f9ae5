// A store of results: a folder of files in the folders, names and columns of the GENIES release, so that its files and
// one's own read alike.
//
//   evaluations/<intervention>/<model>-<source>/<target>.json     one evaluation, with the probability of every pair
//   generalization_metrics/<model>/<intervention>/<suite>.csv     one row per shift
//   prompts/<distribution>.json                                   which pairs of a test split share a prompt (ours)
//   trials/<intervention>/<model>/<reference>.json                accuracy on held-out data of a reference (ours)
//   skipped/<intervention>/<model>-<source>/<target>.json         why there is no evaluation (ours)
//   nulls/<intervention>/<model>-<source>/<target>.json           accuracies of fits on shuffled labels (ours)
//   seeds/<seed>/                                                 a store of its own for every further seed (ours)
//
// An evaluation of our own has, beside the release's fields, one object `litmus`: how ties are counted, which pairs
// were scored, and what the result depends on.

import { dirname, join } from "node:path"
import { LitmusError } from "../../base/errors.ts"
import { ifThere, listFolder, makeFolder, readJson, readText, writeFileAtomic } from "../../base/files.ts"
import {
  fieldsOf,
  numbers,
  parseEvaluation,
  parseSkip,
  parseTrial,
  type StoredEvaluation,
  type StoredSkip,
  type StoredTrial,
} from "./evaluation.ts"
import { parseNull, type StoredNull } from "./null-band.ts"
import {
  evaluationPath,
  interventionOf,
  part,
  promptsPath,
  suiteOfFile,
  tablePath,
  trialPath,
  type EvaluationKey,
} from "./places.ts"
import {
  formatSuiteRows,
  parseSkippedRows,
  parseSuiteRows,
  type SkippedRow,
  type SuiteRow,
} from "./suite-rows.ts"

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
  nullBand(key: EvaluationKey): Promise<StoredNull | undefined>
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
      const json = await ifThere(readJson(path))
      return json === undefined ? undefined : parseEvaluation(json, path)
    },
    async prompts(distribution) {
      const path = promptsPath(folder, distribution)
      const json = await ifThere(readJson(path))
      if (json === undefined) return undefined
      return numbers(fieldsOf(json, path).prompts, `${path} .prompts`, (n) => Number.isSafeInteger(n))
    },
    async trial(key) {
      const path = trialPath(folder, key)
      const json = await ifThere(readJson(path))
      return json === undefined ? undefined : parseTrial(json, path)
    },
    async nullBand(key) {
      const path = evaluationPath(folder, key, "nulls")
      const json = await ifThere(readJson(path))
      return json === undefined ? undefined : parseNull(json, path)
    },
    async skip(key) {
      const path = evaluationPath(folder, key, "skipped")
      const json = await ifThere(readJson(path))
      return json === undefined ? undefined : parseSkip(json, path)
    },
    async seeds() {
      const names = (await entriesOf(join(folder, "seeds"))).filter((name) => /^-?\d+$/.test(name))
      return names.sort((a, b) => Number(a) - Number(b)).map((name) => resultsAt(join(folder, "seeds", name)))
    },
  }
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

/** Writes the accuracies of fits on shuffled labels. */
export async function writeNull(folder: string, key: EvaluationKey, band: StoredNull): Promise<void> {
  await write(evaluationPath(folder, key, "nulls"), `${JSON.stringify(band)}\n`)
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

async function write(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path))
  await writeFileAtomic(path, text)
}

/** Names in a folder, sorted, without hidden ones; none if it is missing. */
async function entriesOf(folder: string): Promise<string[]> {
  const names = (await ifThere(listFolder(folder))) ?? []
  return names.filter((name) => !name.startsWith(".")).sort()
}
