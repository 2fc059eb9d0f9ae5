// `kill -9` in the middle of an extraction, again and again: no finished part is lost, nothing half-written is taken for
// whole, and the cache ends with the bytes of one that was never disturbed.
//
// The short version runs in every test run. `LITMUS_KILL=full npx vitest run test/activations/kill` runs the command
// line on real distributions for at least 20 seconds of work and kills it at 10 random moments.

import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { describe, expect, test } from "vitest"
import { sha256 } from "../../src/base/files.ts"
import { random } from "../../src/base/random.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const repository = resolve(import.meta.dirname, "../..")

/** Every file below a folder, with the checksum of its bytes. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = names.map(({ parentPath, name }) => join(parentPath, name)).sort()
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), sha256(readFileSync(path))]))
}

/** The records of finished parts of a cache that is being made: what a kill must not undo. */
function finishedParts(cache: string): number {
  const folder = join(cache, "activations")
  if (!existsSync(folder)) return 0
  return Object.keys(filesOf(folder)).filter((path) => /part-\d+\.json$/.test(path)).length
}

/** The compiled model is whole, the same, and alone: nothing of a killed compilation lies beside it. */
function expectSameModel(cache: string, undisturbed: string): void {
  const [a, b] = [filesOf(join(cache, "models")), filesOf(join(undisturbed, "models"))]
  expect(Object.keys(a)).toEqual(Object.keys(b))
  const weights = Object.keys(a).filter((path) => path.endsWith("weights.bin"))
  expect(weights.length).toBe(1)
  expect(a[weights[0]!]).toBe(b[weights[0]!])
}

describe("an extraction that is killed", () => {
  const nParts = 60

  /** Extracts in a process of its own, 60 rows in 60 parts; prints a line at the start and after every row. */
  function extractInChild(model: string, cache: string): ChildProcess {
    const url = (path: string): string => JSON.stringify(pathToFileURL(join(repository, path)).href)
    const script = `
      import { writeSync } from "node:fs"
      import { extract } from ${url("activations/extract.ts")}
      import { readDistribution } from ${url("src/data/index.ts")}
      import { openModel } from ${url("src/model/model.ts")}
      const [folder, data, cache] = process.argv.slice(1)
      const distribution = await readDistribution(data, "letters", "test")
      writeSync(1, "begin\\n")
      const model = await openModel(folder, { cache })
      const onProgress = (done) => writeSync(1, "row " + done + "\\n")
      const options = { cache, sites: ["all"], partBytes: 1, threads: 1, onProgress }
      const { partsComputed } = await extract(model, distribution, options)
      writeSync(1, "end " + partsComputed + "\\n")`
    const args = [
      "--import",
      "tsx",
      "--input-type=module",
      "--eval",
      script,
      model,
      join(root, "data"),
      cache,
    ]
    return spawn(process.execPath, args, { cwd: repository, stdio: ["ignore", "pipe", "inherit"] })
  }

  /** Runs until `enough` says so of a line, then some milliseconds more, then kills; returns the lines seen. */
  async function runUntil(
    child: ChildProcess,
    enough: (line: string) => boolean,
    delay: number,
  ): Promise<string[]> {
    const exited = once(child, "exit")
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line)
      if (enough(line)) break
    }
    await sleep(delay)
    child.kill("SIGKILL")
    expect(await exited).toEqual([null, "SIGKILL"])
    return lines
  }

  test("at random moments loses no finished part and ends with the bytes of one that was not", async () => {
    const model = await writeRandomModel(join(root, "model"))
    const folder = join(root, "data", "letters")
    mkdirSync(folder, { recursive: true })
    // Prompts that share nothing and are long: a row each, and a row is a part.
    const examples = Array.from({ length: nParts }, (_, k) => ({
      prompt: String.fromCharCode(48 + k).repeat(240),
      responses: { a: 1, b: 0 },
    }))
    writeFileSync(join(folder, "test.json"), JSON.stringify(examples))
    const endOf = async (child: ChildProcess): Promise<string | undefined> => {
      const exited = once(child, "exit")
      let last: string | undefined
      for await (const line of createInterface({ input: child.stdout! })) last = line
      expect(await exited).toEqual([0, null])
      return last
    }
    const undisturbed = join(root, "undisturbed")
    expect(await endOf(extractInChild(model, undisturbed))).toBe(`end ${nParts}`)

    const cache = join(root, "disturbed")
    const draw = random(0, "kills")
    // Soon after the start: while the model is compiled or the cache folder made.
    await runUntil(extractInChild(model, cache), (line) => line === "begin", draw.uniform() * 40)
    for (let kill = 0; kill < 4; kill++) {
      const before = finishedParts(cache)
      let rows = 1 + draw.integer(7)
      const delay = draw.uniform() * 5
      const lines = await runUntil(
        extractInChild(model, cache),
        (line) => line.startsWith("row") && --rows === 0,
        delay,
      )
      // The first line is before the first row, the last may be before its part was written.
      const written = lines.filter((line) => line.startsWith("row")).length - 2
      expect(finishedParts(cache)).toBeGreaterThanOrEqual(before + written)
    }
    const kept = finishedParts(cache)
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(nParts)
    expect(await endOf(extractInChild(model, cache))).toBe(`end ${nParts - kept}`)
    expect(filesOf(join(cache, "activations"))).toEqual(filesOf(join(undisturbed, "activations")))
    expectSameModel(cache, undisturbed)
  })
})

const full = hasShared && process.env.LITMUS_KILL === "full"
const reason = full ? "" : " (skipped: set LITMUS_KILL=full)"

describe.skipIf(!full)(`litmus extract on real distributions, killed 10 times${needsShared}${reason}`, () => {
  function command(cache: string): ChildProcess {
    const args = ["extract", "--model", shared("models", "stories260K"), "--data", shared("genies")]
    args.push("--distribution", "alpaca_easy,arc_easy,truthful_qa,code_easy", "--positions", "all")
    args.push("--sites", "heads,final", "--quiet", "--json", "--cache", cache)
    return spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args], {
      cwd: repository,
      stdio: ["ignore", "ignore", "inherit"],
    })
  }

  test("ends with the bytes of one that was not", { timeout: 1_200_000 }, async () => {
    const undisturbed = join(root, "full-undisturbed")
    const begin = performance.now()
    expect(await once(command(undisturbed), "exit")).toEqual([0, null])
    const duration = performance.now() - begin
    expect(duration).toBeGreaterThan(20_000)
    const cache = join(root, "full-disturbed")
    const draw = random(1, "kills")
    const report: string[] = []
    for (let kill = 0; kill < 10; kill++) {
      const child = command(cache)
      const exited = once(child, "exit")
      const delay = 500 + draw.uniform() * (duration / 5)
      await sleep(delay)
      child.kill("SIGKILL")
      expect(await exited, `kill ${kill}`).toEqual([null, "SIGKILL"])
      report.push(`${Math.round(delay)} ms: ${Object.keys(filesOf(cache)).length} files`)
    }
    const rest = performance.now()
    expect(await once(command(cache), "exit")).toEqual([0, null])
    const [expected, found] = [undisturbed, cache].map((folder) => filesOf(join(folder, "activations")))
    expect(found).toEqual(expected)
    expectSameModel(cache, undisturbed)
    console.log(
      `undisturbed ${Math.round(duration)} ms, ${Object.keys(expected!).length} files; killed after ${report.join("; ")}; finished in ${Math.round(performance.now() - rest)} ms`,
    )
  })
})
