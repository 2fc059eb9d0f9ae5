// The options that the embedded model's interventions have instead of the usual ones: help texts name them, and --set
// goes before them.

import type { Command } from "commander"
import { describe, expect, it } from "vitest"
import { benchCommand } from "../../src/cli/bench.ts"
import { transferCommand } from "../../src/cli/transfer.ts"
import { embeddedOptions } from "../../src/microworld/options.ts"
import { litmus } from "../support/cli.ts"

/** What a command's action would find under --set. */
async function setOf(command: Command, words: readonly string[]): Promise<unknown> {
  let set: unknown
  command.action(() => (set = command.opts().set))
  await command.parseAsync([...words, "--data", "unused"], { from: "user" })
  return set
}

const shift = ["--source", "facts", "--target", "sorting"]

describe("the embedded model's options", () => {
  it.each(["bench", "transfer", "tune", "agreement"])("are in the help of %s", async (name) => {
    const { stdout } = await litmus([name, "--help"])
    const options = Object.entries(embeddedOptions.lora!).map(([option, value]) => `lora.${option}=${value}`)
    expect(stdout).toContain(`\nWith the embedded model: ${options.join(", ")}, unless set.\n`)
  })

  it("are filled in under those that --set gives", async () => {
    const lora = [...shift, "--intervention", "lora"]
    expect(await setOf(transferCommand(), lora)).toEqual(embeddedOptions)
    const set = ["--set", "lora.learningRate=1e-4", "--set", "lora.steps=7"]
    const given = { lora: { ...embeddedOptions.lora, learningRate: "1e-4", steps: "7" } }
    expect(await setOf(transferCommand(), [...lora, ...set])).toEqual(given)
    expect(await setOf(benchCommand(), ["--out", "unused", ...set])).toEqual(given)
  })

  it("are not those of another model", async () => {
    const words = [...shift, "--intervention", "lora", "--model", "another"]
    expect(await setOf(transferCommand(), words)).toBeUndefined()
  })
})
