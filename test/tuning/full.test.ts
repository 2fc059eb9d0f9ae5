// Full fine-tuning writes a checkpoint of its own, and checkpoints with a score head are reward models.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { allPairs, readDistribution, type Distribution } from "../../src/data/index.ts"
import { openModel, type Model } from "../../src/model/model.ts"
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts"
import { resolveOptions } from "../../src/base/options.ts"
import { packPairs, rewardSequences, tokenPairs } from "../../src/tuning/batches.ts"
import { trainingCost } from "../../src/tuning/memory.ts"
import { tuningOptions } from "../../src/tuning/options.ts"
import { createScorer } from "../../src/tuning/reward-graph.ts"
import { rewardsOf } from "../../src/tuning/reward-model.ts"
import { train } from "../../src/tuning/train.ts"
import { trainConfig, tune, type Tuned } from "../../src/tuning/tune.ts"
import { makeIntervention } from "../../src/benchmark/interventions/registry.ts"
import { openWorkbench, type Workbench } from "../../src/benchmark/workbench/workbench.ts"
import { writeSums } from "../support/data-folder.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const cache = join(root, "cache")
const data = join(root, "data")
const folder = join(root, "tuned")
const given = { steps: 8, batch: 6, learningRate: 3e-3, labels: "2", validation: 0 }
let model: Model
let source: Distribution
let target: Distribution
let tuned: Tuned

beforeAll(async () => {
  const config = { eos_token_id: 2, tie_word_embeddings: true, attention_bias: true }
  model = await openModel(await writeRandomModel(join(root, "model"), { config, deviation: 0.2 }), { cache })
  writeSums(data)
  source = await readDistribution(data, "sums", "train")
  target = await readDistribution(data, "more", "test")
  const values = resolveOptions("full", tuningOptions.full, given)
  tuned = await tune(model, source, "full", values, { folder, seed: 0, cache, threads: 1 })
})

describe("full fine-tuning", () => {
  it("writes a LlamaForSequenceClassification folder, with the tokenizer and without an output head", async () => {
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>
    expect(config).toMatchObject({
      architectures: ["LlamaForSequenceClassification"],
      id2label: { 0: "LABEL_0", 1: "LABEL_1" },
      model_type: "llama",
      eos_token_id: 2,
      torch_dtype: "float32",
    })
    const file = await openSafetensors(join(folder, "model.safetensors"))
    const names = [...file.tensors.keys()]
    expect(names.filter((name) => !name.startsWith("model."))).toEqual(["score.weight"])
    expect(file.tensors.get("score.weight")!.shape).toEqual([2, 32])
    expect(names.length).toBe(Object.keys(model.bundle.tensors).length + 1)
    await file.close()
    expect(readFileSync(join(folder, "tokenizer.json"))).toEqual(
      readFileSync(join(model.source.path, "tokenizer.json")),
    )
    expect(existsSync(join(folder, "training-state.safetensors"))).toBe(false)
  })

  it("trains every parameter, and the checkpoint gives the rewards that training ended with", async () => {
    const values = resolveOptions("full", tuningOptions.full, given)
    const config = trainConfig(model, "full", values, 0)
    const result = await train(model, source, config, { folder: join(root, "again"), threads: 1 })
    const unmoved = [...result.parameters].filter(
      ([name, { data: end }]) => maxAbsDifference(end, result.tunable.initial.get(name)!.data) === 0,
    )
    expect(unmoved.map(([name]) => name)).toEqual([])
    const { sequences, rewards } = await rewardsOf(tuned.model, target, { threads: 1 })
    const rewardOf = new Map(
      sequences.map(({ example, response }, k) => [`${example} ${response}`, rewards[k]!]),
    )
    const made = rewardSequences(target, await model.tokenizer(), { contextLength: 256, endToken: 2 })
    const scorer = await createScorer(model.bundle, result.tunable, { maxRowTokens: 256, threads: 1 })
    let compared = 0
    for (const pair of allPairs(target.examples)) {
      // A row of its own, so that the order of its sequences is known.
      const pairs = tokenPairs([pair], made.sequences)
      const [row] = packPairs(pairs, trainingCost(model.bundle.architecture), { maxRowTokens: 256 })
      const found = await scorer.run(row!, result.parameters)
      for (const [side, place] of [
        ["better", row!.better[0]!],
        ["worse", row!.worse[0]!],
      ] as const) {
        const mean = (found[2 * place]! + found[2 * place + 1]!) / 2
        expect(Math.abs(mean - rewardOf.get(`${pair.example} ${pair[side]}`)!)).toBeLessThan(1e-5)
        compared++
      }
    }
    await scorer.release()
    expect(compared).toBe(64)
  })
})

describe("the intervention `reward`", () => {
  const open = (place: string): Promise<Workbench> => openWorkbench({ model: place, data, cache, threads: 1 })

  it("scores by the checkpoint's head: by the difference of rewards, which flips with the responses", async () => {
    const bench = await open(folder)
    const fitted = await makeIntervention("reward").fit(bench, source)
    const pairs = allPairs(target.examples)
    const scores = await fitted.score(bench, target, pairs)
    expect(scores.pairs).toEqual(pairs)
    const { rewards, sequences } = await rewardsOf(tuned.model, target, { threads: 1 })
    const rewardOf = (example: number, response: number): number =>
      rewards[sequences.findIndex((made) => made.example === example && made.response === response)]!
    pairs.forEach(({ example, better, worse }, k) => {
      const logit = rewardOf(example, better) - rewardOf(example, worse)
      expect(scores.logits[k]).toBe(logit)
      expect(scores.probabilities[k]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12)
    })
    const swapped = pairs.map(({ example, better, worse }) => ({ example, better: worse, worse: better }))
    const reversed = await fitted.score(bench, target, swapped)
    expect(Array.from(reversed.logits)).toEqual(Array.from(scores.logits, (logit) => 0 - logit))
  })

  it("of a checkpoint without a head is refused, and says what to give", async () => {
    const bench = await open(model.source.path)
    await expect(makeIntervention("reward").fit(bench, source)).rejects.toThrow(
      /model: not a reward model: it has no score head \(give --adapter, or a …ForSequenceClassification checkpoint\)/,
    )
  })

  it("of a checkpoint whose head is of another shape than its config says is refused", async () => {
    const place = join(root, "wrong-head")
    mkdirSync(place)
    for (const name of ["tokenizer.json", "model.safetensors"])
      copyFileSync(join(folder, name), join(place, name))
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object
    writeFileSync(
      join(place, "config.json"),
      JSON.stringify({ ...config, id2label: { 0: "a", 1: "b", 2: "c" } }),
    )
    await expect(openModel(place, { cache })).rejects.toThrow(
      /tensor score\.weight: expected shape \[3, 32\] by config\.json, got \[2, 32\]/,
    )
  })

  it("reads as many labels as id2label or num_labels has, and takes their mean", async () => {
    const place = join(root, "one-label")
    mkdirSync(place)
    copyFileSync(join(folder, "tokenizer.json"), join(place, "tokenizer.json"))
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>
    const { id2label: _, label2id: __, ...rest } = config
    writeFileSync(join(place, "config.json"), JSON.stringify({ ...rest, num_labels: 1 }))
    const file = await openSafetensors(join(folder, "model.safetensors"))
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
    for (const [name, { shape }] of file.tensors)
      tensors.set(name, { shape, data: await file.readFloat32(name) })
    await file.close()
    const { data: head } = tensors.get("score.weight")!
    const mean = Float32Array.from({ length: 32 }, (_, j) => (head[j]! + head[32 + j]!) / 2)
    await writeSafetensors(
      join(place, "model.safetensors"),
      tensors.set("score.weight", { shape: [1, 32], data: mean }),
    )
    const one = await rewardsOf(await openModel(place, { cache }), target, { threads: 1 })
    const two = await rewardsOf(tuned.model, target, { threads: 1 })
    expect(maxAbsDifference(one.rewards, two.rewards)).toBeLessThan(1e-5)
  })
})
