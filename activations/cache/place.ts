// Putting files in their place: parts in pieces under a temporary name, the first manifest only where there is
// none, and clearing away what dead processes left.

import { link, open, readdir, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { isAbandoned, temporaryPath } from "../../src/base/files.ts"
import { errorCode, FileError, isMissing } from "../../src/base/errors.ts"

/** Writes a file in pieces, whole or not at all: beside its final name, flushed, then renamed. */
export async function writeChunksAtomic(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  try {
    await place(path, chunks, rename)
  } catch (error) {
    if (!isMissing(error)) throw cannotWrite(path, error)
    // A process that cannot see ours (in another container, say) may have cleared our temporary file away.
    await place(path, chunks, rename).catch((again: unknown) => {
      throw cannotWrite(path, again)
    })
  }
}

/** Writes a file, whole or not at all, if no file of that name is there; leaves one that is there alone. */
export async function createFileAtomic(path: string, content: string): Promise<void> {
  try {
    await place(path, [Buffer.from(content)], linkOnce)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/** Removes files that processes that are no more left unfinished. */
export async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const isOurs = /^\.(manifest|part-\d{5,})\.(json|arrow)\./.test(name)
    if (isOurs && (await isAbandoned(path))) await rm(path, { force: true })
  }
}

async function place(
  path: string,
  chunks: readonly Uint8Array[],
  settle: (temporary: string, path: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryPath(path)
  try {
    const file = await open(temporary, "w")
    try {
      for (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await settle(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  await flushFolder(dirname(path))
}

/** Unlike a rename, a link never replaces a file. */
async function linkOnce(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    const code = errorCode(error)
    if (code === "EEXIST") return
    // No hard links on this file system.
    if (code === "EPERM" || code === "ENOSYS" || code === "ENOTSUP") return rename(temporary, path)
    throw error
  }
}

/** Makes a rename last through a power cut; where folders cannot be opened there is nothing to do. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

function cannotWrite(path: string, error: unknown): FileError {
  return new FileError(`cannot write ${path}`, error)
}
