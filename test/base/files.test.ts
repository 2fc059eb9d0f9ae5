// Unfinished work: whose it is, and when it may be cleared away.

import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { describe, expect, it } from "vitest"
import {
  isTemporary,
  makeFolder,
  removeAbandoned,
  temporaryOwner,
  temporaryPath,
  writeFileAtomic,
} from "../../src/base/files.ts"
import { temporaryFolder } from "../support/temporary.ts"

const dead = spawnSync(process.execPath, ["-e", ""]).pid

describe("unfinished work", () => {
  it("names its process on this machine, and no process for another machine", () => {
    const name = basename(temporaryPath("folder/more.json"))
    expect(temporaryOwner(name)).toBe(process.pid)
    expect(temporaryOwner(`.more.json.00000000.${process.pid}.0a1b2c3d.tmp`)).toBeUndefined()
    expect(temporaryOwner("more.json")).toBeUndefined()
    expect([name, "more.json", ".more.json.tmp"].map(isTemporary)).toEqual([true, false, false])
  })

  it("is removed where its process is no more; another machine's only after an hour", async () => {
    const root = temporaryFolder()
    const folder = join(root, "evaluations")
    mkdirSync(folder)
    const own = basename(temporaryPath("own.json"))
    const left = own.replace(`.${process.pid}.`, `.${dead}.`)
    const [elsewhere, old] = ["new", "old"].map((name) => `.${name}.00000000.${dead}.0a1b2c3d.tmp`) as [
      string,
      string,
    ]
    for (const name of [own, left, elsewhere, old, "more.json"]) writeFileSync(join(folder, name), "{")
    const before = Date.now() / 1000 - 7200
    for (const name of [old, "more.json"]) utimesSync(join(folder, name), before, before)
    await removeAbandoned(root)
    expect(new Set(readdirSync(folder))).toEqual(new Set([own, elsewhere, "more.json"]))
  })
})

describe("a folder", () => {
  it("is made with those that it lies in, and is well where it is there; two may make it at once", async () => {
    const folder = join(temporaryFolder(), "a", "b", "c")
    await Promise.all([makeFolder(folder), makeFolder(folder)])
    await makeFolder(folder)
    expect(statSync(folder).isDirectory()).toBe(true)
  })

  it("cannot be made where a file is, or below one", async () => {
    const file = join(temporaryFolder(), "file")
    writeFileSync(file, "")
    for (const path of [file, join(file, "a"), join(file, "a", "b")]) {
      await expect(makeFolder(path)).rejects.toThrow(
        `cannot write ${path}: there is a file where a folder should be`,
      )
    }
  })

  // mkdir's own recursion does not end here: Linux answers ENOENT, although /proc is there.
  it.skipIf(!existsSync("/proc/self"))("is refused where the system makes none", async () => {
    await expect(makeFolder("/proc/litmus/x")).rejects.toThrow(
      /^cannot write \/proc\/litmus\/x: (no folder can be made there|permission denied|the file system is read-only)$/,
    )
  })
})

describe("a file written whole", () => {
  it("is refused below a file, in one line", async () => {
    const file = join(temporaryFolder(), "file")
    writeFileSync(file, "")
    const path = join(file, "a.svg")
    await expect(writeFileAtomic(path, "")).rejects.toThrow(
      `cannot write ${path}: there is a file where a folder should be`,
    )
  })
})
