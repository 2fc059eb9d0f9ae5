// Every code block of the README and of docs/ runs, as printed, in an empty folder: shell blocks through the built command
// line, TypeScript blocks against the built package. The table that the README shows is what its command prints.

import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "..")
const folder = mkdtempSync(join(tmpdir(), "litmus-documents-"))
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].filter((path) => existsSync(join(root, path)))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const textOf = (path: string): string => readFileSync(join(root, path), "utf8")

function blocks(path: string, language: string): string[] {
  return [...textOf(path).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , text]) => text!)
}

/** Lines of shell blocks; a line that ends in a backslash continues on the next. */
function commandsOf(path: string): string[] {
  return blocks(path, "sh").flatMap((text) =>
    text
      .replaceAll("\\\n", " ")
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  )
}

/** Files that a text names right before it shows them. */
function shownFiles(path: string): (readonly [name: string, text: string])[] {
  return [...textOf(path).matchAll(/`([\w-]+\.\w+)`[^`\n]*:\n\n```(?:csv|json)\n([\s\S]*?)^```$/gm)].map(
    ([, name, text]) => [name!, text!],
  )
}

interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
}

function run(workplace: string, args: readonly string[]): Ended {
  const env = { ...process.env, LITMUS_CACHE: join(folder, "cache") }
  return spawnSync(process.execPath, args, { cwd: workplace, encoding: "utf8", env, timeout: 300_000 })
}

function litmus(workplace: string, line: string): Ended {
  const args = line.replace(/^npx litmus /, "").split(/\s+/)
  return run(workplace, [join(root, "bin/litmus.js"), ...args])
}

const withCommands = documents.filter((path) =>
  commandsOf(path).some((line) => line.startsWith("npx litmus")),
)
const withCode = documents.filter((path) => blocks(path, "ts").length > 0)

describe.each(documents)("%s", (path) => {
  it("names only commands that this test knows how to run, and no folder beside the checkout", () => {
    const known = /^(npm (ci|start|cit|run|pack|install --ignore-scripts)\b|npx litmus \S)/
    const unknown = commandsOf(path).filter((line) => !known.test(line))
    expect(unknown).toEqual([])
    expect(textOf(path)).not.toContain("../shared")
  })

  it("names every file that it shows", () => {
    expect(shownFiles(path)).toHaveLength(blocks(path, "csv").length + blocks(path, "json").length)
  })

  it("links to files that are there", () => {
    const links = [...textOf(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, target]) => target!,
    )
    expect(links.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([])
  })
})

it("the README says how to call Litmus so that npm cannot fetch another package of that name", () => {
  expect(textOf("README.md")).toContain("`npx --no -- litmus`")
})

it("the README has at most 1,200 words", () => {
  expect(textOf("README.md").split(/\s+/).length).toBeLessThanOrEqual(1200)
})

it.each(withCommands)("the shell commands of %s run in order, as printed", { timeout: 900_000 }, (path) => {
  const workplace = join(folder, path.replaceAll("/", "-"))
  mkdirSync(workplace)
  for (const [name, text] of shownFiles(path)) writeFileSync(join(workplace, name), text)
  for (const command of commandsOf(path).filter((line) => line.startsWith("npx litmus"))) {
    const { status, stderr } = litmus(workplace, command)
    const complaint = /^litmus: .*/m.exec(stderr)?.[0] ?? ""
    expect({ command, status, complaint }).toEqual({ command, status: 0, complaint: "" })
  }
})

it("the README shows the table that its first command prints, to half a point", { timeout: 300_000 }, () => {
  const table = blocks("README.md", "text")[0]!
  const command = commandsOf("README.md").find((line) => line.startsWith("npx litmus transfer"))!
  const words = (text: string): string[] => text.split(/[\s─–…%,()]+/).filter(Boolean)
  const [printed, shown] = [words(litmus(folder, command).stdout), words(table)]
  // Other processors round otherwise, which can turn single pairs: digits may differ a little, words may not.
  const agrees = (a: string, b: string): boolean => {
    const difference = Math.abs(Number(a) - Number(b))
    return a === b || difference <= Math.max(0.5, Math.abs(Number(a)) * 0.05)
  }
  expect(shown.length).toBe(printed.length)
  expect(shown.filter((word, k) => !agrees(word, printed[k]!))).toEqual([])
})

it.each(withCode)("the TypeScript of %s runs against the built package", { timeout: 300_000 }, (path) => {
  const place = join(root, "dist", `.documents-${process.pid}`)
  mkdirSync(place, { recursive: true })
  try {
    for (const [k, text] of blocks(path, "ts").entries()) {
      const file = join(place, `block-${k}.mts`)
      writeFileSync(file, text)
      const { status, stdout, stderr } = run(folder, ["--import", import.meta.resolve("tsx"), file])
      expect([stderr, status]).toEqual(["", 0])
      expect(stdout).not.toBe("")
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})
