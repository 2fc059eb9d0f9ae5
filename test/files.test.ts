// Unfinished work: whose it is, and when it may be cleared away.

import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { describe, expect, it } from "vitest"
import { isTemporary, removeAbandoned, temporaryOwner, temporaryPath } from "../src/files.ts"
import { temporaryFolder } from "./support/temporary.ts"

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
