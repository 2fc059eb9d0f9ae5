// What could not be read or written: one class, which says why in words and keeps the system's code.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { FileError, isMissing, LitmusError } from "../../src/base/errors.ts"
import {
  ifThere,
  listFolder,
  makeFolder,
  readBytes,
  readJson,
  readKeptJson,
  readText,
  writeFileAtomic,
} from "../../src/base/files.ts"
import { temporaryFolder } from "../support/temporary.ts"

const folder = temporaryFolder()
const file = join(folder, "file")
writeFileSync(file, "{not JSON")
const nowhere = join(folder, "no", "where")

test.each([
  ["readBytes", () => readBytes(nowhere), `cannot read ${nowhere}: no such file or folder`],
  ["readText", () => readText(nowhere), `cannot read ${nowhere}: no such file or folder`],
  ["readJson", () => readJson(nowhere), `cannot read ${nowhere}: no such file or folder`],
  ["listFolder", () => listFolder(nowhere), `cannot read ${nowhere}: no such file or folder`],
  ["readText of a folder", () => readText(folder), `cannot read ${folder}: it is a folder`],
  ["writeFileAtomic", () => writeFileAtomic(nowhere, ""), `cannot write ${nowhere}: no such file or folder`],
  [
    "makeFolder below a file",
    () => makeFolder(join(file, "below")),
    `cannot write ${join(file, "below")}: there is a file where a folder should be`,
  ],
])("%s throws a FileError in words", async (_name, act, message) => {
  const error: unknown = await act().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(FileError)
  expect(error).toBeInstanceOf(LitmusError)
  expect((error as FileError).message).toBe(message)
})

test("it says whether there is nothing of that name", async () => {
  expect(isMissing(new FileError("cannot read x", Object.assign(new Error("no"), { code: "ENOENT" })))).toBe(
    true,
  )
  expect(isMissing(new FileError("cannot read x", Object.assign(new Error("no"), { code: "EACCES" })))).toBe(
    false,
  )
  expect(isMissing(new LitmusError("x"))).toBe(false)
  expect(await ifThere(readText(nowhere))).toBeUndefined()
  await expect(ifThere(readText(folder))).rejects.toThrow(FileError)
})

test("what the cache keeps counts as absent where it is damaged", async () => {
  expect(await readKeptJson(nowhere)).toBeUndefined()
  expect(await readKeptJson(file)).toBeUndefined()
  writeFileSync(join(folder, "bytes"), Buffer.from([0xff, 0xfe, 0x00]))
  expect(await readKeptJson(join(folder, "bytes"))).toBeUndefined()
  writeFileSync(join(folder, "kept"), '{"a":1}')
  expect(await readKeptJson(join(folder, "kept"))).toEqual({ a: 1 })
  mkdirSync(join(folder, "directory"))
  await expect(readKeptJson(join(folder, "directory"))).rejects.toThrow("it is a folder")
})

test("malformed JSON is no fault of the disk", async () => {
  const error: unknown = await readJson(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LitmusError)
  expect(error).not.toBeInstanceOf(FileError)
})
