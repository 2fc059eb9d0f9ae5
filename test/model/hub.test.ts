// Models by their hub id, from a server of the test's own that answers as the hub does: the standard cache, what is
// resumed and verified, and what every fault says.

import { createHash } from "node:crypto"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { hubFolder } from "../../src/model/checkpoint/hub.ts"
import { parseHubModel } from "../../src/model/checkpoint/hub-id.ts"
import { openModel } from "../../src/model/model.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { unreachable } from "../support/unreachable.ts"

const root = temporaryFolder()
const commit = "0123456789abcdef0123456789abcdef01234567"
const id = { name: "org/small", revision: "main" }
const files = new Map<string, Buffer>()
/** Every request: method, path and, of files, the range asked for. */
let asked: string[]
/** Bytes of the weights after which the server hangs up; 0 for never. */
let cutAfter: number
let status: number
let spoiled: boolean

const sha = (algorithm: string, content: Buffer | string): string =>
  createHash(algorithm).update(content).digest("hex")

function tree(): unknown[] {
  return [...files].map(([path, content]) => {
    const gitId = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex")
    const isLarge = path.endsWith(".safetensors")
    const lfs = { oid: sha("sha256", content), size: content.length, pointerSize: 130 }
    return { type: "file", path, size: content.length, oid: gitId, ...(isLarge ? { lfs } : {}) }
  })
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(new URL(request.url!, "http://hub").pathname)
  const { range = "" } = request.headers
  asked.push(`${path} ${range}`.trim())
  if (status !== 200) {
    response.writeHead(status, { "content-type": "application/json" }).end('{"error":"no"}')
    return
  }
  const json = (value: unknown): void => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
  }
  if (path.startsWith("/api/models/org/small/revision/")) {
    json({
      _id: "1",
      id: "org/small",
      sha: commit,
      private: false,
      downloads: 0,
      gated: false,
      likes: 0,
      lastModified: "2026-01-01",
    })
    return
  }
  if (path === `/api/models/org/small/tree/${commit}`) {
    json(tree())
    return
  }
  const name = path.replace(`/org/small/resolve/${commit}/`, "")
  const content = files.get(name)
  if (!content) {
    response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end()
    return
  }
  sendFile(response, name, content, range)
}

function sendFile(response: ServerResponse, name: string, content: Buffer, range: string): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(range)
  const [begin, end] = match ? [Number(match[1]), Number(match[2]) + 1] : [0, content.length]
  const part = Buffer.from(content.subarray(begin, end))
  if (spoiled && part.length > 1) part[part.length - 1]! ^= 1
  response.writeHead(match ? 206 : 200, {
    etag: '"x"',
    "content-length": part.length,
    ...(match ? { "content-range": `bytes ${begin}-${end - 1}/${content.length}` } : {}),
  })
  if (cutAfter > 0 && name.endsWith(".safetensors") && part.length > cutAfter) {
    response.write(part.subarray(0, cutAfter), () => response.destroy())
  } else response.end(part)
}

const server = createServer(answer)
let environment: Record<string, string>
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const folder = await writeRandomModel(join(root, "source"), { config: { vocab_size: 2000 } })
  for (const name of readdirSync(folder)) files.set(name, readFileSync(join(folder, name)))
  // What is not wanted: other formats, other folders.
  files.set("README.md", Buffer.from("no"))
  files.set("pytorch_model.bin", Buffer.from("no"))
  files.set("onnx/config.json", Buffer.from("no"))
})
afterAll(() => server.close())
beforeEach(() => {
  asked = []
  cutAfter = 0
  status = 200
  spoiled = false
  const { port } = server.address() as AddressInfo
  environment = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_CACHE: mkdtempSync(join(root, "hub-")) }
})

const fetchModel = (more: Record<string, string> = {}): Promise<string> =>
  hubFolder(id, { environment: { ...environment, ...more } })

describe("an id", () => {
  it.each([
    ["org/name", { name: "org/name", revision: "main" }],
    ["meta-llama/Llama-3.1-8B@v1.0", { name: "meta-llama/Llama-3.1-8B", revision: "v1.0" }],
    ["org/name@refs/pr/3", { name: "org/name", revision: "refs/pr/3" }],
    ["models", undefined],
    ["/models/llama", undefined],
    ["./models/llama", undefined],
    ["../models", undefined],
    ["a/b/c", undefined],
    ["org/..", undefined],
    ["org/name@../../x", undefined],
    ["org/name@", undefined],
  ])("%s", (text, expected) => {
    expect(parseHubModel(text)).toEqual(expected)
  })
})

describe("a model of the hub", () => {
  it("is put in the standard cache, configuration, tokenizer and weights alone, and not fetched again", async () => {
    const folder = await fetchModel()
    const storage = join(environment.HF_HUB_CACHE!, "models--org--small")
    expect(folder).toBe(join(storage, "snapshots", commit))
    expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"])
    expect(readFileSync(join(storage, "refs", "main"), "utf8")).toBe(commit)
    for (const name of readdirSync(folder)) {
      expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true)
      expect(readFileSync(join(folder, name)).equals(files.get(name)!)).toBe(true)
    }
    expect(readdirSync(join(storage, "blobs"))).toContain(sha("sha256", files.get("model.safetensors")!))
    asked = []
    expect(await fetchModel()).toBe(folder)
    expect(asked.filter((path) => path.includes("/resolve/"))).toEqual([])
    // It is a checkpoint.
    const model = await openModel(folder, { cache: join(root, "cache") })
    expect(model.bundle.architecture.vocabSize).toBe(2000)
  })

  it("that was cut off goes on from there", async () => {
    cutAfter = 100_000
    await expect(fetchModel()).rejects.toThrow(/^org\/small: .*run the command again/)
    const blobs = join(environment.HF_HUB_CACHE!, "models--org--small", "blobs")
    const partial = readdirSync(blobs).find((name) => name.endsWith(".incomplete"))!
    const held = lstatSync(join(blobs, partial)).size
    expect(held).toBeGreaterThan(0)
    cutAfter = 0
    asked = []
    const folder = await fetchModel()
    const { length } = files.get("model.safetensors")!
    expect(asked).toContain(`/org/small/resolve/${commit}/model.safetensors bytes=${held}-${length - 1}`)
    expect(readFileSync(join(folder, "model.safetensors")).equals(files.get("model.safetensors")!)).toBe(true)
    expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toEqual([])
  })

  it("whose bytes are not the hub's is refused, and nothing of them is kept", async () => {
    spoiled = true
    await expect(fetchModel()).rejects.toThrow(/config\.json|tokenizer\.json|model\.safetensors/)
    const storage = join(environment.HF_HUB_CACHE!, "models--org--small")
    expect(readdirSync(join(storage, "blobs"))).toEqual([])
    spoiled = false
    expect(existsSync(join(await fetchModel(), "model.safetensors"))).toBe(true)
  })

  it("is found without a network once it is there, and else what is missing is named", async () => {
    const folder = await fetchModel()
    const away = await unreachable()
    for (const more of [{ HF_HUB_OFFLINE: "1" }, { HF_ENDPOINT: away }])
      expect(await fetchModel(more)).toBe(folder)
    rmSync(join(folder, "model.safetensors"))
    await expect(fetchModel({ HF_ENDPOINT: away })).rejects.toThrow(
      /^org\/small: no such folder here; taken for a model of the hub: the hub cannot be reached, and its cache .* has no model\.safetensors$/,
    )
    const index = {
      weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
    }
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index))
    writeFileSync(join(folder, "model-00001-of-00002.safetensors"), "")
    await expect(fetchModel({ HF_HUB_OFFLINE: "1" })).rejects.toThrow(
      /HF_HUB_OFFLINE is set, and its cache .* has no model-00002-of-00002\.safetensors$/,
    )
    const other = { name: "org/other", revision: "v2" }
    await expect(hubFolder(other, { environment: { ...environment, HF_HUB_OFFLINE: "1" } })).rejects.toThrow(
      /^org\/other@v2: .* has no revision v2$/,
    )
  })

  it.each([
    [401, /private or gated \(accept its terms and set HF_TOKEN\)/],
    [403, /private or gated/],
    [404, /no such folder here, and no such model or revision on the hub/],
    [500, /the hub answers 500/],
  ])("that the hub answers with %d says so", async (code, message) => {
    status = code
    await expect(fetchModel()).rejects.toThrow(message)
  })

  it("sends the token of the environment, and refuses what is none", async () => {
    await expect(fetchModel({ HF_TOKEN: "secret" })).rejects.toThrow(
      "HF_TOKEN: expected a token that begins with hf_",
    )
    let seen: string | undefined
    server.once("request", (request: IncomingMessage) => (seen = request.headers.authorization))
    await fetchModel({ HF_TOKEN: "hf_test" })
    expect(seen).toBe("Bearer hf_test")
  })

  it.each([
    ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
    ["pytorch_model-00001-of-00002.safetensors", "consolidated.safetensors"],
  ])("of shards has those that its index names, %s and %s, and no other weights", async (...names) => {
    const content = files.get("model.safetensors")!
    for (const name of [...names, "other.safetensors"]) files.set(name, Buffer.from(`${name} here`))
    files.set(
      "model.safetensors.index.json",
      Buffer.from(JSON.stringify({ weight_map: { a: names[0], b: names[1], c: names[0] } })),
    )
    files.delete("model.safetensors")
    try {
      const folder = await fetchModel()
      expect(
        readdirSync(folder)
          .filter((name) => name.includes("safetensors"))
          .sort(),
      ).toEqual([...names, "model.safetensors.index.json"].sort())
    } finally {
      for (const name of [...names, "other.safetensors", "model.safetensors.index.json"]) files.delete(name)
      files.set("model.safetensors", content)
    }
  })
})

describe("a folder", () => {
  it("goes before a model of the hub of the same name", async () => {
    const before = process.cwd()
    mkdirSync(join(root, "here", "org"), { recursive: true })
    await writeRandomModel(join(root, "here", "org", "small"))
    process.chdir(join(root, "here"))
    try {
      const model = await openModel("org/small", { cache: join(root, "cache") })
      expect(model.bundle.architecture.vocabSize).toBe(259)
    } finally {
      process.chdir(before)
    }
  })
})
