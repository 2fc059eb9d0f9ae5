// The files of examples/ run as they are, against the built package.

import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { temporaryFolder } from "./support/temporary.ts"

const root = join(import.meta.dirname, "..")
const cache = temporaryFolder()
const names = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"))

function printed(name: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), join(root, "examples", name)],
    { cwd: root, encoding: "utf8", env: { ...process.env, LITMUS_CACHE: cache } },
  )
  expect([name, stderr, status]).toEqual([name, "", 0])
  return stdout
}

it("has one for each of the three jobs", () => {
  expect(names).toEqual(["1-fit.ts", "2-transfer.ts", "3-compare-with-lora.ts"])
})

it("1: the direction is right on its source", { timeout: 120_000 }, () => {
  expect(printed(names[0]!)).toMatch(/^facts: (9\d|100)\.\d %/m)
})

it("2: every target is said to be above, below or within the null band", { timeout: 120_000 }, () => {
  const lines = printed(names[1]!).trim().split("\n")
  expect(lines.length).toBeGreaterThan(10)
  for (const line of lines)
    expect(line).toMatch(/^\w+ +\d+\.\d %, (above|below|within) what shuffled labels give$/)
})

it("3: probe, LoRA and zero-shot stand side by side", { timeout: 240_000 }, () => {
  expect(printed(names[2]!).trim().split("\n")).toEqual(
    ["lr", "lora", "zero-shot"].map((name) =>
      expect.stringMatching(new RegExp(`^${name} +source \\d+\\.\\d %, target \\d+\\.\\d %$`)),
    ),
  )
})
