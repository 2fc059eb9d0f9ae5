// litmus table and litmus import-results as processes.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { complaint, litmus } from "../support/cli.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

describe("litmus table", () => {
  it("shows the published figures without the release, and says which view", async () => {
    const { code, stdout } = await litmus([
      "table",
      "--published",
      "llama-30b",
      "--compare",
      "mms,lora_fine_tuning",
    ])
    expect(code).toBe(0)
    const text = stdout.replaceAll(/\s+/g, " ")
    expect(text).toContain(
      "genies, 15 shifts; view corrected: labels of reward_seeking and survival_influence inverted",
    )
    expect(text).toMatch(/mms 15 61\.7 – 88\.7 93\.8 66\.0 – 11\.7 – -16\.\d to 39\.\d/)
    expect(text).toMatch(/ccs-leaky † 15 54\.9 – 51\.9 93\.8 58\.8 – 4\.5/)
    expect(text).toMatch(/random 15 50\.0 – 50\.0 93\.8 53\.6 – -0\.7/)
    expect(text).toMatch(
      /mms − lora 15 7\.9 – -7\.2 to 23\.0 0\.125 0\.125 19\.6 9 0\.9 4\.0 \(alpaca_long\)/,
    )
    expect(text).toMatch(
      /† accuracy is max\(acc, 1 − acc\) over single responses of the test set, normalised by its own mean: no\s+evidence about transfer\./,
    )
  })

  it("prints JSON and CSV in full precision", async () => {
    const args = ["table", "--published", "llama-30b", "--suite", "extreme", "--view", "as-printed"]
    const table = JSON.parse((await litmus([...args, "--json"])).stdout)
    const lora = table.groups[0].summaries.find(
      (row: { intervention: string }) => row.intervention === "lora",
    )
    expect(lora.elicitation.mean).toBeCloseTo(0.8505, 4)
    expect(table).toMatchObject({ suite: "extreme", view: "as-printed", shifts: 37 })
    const { stdout } = await litmus([...args, "--csv", "--by", "category"])
    const [header, ...lines] = stdout.trim().split("\n")
    expect(lines).toHaveLength(60)
    expect(new Set(lines.map((line) => line.split(",").length))).toEqual(new Set([header!.split(",").length]))
    expect(lines[0]).toMatch(/^extreme,as-printed,difficulty,llama-30b,/)
  })

  it.each<[string[], string | RegExp]>([
    [[], "table: expected a store of results, or --published"],
    [["nowhere"], /^nowhere: expected a store of results/],
    [["--published", "llama"], /^unknown published model "llama": /],
    [["--published", "llama-30b", "--suite", "genie"], /^unknown suite "genie": did you mean "genies"\?/],
    [
      ["--published", "llama-30b", "--compare", "mms"],
      "--compare: expected at least two interventions, got one",
    ],
    [
      ["--published", "llama-30b", "--compare", "mms,lota"],
      /^unknown intervention "lota": did you mean "lora"\?/,
    ],
    [
      ["--published", "llama-30b", "--compare", "lora,lora_fine_tuning"],
      /^--compare: no model has results of two of/,
    ],
    [["--published", "llama-30b", "--view", "right"], /^option '--view <name>' argument 'right' is invalid/],
    [["--published", "llama-30b", "--model", "m"], /^unknown model "m": /],
  ])("says what is wrong with %j", async (args, message) => {
    expect(complaint(await litmus(["table", ...args]))).toMatch(message)
  })
})

describe("litmus import-results", () => {
  it("says what is wrong with a folder", async () => {
    const outcome = await litmus(["import-results", temporaryFolder(), "--out", temporaryFolder()])
    expect(complaint(outcome)).toMatch(/^cannot read .*no such file or folder/)
  })

  it.skipIf(!hasShared)(`puts the release in a store that the table reads${needsShared}`, async () => {
    const store = join(temporaryFolder(), "store")
    const { code, stdout } = await litmus([
      "import-results",
      shared("genies", "results"),
      "--out",
      store,
      "--quiet",
    ])
    expect(code).toBe(0)
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/3,780 figures in 756 rows .* all equal but 4/)
    const table = await litmus(["table", store, "--model", "llama-30b"])
    expect(table.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /lora 15 54\.3 53\.\d to 55\.\d 92\.0 93\.8 58\.1 60\.3 3\.8 2\.\d to 5\.\d .* 66\.8/,
    )
  })
})
