// Files that appear under their final name only when whole, and fingerprints of what results depend on.

import { createHash, randomBytes } from "node:crypto"
import { open, readFile, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { LitmusError, messageOf } from "./errors.ts"

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

/** A name beside `path` that no other process uses; unfinished work stands under it until it is renamed. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`)
}

/** Writes a file whole or not at all: beside its final name, flushed, then renamed. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path)
  try {
    const file = await open(temporary, "w")
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new LitmusError(`cannot write ${path}: ${describeIo(error)}`, { cause: error })
  }
}

/**
 * Reads and parses a JSON file.
 *
 * @throws {LitmusError} naming the file, and for malformed JSON the line and column
 */
export async function readJson(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (error) {
    throw new LitmusError(`cannot read ${path}: ${describeIo(error)}`, { cause: error })
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new LitmusError(`${path}${placeOf(messageOf(error), text)}: malformed JSON (${messageOf(error)})`, {
      cause: error,
    })
  }
}

/** True for an error that says that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === "ENOENT" || code === "ENOTDIR"
}

/** What an input or output error means, in words. */
export function describeIo(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "no such file or folder"
    case "ENOSPC":
      return "no space left on the disk (what was finished is kept: free some space and run the command again)"
    case "EACCES":
    case "EPERM":
      return "permission denied"
    case "EISDIR":
      return "it is a folder"
    case "EROFS":
      return "the file system is read-only"
    default:
      return messageOf(error)
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined
}

function placeOf(message: string, text: string): string {
  const match = /position (\d+)/.exec(message)
  const offset = match ? Number(match[1]) : /end of JSON input/.test(message) ? text.length : undefined
  if (offset === undefined) return ""
  const before = text.slice(0, offset)
  const line = before.split("\n").length
  return `:${line}:${offset - before.lastIndexOf("\n")}`
}
