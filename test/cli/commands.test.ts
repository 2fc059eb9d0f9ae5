// The command line as its users have it: a process, its output, its exit code. The model has random weights.

import { cpSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { commands } from "../../src/cli/commands.ts"
import { complaint, litmus, type Outcome } from "../support/cli.ts"
import { sums, writeDistribution, writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const data = writeSums(join(root, "data"))
const model = join(root, "model")
const cache = join(root, "cache")
const inputs = ["--model", model, "--data", data, "--threads", "1"]
const common = [...inputs, "--cache", cache]
const mms = ["--intervention", "mms", "--source", "sums"]

beforeAll(async () => {
  await writeRandomModel(model)
})

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length))

describe("litmus --help", () => {
  it("names every command, on standard output", async () => {
    const { code, stdout, stderr } = await litmus(["--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const { name, summary } of commands) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"))
    }
    expect(widest(stdout)).toBeLessThanOrEqual(80)
  })

  it("loads each command by the name that the help lists", async () => {
    const loaded = await Promise.all(commands.map(({ load }) => load()))
    expect(loaded.map((command) => command.name())).toEqual(commands.map(({ name }) => name))
  })

  it("suggests the command that was probably meant, without loading any", async () => {
    expect(complaint(await litmus(["transfr"]))).toBe("unknown command 'transfr' (Did you mean transfer?)")
  })

  it("prints the version with --version", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      version: string
    }
    expect(await litmus(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" })
  })

  const working = ["--max-examples", "--seed", "--threads", "--cache", "--quiet"]
  const everywhere = ["--json", "--debug"]
  it.concurrent.each([
    [
      "transfer",
      ["--model", "--data", "--source", "--target", "--intervention", "--probe", "--set", ...working],
    ],
    [
      "extract",
      [
        "--model",
        "--data",
        "--distribution",
        "--split",
        "--sites",
        "--positions",
        "--stimulus",
        "--dtype",
        ...working,
      ],
    ],
    ["fit", ["--model", "--data", "--source", "--intervention", "--out", "--set", ...working]],
    ["inspect", ["path"]],
  ])("of %s lists its options, in lines that fit a page", async (name, options) => {
    const { code, stdout, stderr } = await litmus([name, "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const option of [...options, ...everywhere]) {
      expect(stdout).toMatch(new RegExp(`^  (-\\w, )?${option}[ \n]`, "m"))
    }
    expect(widest(stdout)).toBeLessThanOrEqual(105)
  })

  it("of every other command fits a page, too", async () => {
    const named = ["bench", "tune", "agreement", "sweep", "directions", "project", "data pull", "data import"]
    const others = [
      "data check",
      "data write",
      "devices",
      "submit",
      "import-results",
      "table",
      "report",
      "view",
    ]
    for (const name of [...named, ...others, "plot", "pretrain", "demo"]) {
      const { stdout } = await litmus([...name.split(" "), "--help"])
      expect({ name, fits: widest(stdout) <= 105 }).toEqual({ name, fits: true })
    }
  })

  it("of inspect lists nothing that it would not use", async () => {
    expect((await litmus(["inspect", "--help"])).stdout).not.toMatch(/--(cache|seed|threads|max-examples)/)
  })

  it("of transfer lists every intervention with its options, of fit the probes alone", async () => {
    const [transfer, fit] = await Promise.all([litmus(["transfer", "--help"]), litmus(["fit", "--help"])])
    for (const { stdout } of [transfer, fit]) {
      expect(stdout).toMatch(/^ {2}mms$/m)
      expect(stdout).toMatch(/^ {4}--set mms\.k=<count>$/m)
      expect(stdout).toMatch(/^ {4}--set mms\.calibrator=antisymmetric\|genies$/m)
    }
    expect(transfer.stdout).toMatch(/^ {2}zero-shot$/m)
    expect(fit.stdout).not.toMatch(/^ {2}zero-shot$/m)
  })
})

describe("litmus transfer", () => {
  const ask = ["transfer", ...mms, "--target", "more,few"]
  let first: Outcome
  beforeAll(async () => {
    first = await litmus([...ask, ...common])
  })

  it("prints a row for every target, with the pairs that were too long", () => {
    expect(first.code).toBe(0)
    expect(first.stdout).toContain("mms, fitted on sums\n2 of 8 heads")
    // 16 prompts with two worse answers each; eight and, too long, a ninth.
    expect(first.stdout).toMatch(/^ more +32 +0 +\d+\.\d /m)
    expect(first.stdout).toMatch(/^ few +16 +2 +\d+\.\d /m)
    expect(first.stdout).toMatch(/target .* null +bag of +mean em- /)
    expect(first.stdout).toMatch(/^ more +32 +0 +(\d+\.\d +){2}– \d+\.\d +\d+\.\d – \d+\.\d +(\d+\.\d +){3}/m)
    expect(first.stdout).toMatch(
      /null band: 95 % of 20 fits on the source with its labels shuffled, selection/,
    )
    expect(first.stdout).toContain("‡ of pairs in both orders: this intervention scores pairs")
    expect(first.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /shown with a chance of 80 %: an accuracy that is this many points from 50 %: more \d+\.\d, few \d+\.\d/,
    )
    expect(first.stdout).toMatch(/^tokens run: [\d,]+; one sequence for each member of each pair: [\d,]+/m)
  })

  it("says on standard error what it computed, once, and nothing when the cache answers", async () => {
    const lines = first.stderr.trimEnd().split("\n")
    expect(lines.map((line) => line.replace(/ {2,}.*/, ""))).toEqual([
      "compile weights",
      "sums train",
      "sums test",
      "more test",
      "few test",
      // The mean input embedding, a baseline, reads them at other positions.
      "sums train",
      "sums test",
      "more test",
      "few test",
    ])
    expect(lines[1]).toMatch(/[\d,]+ tokens in [\d.]+ s \([\d,]+ tokens\/s\)$/)
    expect(await litmus([...ask, ...common])).toEqual({ ...first, stderr: "" })
  })

  it("leaves out the null band and the baselines when told so, and takes no negative number of draws", async () => {
    const { stdout } = await litmus([...ask, ...common, "--null", "0", "--no-baselines"])
    expect(stdout).not.toMatch(/null|bag of|mean em-/)
    expect(stdout).toMatch(/^ more +32 +0 +\d+\.\d /m)
    const refused = await litmus([...ask, ...common, "--null", "-1"])
    expect(complaint(refused)).toContain("Expected a positive integer, or 0 for none.")
  })

  it("is silent on standard error with --quiet", async () => {
    const quiet = await litmus([...ask, ...inputs, "--cache", join(root, "quiet"), "--quiet"])
    expect(quiet).toEqual({ ...first, stderr: "" })
  })

  it("prints the same JSON twice from one seed, into other caches and by other threads, without times", async () => {
    const json = [...ask, "--json", "--quiet", "--model", model, "--data", data]
    const [a, b] = await Promise.all([
      litmus([...json, "--cache", join(root, "a"), "--threads", "1"]),
      litmus([...json, "--cache", join(root, "b"), "--threads", "2"]),
    ])
    expect(a).toMatchObject({ code: 0, stderr: "" })
    expect(b.stdout).toBe(a.stdout)
    const content = JSON.parse(a.stdout) as Record<string, unknown>
    expect(Object.keys(content)).toEqual(["baselines", "model", "results", "seed", "tokens"])
    expect(content).toMatchObject({
      seed: 0,
      results: [
        {
          intervention: "mms",
          source: "sums",
          sourceEvaluation: { distribution: "sums", split: "test", pairs: 40 },
          targets: [
            { distribution: "more", pairs: 32, skippedPairs: 0 },
            { distribution: "few", pairs: 16, skippedPairs: 2 },
          ],
        },
      ],
      baselines: [{ intervention: "bag-of-words" }, { intervention: "mean-embedding" }],
    })
    expect(a.stdout).not.toMatch(/"(\w*[tT]ime|seconds|date|duration)\w*"|20\d\d-\d\d/)
    const other = await litmus([...json, "--cache", join(root, "a"), "--threads", "1", "--seed", "1"])
    expect(other.stdout).not.toBe(a.stdout)
  })

  it("takes several interventions, and options for each", async () => {
    const several = [
      "--intervention",
      "mms,random-direction",
      "--set",
      "mms.k=3",
      "--set",
      "random-direction.on=resid",
    ]
    const { stdout, code } = await litmus([
      "transfer",
      ...several,
      "--source",
      "sums",
      "--target",
      "more",
      ...common,
    ])
    expect(code).toBe(0)
    expect(stdout).toContain("mms, fitted on sums\n3 of 8 heads")
    expect(stdout).toContain("random-direction, fitted on sums\nrandom directions at 1 of 2")
  })

  it("tests a saved probe as it tests one that it fits itself", async () => {
    const out = join(root, "probe")
    const fit = await litmus(["fit", ...mms, ...common, "--out", out])
    expect(fit.code).toBe(0)
    expect(fit.stdout).toMatch(/^mms, fitted on sums: 2 of 8 heads/)
    expect(fit.stdout).toMatch(new RegExp(`\nsaved in ${out}\n$`))
    expect(readdirSync(out).toSorted()).toEqual(["probe.json", "probe.safetensors"])
    const ask = ["--target", "more,few", "--json", ...common]
    const [saved, direct] = await Promise.all([
      litmus(["transfer", "--probe", out, ...ask]),
      litmus(["transfer", ...mms, ...ask]),
    ])
    expect(saved).toMatchObject({ code: 0, stderr: "" })
    const results = ({ stdout }: Outcome): unknown => (JSON.parse(stdout) as { results: unknown }).results
    expect(results(saved)).toEqual(results(direct))
  })

  it("uses the folder that LITMUS_CACHE names", async () => {
    const elsewhere = join(root, "by environment")
    const { code } = await litmus([...ask, ...inputs, "--quiet"], { env: { LITMUS_CACHE: elsewhere } })
    expect(code).toBe(0)
    expect(readdirSync(elsewhere).toSorted()).toEqual(["activations", "models", "response-starts"])
  })
})

describe("litmus extract", () => {
  const ask = ["extract", ...inputs, "--cache", join(root, "extracted"), "--distribution", "sums,more"]

  it("keeps the activations of both splits, and computes nothing a second time", async () => {
    const first = await litmus([...ask, "--sites", "heads,final"])
    expect(first.code).toBe(0)
    for (const [id, split, rows] of [
      ["sums", "train", 90],
      ["sums", "test", 60],
      ["more", "train", 36],
      ["more", "test", 48],
    ]) {
      expect(first.stdout).toMatch(new RegExp(`^ ${id} +${split} +${rows} +0 +.* 1 of 1 parts$`, "m"))
    }
    expect(first.stdout).toContain("read at: last token")
    const again = await litmus([...ask, "--sites", "heads,final", "--json"])
    expect(again).toMatchObject({ code: 0, stderr: "" })
    const parts = JSON.parse(again.stdout) as { partsComputed: number; sites: string[] }[]
    expect(parts.map(({ partsComputed }) => partsComputed)).toEqual([0, 0, 0, 0])
    expect(parts[0]!.sites).toEqual(["heads.0", "heads.1", "final"])
  })

  it("says how many sequences were too long", async () => {
    const { stdout } = await litmus([...ask.slice(0, -1), "few", "--split", "test", "--sites", "resid.0"])
    expect(stdout).toMatch(/^ few +test +24 +3 /m)
  })
})

describe("litmus inspect", () => {
  const inspect = async (path: string): Promise<Record<string, unknown>> => {
    const [text, json] = await Promise.all([litmus(["inspect", path]), litmus(["inspect", path, "--json"])])
    expect(text).toMatchObject({ code: 0, stderr: "" })
    const facts = JSON.parse(json.stdout) as Record<string, unknown>
    for (const name of Object.keys(facts)) expect(text.stdout).toMatch(new RegExp(`^${name} `, "m"))
    return facts
  }

  it("knows a model", async () => {
    expect(await inspect(model)).toMatchObject({
      is: "model",
      nLayers: 2,
      dModel: 32,
      files: 1,
      dtypes: ["F32"],
    })
  })

  it("knows a data folder, with distributions/ or of distributions, and a distribution", async () => {
    const known = { is: "data folder", distributions: 3, names: ["few", "more", "sums"] }
    const inner = join(data, "distributions")
    expect(await inspect(data)).toEqual(known)
    expect(await inspect(inner)).toEqual(known)
    expect(await inspect(join(inner, "few"))).toMatchObject({
      is: "distribution",
      id: "few",
      test: { examples: 9, distinctPrompts: 9, pairs: 18 },
    })
  })

  it("knows an activation cache and a fitted probe", async () => {
    const out = join(root, "inspected")
    await litmus([
      "fit",
      ...mms,
      ...inputs,
      "--cache",
      join(root, "inspect-cache"),
      "--out",
      out,
      "--seed",
      "5",
    ])
    expect(await inspect(out)).toMatchObject({
      is: "fitted probe",
      probe: "mms",
      seed: 5,
      source: { id: "sums", split: "train" },
      positions: "last",
    })
    const models = join(root, "inspect-cache", "activations")
    const folder = join(models, readdirSync(models)[0]!)
    expect(await inspect(join(folder, readdirSync(folder)[0]!))).toMatchObject({
      is: "activation cache",
      complete: true,
      activationRows: 90,
      dtype: "float32",
      sites: ["heads.0 [32]", "heads.1 [32]"],
    })
  })
})

describe("text from data sets", () => {
  it("never reaches the terminal with its escape codes", async () => {
    const folder = join(root, "hostile")
    const name = "evil\u001b[31m\u009b2J"
    const items = sums(30).map((item) => ({ ...item, prompt: `\u001b]0;title\u0007${item.prompt}` }))
    writeDistribution(folder, name, { train: items, test: items })
    writeDistribution(folder, "broken", {
      train: [{ prompt: "p", responses: { "\u001b[2Jyes": 5, no: 0 } }],
      test: [{ prompt: "p", responses: { "\u001b[2Jyes": 5, no: 0 } }],
    })
    cpSync(join(data, "distributions", "sums"), join(folder, "distributions", "sums"), { recursive: true })
    const where = [
      "--model",
      model,
      "--data",
      folder,
      "--cache",
      join(root, "hostile-cache"),
      "--threads",
      "1",
    ]
    const outcomes = await Promise.all([
      litmus(["transfer", "--intervention", "mms", "--source", name, "--target", `sums,${name}`, ...where]),
      litmus(["extract", "--distribution", name, "--sites", "resid.0", "--json", ...where]),
      litmus(["extract", "--distribution", name, "--sites", "resid.1", ...where]),
      litmus(["fit", "--intervention", "mms", "--source", name, "--out", join(root, name), ...where]),
      litmus([
        "transfer",
        "--intervention",
        "mms",
        "--source",
        "broken",
        "--target",
        "sums",
        "--debug",
        ...where,
      ]),
      litmus([
        "transfer",
        "--intervention",
        "mms",
        "--source",
        "evil\u001b[31m",
        "--target",
        "sums",
        ...where,
      ]),
      litmus(["inspect", folder]),
      litmus(["inspect", join(folder, "distributions", name)]),
      litmus(["inspect", join(folder, "\u001b[31m")]),
    ])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1])
    for (const { stdout, stderr } of outcomes) {
      // oxlint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    }
    expect(outcomes[0].stdout).toContain("mms, fitted on evil·[31m·2J\n")
    // Whichever of them came first extracted it.
    expect(outcomes.map(({ stderr }) => stderr).join("")).toContain("evil·[31m·2J train")
    expect((JSON.parse(outcomes[1].stdout) as { distribution: string }[])[0]!.distribution).toBe(name)
    expect(outcomes[4].stderr).toContain('responses["\\u001b[2Jyes"]: expected the label 0 or 1, got 5')
  })
})
