// Writes a report's folder: the page, built beforehand, and its data as scripts. Pages opened from the file system may
// not fetch files, but may load scripts: every data file is one call with a name and a text of JSON, and nothing in it
// is run.

import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { FileError, LitmusError } from "../base/errors.ts"
import { makeFolder, temporaryPath } from "../base/files.ts"
import { isMissing } from "../base/errors.ts"
import type { Progress } from "../base/progress.ts"
import { personas, reliability, shiftPairs } from "./collect-pairs.ts"
import type { Report } from "./collect.ts"
import { dataFiles, type DataFile } from "./site-data.ts"

/** A file that every report has; a folder with it may be replaced. */
const marker = "litmus-report.txt"

/**
 * Writes the site. It appears under its name only when whole, in place of a report that was there.
 *
 * @returns how many files it has, and their bytes
 * @throws {LitmusError} if the folder holds something that is no report, or cannot be written
 */
export async function writeSite(
  report: Report,
  folder: string,
  { progress }: { progress?: Progress } = {},
): Promise<{ files: number; bytes: number }> {
  const target = resolve(folder)
  await requireReplaceable(target)
  await makeFolder(dirname(target))
  const temporary = temporaryPath(target)
  const written = { files: 0, bytes: 0 }
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await writeFile(join(temporary, name), content)
    written.files += 1
    written.bytes += content.length
  }
  try {
    await mkdir(temporary)
    await mkdir(join(temporary, "data"))
    const page = pageFolder()
    for (const name of await readdir(page)) await write(name, await readFile(join(page, name)))
    await write(
      marker,
      "A report of Litmus: open index.html. The whole folder is replaced when it is made again.\n",
    )
    await writeData(report, { write, progress })
    await rm(target, { recursive: true, force: true })
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (error instanceof LitmusError) throw error
    throw new FileError(`cannot write the report ${folder}`, error)
  }
  return written
}

async function writeData(
  { index, released, distributions }: Report,
  {
    write,
    progress,
  }: { write: (name: string, content: string) => Promise<void>; progress: Progress | undefined },
): Promise<void> {
  const data = <Content>({ name }: DataFile<Content>, value: Content): Promise<void> =>
    write(`data/${name}.js`, dataScript(name, value))
  await data(dataFiles.index, index)
  await data(
    dataFiles.personas,
    personas(released, (id) => distributions?.longer(id)),
  )
  await data(dataFiles.reliability, reliability(released))
  for (const place of index.shifts.keys()) {
    const pairs = shiftPairs(released, place)
    if (pairs) await data(dataFiles.shift(place), pairs)
  }
  if (!distributions) return
  const task = progress?.task("texts", "distributions")
  for (const [place, { id, splits }] of distributions.entries.entries()) {
    for (const { split } of splits)
      await data(dataFiles.split(place, split), await distributions.texts(id, split))
    task?.update(place + 1, distributions.entries.length)
  }
  task?.end()
}

/**
 * A script that hands over JSON as a text. Numbers are rounded to seven digits.
 *
 * The text is a string literal of JavaScript: no part of it can be code, and no key of it a prototype.
 */
export function dataScript(name: string, value: unknown): string {
  const json = JSON.stringify(value, (_key, entry: unknown) =>
    typeof entry === "number" ? Number(entry.toPrecision(7)) : entry,
  )
  return `litmusData(${JSON.stringify(name)},${JSON.stringify(json)})\n`
}

/** The built page: beside the built package, also when its sources run. */
function pageFolder(): string {
  return builtFolder("page")
}

/**
 * A folder that `npm run build` made from the report's sources: `page` or `figures`.
 *
 * Modules lie at dist/src/report/ or at src/report/.
 */
export function builtFolder(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const isBuilt = /[\\/]dist[\\/]src[\\/]report$/.test(here)
  return join(here, isBuilt ? "../.." : "../../dist", "report", name)
}

async function requireReplaceable(target: string): Promise<void> {
  let entries: string[]
  try {
    entries = await readdir(target)
  } catch (error) {
    if (isMissing(error) && !existsSync(target)) return
    if (isMissing(error)) {
      throw new LitmusError(`${target}: expected an empty folder or a report to replace, got a file`)
    }
    throw new FileError(`cannot write the report ${target}`, error)
  }
  if (entries.length > 0 && !entries.includes(marker)) {
    throw new LitmusError(`${target}: expected an empty folder or a report to replace, got other files`)
  }
}
