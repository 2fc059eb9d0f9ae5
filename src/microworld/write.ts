// The distributions of the small world as files: a data folder in the GENIES format, with its shifts.

import { readdir, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { microworldShifts } from "../data/microworld-suite.ts"
import { splits } from "../data/data-folder.ts"
import { shiftKey, suite } from "../data/suites.ts"
import { FileError, LitmusError } from "../base/errors.ts"
import { fingerprint, makeFolder, temporaryPath, writeFileAtomic } from "../base/files.ts"
import { isMissing } from "../base/errors.ts"
import { microDistributions, type MicroDistribution } from "./distributions/index.ts"
import { recipe } from "./recipe.ts"
import { makeWorld } from "./world.ts"

/** The distributions of the embedded model's world. */
export function embeddedDistributions(): MicroDistribution[] {
  return microDistributions(makeWorld(recipe.world))
}

/**
 * Writes the small world's distributions and shifts as a data folder.
 *
 * @param folder - must be missing or empty: nothing is written over
 * @returns the ids of the distributions
 * @throws {LitmusError} if the folder holds something or cannot be written
 */
export async function writeMicroworld(folder: string): Promise<string[]> {
  if (folder === "") throw new LitmusError('folder: expected a path, got ""')
  const there = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw new FileError(`cannot write ${folder}`, error)
  })
  if (there.length > 0) {
    throw new LitmusError(`${folder}: expected an empty or a new folder, found ${there.length} entries`)
  }
  const distributions = embeddedDistributions()
  for (const distribution of distributions) {
    await writeDistribution(join(folder, "distributions", distribution.id), distribution)
  }
  await writeShifts(join(folder, "distribution_shifts"))
  return distributions.map(({ id }) => id)
}

async function writeDistribution(folder: string, distribution: MicroDistribution): Promise<void> {
  const { id, description } = distribution
  await makeFolder(folder)
  const metadata = { id, description, external_datasets: [], overlapping_datasets: [] }
  await writeJson(join(folder, "metadata.json"), metadata)
  for (const split of splits) await writeJson(join(folder, `${split}.json`), distribution[split])
}

/** One file with the whole suite, and one per category as the release has them. */
async function writeShifts(folder: string): Promise<void> {
  const shifts = suite("microworld").map(({ source, target, targetReference, label, category }) => ({
    source,
    target,
    ...(targetReference === target ? {} : { target_reference: targetReference }),
    label,
    category,
  }))
  await makeFolder(folder)
  await writeJson(join(folder, "microworld.json"), shifts)
  for (const [label, categories] of Object.entries(microworldShifts)) {
    await makeFolder(join(folder, label))
    for (const category of Object.keys(categories)) {
      const chosen = shifts.filter((shift) => shift.category === category)
      await writeJson(join(folder, label, `${category}.json`), chosen)
    }
  }
}

/**
 * The embedded data folder, written into a cache on first use. Its name covers its content: another version of the world
 * gets another folder.
 *
 * @param cache - cache folder; the data lie in `microworld/` below it
 */
export async function embeddedData(cache: string): Promise<string> {
  const content = [1, embeddedDistributions(), suite("microworld").map(shiftKey)]
  const folder = join(cache, "microworld", fingerprint(content))
  if (await isFolder(folder)) return folder
  await makeFolder(join(cache, "microworld"))
  const temporary = temporaryPath(folder)
  try {
    await writeMicroworld(temporary)
    // Another process may put its own there meanwhile; it holds the same bytes.
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await isFolder(folder))) throw new FileError(`cannot write ${folder}`, error)
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, undefined, 1)}\n`)
}
