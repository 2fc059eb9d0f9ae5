// The first example of the README, on the checkpoint and the data that it names, with fewer examples.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { litmus } from "../support/cli.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const cache = join(temporaryFolder(), "cache")

describe.skipIf(!hasShared)(`the README's example${needsShared}`, () => {
  const targets = ["alpaca_hard", "arc_easy", "truthful_qa"]
  const args = ["transfer", "--model", shared("models", "stories260K"), "--data", shared("genies")]
  const ask = [...args, "--intervention", "mms", "--source", "alpaca_easy", "--target", targets.join(",")]
  const few = ["--max-examples", "30", "--cache", cache]

  it("prints a row for every target, and answers from the cache the second time", async () => {
    const first = await litmus([...ask, ...few])
    expect(first.code).toBe(0)
    expect(first.stdout).toContain("mms, fitted on alpaca_easy\n10 of 40 heads (validation accuracy ")
    for (const target of targets) {
      const row = first.stdout.split("\n").find((line) => line.startsWith(` ${target} `))!
      // Pairs scored and left out: 30 prompts with 3 worse responses each.
      const [, pairs, tooLong, accuracy] = /^ \w+ +(\d+) +(\d+) +(\d+\.\d) /.exec(row)!.map(Number)
      expect(pairs! + tooLong!).toBe(90)
      expect(accuracy).toBeGreaterThan(20)
      expect(accuracy).toBeLessThan(80)
    }
    expect(first.stderr).toContain("alpaca_easy train")
    expect(await litmus([...ask, ...few])).toEqual({ ...first, stderr: "" })
  })

  it("takes the same model in bfloat16 for another", async () => {
    const half = [...args.slice(0, 2), shared("models", "stories260K-bf16"), ...args.slice(3)]
    const arc = ["--intervention", "random-direction", "--source", "arc_easy", "--target", "arc_easy"]
    const { stdout, code } = await litmus([...half, ...arc, ...few, "--json", "--quiet"])
    expect(code).toBe(0)
    const { model } = JSON.parse(stdout) as { model: string }
    expect(model).toMatch(/^[0-9a-f]{16}$/)
    const whole = await litmus([...ask, ...few, "--json", "--quiet"])
    expect((JSON.parse(whole.stdout) as { model: string }).model).not.toBe(model)
  })
})
