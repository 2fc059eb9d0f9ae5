// litmus data check from the command line.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { litmus } from "../support/cli.ts"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { complaintOf, smallWorld, succeed } from "../support/small-world.ts"

const { root, data, model } = await smallWorld()
const check = ["data", "check", "--quiet"]

describe.concurrent("litmus data check", () => {
  it("prints a row for every distribution, and what it found", async () => {
    const { stdout } = await succeed([...check, data, "--model", model])
    expect(stdout).toMatch(/^ few +– +9 +18 +– +0 +– /m)
    // Its first prompt is longer than the model's context: both its pairs.
    expect(stdout).toMatch(/^ few .* 2$/m)
    expect(stdout).toMatch(/^ sums +30 +20 +40 +0 +0 +0 /m)
    expect(stdout).toMatch(/^- distributions without a training split \(to test on only\): few$/m)
    expect(stdout).toMatch(/^- test pairs that do not fit the context and would be left out: few 2 of 18$/m)
  })

  it("prints the same as JSON, of one distribution too", async () => {
    const { stdout } = await succeed([
      ...check,
      join(data, "distributions", "few"),
      "--json",
      "--tokenizer",
      model,
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      distributions: [
        { id: "few", splits: { test: { examples: 9, pairs: 18, tokens: { pairsTooLong: 2 } } } },
      ],
      unreadable: [],
      findings: expect.arrayContaining(["distributions without a training split (to test on only): few"]),
    })
  })

  it("takes another context, and fails on a file that it cannot read after checking the others", async () => {
    const folder = join(root, "spoilt")
    writeDistribution(folder, "bad", { test: "[{" })
    writeDistribution(folder, "good", { test: sums(40) })
    const { code, stdout } = await litmus([...check, folder, "--tokenizer", model, "--context", "1"])
    expect(code).toBe(1)
    expect(stdout).toContain("good 80 of 80")
    expect(stdout).toMatch(/^- .*bad[/\\]test\.json:1:3: malformed JSON/m)
  })

  it("shows text of a data folder as text", async () => {
    const folder = join(root, "control")
    writeDistribution(folder, "\u001b[31mred", { test: sums(40) })
    const { stdout } = await succeed([...check, folder])
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001b/)
    expect(stdout).toContain("·[31mred")
  })

  it.each([
    ["a folder that is none", ["nowhere"], "cannot read the data folder nowhere: no such file or folder"],
    ["a context without a tokenizer", [data, "--context", "5"], "data check: --context needs a tokenizer"],
    ["both", [data, "--model", model, "--tokenizer", model], "data check: expected --model or --tokenizer"],
    [
      "an unknown distribution",
      [data, "--distribution", "mor"],
      'unknown distribution "mor": did you mean "more"?',
    ],
  ])("refuses %s", async (_, args, message) => {
    expect(await complaintOf([...check, ...args])).toContain(message)
  })

  it.skipIf(!hasShared)(`asks for a context where none is known${needsShared}`, async () => {
    const message = await complaintOf([...check, data, "--tokenizer", shared("tokenizers", "gpt2")])
    expect(message).toMatch(/^data check: expected --context, since no .*config\.json gives/)
  })

  // The README's table of a transfer counts the same 402.
  it.skipIf(!hasShared)(
    `finds 402 of 750 pairs of alpaca_hard too long for stories260K${needsShared}`,
    async () => {
      const folder = shared("genies", "distributions", "alpaca_hard")
      const { stdout } = await succeed([...check, folder, "--model", shared("models", "stories260K")])
      expect(stdout).toContain("alpaca_hard 402 of 750")
    },
  )
})
