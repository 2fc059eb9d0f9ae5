// A benchmark into a store: what is planned, what is kept, what is not made again, and what a kill leaves.

import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"
import { estimateBench } from "../../src/benchmark/run/estimate.ts"
import { planBench } from "../../src/benchmark/run/plan.ts"
import { runBench } from "../../src/benchmark/run/bench.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { openResults } from "../../src/benchmark/store/results.ts"
import { pairedOutcomes } from "../../src/benchmark/tables/paired-outcomes.ts"
import { readSuiteResults } from "../../src/benchmark/tables/read-suite-results.ts"
import { summarizeSuite } from "../../src/benchmark/tables/suite-summary.ts"
import { suiteAgreement } from "../../src/benchmark/tables/suite-agreement.ts"
import { transfer } from "../../src/benchmark/transfer.ts"
import { LitmusError } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { quick, shift, shifts, smallBench, specOf, textsOf } from "../support/small-bench.ts"

const repository = resolve(import.meta.dirname, "../..")
const { root, model, data, open, out, run } = await smallBench()

describe("the plan", () => {
  it("fits once for all shifts of a source, and tunes once for all that measure by a reference", () => {
    const { fits, trials } = planBench(specOf())
    const of = (name: string): [string, readonly string[]][] =>
      fits.filter((fit) => fit.name === name).map(({ source, targets }) => [source, targets])
    expect(of("mms")).toEqual([
      ["sums", ["sums", "more", "few"]],
      ["more", ["more", "sums"]],
    ])
    // `few` is measured by `more`: nothing is tuned on it.
    expect(of("lora")).toEqual([
      ["sums", ["sums"]],
      ["more", ["more"]],
    ])
    expect(trials).toEqual([])
  })

  it("fits a mixture for every shift, under a name of its own", () => {
    const { fits } = planBench(specOf({ mixTarget: 0.05 }))
    const mixed = fits.filter(({ name }) => name === "mms+5%")
    expect(mixed.map(({ source, mixture, targets }) => [source, mixture?.target, targets])).toEqual([
      ["sums", "more", ["more"]],
      ["sums", "few", ["few"]],
      ["more", "sums", ["sums"]],
    ])
    expect(fits.some(({ name }) => name === "mms")).toBe(false)
  })
})

describe("a benchmark", () => {
  it("keeps what transfer finds, with the capability of the reference, and makes nothing twice", async () => {
    const first = await run()
    expect(first).toMatchObject({ held: 0, failures: [] })
    const store = await openResults(out)
    const rows = await store.suiteRows("m", "mms", "mine")
    expect(rows.map(({ source, target }) => `${source} ${target}`)).toEqual([
      "sums more",
      "sums few",
      "more sums",
    ])
    const direct = await transfer(await open(), makeIntervention("mms"), {
      source: "sums",
      targets: ["more", "few"],
    })
    expect(rows[0]!.accuracy).toBe(direct.targets[0]!.accuracy.estimate)
    expect(rows[1]).toMatchObject({ accuracy: direct.targets[1]!.accuracy.estimate, skippedPairs: 2 })
    expect(rows[0]!.sourceAccuracy).toBe(direct.sourceEvaluation.accuracy.estimate)
    const tuned = await store.evaluation({ model: "m", intervention: "lora", source: "more", target: "more" })
    expect(rows[0]).toMatchObject({ capability: tuned!.accuracy, capabilityBy: "lora_fine_tuning" })
    expect(rows[1]!.capability).toBe(tuned!.accuracy)
    const before = textsOf(out)
    const again = await run()
    expect(again).toMatchObject({ made: 0, held: first.made })
    expect(textsOf(out)).toEqual(before)
    await run({}, { out: join(root, "results-2") })
    expect(textsOf(join(root, "results-2"))).toEqual(before)
  })

  it("makes again what was made with other options, or is damaged, and nothing else", async () => {
    const copy = join(root, "results-3")
    cpSync(out, copy, { recursive: true })
    const damaged = join(copy, "evaluations/mms/m-sums/more.json")
    writeFileSync(damaged, '{"eval_accuracy": ')
    expect(await run({}, { out: copy })).toMatchObject({ made: 1 })
    expect(textsOf(copy)).toEqual(textsOf(out))
    const changed = [makeIntervention("mms", { k: 1 }), makeIntervention("mass-mean")]
    expect(await run({ interventions: changed }, { out: copy })).toMatchObject({ made: 5 })
  })

  it("marks what does not fit as skipped with the reason, and goes on", async () => {
    const folder = join(root, "results-4")
    const long = [...shifts, shift("sums", "long")]
    const report = await run({ shifts: long }, { out: folder })
    expect(report.failures).toEqual([])
    expect(report.reasons.map(({ reason }) => reason)).toContainEqual(expect.stringMatching(/^long t.*fits/))
    const results = await readSuiteResults(
      { suite: "mine", shifts: long, view: "corrected" },
      { store: await openResults(folder) },
    )
    const mms = results.results.find(({ intervention }) => intervention === "mms")!
    expect(mms.shifts[3]).toBeUndefined()
    expect(mms.skipped).toEqual([{ shift: long[3], reason: expect.stringMatching(/^long test: /) as string }])
  })

  it("marks an empty split as skipped, before and after", async () => {
    const [folder, changed] = [join(root, "results-9"), { shifts: [...shifts, shift("sums", "empty")] }]
    const reason = join(
      data,
      "distributions/empty/test.json: expected at least one example, got an empty list",
    )
    const report = await run(changed, { out: folder })
    expect(report.failures).toEqual([])
    // Four interventions on it from another source, LoRA on itself.
    expect(report.reasons).toContainEqual({ reason, cells: 5 })
    const store = await openResults(folder)
    expect(await store.skippedRows("m", "mms", "mine")).toEqual([
      { source: "sums", target: "empty", targetReference: "empty", reason: reason.replace(", ", "; ") },
    ])
    expect(await store.suiteRows("m", "mms", "mine")).toHaveLength(3)
    const estimate = await estimateBench(await open(), specOf(changed), { out: folder, name: "m" })
    expect(estimate).toMatchObject({ held: report.made, work: [] })
  })

  it("makes the tables where as much fails as there are fits, if anything came of them", async () => {
    const fails = {
      ...makeIntervention("longer"),
      name: "fails",
      fit: async () => ({
        summary: "",
        score: () => Promise.reject(new LitmusError("no score today")),
      }),
    }
    const only = { interventions: [makeIntervention("longer"), fails], references: [], shifts: [shifts[0]!] }
    const capability = { by: "lora", candidates: [] } as const
    const folder = join(root, "results-10")
    const report = await run({ ...only, capability }, { out: folder })
    expect(report.failures).toHaveLength(2)
    expect(await (await openResults(folder)).suiteRows("m", "longer", "mine")).toHaveLength(1)
  })

  it("refuses names that cannot stand in a store before it does anything", async () => {
    const folder = join(root, "results-11")
    await expect(run({ suite: "my shifts" }, { out: folder })).rejects.toThrow(
      'suite "my shifts": expected letters, digits',
    )
    expect(existsSync(folder)).toBe(false)
  })

  it("averages over seeds, each of which is a store of its own", async () => {
    const folder = join(root, "results-5")
    await run({ seeds: [0, 1, 2] }, { out: folder })
    const seeds = await (await openResults(folder)).seeds()
    expect(seeds.length).toBe(2)
    const accuracies = []
    for (const store of [await openResults(folder), ...seeds]) {
      accuracies.push((await store.suiteRows("m", "mms", "mine"))[0]!.accuracy)
    }
    const results = await readSuiteResults(
      { suite: "mine", shifts, view: "corrected" },
      { store: await openResults(folder) },
    )
    const mms = results.results.find(({ intervention }) => intervention === "mms")!
    expect(mms.shifts[0]!.accuracy).toBeCloseTo(accuracies.reduce((sum, a) => sum + a, 0) / 3, 12)
    const { summaries } = summarizeSuite(results)
    expect(summaries.find(({ intervention }) => intervention === "mms")).toMatchObject({ nSeeds: 3 })
    expect(summaries.find(({ intervention }) => intervention === "longer")!.accuracy.overSeeds).toBe(0)
    // The first seed alone is what a run with one seed writes.
    expect(Object.entries(textsOf(folder)).filter(([path]) => !path.startsWith("/seeds/"))).toEqual(
      Object.entries(textsOf(out)),
    )
  })

  it("averages over no seed that an earlier run left on other examples", async () => {
    const folder = join(root, "results-14")
    const only = { interventions: [makeIntervention("mms")], references: [], shifts: [shifts[0]!] }
    const nSeeds = async (): Promise<number> => {
      const results = await readSuiteResults(
        { suite: "mine", shifts: only.shifts, view: "corrected" },
        { store: await openResults(folder) },
      )
      return results.results.find(({ intervention }) => intervention === "mms")!.shifts[0]!.bySeed.length
    }
    await run({ ...only, seeds: [0, 1] }, { out: folder, maxExamples: 6 })
    expect(await nSeeds()).toBe(2)
    await run(only, { out: folder, maxExamples: 8 })
    expect(await nSeeds()).toBe(1)
  })

  it("mixes a share of each target into the source", async () => {
    const folder = join(root, "results-7")
    await run({ mixTarget: 0.25, shifts: [shifts[0]!, shifts[2]!] }, { out: folder })
    const store = await openResults(folder)
    const [row] = await store.suiteRows("m", "mms+25%", "mine")
    const direct = await transfer(await open(), makeIntervention("mms"), {
      source: "sums",
      targets: ["more"],
      mixture: { target: "more", share: 0.25 },
    })
    expect(row!.accuracy).toBe(direct.targets[0]!.accuracy.estimate)
  })

  it("counts the mixed examples among the contamination, and skips a mixture that cannot be", async () => {
    // Every test prompt of the target is one of its training prompts.
    const train = sums(4, { seed: 9 })
    writeDistribution(data, "leaking", { train, test: train })
    const folder = join(root, "results-12")
    const both = [shift("sums", "leaking"), shift("leaking", "leaking")]
    const report = await run(
      { mixTarget: 0.5, shifts: both, interventions: [makeIntervention("longer")] },
      { out: folder },
    )
    expect(report.failures).toEqual([])
    const store = await openResults(folder)
    expect(await store.suiteRows("m", "longer+50%", "mine")).toMatchObject([{ contamination: 0.5 }])
    expect(await store.suiteRows("m", "longer", "mine")).toMatchObject([
      { contamination: 0 },
      { contamination: 1 },
    ])
    expect(await store.skippedRows("m", "longer+50%", "mine")).toMatchObject([
      { source: "leaking", reason: "mixture: expected two distributions; got leaking twice" },
    ])
  })

  it("says beforehand what it would do, and nothing of it once it is done", async () => {
    const fresh = await open({ cache: join(root, "fresh") })
    const estimate = await estimateBench(fresh, specOf(), { out: join(root, "nowhere"), name: "m" })
    expect(existsSync(join(root, "nowhere"))).toBe(false)
    expect(existsSync(join(root, "fresh", "activations"))).toBe(false)
    const of = (kind: string): { pieces: number; tokens: number; cached: number } =>
      estimate.work.find((one) => one.kind === kind)!
    // Both probes read the last tokens of five splits in one pass.
    expect(of("activations")).toMatchObject({ pieces: 5, cached: 0 })
    expect(of("tuning").pieces).toBe(2)
    expect(estimate.held).toBe(0)
    const { tokens } = of("activations")
    await runBench(fresh, specOf({ references: [], capability: { by: "best", candidates: [] } }), {
      out: join(root, "results-8"),
      name: "m",
    })
    expect(fresh.tokens().tokensRun).toBe(tokens)
    // The trials of --capability best tune on a part of each reference, and score the rest of it.
    const candidates = [makeIntervention("lora", quick), makeIntervention("mass-mean")]
    const best = specOf({ capability: { by: "best", candidates } })
    const trials = await estimateBench(fresh, best, { out: join(root, "nowhere"), name: "m" })
    const tuned = trials.work.find(({ kind }) => kind === "tuning")!
    expect(tuned.pieces).toBe(4)
    expect(tuned.tokens).toBeGreaterThan(1.5 * of("tuning").tokens)
    expect(trials.work.find(({ kind }) => kind === "rewards")!.pieces).toBe(4)
    const folder = join(root, "results-18")
    await run({ capability: { by: "best", candidates } }, { out: folder })
    expect(await estimateBench(await open(), best, { out: folder, name: "m" })).toMatchObject({ work: [] })
    const after = await estimateBench(await open(), specOf(), { out, name: "m" })
    expect(after).toMatchObject({ held: after.evaluations, work: [], seconds: 0 })
  })

  it("averages agreements over the shifts on which all have pairs", async () => {
    const store = await openResults(out)
    const results = await readSuiteResults({ suite: "mine", shifts, view: "corrected" }, { store })
    const [matrix] = suiteAgreement(results)
    expect(matrix!.nShifts).toBe(3)
    const at = (a: string, b: string): number =>
      matrix!.share[matrix!.names.indexOf(a)]![matrix!.names.indexOf(b)]!
    const { summaries } = summarizeSuite(results)
    const zeroShot = summaries.find(({ intervention }) => intervention === "zero-shot")!
    const mms = summaries.find(({ intervention }) => intervention === "mms")!
    expect(at("zero-shot", "labels")).toBeCloseTo(zeroShot.accuracy.mean, 12)
    expect(at("mms", "zero-shot")).toBeCloseTo(mms.agreementWithZeroShot!.mean, 12)
    expect(at("mms", "zero-shot")).toBe(at("zero-shot", "mms"))
  })

  it("sets no pairs of other examples beside each other", async () => {
    const folder = join(root, "results-13")
    const only = { references: [], capability: { by: "lora", candidates: [] }, shifts: [shifts[0]!] } as const
    for (const [name, seed] of [
      ["longer", 0],
      ["perplexity", 0],
      ["random-direction", 1],
    ] as const) {
      const interventions = [makeIntervention(name)]
      await run({ ...only, interventions, seeds: [seed] }, { out: folder, seed, maxExamples: 6 })
    }
    const results = await readSuiteResults(
      { suite: "mine", shifts: only.shifts, view: "corrected" },
      { store: await openResults(folder) },
    )
    expect(suiteAgreement(results, ["longer", "perplexity"])).toHaveLength(1)
    expect(suiteAgreement(results, ["longer", "random-direction"])).toEqual([])
    const [one, two, other] = ["longer", "perplexity", "random-direction"].map(
      (name) =>
        results.results.find(({ intervention }) => intervention === name)!.shifts[0]!.bySeed[0]!.evaluations
          .own!,
    )
    expect(pairedOutcomes(one!, two!)?.pairs).toHaveLength(12)
    expect(pairedOutcomes(one!, other!)).toBeUndefined()
  })
})

describe("a benchmark that is killed", () => {
  it("ends, run again, in the store of one that was not", async () => {
    const [folder, other] = [join(root, "killed"), join(root, "killed-cache")]
    const url = (path: string): string => JSON.stringify(pathToFileURL(join(repository, path)).href)
    const script = `
      import { runBench } from ${url("src/benchmark/run/bench.ts")}
      import { makeIntervention } from ${url("src/benchmark/interventions/registry.ts")}
      import { openWorkbench } from ${url("src/benchmark/workbench/workbench.ts")}
      const [model, data, cache, out, shifts] = process.argv.slice(1)
      const bench = await openWorkbench({ model, data, cache, threads: 1 })
      const make = (name) => makeIntervention(name)
      await runBench(bench, {
        suite: "mine", shifts: JSON.parse(shifts), seeds: [0],
        interventions: ["mms", "mass-mean"].map(make), references: ["zero-shot", "longer"].map(make),
        capability: { by: "lora", candidates: [makeIntervention("lora", ${JSON.stringify(quick)})] },
      }, { out, name: "m" })
    `
    const path = join(root, "bench.mts")
    writeFileSync(path, script)
    const moments = random(0, "kills")
    for (let kill = 0; kill < 4; kill++) {
      const child = spawn(
        process.execPath,
        ["--import", "tsx", path, model, data, other, folder, JSON.stringify(shifts)],
        { cwd: repository, stdio: "ignore" },
      )
      const ended = once(child, "exit")
      // From before it has begun to write until it may be through.
      await Promise.race([ended, sleep(600 + moments.integer(1800))])
      child.kill("SIGKILL")
      await ended
    }
    await runBench(await open({ cache: other }), specOf(), { out: folder, name: "m" })
    expect(textsOf(folder)).toEqual(textsOf(join(root, "results")))
    rmSync(folder, { recursive: true })
  })
})
