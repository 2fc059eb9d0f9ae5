// Extraction from end to end, on a small random model whose tokens are bytes: the cache holds what the model gives on
// the plain sequences, is computed once, and is not touched by what goes wrong.
// Tolerance 1e-4 against plain sequences, the project's; float32 noise here is near 1e-6.

import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { InferenceSession } from "onnxruntime-node"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { extract, type ExtractOptions, type Extraction } from "../../activations/extract.ts"
import { parsePositions } from "../../activations/positions.ts"
import type { Distribution } from "../../src/data/index.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow } from "../../src/rows/row.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts"
import { Graph } from "../../src/graph/graph.ts"
import { encodeModel } from "../../src/graph/onnx.ts"
import { allSites } from "../../src/model/decoder/sites.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const bound = 1e-4
let caches = 0
const newCache = (): string => join(root, `cache-${caches++}`)

let model: Model
beforeAll(async () => {
  model = await openModel(await writeRandomModel(join(root, "model"), { deviation: 0.2 }), {
    cache: join(root, "models"),
  })
})

/** The first response is the better. Prompts share a beginning; one response is empty, as some real ones are. */
function distributionOf(
  prompts: readonly (readonly string[])[],
  fingerprint = "0123456789abcdef",
): Distribution {
  const examples = prompts.map(([prompt, ...responses], k) => ({
    index: 10 * k,
    prompt: prompt!,
    responses: responses.map((text, response) => ({
      text,
      label: response === 0 ? (1 as const) : (0 as const),
    })),
  }))
  return { id: "letters", split: "test", examples, fingerprint }
}

const letters = distributionOf([
  ["Say a: ", "a", "b", "ab"],
  ["Say nothing: ", "", "something"],
  ["Say a: é: ", "é", "e"],
])

/** Prompts that share nothing: so long that the plan gives each a row of its own. */
const longLetters = distributionOf(["k", "l", "m", "n"].map((letter) => [letter.repeat(240), "a", "b"]))
const partBytes = 1

const responses = letters.examples.flatMap(({ index, prompt, responses }) =>
  responses.map(({ text, label }, response) => ({ index, response, label, prompt, text })),
)

/** Every site's values at every token of a text, from the plain sequence. */
async function plainValues(text: string): Promise<Map<string, Float32Array>> {
  const sites = allSites(model.bundle.architecture).map(({ site }) => site)
  const forward = await createForward(model.bundle, { sites, reads: "tokens", threads: 1 })
  const row = plainRow((await model.tokenizer()).encode(text))
  const outputs = await forward.run(row, { kind: "tokens", at: row.positions })
  await forward.release()
  return new Map(Array.from(outputs, ([site, { data }]) => [site, data]))
}

function run(options: Partial<ExtractOptions> = {}, distribution = letters): Promise<Extraction> {
  return extract(model, distribution, { cache: newCache(), sites: ["all"], threads: 1, ...options })
}

/** Every file below a folder and its bytes. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString("base64")]))
}

describe("shards", () => {
  test("copied into one cache are the bytes of one run, whichever order they come in", async () => {
    const whole = await run({ partBytes }, longLetters)
    expect(whole.cache.manifest.nParts).toBe(4)
    const count = 3
    const merged = newCache()
    const computed: number[] = []
    for (const index of [2, 0, 1]) {
      const cache = newCache()
      const part = await run({ cache, partBytes, shard: { index, count } }, longLetters)
      expect(part.partsMissing).toBe(4 - part.partsComputed)
      computed.push(part.partsComputed)
      cpSync(join(cache, "activations"), join(merged, "activations"), { recursive: true })
    }
    expect(computed.sort((a, b) => a - b)).toEqual([1, 1, 2])
    const found = await run({ cache: merged, partBytes }, longLetters)
    expect(found.partsComputed).toBe(0)
    expect(contentOf(found.folder)).toEqual(contentOf(whole.folder))
  })

  test("written into one cache are that too, once it is read as a whole", async () => {
    const whole = await run({ partBytes }, longLetters)
    const cache = newCache()
    const missing: number[] = []
    for (const index of [1, 0]) {
      missing.push((await run({ cache, partBytes, shard: { index, count: 2 } }, longLetters)).partsMissing)
    }
    expect(missing).toEqual([2, 0])
    const found = await run({ cache, partBytes }, longLetters)
    expect(found.partsComputed).toBe(0)
    expect(contentOf(found.folder)).toEqual(contentOf(whole.folder))
  })

  test("beyond the parts have nothing to do", async () => {
    const computed: number[] = []
    for (let index = 0; index < 6; index++) {
      const part = await run({ partBytes, shard: { index, count: 6 } }, longLetters)
      expect(part.partsMissing).toBe(4 - part.partsComputed)
      computed.push(part.partsComputed)
    }
    expect(computed.sort((a, b) => a - b)).toEqual([0, 0, 1, 1, 1, 1])
  })
})

describe("a device that fails midway", () => {
  test("is named with what it says; the parts before are kept, and the next run makes the others alone", async () => {
    const whole = await run({ partBytes }, longLetters)
    // Runs of every session, the third of which the driver loses.
    const graph = new Graph()
    graph.output("y", graph.input("x", "float32", [1]))
    const session = await InferenceSession.create(encodeModel(graph))
    const sessions = Object.getPrototypeOf(session) as InferenceSession
    const running = sessions.run
    let runs = 0
    const spy = vi.spyOn(sessions, "run").mockImplementation(async function (
      this: InferenceSession,
      ...args
    ) {
      if (++runs === 3) throw new Error("device lost")
      return await running.apply(this, args)
    })
    const cache = newCache()
    try {
      await expect(run({ cache, partBytes }, longLetters)).rejects.toThrow(
        "onnxruntime failed on cpu: device lost",
      )
    } finally {
      spy.mockRestore()
      await session.release()
    }
    const resumed = await run({ cache, partBytes }, longLetters)
    expect(resumed.partsComputed).toBe(2)
    expect(contentOf(resumed.folder)).toEqual(contentOf(whole.folder))
  })
})

describe("the cache holds what the plain sequences give", () => {
  test.each(["last", "all", "0,1", "-1,-2", "12,-12", "mean"])(
    "at positions %s, at every site",
    async (spelling) => {
      const { cache, summary } = await run({ positions: parsePositions(spelling) })
      expect(summary).toMatchObject({ sequences: 7, pairs: 4, skipped: [] })
      const rows = await cache.rows()
      const sites = new Map<string, Float32Array>()
      for (const { site } of allSites(model.bundle.architecture))
        sites.set(site, (await cache.site(site)).data)
      let compared = 0
      for (const { index, response, label, prompt, text } of responses) {
        const values = await plainValues(prompt + text)
        // Byte tokens: <s>, then one token a byte.
        const length = 1 + Buffer.byteLength(prompt + text)
        const begin = 1 + Buffer.byteLength(prompt)
        const wanted: Record<string, number[][]> = {
          last: [[length - 1]],
          all: Array.from({ length }, (_, t) => [t]),
          "0,1": [[0], [1]],
          "-1,-2": [[length - 1], [length - 2]],
          // Offsets that a short sequence does not have are left out.
          "12,-12": [...(length > 12 ? [[12]] : []), ...(length >= 12 ? [[length - 12]] : [])],
          // An empty response has no token of its own: the last token before it stands for it.
          mean: [text === "" ? [length - 1] : Array.from({ length: length - begin }, (_, t) => begin + t)],
        }
        const found = [...rows.example.keys()].filter(
          (row) => rows.example[row] === index && rows.response[row] === response,
        )
        expect(found.length).toBe(wanted[spelling]!.length)
        for (const [k, row] of found.entries()) {
          const read = wanted[spelling]![k]!
          expect(rows.position[row]).toBe(spelling === "mean" ? -1 : read[0])
          expect([rows.label[row], rows.nTokens[row], rows.variant[row]]).toEqual([label, length, "plain"])
          for (const [site, data] of sites) {
            const all = values.get(site)!
            const width = all.length / length
            const mean = Array.from(
              { length: width },
              (_, d) => read.reduce((sum, t) => sum + all[t * width + d]!, 0) / read.length,
            )
            const actual = data.subarray(row * width, (row + 1) * width)
            expect(maxAbsDifference(actual, mean), `${site} of ${prompt}${text}`).toBeLessThanOrEqual(bound)
            compared++
          }
        }
      }
      expect(compared).toBe(cache.nRows * sites.size)
    },
  )

  // A last digit lost: float16 keeps 11 significant bits, bfloat16 8; values here are below 8 in size.
  test.each([
    ["float16", 2 ** -11],
    ["bfloat16", 2 ** -8],
  ] as const)("in %s as near as its rounding", async (dtype, unit) => {
    const options = { cache: newCache(), sites: ["heads", "final"], positions: { kind: "all" } as const }
    const exact = await run(options)
    const rounded = await run({ ...options, dtype })
    expect(rounded.folder).not.toBe(exact.folder)
    expect(rounded.partsComputed).toBe(1)
    for (const site of ["heads.1", "final"]) {
      const a = (await exact.cache.site(site)).data
      const b = (await rounded.cache.site(site)).data
      expect(b.length).toBe(a.length)
      expect(maxAbsDifference(a, b)).toBeGreaterThan(0)
      a.forEach((value, k) =>
        expect(Math.abs(b[k]! - value)).toBeLessThanOrEqual(Math.abs(value) * unit + 2 ** -25),
      )
    }
  })
})

describe("what is there is not computed again", () => {
  test("a second run computes nothing and gives the same", async () => {
    const cache = newCache()
    const reports: [number, number][] = []
    const first = await run({ cache, onProgress: (done, total) => reports.push([done, total]) })
    expect(first.partsComputed).toBe(1)
    expect(reports[0]).toEqual([0, first.summary.tokensRun])
    expect(reports.at(-1)).toEqual([first.summary.tokensRun, first.summary.tokensRun])
    reports.length = 0
    const second = await run({ cache, onProgress: (done, total) => reports.push([done, total]) })
    expect(second).toMatchObject({ partsComputed: 0, folder: first.folder, summary: first.summary })
    expect(reports).toEqual([])
  })

  test("a cache with more sites answers for some of them; one with fewer does not", async () => {
    const cache = newCache()
    const few = await run({ cache, sites: ["heads.1"] })
    const more = await run({ cache, sites: ["heads", "final"] })
    expect(more.partsComputed).toBe(1)
    expect(more.folder).not.toBe(few.folder)
    const some = await run({ cache, sites: ["final", "heads.0"] })
    expect(some).toMatchObject({ partsComputed: 0, folder: more.folder })
    expect(await some.cache.site("heads.1")).toEqual(await few.cache.site("heads.1"))
  })

  test("another distribution, position, or type is another cache", async () => {
    const cache = newCache()
    const folders = new Set<string>()
    const others: [Partial<ExtractOptions>, Distribution][] = [
      [{}, letters],
      [{}, { ...letters, fingerprint: "fedcba9876543210" }],
      [{}, { ...letters, split: "train" }],
      [{ positions: { kind: "mean" } }, letters],
      [{ dtype: "bfloat16" }, letters],
    ]
    for (const [options, distribution] of others) {
      const made = await run({ cache, sites: ["final"], ...options }, distribution)
      expect(made.partsComputed).toBe(1)
      folders.add(made.folder)
    }
    expect(folders.size).toBe(others.length)
  })

  test("the same inputs give the same bytes in two caches, in parts of any size the same values", async () => {
    const a = await run({ partBytes }, longLetters)
    const b = await run({ partBytes }, longLetters)
    expect(contentOf(a.folder)).toEqual(contentOf(b.folder))
    expect(a.cache.manifest.nParts).toBe(4)
    const whole = await run({}, longLetters)
    expect(whole.cache.manifest.nParts).toBe(1)
    expect(await whole.cache.site("final")).toEqual(await a.cache.site("final"))
    expect(await whole.cache.rows()).toEqual(await a.cache.rows())
  })

  test("a part that was deleted or cut short is made again, alone", async () => {
    const cache = newCache()
    const made = await run({ cache, partBytes }, longLetters)
    const before = contentOf(made.folder)
    rmSync(join(made.folder, "part-00001.arrow"))
    expect((await run({ cache, partBytes }, longLetters)).partsComputed).toBe(1)
    expect(contentOf(made.folder)).toEqual(before)
    truncateSync(join(made.folder, "part-00000.arrow"), 100)
    expect((await run({ cache, partBytes }, longLetters)).partsComputed).toBe(1)
    expect(contentOf(made.folder)).toEqual(before)
  })

  // What a kill just after the folder was made leaves, and what a damaged disk may.
  test("a folder without a manifest is filled; a damaged manifest of another extraction is no obstacle", async () => {
    const cache = newCache()
    const made = await run({ cache })
    const before = contentOf(made.folder)
    for (const name of readdirSync(made.folder)) rmSync(join(made.folder, name))
    expect((await run({ cache })).partsComputed).toBe(1)
    expect(contentOf(made.folder)).toEqual(before)
    writeFileSync(join(made.folder, "manifest.json"), "{")
    expect((await run({ cache, sites: ["mlp.0"] })).partsComputed).toBe(1)
    await expect(run({ cache })).rejects.toThrow(/manifest\.json:1:2: malformed JSON: .*delete the folder/)
  })
})

describe("what cannot be extracted", () => {
  const long = "x".repeat(300)

  test("sequences longer than the context are left out, counted and named", async () => {
    const mixed = distributionOf([
      ["short: ", "a", long],
      ["also short: ", "a", "b"],
      [long, "a", "b"],
    ])
    const options = { cache: newCache(), sites: ["final"] }
    const { cache, summary } = await run(options, mixed)
    expect(summary.skipped).toEqual([
      { example: 0, response: 1, variant: "plain", nTokens: 1 + 7 + 300 },
      { example: 20, response: 0, variant: "plain", nTokens: 302 },
      { example: 20, response: 1, variant: "plain", nTokens: 302 },
    ])
    expect(summary).toMatchObject({ sequences: 3, pairs: 1, longestSequence: 14 })
    expect([...(await cache.rows()).example].sort((a, b) => a - b)).toEqual([0, 10, 10])
    // The same where the cache answers.
    expect(await run(options, mixed)).toMatchObject({ partsComputed: 0, summary })
  })

  test("a sequence exactly as long as the context is kept", async () => {
    const { summary } = await run(
      { sites: ["final"] },
      distributionOf([["", "x".repeat(255), "x".repeat(256)]]),
    )
    expect(summary).toMatchObject({ sequences: 1, longestSequence: 256 })
    expect(summary.skipped).toEqual([{ example: 0, response: 1, variant: "plain", nTokens: 257 }])
  })

  test("if none fits, that is said, and nothing is written", async () => {
    const cache = newCache()
    await expect(run({ cache }, distributionOf([[long, "a", "bb"]]))).rejects.toThrow(
      "letters test: no example fits the model's context of 256 tokens (the shortest has 302)",
    )
    expect(() => readdirSync(join(cache, "activations"))).toThrow("ENOENT")
  })

  test("a part size that is none is refused", async () => {
    await expect(run({ partBytes: Number.NaN })).rejects.toThrow(
      "partBytes: expected a positive integer, got NaN",
    )
  })

  test("a tokenizer that knows more than the model is named as another's", async () => {
    const folder = await writeRandomModel(join(root, "few-tokens"), { config: { vocab_size: 100 } })
    const few = await openModel(folder, { cache: join(root, "models") })
    await expect(extract(few, letters, { cache: newCache(), sites: ["final"] })).rejects.toThrow(
      /^token id 1\d\d is outside the model's vocabulary of 100 \(tokenizer\.json belongs to another model\)$/,
    )
  })

  /** A copy of the model in which one weight, that of one token's embedding, is another. */
  async function withWeight(name: string, token: number, value: number): Promise<Model> {
    const folder = await writeRandomModel(join(root, name))
    const file = await openSafetensors(join(folder, "model.safetensors"))
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
    for (const [tensor, { shape }] of file.tensors) {
      tensors.set(tensor, { shape, data: await file.readFloat32(tensor) })
    }
    await file.close()
    tensors.get("model.embed_tokens.weight")!.data[token * 32] = value
    await writeSafetensors(join(folder, "model.safetensors"), tensors)
    return openModel(folder, { cache: join(root, "models") })
  }

  const byte = (character: string): number => 3 + character.charCodeAt(0)

  test("an activation that is not finite names example, response and site; finished parts stay, no more", async () => {
    const broken = await withWeight("not-finite", byte("z"), Number.NaN)
    const withZ = distributionOf([
      ["a".repeat(240), "a", "b"],
      ["b".repeat(240), "c", "z"],
    ])
    const options = { cache: newCache(), sites: ["final", "resid.0"], partBytes }
    const message =
      "letters test, example 10, response 1: activation NaN at resid.0 is not finite (are the checkpoint's weights sound?)"
    await expect(extract(broken, withZ, options)).rejects.toThrow(message)
    const parent = join(options.cache, "activations", broken.fingerprint)
    const [folder, ...others] = readdirSync(parent)
    expect(others).toEqual([])
    const before = contentOf(join(parent, folder!))
    expect(Object.keys(before)).toEqual(["manifest.json", "part-00000.arrow", "part-00000.json"])
    await expect(extract(broken, withZ, options)).rejects.toThrow(message)
    expect(contentOf(join(parent, folder!))).toEqual(before)
  })

  test("a value beyond float16 is refused in float16 alone", async () => {
    const large = await withWeight("too-large", byte("z"), 1e5)
    const withZ = distributionOf([["a: ", "a", "z"]])
    const options = { cache: newCache(), sites: ["resid.0"] }
    await expect(extract(large, withZ, { ...options, dtype: "float16" })).rejects.toThrow(
      "letters test, example 0, response 1: activation 100000 at resid.0 is too large for float16 (use --dtype float32 or bfloat16)",
    )
    const { cache } = await extract(large, withZ, { ...options, dtype: "bfloat16" })
    expect(Math.max(...(await cache.site("resid.0")).data)).toBe(99840)
  })
})
