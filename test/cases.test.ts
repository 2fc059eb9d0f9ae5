// The scripts of the public bug reports that call into the sources, run as they are: what they print is right.

import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { hasShared, needsShared, shared } from "./support/shared.ts"
import { temporaryFolder } from "./support/temporary.ts"

const root = join(import.meta.dirname, "..")
const cache = temporaryFolder()

async function printed(number: string): Promise<string> {
  const cases = shared("cases")
  const folder = readdirSync(cases).find((name) => name.startsWith(`${number}-`))!
  const child = spawn("bash", [join(cases, folder, "run.sh")], {
    cwd: root,
    env: { ...process.env, LITMUS_CACHE: cache },
    stdio: ["ignore", "pipe", "inherit"],
  })
  return await text(child.stdout)
}

describe.skipIf(!hasShared)(`the scripts of public reports${needsShared}`, { timeout: 120_000 }, () => {
  it.each(["01", "28"])("%s: logits are those of transformers and PEFT, to 1e-4", async (number) => {
    const differences = [...(await printed(number)).matchAll(/from ([^:]+): (\S+)$/gm)]
    expect(differences.length).toBeGreaterThan(0)
    // Of several readings that a script compares with, one is the right one: `right`, or the only one.
    const right = differences.filter(
      ([, name]) => differences.length < 4 || !/wrong|without|base/.test(name!),
    )
    for (const [line, , value] of right) expect([line, Number(value) <= 1e-4]).toEqual([line, true])
  })

  it.each(["09", "10", "12", "27"])("%s: no text has other ids", async (number) => {
    const counts = [...(await printed(number)).matchAll(/^(\d+) texts differ$/gm)].map(([, n]) => n)
    expect(counts.length).toBeGreaterThan(0)
    expect(counts.filter((n) => n !== "0")).toEqual([])
  })

  it("07: tasks that are submitted again compute the shares that they had", async () => {
    const lines = (await printed("07")).match(/task \d: computes share \d\/\d/g)
    const shares = ["task 2: computes share 3/8", "task 5: computes share 6/8"]
    expect(lines).toEqual([...shares, ...shares])
  })
})
