// Where things stand in a store: the release's names of interventions, and the path of every kind of file.

import { join } from "node:path"
import { LitmusError } from "../../base/errors.ts"

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

/** The folder of a seed's results: the store's own for the first, one in it for another. */
export function seedFolder(folder: string, seed: number, first: number): string {
  return seed === first ? folder : join(folder, "seeds", String(seed))
}

export function trialPath(
  folder: string,
  { model, intervention, source }: Omit<EvaluationKey, "target">,
): string {
  const folders = [part("intervention", folderOf(intervention)), part("model", model)]
  return join(folder, "trials", ...folders, `${part("distribution", source)}.json`)
}

export function evaluationPath(
  folder: string,
  { model, intervention, source, target }: EvaluationKey,
  kind: "evaluations" | "skipped" | "nulls" = "evaluations",
): string {
  const fitted = `${part("model", model)}-${part("distribution", source)}`
  const file = `${part("distribution", target)}.json`
  return join(folder, kind, part("intervention", folderOf(intervention)), fitted, file)
}

export function tablePath(
  folder: string,
  { model, intervention, suite }: { model: string; intervention: string; suite: string },
): string {
  const file = `${part("suite", suite === "genies" ? "GENIES" : suite)}.csv`
  const folders = [part("model", model), part("intervention", folderOf(intervention))]
  return join(folder, "generalization_metrics", ...folders, file)
}

export function suiteOfFile(file: string): string {
  const name = file.slice(0, -".csv".length)
  return name === "GENIES" ? "genies" : name
}

export function promptsPath(folder: string, distribution: string): string {
  return join(folder, "prompts", `${part("distribution", distribution)}.json`)
}

/**
 * Says before any work is done that a store cannot hold a name.
 *
 * @throws {LitmusError} if it cannot
 */
export function checkStoreName(kind: "model" | "suite", name: string): void {
  part(kind, name)
}

/** A name that is to become a part of a path: names come from users and files. */
export function part(kind: string, name: string): string {
  if (/^\w[\w.+%-]*$/.test(name)) return name
  throw new LitmusError(`${kind} "${name}": expected letters, digits and _ . + % - to name a file by`)
}
