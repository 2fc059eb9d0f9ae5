// Files that appear under their final name only when whole, and fingerprints of what results depend on.

import { createHash, randomBytes } from "node:crypto"
import { readlinkSync } from "node:fs"
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { hostname } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { errorCode, FileError, isMissing, LitmusError, messageOf } from "./errors.ts"
import { parseOrderedJson, type Json } from "./json.ts"

/** SHA-256 of bytes or of a text, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex")
}

/** A short fingerprint of anything that JSON can hold: 16 hexadecimal digits over its canonical form. */
export function fingerprint(value: unknown): string {
  return sha256(canonicalJson(value)).slice(0, 16)
}

/** JSON with the keys of every object in code-unit order, so that equal values give equal bytes. */
export function canonicalJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, entry: unknown) =>
      entry !== null && typeof entry === "object" && !Array.isArray(entry)
        ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : entry,
    indent,
  )
}

/** A name beside `path` that no other process uses, on any machine; unfinished work has it until it is renamed. */
export function temporaryPath(path: string): string {
  const unique = `${thisMachine()}.${process.pid}.${randomBytes(4).toString("hex")}`
  return join(dirname(path), `.${basename(path)}.${unique}.tmp`)
}

/** True for the name of unfinished work, whoever made it. */
export function isTemporary(name: string): boolean {
  return /^\..*\.\d+\.[0-9a-f]+\.tmp$/.test(name)
}

/** The process of this machine that made a temporary path; undefined for another machine's, and for any other name. */
export function temporaryOwner(name: string): number | undefined {
  const [, machine, pid] = /^\..*\.([0-9a-f]{8})\.(\d+)\.[0-9a-f]+\.tmp$/.exec(name) ?? []
  return machine === thisMachine() ? Number(pid) : undefined
}

let machine: string | undefined

/** Names the machine, or the container on it: wherever a process's number means the same process. */
function thisMachine(): string {
  machine ??= sha256(`${hostname()} ${processNamespace()}`).slice(0, 8)
  return machine
}

/** Of Linux, where containers of one host name may number their processes apart. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    return ""
  }
}

/** False for a process of this machine that is no more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== "ESRCH"
  }
}

// We cannot check processes on other machines; nobody takes an hour to write a file.
const abandonedAfter = 3_600_000

/** Whether a path is unfinished work of a process of this machine that is no more, or another's, untouched for an hour. */
export async function isAbandoned(path: string): Promise<boolean> {
  const name = basename(path)
  if (!isTemporary(name)) return false
  const owner = temporaryOwner(name)
  if (owner !== undefined) return !isAlive(owner)
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > abandonedAfter
}

/** Removes what was left unfinished in a folder and its folders, on any machine; a missing folder is fine. */
export async function removeAbandoned(folder: string): Promise<void> {
  const names = await ifThere(listFolder(folder, { recursive: true }))
  for (const name of names ?? []) {
    const path = join(folder, name)
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true })
  }
}

/**
 * Makes a folder and those that it lies in, as far as they are missing.
 *
 * One by one: mkdir's own recursion never ends where a folder that is there answers ENOENT, as /proc does.
 *
 * @throws {LitmusError} if one of them cannot be made, or is a file
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    for (const path of await missingFolders(folder)) await mkdir(path).catch(acceptFolder(path))
  } catch (error) {
    const isImpossible = errorCode(error) === "ENOENT"
    throw new FileError(
      `cannot write ${folder}`,
      isImpossible ? new Error("no folder can be made there", { cause: error }) : error,
    )
  }
}

/** A folder and those that it lies in, as far as they are missing; the outermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = []
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT" && dirname(path) !== path) return undefined
      throw error
    })
    if (found) {
      if (found.isDirectory()) return missing
      throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" })
    }
    missing.unshift(path)
  }
}

/** Another process may make the same folder meanwhile. */
function acceptFolder(path: string): (error: unknown) => Promise<void> {
  return async (error) => {
    const found = errorCode(error) === "EEXIST" ? await stat(path).catch(() => undefined) : undefined
    if (!found?.isDirectory()) throw error
  }
}

/**
 * Writes a file whole or not at all: beside its final name, flushed, then renamed.
 *
 * @param content - a list is written piece by piece, and is never in memory as a whole
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const temporary = temporaryPath(path)
  try {
    const file = await open(temporary, "w")
    try {
      const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content
      for (const piece of pieces) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    // Where its folder is a file, removing fails too, and says nothing new.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new FileError(`cannot write ${path}`, error)
  }
}

/**
 * Reads and parses a JSON file.
 *
 * @throws {LitmusError} naming the file, and for malformed JSON the line and column
 */
export async function readJson(path: string): Promise<unknown> {
  return parseJson(await readText(path), path)
}

/**
 * Parses the text of a JSON file.
 *
 * @throws {LitmusError} naming the file, and the line and column
 */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // JSON.parse often does not say where; our own parser does.
    throw new LitmusError(malformation(text, path) ?? `${path}: malformed JSON: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function malformation(text: string, path: string): string | undefined {
  try {
    parseOrderedJson(text, path)
  } catch (error) {
    return messageOf(error)
  }
}

/**
 * Reads and parses a JSON file, keeping the order of the keys.
 *
 * @throws {LitmusError} naming the file, and for malformed JSON the line and column
 */
export async function readOrderedJson(path: string): Promise<Json> {
  return parseOrderedJson(await readText(path), path)
}

/**
 * Reads JSON that the cache keeps.
 *
 * @returns undefined for a file that is missing or malformed: what is damaged is made again
 * @throws {FileError} if the file is there and cannot be read
 */
export async function readKeptJson(path: string): Promise<unknown> {
  const bytes = await ifThere(readBytes(path))
  try {
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as unknown)
  } catch {
    return undefined
  }
}

/** A text file as UTF-8, without its byte order mark. */
export async function readText(path: string): Promise<string> {
  return decodeText(await readBytes(path), path)
}

/** @throws {FileError} if the file cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new FileError(`cannot read ${path}`, error)
  }
}

/**
 * The names in a folder, in no particular order.
 *
 * @param options.recursive - paths of what lies in its folders, too
 * @throws {FileError} if the folder cannot be read
 */
export async function listFolder(
  folder: string,
  { recursive = false }: { recursive?: boolean } = {},
): Promise<string[]> {
  try {
    return await readdir(folder, { recursive })
  } catch (error) {
    throw new FileError(`cannot read ${folder}`, error)
  }
}

/** What is read of a file or folder; undefined where there is none. */
export async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The bytes of a text file as UTF-8, without a byte order mark. */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (error) {
    throw new LitmusError(`${path}: expected UTF-8 text, got other bytes`, { cause: error })
  }
}
