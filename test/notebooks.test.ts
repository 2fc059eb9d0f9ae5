// The notebooks run from top to bottom in the Deno kernel, and give the outputs that they are stored with.

import { execFile } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { denoProgram, runNotebook, type Notebook } from "../notebooks/kernel.ts"
import { embeddedModel } from "../src/microworld/embedded.ts"
import { hasBuild, needsBuild } from "./support/report-build.ts"
import { temporaryFolder } from "./support/temporary.ts"

const folder = join(import.meta.dirname, "../notebooks")
const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb"))
const hasModel = (() => {
  try {
    return embeddedModel() !== ""
  } catch {
    return false
  }
})()
const hasDeno = denoProgram() !== undefined
const reason = !hasModel
  ? " (skipped: needs the embedded model)"
  : hasDeno
    ? needsBuild
    : " (skipped: deno has no program for this machine)"

/** Compiles the model, extracts, fits, tunes and scores; prints what came of it. */
const sameUnderBoth = `
  import { embeddedData, embeddedModel, makeIntervention, openWorkbench, transfer } from ${JSON.stringify(
    pathToFileURL(join(folder, "../dist/src/index.js")).href,
  )}
  const cache = process.argv[2]
  const data = await embeddedData(cache)
  const bench = await openWorkbench({ model: embeddedModel(), data, cache, maxExamples: 20, threads: 1 })
  const found = []
  for (const [name, options] of [["mms", {}], ["ccs", { epochs: 50 }], ["lora", { steps: 4 }], ["zero-shot", {}]]) {
    const { fitted, targets } = await transfer(bench, makeIntervention(name, options), { source: "facts", targets: ["checks"] })
    found.push([fitted, targets])
  }
  console.log(JSON.stringify(found))
`

/** What an output shows: its kinds, and the words of its text; pictures are compared by their kind alone. */
function shown({ cells }: Notebook): { kinds: string[]; words: string[] }[] {
  return cells.flatMap(({ outputs = [] }) =>
    outputs.map((output) => {
      const data: Record<string, unknown> =
        output.output_type === "stream" ? { "text/plain": output.text } : output.data
      const text = data["text/plain"]
      const words = Array.isArray(text) ? text.join("").split(/[\s–]+/) : []
      return { kinds: Object.keys(data).sort(), words: words.filter((word) => word !== "") }
    }),
  )
}

describe("the notebooks", () => {
  it("are five, on the Deno kernel, each of them asking one question", () => {
    expect(names.map((name) => name[0])).toEqual(["1", "2", "3", "4", "5"])
    for (const name of names) {
      const notebook = JSON.parse(readFileSync(join(folder, name), "utf8")) as Notebook
      expect(notebook.metadata).toMatchObject({ kernelspec: { name: "deno" } })
      expect(notebook.cells[0]!.source[0]).toMatch(new RegExp(`^# ${name[0]}\\. `))
    }
  })

  it("link to notebooks that are there", () => {
    for (const name of names) {
      const text = readFileSync(join(folder, name), "utf8")
      for (const [, target] of text.matchAll(/\]\(([^)]+\.ipynb)\)/g)) expect(names).toContain(target)
    }
  })

  describe.skipIf(!hasModel || !hasDeno || !hasBuild)(`run${reason}`, () => {
    it("on a library that finds under Deno what it finds under Node", { timeout: 240_000 }, async () => {
      const place = temporaryFolder()
      const script = join(place, "script.mjs")
      writeFileSync(script, sameUnderBoth)
      const under = async (program: string, ...args: string[]): Promise<unknown> => {
        const { stdout } = await promisify(execFile)(program, [
          ...args,
          script,
          join(place, basename(program)),
        ])
        // Two versions of V8 may differ in a logarithm's last digit.
        return JSON.parse(stdout, (_, value: unknown) =>
          typeof value === "number" ? Number(value.toPrecision(12)) : value,
        )
      }
      const node = await under(process.execPath)
      expect(await under(denoProgram()!, "run", "-A", "--config", join(folder, "deno.json"))).toEqual(node)
    })

    it.each(names)("%s, and give what they are stored with", { timeout: 240_000 }, async (name) => {
      const stored = shown(JSON.parse(readFileSync(join(folder, name), "utf8")) as Notebook)
      const fresh = shown(await runNotebook(join(folder, name)))
      expect(fresh.map(({ kinds }) => kinds)).toEqual(stored.map(({ kinds }) => kinds))
      // Other processors round otherwise, which can turn single pairs: accuracies may differ by a few points.
      const agrees = (a: string, b: string | undefined): boolean =>
        a === b || Math.abs(Number(a) - Number(b)) <= Math.max(6, Math.abs(Number(a)) * 0.1)
      for (const [i, { words }] of fresh.entries()) {
        expect(words.filter((word, k) => !agrees(word, stored[i]!.words[k]))).toEqual([])
        expect(words.length).toBe(stored[i]!.words.length)
      }
    })
  })
})
