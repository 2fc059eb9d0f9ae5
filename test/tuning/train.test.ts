// Training from end to end on a small random model: what a run keeps, what it refuses, and when it stops.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { readDistribution, selectExamples, type Distribution } from "../../src/data/index.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { tuningOptions, type TuningKind } from "../../src/tuning/options.ts"
import { readAdapter } from "../../src/tuning/peft.ts"
import { train } from "../../src/tuning/train.ts"
import type { LogEntry } from "../../src/tuning/training-log.ts"
import { trainConfig, tune, type Tuned } from "../../src/tuning/tune.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
let model: Model
let source: Distribution
beforeAll(async () => {
  const config = { eos_token_id: 2 }
  model = await openModel(await writeRandomModel(join(root, "model"), { config, deviation: 0.2 }), { cache })
  source = await readDistribution(writeSums(join(root, "data")), "sums", "train")
})

const quick = { steps: 6, batch: 4, evaluateEvery: 2, learningRate: 1e-2 }

function run(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
  { kind = "lora", seed = 0, threads = 1, on = source }: Partial<RunOptions> = {},
): Promise<Tuned> {
  const values = resolveOptions(kind, tuningOptions[kind], { ...quick, ...given })
  return tune(model, on, kind, values, { folder: join(root, name), seed, cache, threads })
}
interface RunOptions {
  readonly kind: TuningKind
  readonly seed: number
  readonly threads: number
  readonly on: Distribution
}

const bytes = (name: string): Record<string, string> =>
  Object.fromEntries(
    ["adapter_model.safetensors", "training-log.jsonl"].map((file) => [
      file,
      readFileSync(join(root, name, file), "latin1"),
    ]),
  )

const logOf = (name: string): LogEntry[] =>
  readFileSync(join(root, name, "training-log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LogEntry)

describe("a training", () => {
  it.each(["lora", "prompt-tuning"] as const)(
    "of %s ends with the same bytes from the same seed, on one thread or two, and with others from another",
    async (kind) => {
      const given = kind === "lora" ? { dropout: 0.2 } : {}
      await run(`${kind}-a`, given, { kind })
      await run(`${kind}-b`, given, { kind, threads: 2 })
      await run(`${kind}-c`, given, { kind, seed: 1 })
      expect(bytes(`${kind}-b`)).toEqual(bytes(`${kind}-a`))
      const [a, c] = [bytes(`${kind}-a`), bytes(`${kind}-c`)]
      for (const file of Object.keys(a)) expect(c[file]).not.toBe(a[file])
    },
  )

  it("logs every step, keeps the step that was best on the held-out pairs, and leaves no state behind", async () => {
    const { summary, trained } = await run("logged")
    const log = logOf("logged")
    expect(log.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5])
    expect(log.map(({ validation }) => validation !== undefined)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ])
    for (const { loss, accuracy, learningRate, gradientNorm, tokens } of log) {
      expect(loss).toBeGreaterThan(0)
      expect(accuracy >= 0 && accuracy <= 1).toBe(true)
      expect(learningRate).toBe(1e-2)
      expect(gradientNorm).toBeGreaterThan(0)
      expect(tokens).toBeGreaterThan(0)
    }
    const looks = log.flatMap(({ step, validation }) =>
      validation ? [{ step: step + 1, ...validation }] : [],
    )
    const best = looks.toSorted((a, b) => b.accuracy - a.accuracy || a.loss - b.loss || a.step - b.step)[0]!
    expect(trained).toBe(true)
    expect(summary).toMatchObject({ pairs: 25, heldOutPairs: 3, steps: 6, step: best.step })
    // What is said of held-out pairs is of others than those that chose the step.
    expect(summary.heldOutMargins).toHaveLength(2)
    const right = summary.heldOutMargins.filter((margin) => margin > 0).length
    expect(summary.heldOutAccuracy).toBe(right / 2)
    const losses = summary.heldOutMargins.map((margin) => Math.log(1 + Math.exp(-margin)))
    expect(summary.heldOutLoss).toBeCloseTo((losses[0]! + losses[1]!) / 2, 12)
    expect(summary.lossFell).toBe(summary.heldOutLoss! < Math.LN2)
    expect(summary.curve.map(({ step, heldOut }) => ({ step, ...heldOut }))).toEqual(looks)
    expect(readdirSync(join(root, "logged")).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "litmus.json",
      "training-log.jsonl",
    ])
  })

  it("without validation trains on all pairs and keeps the last step", async () => {
    const { summary } = await run("all", { validation: 0 })
    expect(summary).toMatchObject({ pairs: 30, heldOutPairs: 0, step: 6, heldOutAccuracy: null })
  })

  it("cut into smaller rows by its memory budget takes the same step", async () => {
    const given = { dropout: 0, steps: 1, batch: 30, validation: 0 }
    await run("large", given)
    // 1 MiB holds 233 tokens of this model; a pair has some 40.
    await run("small", { ...given, memory: 1 })
    const [large, small] = [logOf("large")[0]!, logOf("small")[0]!]
    expect(small.tokens).toBeGreaterThan(large.tokens)
    expect(Math.abs(small.loss - large.loss)).toBeLessThan(1e-5)
    expect(Math.abs(small.gradientNorm / large.gradientNorm - 1)).toBeLessThan(1e-4)
  })

  it("that is finished is not done again: its folder is used as it is", async () => {
    const first = await run("finished")
    const times = (): number[] =>
      readdirSync(join(root, "finished")).map((name) => statSync(join(root, "finished", name)).mtimeMs)
    const before = times()
    const again = await run("finished")
    expect([first.trained, again.trained]).toEqual([true, false])
    expect(again.summary).toEqual(first.summary)
    expect(again.model.fingerprint).toBe(first.model.fingerprint)
    expect(times()).toEqual(before)
  })

  it("does not write over the state, the adapter or the checkpoint of another", async () => {
    await run("taken")
    await expect(run("taken", { learningRate: 2e-2 })).rejects.toThrow(
      /taken: holds another model or adapter \(adapter_config\.json\): choose another folder/,
    )
    await expect(
      tune(model, source, "full", resolveOptions("full", tuningOptions.full, quick), {
        folder: model.source.path,
        seed: 0,
        cache,
      }),
    ).rejects.toThrow(/model: holds another model or adapter \(config\.json\)/)
    const folder = join(root, "unfinished")
    const config = trainConfig(model, "lora", resolveOptions("lora", tuningOptions.lora, quick), 0)
    await train(model, source, config, { folder, threads: 1 })
    await expect(run("unfinished", {}, { seed: 1 })).rejects.toThrow(
      /training-state\.safetensors: belongs to another run \(other model, source, seed or options\)/,
    )
    // The state's own run ends without training, from the state.
    expect((await run("unfinished")).summary.steps).toBe(6)
  })
})

describe("a learning rate that diverges", () => {
  it("stops at the first loss that is not finite, keeps the last good adapter and says where", async () => {
    // So much decay turns every parameter over and makes it 11 times as large, step by step, until one overflows.
    const given = { learningRate: 4e-3, weightDecay: 3000, steps: 40, dropout: 0 }
    const folder = join(root, "diverged")
    const error = await run("diverged", given).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    const message =
      /^training: the loss is not finite at step (\d+) \(learning rate 0\.004\): lower the learning rate; the last good one, after (\d+) steps, is kept in (.*)$/
    const [, step, kept, place] = message.exec(error!.message) ?? []
    expect(place).toBe(join(folder, "last-good"))
    expect(Number(step)).toBeGreaterThan(10)
    expect(Number(kept)).toBeLessThanOrEqual(10)
    expect(logOf("diverged").length).toBe(Number(step))
    for (const { loss } of logOf("diverged")) expect(Number.isFinite(loss)).toBe(true)
    const { parameters } = await readAdapter(place!, model)
    for (const { data } of parameters.values()) expect(data.every(Number.isFinite)).toBe(true)
    expect(existsSync(join(folder, "adapter_config.json"))).toBe(false)
  })

  it("is found even in the last step, whose parameters no batch of the run has seen", async () => {
    await expect(run("diverged-last", { learningRate: 1e30, steps: 1, validation: 0 })).rejects.toThrow(
      /not finite at step 1 \(learning rate 1e\+30\): lower the learning rate; there is no good state to keep yet/,
    )
    expect(existsSync(join(root, "diverged-last", "adapter_config.json"))).toBe(false)
  })
})

describe("bad input", () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ rank: 0 }, /lora\.rank: expected a positive integer, got 0/],
    [{ rank: 17 }, /lora\.rank: expected at most 16, the narrowest side of q_proj, v_proj, got 17/],
    [
      { targets: "q_proj,query" },
      /unknown target module "query": known: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj/,
    ],
    [{ alpha: 0 }, /lora\.alpha: expected a positive number, got 0/],
    [{ dropout: 1 }, /dropout: expected a share below 1, got 1/],
    [{ validation: 1 }, /validation: expected a share below 1, got 1/],
    [{ learningRate: "fast" }, /lora\.learningRate: expected a positive number or auto, got "fast"/],
    [{ labels: 3 }, /lora\.labels: expected one of 1, 2, got 3/],
  ])("%j is refused", async (given, message) => {
    await expect((async () => run("bad", given))()).rejects.toThrow(message)
  })

  it("a source whose pairs do not fit the context is refused", async () => {
    const few = await readDistribution(join(root, "data"), "few", "test")
    const long = { ...few, examples: few.examples.slice(0, 1) }
    await expect(run("unusable", {}, { on: long })).rejects.toThrow(
      /few test: no usable pair: of 1 none fits the model's context of 256 tokens/,
    )
  })

  it("virtual tokens that leave no room are refused", async () => {
    await expect(run("no-room", { virtualTokens: 250 }, { kind: "prompt-tuning" })).rejects.toThrow(
      /sums train: no usable pair: of 30 none fits the model's context of 256 tokens less 250 virtual ones/,
    )
  })

  it("a folder that cannot be made is named", async () => {
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, "a-file"), "")
    await expect(run("a-file/below")).rejects.toThrow(/cannot write .*a-file\/below/)
  })
})

describe.skipIf(!hasShared)(`LoRA on stories260K${needsShared}`, () => {
  it("learns 32 examples of alpaca_easy: learning rate 3e-3, 30 steps of 16 pairs", async () => {
    const stories = await openModel(shared("models", "stories260K"), { cache })
    const whole = await readDistribution(shared("genies"), "alpaca_easy", "train")
    const few = selectExamples(whole, { maxExamples: 32, seed: 0 })
    const given = { steps: 30, learningRate: 3e-3, validation: 0 }
    const values = resolveOptions("lora", tuningOptions.lora, given)
    const folder = join(root, "alpaca-32")
    const { summary } = await tune(stories, few, "lora", values, { folder, seed: 0, cache, threads: 2 })
    expect(summary.trainingAccuracy).toBeGreaterThanOrEqual(0.9)
  })
})
