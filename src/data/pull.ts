// Fetches files of a release, each verified against its size and SHA-256 before it appears under its name. What is
// there and right is not fetched again, so that a pull that was cut off goes on where it stopped.

import { createReadStream } from "node:fs"
import { open, stat } from "node:fs/promises"
import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { setTimeout as pause } from "node:timers/promises"
import { FileError, LitmusError, messageOf } from "../base/errors.ts"
import { makeFolder, sha256, writeFileAtomic } from "../base/files.ts"
import { isMissing } from "../base/errors.ts"
import type { ReleaseFile } from "./release/files.ts"

/**
 * Where the files of the GENIES release are, tried in this order: GitHub's raw host at a commit whose data are those of
 * 31306c7, and at 31306c7 by its short name. Every file is verified, wherever it comes from.
 */
export const geniesPlaces: readonly string[] = [
  "https://raw.githubusercontent.com/Joshuaclymer/GENIES/70bd2ea15dd4640bcee96cff7f71a296614cfbfe",
  "https://raw.githubusercontent.com/Joshuaclymer/GENIES/31306c7",
]

export interface PullOptions {
  /** Addresses (`http://…`, `https://…`) or folders that have the files below them, tried in this order. */
  readonly from: readonly string[]
  /** Fetched at a time, defaults to 4. */
  readonly atOnce?: number
  /** Milliseconds before each further try of a server that does not answer; defaults to three tries in 7 s. */
  readonly patience?: readonly number[]
  /** Called with bytes fetched and to be fetched. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface PullReport {
  readonly files: number
  /** Files that were fetched, and their bytes. */
  readonly fetched: number
  readonly bytes: number
}

/**
 * Puts files of a release in a folder.
 *
 * @throws {LitmusError} if a file cannot be fetched, is not what it should be, or another one has its name in the
 * folder: that one is not overwritten
 */
export async function pullFiles(
  folder: string,
  files: readonly ReleaseFile[],
  { from, atOnce = 4, patience = [500, 1500, 5000], onProgress }: PullOptions,
): Promise<PullReport> {
  const missing: ReleaseFile[] = []
  for (const file of files) if (!(await isThere(join(folder, file.path), file))) missing.push(file)
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0)
  const queue = [...missing]
  const stop = new AbortController()
  let done = 0
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file && !stop.signal.aborted; file = queue.shift()) {
      const content = await fetchFile(file, { from, patience, signal: stop.signal })
      await save(join(folder, file.path), content)
      done += file.bytes
      onProgress?.(done, total)
    }
  }
  // The first failure ends the others too, and only then is it reported.
  const failures: unknown[] = []
  const workers = Array.from({ length: atOnce }, () =>
    work().catch((error: unknown) => {
      failures.push(error)
      stop.abort()
    }),
  )
  await Promise.all(workers)
  if (failures.length > 0) throw failures[0]
  return { files: files.length, fetched: missing.length, bytes: total }
}

/** Whether the file is there; another one of its name is an error. */
async function isThere(path: string, file: ReleaseFile): Promise<boolean> {
  try {
    const { size } = await stat(path)
    if (size === file.bytes && (await hashOf(path)) === file.sha256) return true
  } catch (error) {
    if (isMissing(error)) return false
    throw new FileError(`cannot read ${path}`, error)
  }
  throw new LitmusError(`${path}: differs from the release's file (remove it, or pull into another folder)`)
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}

interface FetchOptions extends Required<Pick<PullOptions, "from" | "patience">> {
  readonly signal: AbortSignal
}

async function fetchFile(file: ReleaseFile, { from, patience, signal }: FetchOptions): Promise<Buffer> {
  const places = from.map((base) => `${base.replace(/\/+$/, "")}/`)
  for (const base of places) {
    const content = /^https?:/.test(base)
      ? await download(base + file.path.split("/").map(encodeURIComponent).join("/"), file, {
          patience,
          signal,
        })
      : await readBounded(join(base, file.path), file)
    if (content === undefined) continue
    const where = base + file.path
    if (content.length !== file.bytes || sha256(content) !== file.sha256) {
      throw new LitmusError(
        `${where}: expected ${file.bytes} bytes of SHA-256 ${file.sha256.slice(0, 12)}…, ` +
          `got ${content.length > file.bytes ? "more" : `${content.length} of ${sha256(content).slice(0, 12)}…`}: it is not the release's file`,
      )
    }
    return content
  }
  throw new LitmusError(`${places[0]}${file.path}: no such file there (give a place that has it: --from)`)
}

/** At most one byte more than the file must have; undefined if there is none. */
async function readBounded(path: string, { bytes }: ReleaseFile): Promise<Buffer | undefined> {
  try {
    const file = await open(path)
    try {
      const buffer = Buffer.alloc(bytes + 1)
      const { bytesRead } = await file.read(buffer, 0, bytes + 1, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new FileError(`cannot read ${path}`, error)
  }
}

/** How long a server may take over one file. */
const timeout = 120_000

async function download(
  url: string,
  file: ReleaseFile,
  { patience, signal }: Pick<FetchOptions, "patience" | "signal">,
): Promise<Buffer | undefined> {
  for (let attempt = 0; ; attempt++) {
    let problem: Problem
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]) })
      if (response.ok) return await readBody(response, file.bytes)
      await response.body?.cancel()
      if (response.status < 500 && response.status !== 429 && response.status !== 408) {
        // A commit that a host does not know by its short name is not there either.
        if ([400, 404, 410, 422].includes(response.status)) return undefined
        throw new LitmusError(`${url}: the server refuses (${response.status} ${response.statusText})`)
      }
      problem = { text: `the server answers ${response.status} ${response.statusText}`, passing: true }
    } catch (error) {
      if (error instanceof LitmusError || signal.aborted) throw error
      problem = problemOf(error)
    }
    const wait = problem.passing ? patience[attempt] : undefined
    if (wait === undefined) throw new LitmusError(`cannot fetch ${url}: ${problem.text}. ${adviceOffline}`)
    await pause(wait, undefined, { signal })
  }
}

const adviceOffline =
  "What was fetched is kept: run the command again where there is a network. Without one, take the files from a copy " +
  "of the repository (git clone https://github.com/Joshuaclymer/GENIES): --from <folder>"

/** The body, up to one chunk more than it must have: a server that sends without end is not listened to. */
async function readBody(response: Response, bytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array)
    length += (chunk as Uint8Array).length
    if (length > bytes) break
  }
  return Buffer.concat(chunks)
}

interface Problem {
  readonly text: string
  /** Whether it may be gone at the next try. */
  readonly passing: boolean
}

/** fetch() says only "fetch failed"; why is in the cause. */
function problemOf(error: unknown): Problem {
  if (error instanceof Error && error.name === "TimeoutError") {
    return { text: `no answer in ${timeout / 1000} s`, passing: true }
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  const code = cause && "code" in cause ? String(cause.code) : undefined
  const unreachable = ["ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED"]
  if (code !== undefined && unreachable.includes(code)) {
    return { text: `the server cannot be reached (${code})`, passing: false }
  }
  return { text: code ?? cause?.message ?? messageOf(error), passing: true }
}

async function save(path: string, content: Buffer): Promise<void> {
  await makeFolder(dirname(path))
  await writeFileAtomic(path, content)
}
