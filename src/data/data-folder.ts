// A GENIES data folder: distributions/<id>/{train,test,metadata}.json, and beside it distribution_shifts/*.json.
// An id is only ever compared with the names of the folders that are there, never joined to a path unseen: ids come
// from users and from shift files.

import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { FileError, LitmusError, unknownName } from "../base/errors.ts"
import { isTemporary, readOrderedJson } from "../base/files.ts"
import { isMissing } from "../base/errors.ts"
import { describeJson, type Json } from "../base/json.ts"

/** The two files of a distribution: interventions are fitted on one and tested on the other. */
export type Split = "train" | "test"

export const splits: readonly Split[] = ["train", "test"]

/** What a distribution's `metadata.json` says about its origins. */
export interface Metadata {
  /** The id that the file gives; the name of the folder counts (one file of the release names another). */
  readonly id?: string
  /** Names of the datasets from outside that the items come from. */
  readonly externalDatasets: readonly string[]
  /** Distributions that share items with this one. */
  readonly overlappingDatasets: readonly string[]
}

/**
 * The ids of the distributions in a folder, sorted.
 *
 * @param folder - a GENIES data folder (one with `distributions/`), or a folder of distributions itself
 * @throws {LitmusError} if the folder is missing or holds no distribution
 */
export async function listDistributions(folder: string): Promise<string[]> {
  return (await openFolder(folder)).ids
}

/**
 * The path of one split of a distribution.
 *
 * @throws {LitmusError} if the distribution or the split is unknown, or the split's file is missing
 */
export async function distributionFile(folder: string, id: string, split: Split): Promise<string> {
  if (!splits.includes(split)) throw unknownName("split", split, splits)
  const path = join(await distributionFolder(folder, id), `${split}.json`)
  if (!(await exists(path))) {
    throw new LitmusError(`distribution "${id}" has no ${split} split: expected the file ${path}`)
  }
  return path
}

/**
 * The splits that a distribution has files of, training first.
 *
 * @throws {LitmusError} if the distribution is unknown
 */
export async function distributionSplits(folder: string, id: string): Promise<Split[]> {
  const place = await distributionFolder(folder, id)
  const there = await Promise.all(splits.map((split) => exists(join(place, `${split}.json`))))
  return splits.filter((_, i) => there[i])
}

/**
 * The metadata of a distribution, or undefined if it has no `metadata.json`.
 *
 * @throws {LitmusError} if the distribution is unknown or the file is not what it should be
 */
export async function readMetadata(folder: string, id: string): Promise<Metadata | undefined> {
  const path = join(await distributionFolder(folder, id), "metadata.json")
  if (!(await exists(path))) return undefined
  const json = await readOrderedJson(path)
  if (!(json instanceof Map)) throw new LitmusError(`${path}: expected an object, got ${describeJson(json)}`)
  const name = json.get("id")
  return {
    ...(typeof name === "string" ? { id: name } : {}),
    externalDatasets: namesIn(json.get("external_datasets"), `${path} .external_datasets`),
    overlappingDatasets: namesIn(json.get("overlapping_datasets"), `${path} .overlapping_datasets`),
  }
}

async function distributionFolder(folder: string, id: string): Promise<string> {
  const { root, ids } = await openFolder(folder)
  if (!ids.includes(id)) throw unknownName("distribution", id, ids)
  return join(root, id)
}

async function openFolder(folder: string): Promise<{ root: string; ids: string[] }> {
  let entries: string[]
  try {
    entries = await readdir(folder)
  } catch (error) {
    const isFile = isMissing(error) && (await exists(folder))
    throw new FileError(`cannot read the data folder ${folder}`, isFile ? new Error("it is a file") : error)
  }
  const inner = join(folder, "distributions")
  for (const root of entries.includes("distributions") ? [inner, folder] : [folder]) {
    const ids = await distributionsIn(root)
    if (ids.length > 0) return { root, ids }
  }
  const single = entries.some((name) => splits.some((split) => name === `${split}.json`))
  const got = single ? "a single distribution (give the folder that holds it)" : "neither"
  throw new LitmusError(
    `${folder}: expected a GENIES data folder (distributions/<id>/train.json) or a folder of distributions ` +
      `(<id>/train.json), got ${got}`,
  )
}

async function distributionsIn(root: string): Promise<string[]> {
  const entries: string[] = await readdir(root).catch(() => [])
  // An import that was killed leaves its unfinished folder.
  const names = entries.filter((name) => !isTemporary(name))
  const found = await Promise.all(
    names.map(async (name) => {
      const files = await Promise.all(splits.map((split) => exists(join(root, name, `${split}.json`))))
      return files.includes(true)
    }),
  )
  return names.filter((_, i) => found[i]).sort()
}

function namesIn(value: Json | undefined, where: string): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new LitmusError(`${where}: expected a list, got ${describeJson(value)}`)
  return value.map((entry, i) => {
    const name = entry instanceof Map ? entry.get("name") : entry
    if (typeof name === "string") return name
    throw new LitmusError(`${where}[${i}]: expected a name or an object with one, got ${describeJson(entry)}`)
  })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
