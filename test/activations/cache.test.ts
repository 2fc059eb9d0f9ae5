import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { copyFile, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { tableFromIPC } from "apache-arrow"
import type { Table } from "apache-arrow"
import pl from "nodejs-polars"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { asNdarray, openCache, openCacheForWriting } from "../../activations/cache/index.ts"
import type { CacheDescription, Manifest, Part } from "../../activations/cache/index.ts"
import { sha256, temporaryPath } from "../../src/base/files.ts"

let root: string
let folders = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "litmus-cache-"))
})

afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})

function newFolder(): string {
  return join(root, String(folders++))
}

const small: CacheDescription = {
  key: { model: { fingerprint: "0123" }, distribution: "alpaca_easy", split: "train" },
  summary: { tokens: 120, skipped: [] },
  sites: [
    { site: "resid.0", width: 5, convention: "residual stream after block 0, not normalised" },
    {
      site: "heads.0",
      width: 12,
      convention: "outputs of the heads of block 0, before the output projection",
    },
    { site: "final", width: 5, convention: "residual stream after the last norm" },
  ],
  dtype: "float32",
  positions: "last token",
  nParts: 3,
  metadata: { version: "0.1.0", model: "0123", template: "4567" },
}

// The two functions that make parts are also run in other processes, from their text: they use nothing imported.

function valueOf(seed: number, k: number): number {
  return (Math.imul(seed * 7919 + k, 2654435761) >>> 8) / 2 ** 23 - 1
}

/** Any values, the same ones for the same part and site. */
function makePart({ sites }: CacheDescription, index: number, nRows = 3 + index): Part {
  const rows = Array.from({ length: nRows }, (_, row) => row)
  return {
    rows: {
      example: Int32Array.from(rows, (row) => 100 * index + (row >> 1)),
      response: Int32Array.from(rows, (row) => row % 2),
      variant: rows.map((row) => (row % 2 ? "ja" : "néin")),
      position: Int32Array.from(rows, (row) => 17 + row),
      label: Int8Array.from(rows, (row) => row % 2),
      nTokens: Int32Array.from(rows, (row) => 18 + row),
      textHash: rows.map((row) => (10000 * index + row).toString(16).padStart(16, "0")),
    },
    values: new Map(
      sites.map(({ site, width }, s) => [
        site,
        Float32Array.from({ length: nRows * width }, (_, k) => valueOf(1000 * index + s, k)),
      ]),
    ),
  }
}

async function writeParts(folder: string, description: CacheDescription, order?: number[]): Promise<string> {
  const writer = await openCacheForWriting(folder, description)
  for (const index of order ?? writer.missing) await writer.writePart(index, makePart(description, index))
  return folder
}

/** Every file of a folder with its checksum. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  const files = names.map(async (name) => [name, sha256(await readFile(join(folder, name)))] as const)
  return Object.fromEntries(await Promise.all(files))
}

function joined(description: CacheDescription, site: string): number[] {
  const parts = Array.from({ length: description.nParts }, (_, i) => makePart(description, i))
  return parts.flatMap((part) => [...part.values.get(site)!])
}

describe("what is written", () => {
  test("comes back the same: float32 values bit for bit, rows in the order of the parts", async () => {
    const cache = await openCache(await writeParts(newFolder(), small))
    expect(cache.complete).toBe(true)
    for (const { site, width } of small.sites) {
      const matrix = await cache.site(site)
      expect([matrix.nRows, matrix.width]).toEqual([12, width])
      expect([...matrix.data]).toEqual(joined(small, site))
    }
    const parts = [0, 1, 2].map((i) => makePart(small, i).rows)
    const rows = await cache.rows()
    for (const name of [
      "example",
      "response",
      "variant",
      "position",
      "label",
      "nTokens",
      "textHash",
    ] as const) {
      expect([...rows[name]]).toEqual(parts.flatMap((part) => [...part[name]]))
    }
    await cache.verify()
  })

  test.each([
    { dtype: "float16", mantissaBits: 10, bytes: 2 },
    { dtype: "bfloat16", mantissaBits: 7, bytes: 2 },
  ] as const)("comes back rounded to $dtype where that was asked for", async ({ dtype, mantissaBits }) => {
    const cache = await openCache(await writeParts(newFolder(), { ...small, dtype }))
    const { data } = await cache.site("heads.0")
    const exact = joined(small, "heads.0")
    expect(data).toHaveLength(exact.length)
    // Round to nearest errs by at most half a step: 2^-(mantissaBits + 1) of the value.
    const worst = Math.max(...exact.map((value, i) => Math.abs((data[i]! - value) / value)))
    expect(worst).toBeLessThanOrEqual(2 ** -(mantissaBits + 1))
    expect(worst).toBeGreaterThan(2 ** -(mantissaBits + 3))
    const again = await openCache(
      await (async () => {
        const folder = newFolder()
        const description = { ...small, dtype, nParts: 1, sites: [small.sites[1]!] }
        const writer = await openCacheForWriting(folder, description)
        await writer.writePart(0, { rows: makePart(small, 0, 12).rows, values: new Map([["heads.0", data]]) })
        return folder
      })(),
    )
    expect([...(await again.site("heads.0")).data]).toEqual([...data])
  })

  test("infinities, NaNs, subnormals and negative zeros come back in float32", async () => {
    const description = { ...small, nParts: 1, sites: [{ site: "final", width: 3, convention: "" }] }
    const folder = newFolder()
    const writer = await openCacheForWriting(folder, description)
    const odd = Float32Array.of(Infinity, -Infinity, NaN, 1e-45, -0, 3.4028235e38)
    await writer.writePart(0, { rows: makePart(small, 0, 2).rows, values: new Map([["final", odd]]) })
    expect((await (await openCache(folder)).site("final")).data).toEqual(odd)
  })

  test("a site is an ndarray view on the same memory", async () => {
    const matrix = await (await openCache(await writeParts(newFolder(), small))).site("resid.0")
    const view = asNdarray(matrix)
    expect(view.shape).toEqual([12, 5])
    expect(view.get(4, 2)).toBe(matrix.data[22])
    expect(view.data).toBe(matrix.data)
  })

  test("a part without rows is a part", async () => {
    const folder = newFolder()
    const description = { ...small, nParts: 2 }
    const writer = await openCacheForWriting(folder, description)
    await writer.writePart(0, makePart(description, 0, 0))
    await writer.writePart(1, makePart(description, 1))
    const cache = await openCache(folder)
    expect((await cache.site("final")).nRows).toBe(4)
    expect((await cache.rows()).variant).toHaveLength(4)
  })

  test("takes the room of its values, and little more", async () => {
    const description = { ...small, nParts: 1, sites: [{ site: "final", width: 1024, convention: "" }] }
    for (const [dtype, size] of [
      ["float32", 4],
      ["float16", 2],
      ["bfloat16", 2],
    ] as const) {
      const folder = newFolder()
      const writer = await openCacheForWriting(folder, { ...description, dtype })
      await writer.writePart(0, makePart(description, 0, 500))
      const payload = 500 * 1024 * size
      // 33 bytes of rows and offsets each, texts among them, and the metadata.
      const bytes = (await stat(join(folder, "part-00000.arrow"))).size
      expect(bytes - payload).toBeLessThan(500 * 64 + 4096)
    }
  })

  test("arrays that do not agree are refused before anything is written", async () => {
    const folder = newFolder()
    const writer = await openCacheForWriting(folder, small)
    const { rows, values } = makePart(small, 0)
    const without = new Map(values)
    without.delete("final")
    const cases: [Part, string][] = [
      [
        { rows: { ...rows, label: new Int8Array(2) }, values },
        "part-00000.arrow: label: expected 3 rows, got 2",
      ],
      [
        { rows: { ...rows, label: Int8Array.of(0, 1, 2) }, values },
        "part-00000.arrow: label: expected 0 or 1, got 2",
      ],
      [{ rows, values: without }, "part-00000.arrow: final: expected 3 × 5 values, got none"],
      [
        { rows, values: new Map([...values, ["final", new Float32Array(14)]]) },
        "part-00000.arrow: final: expected 3 × 5 values, got 14 values",
      ],
      [
        { rows, values: new Map([...values, ["mlp.0", new Float32Array(15)]]) },
        "part-00000.arrow: mlp.0: values of a site that this cache does not hold",
      ],
      [
        { rows: { ...rows, textHash: ["x", "y", "z"] }, values },
        'part-00000.arrow: textHash: expected 16 hexadecimal digits, got "x"',
      ],
    ]
    for (const [part, message] of cases) await expect(writer.writePart(0, part)).rejects.toThrow(message)
    await expect(writer.writePart(3, makePart(small, 3))).rejects.toThrow(
      "part: expected an index below 3, got 3",
    )
    expect(await readdir(folder)).toEqual(["manifest.json"])
  })

  test("descriptions that make no sense are refused", async () => {
    const width = { ...small, sites: [{ site: "final", width: NaN, convention: "" }] }
    const taken = { ...small, sites: [{ site: "label", width: 2, convention: "" }] }
    await expect(openCacheForWriting(newFolder(), { ...small, nParts: 0 })).rejects.toThrow(
      "nParts: expected a positive integer, got 0",
    )
    await expect(openCacheForWriting(newFolder(), width)).rejects.toThrow(
      "expected a positive width, got NaN",
    )
    await expect(openCacheForWriting(newFolder(), taken)).rejects.toThrow(
      '"label" is there twice or names a column',
    )
  })
})

/** The bfloat16 word of a value that bfloat16 holds exactly. */
function upperHalf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16
}

describe("other implementations", () => {
  const expected = makePart(small, 1)

  test("Polars opens a part and sees the same rows and float32 values", async () => {
    const folder = await writeParts(newFolder(), small)
    const frame = pl.readIPC(await readFile(join(folder, "part-00001.arrow")))
    const sites = small.sites.map(({ site }) => site)
    expect(frame.columns).toEqual([...Object.keys(expected.rows), ...sites])
    for (const [name, values] of Object.entries(expected.rows)) {
      expect(frame.getColumn(name).toArray()).toEqual([...(values as Iterable<number | string>)])
    }
    for (const [site, values] of expected.values) {
      expect((frame.getColumn(site).toArray() as unknown as number[][]).flat()).toEqual([...values])
    }
    const scanned = pl.scanIPC(join(folder, "part-00001.arrow")).select("heads.0").collectSync()
    const heads = scanned.getColumn("heads.0").toArray() as unknown as number[][]
    expect(heads.flat()).toEqual([...expected.values.get("heads.0")!])
  })

  test.each(["float32", "float16", "bfloat16"] as const)("apache-arrow reads a part of %s", async (dtype) => {
    const description = { ...small, dtype }
    const folder = await writeParts(newFolder(), description)
    const table: Table = tableFromIPC(await readFile(join(folder, "part-00001.arrow")))
    expect(table.batches).toHaveLength(1)
    for (const [name, values] of Object.entries(expected.rows)) {
      expect([...table.getChild(name)!]).toEqual([...(values as Iterable<number | string>)])
    }
    expect(Object.fromEntries(table.schema.metadata)).toEqual(small.metadata)
    const field = table.schema.fields.find(({ name }) => name === "heads.0")!
    expect(Object.fromEntries(field.metadata)).toEqual({
      "litmus:dtype": dtype,
      "litmus:site": "heads.0",
      "litmus:convention": small.sites[1]!.convention,
      "litmus:positions": "last token",
    })
    const cache = await openCache(folder)
    const ours = [...(await cache.site("heads.0")).data.subarray(3 * 12, 7 * 12)]
    const theirs = ([...table.getChild("heads.0")!] as Iterable<number>[]).flatMap((row) => [...row])
    expect(theirs).toEqual(dtype === "bfloat16" ? ours.map(upperHalf) : ours)
  })

  test("a part is also an Arrow stream after its first eight bytes", async () => {
    const folder = await writeParts(newFolder(), small)
    const bytes = await readFile(join(folder, "part-00001.arrow"))
    expect(tableFromIPC(bytes.subarray(8)).numRows).toBe(4)
  })
})

test("reading one site of a large cache reads that site's bytes and hardly more", async () => {
  // 33 sites × 256 values × 1,200 rows: 40.6 MB.
  const description: CacheDescription = {
    ...small,
    nParts: 4,
    sites: Array.from({ length: 33 }, (_, i) => ({
      site: `resid.${i}`,
      width: 256,
      convention: `after block ${i}`,
    })),
  }
  const folder = newFolder()
  const writer = await openCacheForWriting(folder, description)
  for (const index of writer.missing) await writer.writePart(index, makePart(description, index, 300))
  const cache = await openCache(folder)
  const { data } = await cache.site("resid.17")
  const payload = 1200 * 256 * 4
  expect(data.byteLength).toBe(payload)
  const overhead = cache.bytesRead - payload
  expect(overhead).toBeGreaterThan(0)
  // Footer and record batch metadata: some 300 bytes a column in each of the 4 parts.
  expect(overhead).toBeLessThan(4 * 40 * 512)
  expect([...data.subarray(300 * 256, 600 * 256)]).toEqual([
    ...makePart(description, 1, 300).values.get("resid.17")!,
  ])
})

describe("the same cache made another way has the same bytes", () => {
  let reference: Record<string, string>

  beforeAll(async () => {
    reference = await snapshot(await writeParts(newFolder(), small))
  })

  test("is a manifest and its parts, and nothing else", () => {
    const parts = ["part-00000.arrow", "part-00001.arrow", "part-00002.arrow"]
    expect(Object.keys(reference)).toEqual(["manifest.json", ...parts])
  })

  test("with its parts in another order, and its key in another order", async () => {
    const key = { split: "train", distribution: "alpaca_easy", model: { fingerprint: "0123" } }
    const metadata = { template: "4567", model: "0123", version: "0.1.0" }
    const folder = await writeParts(newFolder(), { ...small, key, metadata }, [2, 0, 1])
    expect(await snapshot(folder)).toEqual(reference)
  })

  test("interrupted after a part and gone on with", async () => {
    const folder = await writeParts(newFolder(), small, [1])
    const writer = await openCacheForWriting(folder, small)
    expect(writer.missing).toEqual([0, 2])
    for (const index of writer.missing) await writer.writePart(index, makePart(small, index))
    expect(await snapshot(folder)).toEqual(reference)
    expect((await openCacheForWriting(folder, small)).missing).toEqual([])
    expect(await snapshot(folder)).toEqual(reference)
  })

  test("interrupted between a part and its record, which makes only that part again", async () => {
    const folder = await writeParts(newFolder(), small, [0, 1])
    await rm(join(folder, "part-00001.json"))
    expect((await openCacheForWriting(folder, small)).missing).toEqual([1, 2])
    await writeParts(folder, small)
    expect(await snapshot(folder)).toEqual(reference)
  })

  test("interrupted between the last record and the manifest", async () => {
    const folder = await writeParts(newFolder(), small, [0, 1])
    const saved = ["manifest.json", "part-00000.json", "part-00001.json"]
    const kept = await Promise.all(saved.map((name) => readFile(join(folder, name))))
    await writeParts(folder, small)
    const whole = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest
    const { cache } = JSON.parse(kept[1]!.toString()) as { cache: string }
    await Promise.all(saved.map((name, i) => writeFile(join(folder, name), kept[i]!)))
    await writeFile(join(folder, "part-00002.json"), JSON.stringify({ cache, entry: whole.parts[2] }))
    expect((await openCache(folder)).complete).toBe(true)
    expect((await openCacheForWriting(folder, small)).missing).toEqual([])
    expect(await snapshot(folder)).toEqual(reference)
  })

  test("a part deleted, or cut short, is the only one made again", async () => {
    const folder = await writeParts(newFolder(), small)
    await rm(join(folder, "part-00001.arrow"))
    await truncate(join(folder, "part-00002.arrow"), 100)
    expect((await openCacheForWriting(folder, small)).missing).toEqual([1, 2])
    await writeParts(folder, small)
    expect(await snapshot(folder)).toEqual(reference)
  })

  test("by two writers at once, each making every part", async () => {
    for (let round = 0; round < 10; round++) {
      const folder = newFolder()
      await Promise.all([writeParts(folder, small), writeParts(folder, small, [2, 1, 0])])
      expect(await snapshot(folder)).toEqual(reference)
    }
  })

  test("by two writers at once, each making its share", async () => {
    for (let round = 0; round < 10; round++) {
      const folder = newFolder()
      await Promise.all([writeParts(folder, small, [0, 2]), writeParts(folder, small, [1])])
      expect(await snapshot(folder)).toEqual(reference)
    }
  })
})

describe("processes", () => {
  const large = { ...small, nParts: 12, sites: [{ site: "final", width: 64, convention: "" }] }
  const repository = resolve(import.meta.dirname, "../..")

  /** A process that makes all parts that are missing. */
  async function startWriter(folder: string): Promise<ReturnType<typeof spawn>> {
    const script = join(root, "writer.mts")
    if (!existsSync(script)) {
      const index = join(repository, "activations/cache/index.ts")
      const code = `import { openCacheForWriting } from ${JSON.stringify(index)}
        const description = ${JSON.stringify(large)}
        const writer = await openCacheForWriting(process.argv[2], description)
        ${valueOf.toString()}
        ${makePart.toString()}
        for (const index of writer.missing) await writer.writePart(index, makePart(description, index, 2000))`
      await writeFile(script, code)
    }
    return spawn(process.execPath, ["--import", "tsx", script, folder], { cwd: repository, stdio: "inherit" })
  }

  async function reference(): Promise<Record<string, string>> {
    const folder = newFolder()
    const writer = await openCacheForWriting(folder, large)
    for (const index of writer.missing) await writer.writePart(index, makePart(large, index, 2000))
    return snapshot(folder)
  }

  test("two that make the same cache at once both end well, with the bytes of one", async () => {
    const folder = newFolder()
    const writers = await Promise.all([startWriter(folder), startWriter(folder)])
    const codes = await Promise.all(
      writers.map(async (writer) => ((await once(writer, "exit")) as [number])[0]),
    )
    expect(codes).toEqual([0, 0])
    expect(await snapshot(folder)).toEqual(await reference())
  })

  test("one that is killed loses no finished part, and the cache ends with the same bytes", async () => {
    const folder = newFolder()
    const writer = await startWriter(folder)
    const exit = once(writer, "exit")
    while (!existsSync(join(folder, "part-00003.json"))) await new Promise((done) => setTimeout(done, 1))
    writer.kill("SIGKILL")
    await exit
    const resumed = await openCacheForWriting(folder, large)
    expect(resumed.missing.filter((index) => index < 4)).toEqual([])
    for (const index of resumed.missing) await resumed.writePart(index, makePart(large, index, 2000))
    expect(await snapshot(folder)).toEqual(await reference())
  })

  test("what a dead one left unfinished is cleared away, and nothing else", async () => {
    const folder = await writeParts(newFolder(), small, [0])
    const dead = spawnSync(process.execPath, ["-e", ""]).pid
    const ours = (name: string, pid: number): string =>
      basename(temporaryPath(name)).replace(`.${process.pid}.`, `.${pid}.`)
    const stale = [ours("part-00001.arrow", dead), ours("manifest.json", dead)]
    // Another machine's process of that number may be alive.
    const others = [
      ours("part-00001.arrow", process.pid),
      ours("notes", dead).slice(1),
      `.part-00001.arrow.00000000.${dead}.0a1b2c3d.tmp`,
    ]
    for (const name of [...stale, ...others]) await writeFile(join(folder, name), "unfinished")
    await openCacheForWriting(folder, small)
    const names = await readdir(folder)
    expect(names.filter((name) => name.endsWith(".tmp")).sort()).toEqual(others.sort())
  })
})

describe("another cache in the folder", () => {
  test("is refused, with the fields that differ, and left as it is", async () => {
    const folder = await writeParts(newFolder(), small)
    const before = await snapshot(folder)
    const model = { ...small, key: { ...small.key, model: { fingerprint: "89ab" } } }
    await expect(openCacheForWriting(folder, model)).rejects.toThrow(
      `${folder} holds another activation cache: key.model.fingerprint is "0123" there, "89ab" here: choose another folder, or delete this one to compute it anew`,
    )
    await expect(openCacheForWriting(folder, { ...small, dtype: "float16", nParts: 4 })).rejects.toThrow(
      'dtype is "float32" there, "float16" here; nParts is 3 there, 4 here',
    )
    const extended = { ...small, key: { ...small.key, stimulus: "yes/no" } }
    await expect(openCacheForWriting(folder, extended)).rejects.toThrow(
      'key.stimulus is absent there, "yes/no" here',
    )
    expect(await snapshot(folder)).toEqual(before)
  })

  test("is not gone on with from records that it left", async () => {
    const folder = await writeParts(newFolder(), small, [0, 1])
    await rm(join(folder, "manifest.json"))
    const other = { ...small, key: { distribution: "us_history" } }
    expect((await openCacheForWriting(folder, other)).missing).toEqual([0, 1, 2])
  })

  test("is gone on with by a later version of the package, to the bytes of the one that began it", async () => {
    const begun = { ...small, metadata: { ...small.metadata, "litmus:version": "0.1.0" } }
    const later = { ...small, metadata: { ...small.metadata, "litmus:version": "0.2.0" } }
    const whole = await snapshot(await writeParts(newFolder(), begun))
    const folder = newFolder()
    await writeParts(folder, begun, [1])
    const writer = await openCacheForWriting(folder, later)
    expect(writer.missing).toEqual([0, 2])
    for (const index of writer.missing) await writer.writePart(index, makePart(later, index))
    expect(await snapshot(folder)).toEqual(whole)
    expect((await openCacheForWriting(folder, later)).missing).toEqual([])
  })

  test("a file of another kind, or of another version, is refused", async () => {
    const folder = await writeParts(newFolder(), small, [])
    const path = join(folder, "manifest.json")
    const text = await readFile(path, "utf8")
    const later = text.replace('"version": 1\n}', '"version": 2\n}')
    expect(later).not.toBe(text)
    await writeFile(path, later)
    const message = `${path}: expected version 1, got 2: written by another version of Litmus`
    await expect(openCache(folder)).rejects.toThrow(message)
    await expect(openCacheForWriting(folder, small)).rejects.toThrow(message)
    await writeFile(path, '{"name": "something else"}')
    await expect(openCache(folder)).rejects.toThrow(`${path}: not the manifest of an activation cache`)
    await expect(openCacheForWriting(folder, small)).rejects.toThrow("choose another folder")
  })
})

async function damagedCache(damage: (path: string, folder: string) => Promise<unknown>): Promise<string> {
  const folder = await writeParts(newFolder(), small)
  await damage(join(folder, "part-00001.arrow"), folder)
  return folder
}

async function patch(path: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path)
  change(bytes)
  await writeFile(path, bytes)
}

async function messageOfReading(folder: string, site = "heads.0"): Promise<string> {
  const cache = await openCache(folder)
  return cache.site(site).then(
    () => "nothing wrong",
    (error: unknown) => (error as Error).message,
  )
}

describe("a cache that is not as it was written", () => {
  const again = "delete this file and run the command again: only that part is computed again"

  test("a missing or malformed manifest", async () => {
    const nowhere = join(newFolder(), "manifest.json")
    await expect(openCache(resolve(nowhere, ".."))).rejects.toThrow(
      `${nowhere}: no such file: there is no activation cache in this folder`,
    )
    const folder = await damagedCache((_, folder) => truncate(join(folder, "manifest.json"), 40))
    await expect(openCache(folder)).rejects.toThrow(
      /manifest\.json:\d+:\d+: malformed JSON: .*delete the folder/,
    )
    const short = await damagedCache(async (_, folder) => {
      const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest
      await writeFile(
        join(folder, "manifest.json"),
        JSON.stringify({ ...manifest, parts: manifest.parts.slice(1) }),
      )
    })
    await expect(openCache(short)).rejects.toThrow(
      "parts: expected none or all 3, in order: delete the folder",
    )
  })

  test("a missing part", async () => {
    const folder = await damagedCache((path) => rm(path))
    expect(await messageOfReading(folder)).toBe(
      `${join(folder, "part-00001.arrow")}: this part is missing: run the command again: only that part is computed again`,
    )
  })

  test("a truncated part, and one that grew", async () => {
    const cut = await damagedCache((path) => truncate(path, 1000))
    expect(await messageOfReading(cut)).toMatch(
      /part-00001\.arrow: expected \d+ bytes, got 1000: truncated: delete/,
    )
    const grown = await damagedCache((path) => writeFile(path, "x", { flag: "a" }))
    expect(await messageOfReading(grown)).toMatch(/bytes, got \d+: not the file that was written: delete/)
  })

  test("a bit of a value turned: only that site's reader complains, and verify", async () => {
    const needle = Buffer.from(makePart(small, 1).values.get("heads.0")!.buffer as ArrayBuffer)
    const folder = await damagedCache((path) =>
      patch(path, (bytes) => {
        const at = bytes.indexOf(needle)
        expect(at % 64).toBe(0)
        bytes[at + 7]! ^= 1
      }),
    )
    const path = join(folder, "part-00001.arrow")
    expect(await messageOfReading(folder)).toBe(
      `${path}: heads.0: the checksum differs from the manifest's: ${again}`,
    )
    expect(await messageOfReading(folder, "final")).toBe("nothing wrong")
    const cache = await openCache(folder)
    await expect(cache.verify()).rejects.toThrow(
      `${path}: the checksum differs from the manifest's: ${again}`,
    )
  })

  test("not an Arrow file, a footer that points outside, metadata that is damaged", async () => {
    const other = await damagedCache((path) =>
      patch(path, (bytes) => void bytes.write("PARQUE", bytes.length - 6)),
    )
    expect(await messageOfReading(other)).toBe(
      `${join(other, "part-00001.arrow")}: not an Arrow file: ${again}`,
    )
    const outside = await damagedCache((path) =>
      patch(path, (bytes) => void bytes.writeInt32LE(2 ** 30, bytes.length - 10)),
    )
    expect(await messageOfReading(outside)).toContain(`not an Arrow file, or its end is damaged: ${again}`)
    const footer = await damagedCache((path) =>
      patch(path, (bytes) => void bytes.fill(0xff, bytes.length - 90, bytes.length - 50)),
    )
    expect(await messageOfReading(footer)).toContain(`or its footer is damaged: ${again}`)
    const batch = await damagedCache((path) => patch(path, (bytes) => void bytes.fill(0xff, 8, 2800)))
    expect(await messageOfReading(batch)).toContain(
      `the checksum of its metadata differs from the manifest's: ${again}`,
    )
  })

  test("wherever one byte of a part is changed, a reader refuses it or gets the right values", async () => {
    const folder = await writeParts(newFolder(), { ...small, nParts: 1 })
    const path = join(folder, "part-00000.arrow")
    const whole = await readFile(path)
    const cache = await openCache(folder)
    const right = [...makePart(small, 0).values.get("heads.0")!]
    const refusals: string[] = []
    for (let at = 0; at < whole.length; at += 3) {
      await writeFile(path, whole.with(at, whole[at]! ^ 0xff))
      const got = await cache.site("heads.0").then(
        ({ data }) => [...data],
        (error: unknown) => void refusals.push(String(error)),
      )
      expect(got ?? right).toEqual(right)
    }
    expect(refusals.length).toBeGreaterThan(500)
    expect(
      refusals.filter((text) => !text.startsWith(`LitmusError: ${path}: `) || !text.endsWith(again)),
    ).toEqual([])
  })

  test("a part of another cache: another column, or another model", async () => {
    const sites = small.sites.with(2, { ...small.sites[2]!, site: "mlp.0" })
    const metadata = { ...small.metadata, model: "89ab" }
    for (const foreign of [
      { ...small, sites },
      { ...small, metadata },
    ]) {
      const theirs = await writeParts(newFolder(), foreign)
      const folder = await damagedCache((path) => copyFile(join(theirs, "part-00001.arrow"), path))
      expect(await messageOfReading(folder)).toBe(
        `${join(folder, "part-00001.arrow")}: a part of another cache (other columns or fingerprints), or its footer is damaged: ${again}`,
      )
    }
  })

  test("a manifest that says another width", async () => {
    const folder = await damagedCache(async (_, folder) => {
      const path = join(folder, "manifest.json")
      const text = await readFile(path, "utf8")
      await writeFile(path, text.replace('"width": 12', '"width": 13'))
    })
    expect(await messageOfReading(folder)).toContain("heads.0: expected 156 bytes of values, got 144: delete")
  })

  test("an unknown site lists the known ones", async () => {
    const folder = await writeParts(newFolder(), small)
    expect(await messageOfReading(folder, "resid.1")).toBe(
      'unknown site "resid.1": did you mean "resid.0"? known: resid.0, heads.0, final',
    )
  })

  test("an unfinished cache says how much of it is there", async () => {
    const folder = await writeParts(newFolder(), small, [0, 2])
    const cache = await openCache(folder)
    expect(cache.complete).toBe(false)
    expect(cache.manifest.parts.map(({ file }) => file)).toEqual(["part-00000.arrow", "part-00002.arrow"])
    const message = `${folder}: 2 of 3 parts are there: run the command that makes this cache again`
    await expect(cache.site("final")).rejects.toThrow(message)
    await expect(cache.rows()).rejects.toThrow(message)
    await expect(cache.verify()).rejects.toThrow(message)
  })
})
