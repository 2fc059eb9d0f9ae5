// Writes a distribution as a folder of the GENIES format: all of it or nothing.

import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { FileError, LitmusError } from "../base/errors.ts"
import { makeFolder, temporaryPath } from "../base/files.ts"
import { isMissing } from "../base/errors.ts"
import type { Split } from "./data-folder.ts"
import type { Example } from "./distribution.ts"

const files = ["train.json", "test.json", "metadata.json"]

/**
 * Writes `train.json`, `test.json` and `metadata.json`; the folder's name is the distribution's id.
 *
 * @param examples - by split; a split without examples gets no file
 * @param options.origins - what metadata.json names as `external_datasets`
 * @param options.replace - put it in the place of a distribution that is there already; defaults to false
 * @returns the id
 * @throws {LitmusError} if the folder is there already, or holds anything but a distribution
 */
export async function writeDistribution(
  folder: string,
  examples: Readonly<Partial<Record<Split, readonly Example[]>>>,
  { origins, replace = false }: { origins: readonly Origin[]; replace?: boolean },
): Promise<string> {
  const place = resolve(folder)
  const id = basename(place)
  const there = await entriesOf(place)
  const stray = there.find((name) => !files.includes(name))
  if (stray !== undefined) {
    throw new LitmusError(`${folder}: expected a new folder or a distribution's, got one with ${stray} in it`)
  }
  if (there.length > 0 && !replace) {
    throw new LitmusError(`${folder}: there is a distribution already (give another folder, or --replace)`)
  }
  await makeFolder(dirname(place))
  const made = temporaryPath(place)
  const old = temporaryPath(place)
  try {
    await mkdir(made)
    for (const [split, list] of Object.entries(examples)) {
      if (list.length > 0) await writeFile(join(made, `${split}.json`), formatExamples(list))
    }
    const metadata = { id, external_datasets: origins, overlapping_datasets: [] }
    await writeFile(join(made, "metadata.json"), `${JSON.stringify(metadata, null, 4)}\n`)
    if (there.length > 0) await rename(place, old)
    await rename(made, place)
    await rm(old, { recursive: true, force: true })
  } catch (error) {
    await rm(made, { recursive: true, force: true })
    throw new FileError(`cannot write ${folder}`, error)
  }
  return id
}

/** Where the items of a distribution come from. */
export interface Origin {
  readonly name: string
  readonly used_for: string
  readonly [detail: string]: string | number
}

/** The text of a split's file. Responses are written one by one: an object would move keys like "42" to the front. */
export function formatExamples(
  examples: readonly Pick<Example, "prompt" | "messages" | "responses">[],
): string {
  const items = examples.map(({ prompt, messages, responses }) => {
    const lines = responses.map(({ text, label }) => `            ${JSON.stringify(text)}: ${label}`)
    return `    {\n        "prompt": ${JSON.stringify(messages ?? prompt)},\n        "responses": {\n${lines.join(",\n")}\n        }\n    }`
  })
  return `[\n${items.join(",\n")}\n]\n`
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw new FileError(`cannot write ${folder}`, error)
  }
}
