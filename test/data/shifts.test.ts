import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { LitmusError } from "../../src/base/errors.ts"
import { readShifts } from "../../src/data/index.ts"

let folder = ""
let file = ""

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "litmus-shifts-"))
  file = join(folder, "shifts.json")
})

afterAll(() => rm(folder, { recursive: true }))

describe("readShifts", () => {
  test("reads shifts in order, twice where they stand twice; the reference is the target by default", async () => {
    const shift = { source: "a", target: "b" }
    const full = { source: "a", target: "c", target_reference: "d", label: "probing", category: "cues" }
    await writeFile(file, JSON.stringify([shift, full, shift]))
    expect(await readShifts(file)).toEqual([
      { source: "a", target: "b", targetReference: "b" },
      { source: "a", target: "c", targetReference: "d", label: "probing", category: "cues" },
      { source: "a", target: "b", targetReference: "b" },
    ])
  })

  test.each<[unknown, string]>([
    [{}, ": expected a list of shifts, got an object"],
    [[], ": expected at least one shift, got an empty list"],
    [["a"], ' [0]: expected an object with a source and a target, got "a"'],
    [[{ target: "b" }], " [0].source: expected a name, got nothing"],
    [[{ source: "a", target: 3 }], " [0].target: expected a name, got 3"],
    [[{ source: "a", target: "" }], ' [0].target: expected a name, got ""'],
    [
      [{ source: "a", target: "b", target_reference: null }],
      " [0].target_reference: expected a name, got null",
    ],
    [
      [{ source: "a", target: "b", targetReference: "c" }],
      ' [0]: unknown key "targetReference": did you mean "target_reference"? ' +
        "known: source, target, target_reference, label, category",
    ],
  ])("says what is wrong with %j", async (content, message) => {
    await writeFile(file, JSON.stringify(content))
    await expect(readShifts(file)).rejects.toThrow(new LitmusError(file + message))
  })

  test("names a file that is missing or malformed", async () => {
    const missing = join(folder, "missing.json")
    await expect(readShifts(missing)).rejects.toThrow(`cannot read ${missing}: no such file or folder`)
    await writeFile(file, '[{"source": "a",\n "target": }]')
    await expect(readShifts(file)).rejects.toThrow(`${file}:2:12: malformed JSON: expected a value, got "}"`)
  })
})
