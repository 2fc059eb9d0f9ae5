// What TypeScript reads when a project imports Litmus: the built declarations compile as an installed package's do, and
// depend on few others.

import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterAll, expect, test } from "vitest"

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}

const root = resolve(import.meta.dirname, "../..")
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest
const entries = Object.values(manifest.exports).map(({ types }) => resolve(root, types))
// Inside the package, so that its own name resolves to what it exports.
const folder = join(root, "dist", `.declarations-${process.pid}`)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a declaration file imports, by any form of import. */
function importsIn(path: string): string[] {
  const code = readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/(?!\/).*$/gm, "")
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*|<reference (?:types|path)=)["']([^"']+)["']/g
  return [...code.matchAll(forms)].map(([, specifier]) => specifier!)
}

/** Packages that the entries' declarations reach, each with the files that import it. */
function packagesReached(): Map<string, string[]> {
  const packages = new Map<string, string[]>()
  const seen = new Set<string>()
  const queue = [...entries]
  for (const file of queue) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const specifier of importsIn(file)) {
      if (specifier.startsWith(".")) {
        queue.push(resolve(file, "..", specifier).replace(/\.[jt]s$/, ".d.ts"))
      } else packages.set(specifier, [...(packages.get(specifier) ?? []), file])
    }
  }
  return packages
}

test("public declarations import one package, whose types are installed with Litmus", () => {
  expect(entries).toHaveLength(3)
  // TensorFlow.js's declarations do not compile by themselves, and Node's are not every project's.
  expect([...packagesReached().keys()]).toEqual(["ndarray"])
  expect(Object.keys(manifest.dependencies)).toContain("@types/ndarray")
})

test("public declarations compile under strict, with skipLibCheck off", { timeout: 60_000 }, () => {
  mkdirSync(folder, { recursive: true })
  const names = Object.keys(manifest.exports).map((name) => name.replace(/^\./, "litmus-kit"))
  const imports = names.map((name, k) => `export * as entry${k} from ${JSON.stringify(name)}\n`)
  // A wrong argument must be an error: otherwise the imports would have no types.
  const misuse = `import { makeIntervention } from "litmus-kit"\n// @ts-expect-error\nmakeIntervention("mms", { nonsense: 1 })\n`
  writeFileSync(join(folder, "use.mts"), imports.join("") + misuse)
  const compilerOptions = {
    target: "es2023",
    module: "nodenext",
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.mts"] }))
  expect(compile()).toBe("")
})

/** What the compiler complains of; empty where all is well. */
function compile(): string {
  const compiler = join(root, "node_modules/typescript/bin/tsc")
  try {
    return execFileSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8", stdio: "pipe" })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? error)
  }
}
