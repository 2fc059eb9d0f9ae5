// Every code block of the README runs, as printed: shell blocks through the built command line, TypeScript blocks against
// the built package, in an empty folder with ../shared beside it. The table it shows is what the command prints.

import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hasShared, needsShared, shared } from "./support/shared.ts"

const root = join(import.meta.dirname, "..")
const readme = readFileSync(join(root, "README.md"), "utf8")
const folder = mkdtempSync(join(tmpdir(), "litmus-readme-"))
const workplace = join(folder, "project")

interface Block {
  readonly language: string
  readonly text: string
}

function blocks(language: string): Block[] {
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .map(([, found, text]) => ({ language: found!, text: text! }))
    .filter((block) => block.language === language)
}

/** Lines of shell blocks; a line that ends in a backslash goes on in the next. */
const commands = blocks("sh").flatMap(({ text }) =>
  text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean),
)

function run(
  command: string,
  args: readonly string[],
): { stdout: string; stderr: string; status: number | null } {
  const env = { ...process.env, LITMUS_CACHE: join(folder, "cache") }
  return spawnSync(command, args, { cwd: workplace, encoding: "utf8", env, timeout: 300_000 })
}

function litmus(line: string): ReturnType<typeof run> {
  const args = line.replace(/^npx litmus /, "").split(/\s+/)
  return run(process.execPath, [join(root, "bin/litmus.js"), ...args])
}

/** Files that the text names right before it shows them. */
const shownFiles = [...readme.matchAll(/`([\w-]+\.\w+)`[^`\n]*:\n\n```(csv|jsonl)\n([\s\S]*?)^```$/gm)]

beforeAll(() => {
  mkdirSync(workplace)
  for (const [, name, , text] of shownFiles) writeFileSync(join(workplace, name!), text!)
  if (hasShared) symlinkSync(shared(), join(folder, "shared"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the README", () => {
  it("names only commands that this test knows how to run", () => {
    for (const command of commands) expect(command).toMatch(/^(npm ci|npm start|npx litmus \S)/)
    expect(existsSync(join(root, "dist/src/cli/main.js"))).toBe(true)
  })

  it("names every file that it shows", () => {
    expect(shownFiles).toHaveLength(blocks("csv").length + blocks("jsonl").length)
    expect(shownFiles.length).toBeGreaterThan(0)
  })

  it("links to files that are there", () => {
    for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(existsSync(join(root, target!))).toBe(true)
    }
  })

  describe.skipIf(!hasShared)(`runs${needsShared}`, () => {
    it("its shell commands, in order, as printed", { timeout: 600_000 }, () => {
      for (const command of commands.filter((line) => line.startsWith("npx litmus"))) {
        const { status, stderr } = litmus(command)
        // What went wrong stands beside the command that it went wrong in.
        const complaint = /^litmus: .*/m.exec(stderr)?.[0] ?? ""
        expect({ command, status, complaint }).toEqual({ command, status: 0, complaint: "" })
      }
    })

    it("and shows the table that the first command prints, to half a point", { timeout: 300_000 }, () => {
      const table = blocks("text")[0]!.text
      const { stdout } = litmus(commands.find((line) => line.startsWith("npx litmus transfer"))!)
      const words = (text: string): string[] => text.split(/[\s─–…%,()]+/).filter(Boolean)
      const [printed, shown] = [words(stdout), words(table)]
      // Other processors round otherwise, which can turn single pairs: digits may differ a little, words may not.
      const agrees = (a: string, b: string): boolean => {
        const difference = Math.abs(Number(a) - Number(b))
        return a === b || difference <= Math.max(0.5, Math.abs(Number(a)) * 0.05)
      }
      expect(shown.length).toBe(printed.length)
      expect(shown.filter((word, k) => !agrees(word, printed[k]!))).toEqual([])
    })

    it("its TypeScript, against the built package", { timeout: 300_000 }, () => {
      const place = join(root, "dist", `.readme-${process.pid}`)
      mkdirSync(place, { recursive: true })
      try {
        for (const [k, { text }] of blocks("ts").entries()) {
          const file = join(place, `block-${k}.mts`)
          writeFileSync(file, text)
          const { status, stdout, stderr } = run(process.execPath, [
            "--import",
            import.meta.resolve("tsx"),
            file,
          ])
          expect(stderr).toBe("")
          expect(status).toBe(0)
          expect(stdout).not.toBe("")
        }
      } finally {
        rmSync(place, { recursive: true, force: true })
      }
    })
  })
})
