// Puts the published results of GENIES in a store, and checks its tables against its evaluations. The release as it
// lies has traps: six LoRA evaluations stand one folder deeper (four of them twice), many lack a distribution id (the
// path has it), CCS stores no probabilities, and `zero_shot/llama-30b/` is another run than the tables'.

import { readdir } from "node:fs/promises"
import { join, sep } from "node:path"
import { allPairs, clusterByPrompt, listDistributions, readDistribution } from "../../data/index.ts"
import { FileError, LitmusError } from "../../base/errors.ts"
import { readJson, readText } from "../../base/files.ts"
import type { Progress } from "../../base/progress.ts"
import { parseEvaluation } from "./evaluation.ts"
import { interventionOf, type EvaluationKey } from "./places.ts"
import { writeEvaluation, writePrompts, writeSuiteRows } from "./results.ts"
import { parseSkippedRows, parseSuiteRows, type SkippedRow, type SuiteRow } from "./suite-rows.ts"

/** What was imported, and whether the release's tables and evaluations say the same. */
export interface ImportReport {
  readonly tables: number
  readonly evaluations: number
  /** Evaluations that are one folder deeper and are not there otherwise. */
  readonly deeper: number
  /** Copies one folder deeper of evaluations that are also in their place. */
  readonly copies: number
  /** Evaluations that no table's model and source name, left out. */
  readonly unnamed: number
  /** Test splits whose pairs are known to belong to prompts. */
  readonly prompts: number
  /** Rows of tables of models that have evaluations, and the figures in them that were compared with these. */
  readonly rows: number
  readonly figures: number
  /** Figures of tables that differ from their evaluation by more than 1e-12, or have none. */
  readonly deviations: readonly Deviation[]
}

/** A figure of tables that its evaluation does not bear out. */
export interface Deviation {
  readonly figure: "accuracy" | "zero-shot" | "capability" | "source accuracy" | "differential elicitation"
  readonly model: string
  readonly source: string
  readonly target: string
  readonly table: number
  /** What the evaluation has; null where there is none. */
  readonly evaluation: number | null
  /** Interventions whose tables have it. */
  readonly interventions: readonly string[]
}

interface Table {
  readonly model: string
  readonly intervention: string
  readonly suite: string
  readonly rows: readonly SuiteRow[]
  /** Our own stores name them; the release has none. */
  readonly skipped: readonly SkippedRow[]
}

/**
 * Imports the results of the release.
 *
 * @param release - its results: `evaluations/` and `generalization_metrics/`
 * @param options.data - its data folder; the prompts of pairs are taken from there, not their texts
 * @throws {LitmusError} if a folder is missing or a file is not what it should be
 */
export async function importResults(
  release: string,
  store: string,
  { data, progress }: { data?: string; progress?: Progress } = {},
): Promise<ImportReport> {
  const tables = await readTables(join(release, "generalization_metrics"))
  const models = [...new Set(tables.map(({ model }) => model))]
  const found = await findEvaluations(join(release, "evaluations"), models)
  for (const table of tables) await writeSuiteRows(store, table, table.rows, table.skipped)
  const accuracies = new Map<string, number>()
  const task = progress?.task("results", "evaluations")
  for (const [i, { key, path }] of found.evaluations.entries()) {
    const json = (await readJson(path)) as Record<string, unknown>
    accuracies.set(keyText(key), parseEvaluation(json, path).accuracy)
    await writeEvaluation(store, key, json)
    task?.update(i + 1, found.evaluations.length)
  }
  task?.end()
  const targets = new Set(found.evaluations.map(({ key }) => key.target))
  const prompts = data === undefined ? 0 : await importPrompts(data, store, targets)
  const { evaluations, ...counts } = found
  const check = checkTables(tables, accuracies)
  return { tables: tables.length, evaluations: evaluations.length, ...counts, prompts, ...check }
}

async function readTables(folder: string): Promise<Table[]> {
  const tables: Table[] = []
  for (const file of await filesIn(folder, ".csv")) {
    const [model, name, csv, ...deeper] = file.split(sep)
    if (!model || !name || !csv || deeper.length > 0) {
      throw new LitmusError(`${join(folder, file)}: expected <model>/<intervention>/<suite>.csv`)
    }
    const path = join(folder, file)
    const suite = csv === "GENIES.csv" ? "genies" : csv.slice(0, -".csv".length)
    const text = await readText(path)
    const [rows, skipped] = [parseSuiteRows(text, path), parseSkippedRows(text, path)]
    tables.push({ model, intervention: interventionOf(name), suite, rows, skipped })
  }
  if (tables.length > 0) return tables
  throw new LitmusError(`${folder}: expected tables (<model>/<intervention>/<suite>.csv), got none`)
}

async function findEvaluations(
  folder: string,
  models: readonly string[],
): Promise<{
  evaluations: { key: EvaluationKey; path: string }[]
  deeper: number
  copies: number
  unnamed: number
}> {
  const places = (await filesIn(folder, ".json")).map((file) => ({ file, parts: file.split(sep) }))
  const evaluations = new Map<string, { key: EvaluationKey; path: string }>()
  const counts = { deeper: 0, copies: 0, unnamed: 0 }
  // Those in their place come first: a copy one folder deeper lacks fields.
  for (const { file, parts } of places.sort((a, b) => a.parts.length - b.parts.length)) {
    const [name = "", fitted = ""] = parts
    const model = models
      .filter((candidate) => fitted.startsWith(`${candidate}-`))
      .sort((a, b) => b.length - a.length)[0]
    if (parts.length < 3 || model === undefined) {
      counts.unnamed++
      continue
    }
    const source = fitted.slice(model.length + 1)
    const target = parts.at(-1)!.slice(0, -".json".length)
    const key = { model, intervention: interventionOf(name), source, target }
    if (evaluations.has(keyText(key))) {
      counts.copies++
      continue
    }
    if (parts.length > 3) counts.deeper++
    evaluations.set(keyText(key), { key, path: join(folder, file) })
  }
  return { evaluations: [...evaluations.values()], ...counts }
}

async function importPrompts(data: string, store: string, targets: ReadonlySet<string>): Promise<number> {
  const known = (await listDistributions(data)).filter((id) => targets.has(id))
  for (const id of known) {
    const { examples } = await readDistribution(data, id, "test")
    const clusters = clusterByPrompt(examples)
    const promptOf = new Map(examples.map(({ index }, i) => [index, clusters[i]!]))
    await writePrompts(
      store,
      id,
      allPairs(examples).map(({ example }) => promptOf.get(example)!),
    )
  }
  return known.length
}

/** Compares every row of the tables with the evaluations that its figures are of. */
function checkTables(
  tables: readonly Table[],
  accuracies: ReadonlyMap<string, number>,
): Pick<ImportReport, "rows" | "figures" | "deviations"> {
  const evaluated = new Set([...accuracies.keys()].map((key) => key.split(" ")[0]!))
  const deviations = new Map<string, Deviation & { interventions: string[] }>()
  let rows = 0
  let figures = 0
  for (const { model, intervention, rows: tableRows } of tables) {
    if (!evaluated.has(model)) continue
    for (const row of tableRows) {
      rows++
      const { source, target } = row
      const accuracyOf = (name: string, from: string, to: string): number | null =>
        accuracies.get(keyText({ model, intervention: name, source: from, target: to })) ?? null
      const compare = (
        figure: Deviation["figure"],
        table: number | undefined,
        evaluation: number | null,
      ): void => {
        if (table === undefined) return
        figures++
        if (evaluation !== null && Math.abs(table - evaluation) <= 1e-12) return
        const key = JSON.stringify([figure, model, source, target, table, evaluation])
        const known = deviations.get(key)
        if (!known) {
          const interventions = [intervention]
          deviations.set(key, { figure, model, source, target, table, evaluation, interventions })
        } else if (!known.interventions.includes(intervention)) known.interventions.push(intervention)
      }
      const capable = interventionOf(
        row.capabilityBy === "classify_lora" ? "lora_fine_tuning" : (row.capabilityBy ?? ""),
      )
      compare("accuracy", row.accuracy, accuracyOf(intervention, source, target))
      compare("zero-shot", row.zeroShot, accuracyOf(interventionOf(row.zeroShotBy ?? ""), source, target))
      compare("capability", row.capability, accuracyOf(capable, row.targetReference, row.targetReference))
      compare("source accuracy", row.sourceAccuracy, accuracyOf(intervention, source, source))
      if (row.zeroShot !== undefined && row.capability !== undefined) {
        const quotient = (row.accuracy - row.zeroShot) / row.capability
        compare("differential elicitation", row.differentialElicitation, quotient)
      }
    }
  }
  return { rows, figures, deviations: [...deviations.values()] }
}

function keyText({ model, intervention, source, target }: EvaluationKey): string {
  return `${model} ${intervention} ${source} ${target}`
}

/** Paths of the files in a folder and its folders, sorted, hidden ones left out. */
async function filesIn(folder: string, ending: string): Promise<string[]> {
  try {
    const files = await readdir(folder, { recursive: true })
    const hidden = (file: string): boolean => file.split(sep).some((name) => name.startsWith("."))
    return files.filter((file) => file.endsWith(ending) && !hidden(file)).sort()
  } catch (error) {
    throw new FileError(`cannot read ${folder}`, error, "(expected the results of the release)")
  }
}
