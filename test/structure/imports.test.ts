// The house rules of docs/architecture.md, held against the sources.

import { readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { dirname, normalize } from "node:path/posix"
import { expect, test } from "vitest"
import { libraries, longestFile, medianFile, rooms } from "./rooms.ts"

const root = resolve(import.meta.dirname, "../..")
const files = new Map(
  ["src", "probes", "activations"]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort()
    .map((path) => [path, readFileSync(join(root, path), "utf8")]),
)
/** What files import, types included: `[file, specifier]`. */
const imports = [...files].flatMap(([file, text]) =>
  importsIn(text).map((specifier) => [file, specifier] as const),
)
/** Imports of the sources' own files: `[file, imported file]`. */
const ties = imports
  .filter(([, specifier]) => specifier.startsWith("."))
  .map(([file, specifier]) => [file, normalize(join(dirname(file), specifier))] as const)
  .filter(([, imported]) => files.has(imported))

function importsIn(text: string): string[] {
  const code = text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "")
  const statement = /^\s*(?:import|export|\})(?:[^"'`\n]* from)? "([^"\n]+)"/
  const call = /\bimport\("([^"\n]+)"\)/
  return code.split("\n").flatMap((line) => (statement.exec(line) ?? call.exec(line) ?? []).slice(1, 2))
}

/** The innermost room that a file is in. */
function roomOf(file: string): string {
  const all = Object.keys(rooms).filter((room) => file.startsWith(`${room}/`))
  const room = all.sort((a, b) => b.length - a.length)[0]
  if (room === undefined) throw new Error(`${file} is in no room`)
  return room
}

/** A circle of what leads to what, as a path that ends where it begins; undefined where there is none. */
function circleIn(from: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    path.push(node)
    for (const next of from.get(node) ?? []) {
      const circle = visit(next)
      if (circle) return circle
    }
    path.pop()
    done.add(node)
    return undefined
  }
  for (const node of from.keys()) {
    const circle = visit(node)
    if (circle) return circle
  }
  return undefined
}

function byFile(): Map<string, string[]> {
  const from = new Map([...files.keys()].map((file): [string, string[]] => [file, []]))
  for (const [file, imported] of ties) from.get(file)!.push(imported)
  return from
}

test("imports are found in every form that they are written in", () => {
  const text = `
    import a from "./a.ts"
    import type { B } from "./b.ts"
    import {
      c,
    } from "./c.ts"
    export * from "./d.ts"
    const e = await import("./e.ts")
    type F = typeof import("./f.ts")
    import "./g.css"
    // import h from "./h.ts"`
  expect(importsIn(text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.css"])
  expect(files.size).toBeGreaterThan(300)
  expect(ties.length).toBeGreaterThan(1500)
})

test("a circle is found", () => {
  const from = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ])
  expect(circleIn(from)).toEqual(["b", "c", "b"])
  expect(circleIn(new Map([["a", ["b", "c"]]]))).toBeUndefined()
})

test("a room imports only the rooms below it that the rules name", () => {
  const broken = ties.filter(([file, imported]) => {
    const [from, to] = [roomOf(file), roomOf(imported)]
    return from !== to && !rooms[from]!.includes(to)
  })
  expect(broken.map((tie) => tie.join(" imports "))).toEqual([])
})

test("the rules name no room that is not needed", () => {
  const needed = new Set(ties.map(([file, imported]) => `${roomOf(file)} ${roomOf(imported)}`))
  // The command line is where everything comes together.
  const idle = Object.entries(rooms).flatMap(([room, allowed]) =>
    room === "src/cli" || room === "src"
      ? []
      : allowed.filter((other) => !needed.has(`${room} ${other}`)).map((other) => `${room}: ${other}`),
  )
  expect(idle).toEqual([])
})

test("rooms do not import each other in a circle", () => {
  expect(circleIn(new Map(Object.entries(rooms)))).toBeUndefined()
})

test("files do not import each other in a circle, types included", () => {
  expect(circleIn(byFile())).toBeUndefined()
})

test("a library is known to its room alone", () => {
  const broken = imports.filter(([file, specifier]) => {
    if (specifier.startsWith(".") || specifier.startsWith("node:")) return false
    const name = Object.keys(libraries).find(
      (library) => specifier === library || specifier.startsWith(`${library}/`),
    )
    return name === undefined || !libraries[name]!.includes(roomOf(file))
  })
  expect(broken.map((tie) => tie.join(" imports "))).toEqual([])
})

test("no type is cast through unknown, never or any", () => {
  const casts = [...files].flatMap(([file, text]) =>
    text
      .split("\n")
      .flatMap((line, i) =>
        /\bas (?:never|unknown as|any)\b/.test(line.replace(/^\s*(\/\/|\*|\/\*).*/, ""))
          ? [`${file}:${i + 1}`]
          : [],
      ),
  )
  expect(casts).toEqual([])
})

test("files are short", () => {
  const lengths = [...files].map(([file, text]): [number, string] => [text.split("\n").length - 1, file])
  lengths.sort(([a], [b]) => a - b)
  expect(lengths.filter(([length]) => length > longestFile)).toEqual([])
  expect(lengths[lengths.length >> 1]![0]).toBeLessThanOrEqual(medianFile)
})

test("docs/architecture.md states the same rules", () => {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8")
  const rules = text.slice(text.indexOf("## Import rules"))
  const rows = [...rules.matchAll(/^\| `([^`]+)` *\| (.*?) *\|$/gm)].map(([, name, list]) => [
    name,
    [...list!.matchAll(/`([^`]+)`/g)].map(([, other]) => other!).sort(),
  ])
  const stated = Object.fromEntries(rows) as Record<string, string[]>
  const sorted = (rule: Readonly<Record<string, readonly string[]>>): Record<string, string[]> =>
    Object.fromEntries(Object.entries(rule).map(([name, list]) => [name, [...list].sort()]))
  expect(stated).toEqual({ ...sorted(rooms), ...sorted(libraries) })
})

test("no command in the sources could run another package that is named litmus", () => {
  // Where Litmus is not installed, plain npx fetches whatever the registry has under that name.
  const fetching = /\b(?:npx|npm exec)(?! --no -- litmus\b)[^\n"'`]*\blitmus\b/
  expect([...files].filter(([, text]) => fetching.test(text)).map(([file]) => file)).toEqual([])
})
