// Caches that were damaged and disks that are full: one line that says so, and nothing lost.

import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { complaint, litmus } from "../support/cli.ts"
import { complaintOf, extractMore, smallWorld, succeed } from "../support/small-world.ts"

const { root, data, model } = await smallWorld()

describe("a damaged part of the cache", () => {
  const args = ["--model", model, "--data", data, "--quiet"]
  const transfer = ["transfer", "--intervention", "mms", "--source", "more", "--target", "more", ...args]

  async function extracted(name: string): Promise<{ folder: string; part: string; whole: Buffer }> {
    const folder = join(root, name)
    const train = ["extract", "--distribution", "more", "--split", "train", "--sites", "heads"]
    await succeed([...train, ...args, "--cache", folder])
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    const part = join(
      folder,
      files.find((file) => file.endsWith(".arrow"))!,
    )
    return { folder, part, whole: readFileSync(part) }
  }

  it.each([
    ["values", (length: number): number => Math.floor(length / 2)],
    ["metadata", (length: number): number => length - 3],
  ])("with a flipped bit in its %s is named, and not answered from", async (where, at) => {
    const { folder, part, whole } = await extracted(`flipped ${where}`)
    const spoilt = Buffer.from(whole)
    spoilt[at(whole.length)]! ^= 1
    writeFileSync(part, spoilt)
    const message = await complaintOf([...transfer, "--cache", folder])
    expect(message).toContain(part)
    expect(message).toMatch(/delete this file and run the command again: only that part is computed again$/)
    rmSync(part)
    await succeed([...transfer, "--cache", folder])
    expect(readFileSync(part).equals(whole)).toBe(true)
  })

  it("cut short is computed again, to the same bytes", async () => {
    const { folder, part, whole } = await extracted("cut")
    writeFileSync(part, whole.subarray(0, whole.length - 100))
    await succeed([...transfer, "--cache", folder])
    expect(readFileSync(part).equals(whole)).toBe(true)
  })
})

describe("a disk that is full", () => {
  const disk = join(root, "disk")
  const mounted = mount(disk)
  afterAll(() => {
    if (mounted) execFileSync("umount", [disk])
  })

  it.skipIf(!mounted)(
    `ends an extraction with one line, keeps what was finished, and lets it go on${mounted ? "" : " (skipped: may not mount a tmpfs here)"}`,
    async () => {
      const args = [
        "extract",
        "--model",
        model,
        "--data",
        data,
        "--cache",
        disk,
        "--quiet",
        "--distribution",
        "sums,more",
      ]
      await succeed([...args, "--sites", "resid.0"])
      const ballast = join(disk, "ballast")
      fill(ballast)
      expect(await complaintOf([...args, "--sites", "all"])).toMatch(
        /no space left on the disk \(what was finished is kept: free some space and run the command again\)$/,
      )
      expect(await litmus([...args, "--sites", "resid.0"])).toMatchObject({ code: 0 })
      rmSync(ballast)
      await succeed([...args, "--sites", "all"])
      const left = readdirSync(disk, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".tmp"),
      )
      expect(left).toEqual([])
    },
  )

  it("a limit on the size of files ends it with one line too, and leaves no half file", async () => {
    const folder = join(root, "limited")
    const args = [...extractMore, "--model", model, "--data", data, "--cache", folder, "--quiet"]
    // 32 KiB: less than the compiled weights.
    expect(complaint(await litmus(args, { largestFile: 64 }))).toMatch(
      /^cannot compile the model into .*: the file would grow larger than the system allows/,
    )
    const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : []
    expect(files.filter((name) => /\.(tmp|bin|arrow|onnx)/.test(name))).toEqual([])
    await succeed(args)
  })
})

function mount(folder: string): boolean {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** Writes until the disk is full. */
function fill(path: string): void {
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    try {
      const held = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
      writeFileSync(path, Buffer.concat([held, Buffer.alloc(bytes)]))
    } catch {
      // Less, then.
    }
  }
}
