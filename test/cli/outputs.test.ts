// Where a command writes and what it may not: empty paths, files in the place of folders, ports and widths that are none.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { hasBuild, needsBuild } from "../support/report-build.ts"
import { complaintOf, succeed } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const file = join(root, "some.json")
writeFileSync(file, "{}")

describe.concurrent("an empty path", () => {
  it.each([
    ["dir", ["data", "write", ""]],
    ["folder", ["data", "check", ""]],
    ["file", ["data", "import", "", "--out", join(root, "x")]],
    ["folder", ["data", "pull", "genies", ""]],
    ["--from", ["data", "pull", "genies", join(root, "x"), "--from", ""]],
    ["folder", ["import-results", "", "--out", join(root, "x")]],
    ["path", ["inspect", ""]],
    ["store", ["view", "", "--no-open"]],
    ["store", ["report", "", "--out", join(root, "x")]],
    ["store", ["plot", "shifts", "", "-o", join(root, "x.svg")]],
    ["store", ["table", ""]],
    ["store", ["agreement", ""]],
    ["probes", ["directions", join(root, "a"), ""]],
    ["probe", ["project", ""]],
  ])("for %s is refused by litmus %j", async (name, args) => {
    expect(await complaintOf(args)).toBe(`${name}: expected a path, got ""`)
  })
})

describe.concurrent("a file in the place of a folder", () => {
  const inTheWay = "there is a file where a folder should be"
  it.each<[string, string[], string]>([
    ["a report's", ["report", "--published", "llama-30b", "--out", join(file, "y")], file],
    [
      "a job's",
      ["submit", "slurm", "--shards", "2", "--out", join(file, "y"), "--", "bench", "--out", "x"],
      file,
    ],
    ["the data's", ["data", "write", join(file, "y")], join(file, "y", "distributions")],
    ["a checkpoint's", ["pretrain", "--steps", "1", "--quiet", "--out", join(file, "y")], join(file, "y")],
  ])("%s is named in one line", async (_, args, folder) => {
    const message = await complaintOf(args)
    expect(message.startsWith(`cannot write ${folder}`)).toBe(true)
    expect(message.endsWith(`: ${inTheWay}`)).toBe(true)
  })

  it.skipIf(!hasBuild)(`a picture's is named in one line${needsBuild}`, async () => {
    const args = ["plot", "shifts", "--published", "llama-30b", "-o", join(file, "y.svg")]
    expect(await complaintOf(args)).toBe(`cannot write ${file}: ${inTheWay}`)
  })
})

describe.concurrent("the folder of an output", () => {
  it("is made for a job", async () => {
    const out = join(root, "jobs", "job.sh")
    await succeed(["submit", "slurm", "--shards", "2", "--out", out, "--", "bench", "--out", "x"])
    expect(readFileSync(out, "utf8")).toMatch(/^#!/)
  })

  it.skipIf(!hasBuild)(`is made for a picture${needsBuild}`, async () => {
    const out = join(root, "figures", "x.svg")
    await succeed(["plot", "shifts", "--published", "llama-30b", "-o", out])
    expect(readFileSync(out, "utf8")).toMatch(/^<svg/)
  })
})

describe.concurrent("a command that a job runs", () => {
  const submit = ["submit", "slurm", "--shards", "2", "--"]
  it.each([
    [["bench"], "submit: bench: required option '--out <dir>' not specified"],
    [["bench", "--out", "x", "--nonsense"], "submit: bench: unknown option '--nonsense'"],
    [["bench", "--out", "x", "--seeds", "0"], /^submit: bench: option '--seeds <n>' argument '0' is invalid/],
    [["bench", "--out", "x", "--dry-run"], "submit: bench: a job does the work: leave --dry-run out"],
    [["bench", "--out", "x", "--jobs", "2"], /^submit: bench: option '--jobs <n>' cannot be used with/],
    [["bench", "--out", ""], 'submit: bench: --out: expected a path, got ""'],
    [["bench", "--help"], "submit: bench: expected a command to run, got one that shows its help"],
    [["extract", "--distribution", "x", "--out", "x"], /^submit: extract: unknown option '--out'/],
    [["bench", "--out", "x", "--shard", "1/2"], "command: the job itself adds --shard: leave it out"],
  ])("is read as the command itself reads it: %j", async (words, message) => {
    expect(await complaintOf([...submit, ...words])).toMatch(message)
  })

  it("is not run, and writes nothing", async () => {
    const cache = join(root, "cache")
    const words = ["bench", "--out", join(root, "store"), "--cache", cache]
    const { stdout } = await succeed([...submit, ...words])
    expect(stdout).toContain(`exec npx --no -- litmus ${words.join(" ")} --threads 4 --shard auto/2\n`)
    expect(existsSync(cache)).toBe(false)
  })
})

describe.concurrent("a number out of range", () => {
  it.each(["99999", "65536", "-1", "x", ""])("is no port: %j", async (port) => {
    expect(await complaintOf(["view", "--published", "llama-30b", "--no-open", "--port", port])).toBe(
      `option '--port <n>' argument '${port}' is invalid. Expected a port from 0 to 65535.`,
    )
  })

  it.each([
    ["7", "a multiple of 2 (one head of an even width)"],
    ["100", "a multiple of 6 (3 heads of an even width)"],
  ])("is no width: %s", async (width, expected) => {
    const out = join(root, `width-${width}`)
    expect(await complaintOf(["pretrain", "--d-model", width, "--out", out])).toBe(
      `--d-model: expected ${expected}, got ${width}`,
    )
    expect(readdirSync(root)).not.toContain(`width-${width}`)
  })
})
