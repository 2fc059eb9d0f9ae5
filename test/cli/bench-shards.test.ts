// The shards of a benchmark as plain processes: apart, into stores that are copied together, and side by side into one
// store. Either is the store of one run, byte for byte, once it has its tables.

import { execFile, spawn } from "node:child_process"
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import { complaint, litmus, program, type Outcome } from "../support/cli.ts"
import { writeDistribution } from "../support/data-folder.ts"
import { smallWorld, succeed } from "../support/small-world.ts"

const { root, model, data, inputs } = await smallWorld()
const nShards = 3
const suite = join(root, "mine.json")
writeFileSync(
  suite,
  JSON.stringify([
    { source: "sums", target: "more" },
    { source: "sums", target: "few", target_reference: "more" },
    { source: "more", target: "sums" },
    // Nothing of it fits the model's context: its shift is skipped.
    { source: "more", target: "long", target_reference: "sums" },
  ]),
)
const tooLong = [{ prompt: "one and ".repeat(60), responses: { " 60.": 1, " 1.": 0 } }]
writeDistribution(data, "long", { train: tooLong, test: tooLong })
// The learning rate is searched for.
const quick = ["--set", "lora.steps=2", "--set", "lora.batch=4", "--set", "lora.validation=0.4"]
const bench = [
  "bench",
  "--seeds",
  "1",
  ...inputs,
  "--suite",
  suite,
  "--interventions",
  "mass-mean",
  "--name",
  "m",
  ...quick,
]
// Every kind of file that a store has: seeds beside the first, and trials.
bench.push("--seeds", "2", "--capability", "best", "--json")

interface Report {
  readonly made: number
  readonly held: number
  readonly skipped: number
  readonly shard?: string
}

const reportOf = ({ stdout }: Pick<Outcome, "stdout">): Report => JSON.parse(stdout) as Report
const shardInto = (place: number, out: string, cache: string): string[] => [
  ...bench,
  "--out",
  out,
  "--cache",
  cache,
  "--shard",
  `${place}/${nShards}`,
]

/** Kills a process that this one started, once there is one. */
async function killOneJob(parent: number): Promise<void> {
  for (;;) {
    const { stdout } = await promisify(execFile)("ps", ["-Ao", "pid=,ppid=,args="])
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/))
    const job = rows.find(([, ppid, ...args]) => Number(ppid) === parent && args.at(-1) === "--job")
    if (job) {
      process.kill(Number(job[0]), "SIGKILL")
      return
    }
    await setTimeout(20)
  }
}

/** Every file of a store, by path. */
function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    files.sort().map((path) => [path.slice(folder.length), readFileSync(path, "utf8")]),
  )
}

describe("the shards of a benchmark", () => {
  const whole = join(root, "whole")
  let made: number
  let skipped: number
  beforeAll(async () => {
    ;({ made, skipped } = reportOf(await succeed([...bench, "--out", whole])))
  }, 60_000)

  it("that run apart make the store of one run when their stores are copied into one", async () => {
    const merged = join(root, "merged")
    let sum = 0
    for (let place = 1; place <= nShards; place++) {
      const out = join(root, `apart-${place}`)
      const report = reportOf(await succeed(shardInto(place, out, join(root, `cache-${place}`))))
      expect(report).toMatchObject({ held: 0, shard: `${place}/${nShards}` })
      expect(report.made).toBeGreaterThan(0)
      expect(existsSync(join(out, "generalization_metrics"))).toBe(false)
      sum += report.made
      cpSync(out, merged, { recursive: true })
    }
    expect(sum).toBe(made)
    // Nothing is computed again: there are no activations, scores or tuned models in this cache.
    const cache = join(root, "cache-merged")
    const last = reportOf(await succeed([...bench, "--out", merged, "--cache", cache]))
    expect(last).toMatchObject({ made: 0, held: made, skipped })
    expect(readdirSync(cache)).toEqual(["models", "response-starts"])
    expect(snapshot(merged)).toEqual(snapshot(whole))
    const tuned = Object.entries(snapshot(whole)).filter(([path]) =>
      path.startsWith("/evaluations/lora_fine_tuning/"),
    )
    expect(tuned.map(([, content]) => content)).toEqual(
      tuned.map(() => expect.stringMatching(/"tried":\[\{[^}]*"learningRate":0.0002,/)),
    )
    expect(tuned.length).toBeGreaterThan(0)
    expect(Object.keys(snapshot(whole)).map((path) => path.split("/")[1])).toEqual(
      expect.arrayContaining([
        "evaluations",
        "generalization_metrics",
        "prompts",
        "seeds",
        "skipped",
        "trials",
      ]),
    )
  }, 60_000)

  it("that run side by side into one store and one cache make it, too", async () => {
    const [out, cache] = [join(root, "together"), join(root, "cache-together")]
    const outcomes = await Promise.all(
      Array.from({ length: nShards }, (_, k) => litmus(shardInto(k + 1, out, cache))),
    )
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual(outcomes.map(() => [0, ""]))
    const last = reportOf(await succeed([...bench, "--out", out, "--cache", cache]))
    expect(last).toMatchObject({ made: 0, held: made, skipped })
    expect(snapshot(out)).toEqual(snapshot(whole))
  }, 60_000)

  it("are what --jobs hands to its processes: the same store, and the same report", async () => {
    const [out, cache] = [join(root, "jobs"), join(root, "cache-jobs")]
    const words = [...bench, "--out", out, "--cache", cache, "--jobs", "2", "--threads", "2"]
    expect(reportOf(await succeed(words))).toMatchObject({ made, held: 0, skipped })
    expect(snapshot(out)).toEqual(snapshot(whole))
    expect(reportOf(await succeed(words))).toMatchObject({ made: 0, held: made, skipped })
    expect(complaint(await litmus([...words, "--shard", "1/2"]))).toContain("cannot be used with option")
  }, 60_000)

  it("are done again where --jobs is killed, with its processes or without them", async () => {
    const [out, cache] = [join(root, "killed"), join(root, "cache-killed")]
    const words = [...bench, "--out", out, "--cache", cache, "--jobs", "2"]
    for (const wait of [1500, 2500]) {
      const child = spawn(process.execPath, [...program, ...words], { stdio: "ignore" })
      await setTimeout(wait)
      child.kill("SIGKILL")
    }
    // One of the processes alone is killed: the command says so, and ends the others.
    const child = spawn(process.execPath, [...program, ...words], { stdio: ["ignore", "ignore", "pipe"] })
    const [said, ended] = [text(child.stderr), once(child, "exit")]
    await killOneJob(child.pid!)
    expect(await said).toMatch(
      /^litmus: a process of --jobs was ended by SIGKILL .*run the same command again\n$/,
    )
    expect((await ended)[0]).toBe(1)
    expect(reportOf(await succeed(words))).toMatchObject({ skipped })
    expect(snapshot(out)).toEqual(snapshot(whole))
  }, 60_000)

  it("say in one line that the disk is full", async () => {
    const words = [...bench, "--out", join(root, "full"), "--cache", join(root, "cache-jobs"), "--jobs", "2"]
    expect(complaint(await litmus(words, { largestFile: 1 }))).toMatch(/^cannot write .*: /)
  }, 60_000)

  it("say beforehand what is theirs, and afterwards what is next", async () => {
    const out = join(root, "none")
    const estimates: { fits: number; evaluations: number }[] = []
    for (let place = 1; place <= nShards; place++) {
      const words = [...shardInto(place, out, join(root, "cache-1")), "--dry-run"]
      estimates.push(JSON.parse((await succeed(words)).stdout) as (typeof estimates)[number])
    }
    expect(estimates.reduce((sum, { evaluations }) => sum + evaluations, 0)).toBe(made + skipped)
    expect(existsSync(out)).toBe(false)
    const words = shardInto(2, join(root, "apart-2"), join(root, "cache-2")).filter(
      (word) => word !== "--json",
    )
    expect((await succeed([...words, "--dry-run"])).stdout).toContain("shard 2/3: ")
    expect((await succeed(words)).stdout.replaceAll("\n", " ")).toContain(
      "shard 2/3: no tables. When all 3 are done and in one folder, run the command once more without --shard.",
    )
  }, 60_000)

  it("are submitted as a job that says how to make the tables", async () => {
    const file = join(root, "job.sh")
    const words = [
      "bench",
      "--seeds",
      "1",
      "--model",
      model,
      "--data",
      data,
      "--suite",
      suite,
      "--out",
      join(root, "of a job"),
    ]
    const { stdout } = await succeed(["submit", "slurm", "--shards", "3", "--out", file, "--", ...words])
    const line = `npx --no -- litmus ${[...words.slice(0, -1), `'${words.at(-1)}'`].join(" ")}`
    expect(stdout).toBe(`when all tasks are done, for the tables: ${line}\n`)
    const script = readFileSync(file, "utf8")
    expect(script).toContain(`\n# When all tasks are done: ${line}\n`)
    expect(script).toContain(`\nexec ${line} --threads 4 --shard auto/3\n`)
    const refused = await litmus([...bench, "--out", join(root, "none"), "--shard", "4/3"])
    expect(complaint(refused)).toContain("shard 4/3: expected one of 1 to 3, got 4.")
  })
})
