// litmus report and litmus plot as processes.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { complaint, litmus } from "../support/cli.ts"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { hasBuild, needsBuild } from "../support/report-build.ts"
import { writeReportStore, type ReportStore } from "../support/report-store.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
let files: ReportStore
beforeAll(async () => {
  files = await writeReportStore(join(root, "files"))
})

/** Draws a figure and returns its text. */
async function plot(name: string, ...args: string[]): Promise<string> {
  const out = join(root, `${name}.svg`)
  const outcome = await litmus(["plot", name, files.store, "--suite", files.suite, "-o", out, ...args])
  expect([outcome.stderr, outcome.code]).toEqual(["", 0])
  return readFileSync(out, "utf8")
}

/** The texts of a figure. */
function words(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!.replaceAll("&gt;", ">"))
}

describe.skipIf(!hasBuild)(`litmus plot${needsBuild}`, () => {
  it("draws the leaderboard of a suite, best first, with its view", async () => {
    const svg = await plot("leaderboard", "--of", "own", "--model", "tiny-7b", "--view", "as-released")
    expect(words(svg)).toContain("Accuracy, tiny-7b, own")
    expect(words(svg).some((text) => text.startsWith("View as-released"))).toBe(true)
    const names = words(svg).filter((text) => ["mms", "lora", "zero-shot", "random"].includes(text))
    expect(names).toEqual(["mms", "lora", "zero-shot", "random"])
  })

  it("draws shifts, filtered, with one label each", async () => {
    const svg = await plot("shifts", "--model", "tiny-1b", "--intervention", "mms,lora", "--label", "probing")
    const names = words(svg).filter((text) => text.includes("→") && text.includes("_"))
    expect(names.sort()).toEqual(["alpaca_mmlu → reward_seeking", "alpaca_mmlu → truthful_qa"])
    expect(words(svg)).not.toContain("zero-shot")
  })

  it("draws the same picture every time", async () => {
    expect(await plot("scale")).toBe(await plot("scale"))
  })

  it("draws reliability from single pairs", async () => {
    const svg = await plot("reliability", "--model", "tiny-1b", "--dark")
    expect(words(svg)).toContain("Reliability, tiny-1b")
    expect(svg).toContain("#14171c")
  })

  it("has the radar begin below zero where values are negative", async () => {
    const out = join(root, "signed.svg")
    const metric = ["--metric", "differentialElicitation", "--of", "probing"]
    const { code } = await litmus(["plot", "radar", "--published", "llama-30b", ...metric, "-o", out])
    expect(code).toBe(0)
    const svg = readFileSync(out, "utf8")
    const shown = [...svg.matchAll(/: (-?[\d.]+) %</g)].map(([, value]) => Number(value))
    expect(Math.min(...shown)).toBeLessThan(0)
    // Points of different values on one axis lie at different places.
    const places = [...svg.matchAll(/transform="translate\(([^)]*)\)"/g)].map(([, place]) => place)
    expect(new Set(places).size).toBeGreaterThanOrEqual(new Set(shown).size)
    const rings = words(svg).filter((text) => /^[-−]?\d+$/.test(text))
    expect(rings.some((text) => /^[-−]/.test(text))).toBe(true)
  })

  it("makes PNGs of the size that is asked for", async () => {
    const out = join(root, "radar.png")
    const { code } = await litmus([
      "plot",
      "radar",
      "--published",
      "llama-7b",
      "-o",
      out,
      "--width",
      "500",
      "--scale",
      "1",
    ])
    expect(code).toBe(0)
    const png = readFileSync(out)
    expect(png.subarray(1, 4).toString()).toBe("PNG")
    expect(png.readUInt32BE(16)).toBe(500 + 2 * 16)
    // A picture without its font would be much smaller.
    expect(png.length).toBeGreaterThan(20_000)
  })

  it.each<[string[], string | RegExp]>([
    [["pie"], /^unknown figure "pie": known: leaderboard, radar/],
    [["radar", "-o", "x.gif"], "--out x.gif: expected a name that ends in .svg or .png"],
    [["layers"], "layers: the store has 0 sweeps (litmus sweep --results adds one)"],
    [["shifts", "--intervention", "mm"], /^unknown intervention "mm": did you mean "mms"\?/],
    [["shifts", "--model", "tiny"], /^unknown model "tiny": /],
    [["leaderboard", "--of", "extreme"], /^unknown suite "extreme": /],
    [["shifts", "--category", "none"], /^unknown category "none": /],
  ])("says what is wrong with %j", async (args, message) => {
    const [name, ...rest] = args
    const out = rest.includes("-o") ? [] : ["-o", join(root, "x.svg")]
    expect(complaint(await litmus(["plot", name!, files.store, ...rest, ...out]))).toMatch(message)
  })
})

describe.skipIf(!hasBuild)(`litmus report${needsBuild}`, () => {
  it("writes published figures without a store", async () => {
    const out = join(root, "site")
    const { code, stdout } = await litmus(["report", "--published", "openllama-3b", "--out", out])
    expect(code).toBe(0)
    expect(stdout).toMatch(/site\/index\.html: 7 files, \d+ kB/)
  })

  it("warns, also with --quiet, where the data folder has none of the store's distributions", async () => {
    const data = writeDistribution(join(root, "other"), "arc_easy", { test: sums(4) })
    const beside = ["--data", data, "--published", "openllama-3b", "--quiet"]
    const outcome = await litmus(["report", files.store, ...beside, "--out", join(root, "beside")])
    expect(outcome.code).toBe(0)
    expect(outcome.stderr).toBe(
      `litmus: warning: ${data} has none of the distributions that ${files.store} has results on (alpaca_easy, alpaca_mmlu, own_target …): their texts are not shown\n`,
    )
  })

  it.each<[string[], string | RegExp]>([
    [["--out", "x"], "report: expected a store of results, or --published"],
    [["nowhere", "--out", "x"], /^nowhere: expected a store of results/],
    [["--published", "llama-30b", "--out", "."], /expected an empty folder or a report to replace/],
    [["--published", "llama-30b", "--suite", "nothing.json", "--out", "x"], /^cannot read nothing\.json/],
  ])("says what is wrong with %j", async (args, message) => {
    expect(complaint(await litmus(["report", ...args]))).toMatch(message)
  })
})
