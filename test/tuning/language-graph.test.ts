// The training step of a language model: its loss against the engine's own log-probabilities, its gradient against
// differences of the loss, and what packing may not change.

import { describe, expect, test } from "vitest"
import { buildTrie, packRow } from "../../src/rows/trie.ts"
import { parameterSpecs } from "../../src/model/architectures/architecture.ts"
import { readBundleTensor } from "../../src/model/bundle/tensors.ts"
import { createLogProbabilities } from "../../src/model/decoder/log-probabilities.ts"
import type { ParameterArray } from "../../src/model/decoder/adapter.ts"
import { random } from "../../src/base/random.ts"
import { createLanguageStep, packTexts } from "../../src/tuning/language-graph.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const folder = temporaryFolder()
const config = { vocab_size: 40, tie_word_embeddings: true }
await writeRandomModel(`${folder}/model`, { config, deviation: 0.3 })
const bundle = await openBundle(`${folder}/model`, { cache: folder })
const { architecture } = bundle
const parameters = new Map<string, ParameterArray>()
for (const { name, shape } of parameterSpecs(architecture)) {
  parameters.set(name, { shape, data: await readBundleTensor(bundle, name) })
}

// Texts that begin alike, one that is another's beginning, and one that occurs twice.
const texts = [
  [1, 5, 6, 7, 8, 2],
  [1, 5, 6, 9, 2],
  [1, 5, 6, 9, 2],
  [1, 5, 6, 2],
  [1, 30, 31, 32, 33, 34, 2],
].map((tokens) => Int32Array.from(tokens))

async function lossOf(rows: ReturnType<typeof packTexts>): Promise<number> {
  const step = await createLanguageStep(architecture, parameters, { maxRowTokens: 64, threads: 1 })
  let sum = 0
  for (const row of rows) sum += (await step.run(row, parameters, 1)).loss
  await step.release()
  return sum
}

describe("the loss of a language model's step", () => {
  test("is what the engine's log-probabilities of every text add up to", async () => {
    const engine = await createLogProbabilities(bundle, { maxRowTokens: 64, threads: 1 })
    let expected = 0
    for (const text of texts) {
      const run = text.subarray(0, -1)
      const trie = buildTrie([run])
      const scored = { parents: Int32Array.from(run, (_, i) => i), targets: text.subarray(1) }
      for (const logProbability of await engine.run(packRow(trie, 0, 1), scored)) expected -= logProbability
    }
    await engine.release()
    expect(await lossOf(packTexts(texts, architecture, { maxRowTokens: 64 }))).toBeCloseTo(expected, 3)
  })

  test("counts tokens as told", async () => {
    const all = await lossOf(packTexts(texts, architecture, { maxRowTokens: 64 }))
    const only = (ids: readonly number[], weight: number): Promise<number> => {
      const weightOf = (token: number): number => (ids.includes(token) ? weight : 0)
      return lossOf(packTexts(texts, architecture, { maxRowTokens: 64, weightOf }))
    }
    const ends = await only([2], 1)
    expect(ends).toBeGreaterThan(1)
    expect(await only([2], 3)).toBeCloseTo(3 * ends, 3)
    const others = [5, 6, 7, 8, 9, 30, 31, 32, 33, 34]
    expect((await only(others, 1)) + ends).toBeCloseTo(all, 3)
  })

  test("does not depend on how texts are packed", async () => {
    const packed = packTexts(texts, architecture, { maxRowTokens: 64 })
    const alone = texts.flatMap((text) => packTexts([text], architecture, { maxRowTokens: 64 }))
    expect(packed).toHaveLength(1)
    expect(packed[0]!.row.tokens.length).toBeLessThan(
      alone.reduce((sum, { row }) => sum + row.tokens.length, 0),
    )
    expect(await lossOf(packed)).toBeCloseTo(await lossOf(alone), 3)
  })
})

// Central differences along random directions of unit length: the loss is about 70 in float32, so that its rounding
// (4e-6) over twice the step leaves about 1e-3 of derivatives of the order 1.
test("its gradient is the slope of the loss, for every parameter", async () => {
  const [row] = packTexts(texts, architecture, { maxRowTokens: 64 })
  const step = await createLanguageStep(architecture, parameters, { maxRowTokens: 64, threads: 1 })
  const found = await step.run(row!, parameters, 1)
  const gradients = new Map([...found.gradients].map(([name, values]) => [name, values.slice()]))
  for (const [name, { shape, data }] of parameters) {
    const gradient = gradients.get(name)!
    const norm = Math.hypot(...gradient)
    expect([name, norm > 0.01]).toEqual([name, true])
    const { normal } = random(0, name)
    // Half along the gradient, so that the derivative is far from 0, half anywhere.
    const noise = Float64Array.from(gradient, () => normal())
    const length = Math.hypot(...noise)
    const direction = noise.map((value, i) => (gradient[i]! / norm + value / length) / 2)
    const at = async (distance: number): Promise<number> => {
      const moved = data.map((value, i) => value + distance * direction[i]!)
      return (await step.run(row!, new Map(parameters).set(name, { shape, data: moved }), 1)).loss
    }
    const h = 0.01
    const slope = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h)
    const expected = direction.reduce((sum, value, i) => sum + value * gradient[i]!, 0)
    expect([name, Math.abs(slope - expected) / Math.max(1, Math.abs(expected)) < 2e-3]).toEqual([name, true])
  }
  await step.release()
})
