// Fetching a release from a server of the test's own: verified, resumed, never overwritten, and what every fault says.

import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { pullFiles, type PullOptions } from "../../src/data/pull.ts"
import { releaseFiles, type ReleaseFile } from "../../src/data/release/files.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { unreachable } from "../support/unreachable.ts"
import { listings, listingText } from "../support/write-release-files.ts"

const root = temporaryFolder()
const content = new Map(
  ["distributions/a/train.json", "distributions/a/test.json", "shifts/a 5%.json", "shifts/b.json"].map(
    (path, i) => [path, Buffer.alloc(1000 * (i + 1), path)],
  ),
)
const files: ReleaseFile[] = Array.from(content, ([path, bytes]) => ({
  path,
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
}))

/** What the server does with a path, until told otherwise: sends it, and 404 for what it has not got. */
let special: (path: string, response: ServerResponse) => boolean
let asked: string[]
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const path = decodeURIComponent(request.url!).replace(/^\/release\//, "")
  asked.push(path)
  if (special(path, response)) return
  const bytes = content.get(path)
  response.writeHead(bytes ? 200 : 404).end(bytes)
})
let base: string
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release`
})
afterAll(() => server.close())
beforeEach(() => {
  special = () => false
  asked = []
})

let folders = 0
const newFolder = (): string => join(root, String(folders++))
const pull = (folder: string, options: Partial<PullOptions> = {}): ReturnType<typeof pullFiles> =>
  pullFiles(folder, files, { from: [base], patience: [1, 1], atOnce: 1, ...options })

function expectAll(folder: string): void {
  for (const [path, bytes] of content) expect(readFileSync(join(folder, path)).equals(bytes)).toBe(true)
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
  expect(found.filter((path) => statSync(join(folder, path)).isFile())).toHaveLength(content.size)
}

describe("pullFiles", () => {
  test("fetches every file once, says how far it is, and fetches none again", async () => {
    const folder = newFolder()
    const progress: [number, number][] = []
    const report = await pull(folder, { atOnce: 3, onProgress: (...step) => progress.push(step) })
    expect(report).toEqual({ files: 4, fetched: 4, bytes: 10_000 })
    expectAll(folder)
    expect(asked.sort()).toEqual([...content.keys()].sort())
    expect(progress).toHaveLength(4)
    expect(progress.at(-1)).toEqual([10_000, 10_000])
    asked = []
    expect(await pull(folder)).toEqual({ files: 4, fetched: 0, bytes: 0 })
    expect(asked).toEqual([])
  })

  test("goes on where it was cut off", async () => {
    const folder = newFolder()
    special = (path, response) => path.startsWith("shifts/") && !!response.destroy()
    await expect(pull(folder)).rejects.toThrow(/cannot fetch .*a%205%25\.json: .*What was fetched is kept/)
    special = () => false
    asked = []
    expect(await pull(folder)).toMatchObject({ fetched: 2, bytes: 7000 })
    expect(asked).toEqual(["shifts/a 5%.json", "shifts/b.json"])
    expectAll(folder)
  })

  test("tries again where a server is overloaded or hangs up within a file", async () => {
    const folder = newFolder()
    const seen = new Set<string>()
    special = (path, response) => {
      if (seen.has(path)) return false
      seen.add(path)
      if (path.startsWith("shifts")) response.writeHead(503).end("later")
      else {
        response.writeHead(200, { "content-length": content.get(path)!.length })
        response.write(content.get(path)!.subarray(0, 10), () => response.destroy())
      }
      return true
    }
    await pull(folder)
    expectAll(folder)
    expect(asked).toHaveLength(8)
  })

  test("gives up on a server that stays overloaded, and does not insist on one that refuses", async () => {
    special = (_, response) => !!response.writeHead(503).end()
    await expect(pull(newFolder())).rejects.toThrow(/the server answers 503 Service Unavailable\. What/)
    expect(asked).toHaveLength(3)
    asked = []
    special = (_, response) => !!response.writeHead(403).end()
    await expect(pull(newFolder())).rejects.toThrow(/train\.json: the server refuses \(403 Forbidden\)$/)
    expect(asked).toHaveLength(1)
  })

  test.each([
    [
      "other bytes",
      (bytes: Buffer) => Buffer.alloc(bytes.length, "x"),
      /expected 1000 bytes of SHA-256 \w{12}…, got 1000 of \w{12}…/,
    ],
    ["too few", (bytes: Buffer) => bytes.subarray(0, 5), /expected 1000 bytes .* got 5 of/],
    ["too many", (bytes: Buffer) => Buffer.concat([bytes, bytes]), /expected 1000 bytes .* got more/],
  ])("keeps nothing of a file with %s", async (_, spoil, message) => {
    const folder = newFolder()
    special = (path, response) => !!response.end(spoil(content.get(path)!))
    await expect(pull(folder)).rejects.toThrow(message)
    expect(() => readdirSync(folder)).toThrow("ENOENT")
  })

  test("stops listening to a server that sends without end", async () => {
    let sent = 0
    special = (_, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16))) sent++
        if (!response.destroyed) response.once("drain", send)
      }
      send()
      return true
    }
    await expect(pull(newFolder())).rejects.toThrow("got more")
    expect(sent).toBeLessThan(10_000)
  })

  test("takes a file from the next place where one has not got it, folders too", async () => {
    const folder = newFolder()
    const copy = newFolder()
    await pull(copy)
    asked = []
    special = (path, response) => path.endsWith("b.json") && !!response.writeHead(404).end()
    await pull(folder, { from: [base, copy] })
    expectAll(folder)
    await expect(pull(newFolder(), { from: [base] })).rejects.toThrow(
      `${base}/shifts/b.json: no such file there (give a place that has it: --from)`,
    )
  })

  test("does not overwrite a file that is another, and fetches nothing then", async () => {
    const folder = newFolder()
    const path = join(folder, "distributions/a/test.json")
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, "mine")
    await expect(pull(folder)).rejects.toThrow(
      `${path}: differs from the release's file (remove it, or pull into another folder)`,
    )
    expect(asked).toEqual([])
    expect(readFileSync(path, "utf8")).toBe("mine")
  })

  test("without a network says what to do, at once", async () => {
    await expect(pull(newFolder(), { from: [await unreachable()], patience: [1e9] })).rejects.toThrow(
      /^cannot fetch .*train\.json: the server cannot be reached \(ECONNREFUSED\)\. What was fetched is kept: .*--from <folder>$/,
    )
  })
})

describe("the listed files of the release", () => {
  test("are 211, and 1,388 with the results, each once, within the folders that they should be in", async () => {
    const [data, all] = [await releaseFiles(), await releaseFiles({ results: true })]
    expect([data.length, all.length]).toEqual([211, 1388])
    expect(new Set(all.map(({ path }) => path)).size).toBe(all.length)
    for (const { path, bytes, sha256 } of all) {
      expect(path).toMatch(/^(distributions|distribution_shifts|results)(\/[\w%-]+)+\.(json|csv)$/)
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(bytes).toBeGreaterThan(0)
    }
    expect(all.slice(0, data.length)).toEqual(data)
  })

  test.skipIf(!hasShared).each(listings)(`are the release's: $file${needsShared}`, ({ file, folders }) => {
    expect(readFileSync(file, "utf8")).toBe(listingText(shared("genies"), folders))
  })
})
