// Losses, rewards and first-step gradients of LoRA and prompt tuning against transformers 4.46.3 + PEFT 0.14.0
// (golden/grads). The eight sequences of the four pairs are one packed row, as a forest of eight trees.
// Tolerance 2e-5 as the goldens suggest: their own noise is 2e-6 with gradients up to 1.9.

import { describe, expect, it } from "vitest"
import { gradients } from "../../src/graph/gradient.ts"
import { Graph, type Value } from "../../src/graph/graph.ts"
import * as ops from "../../src/graph/ops.ts"
import { createSession, type Tensor } from "../../src/graph/session.ts"
import { emitDecoder } from "../../src/model/decoder/decoder.ts"
import { rowInputs, type DecoderWeights } from "../../src/model/decoder/inputs.ts"
import { openSafetensors, type SafetensorsFile } from "../../src/formats/safetensors.ts"
import { bundleWeights } from "../../src/model/decoder/weights.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const cache = temporaryFolder()
const bound = 2e-5
const nPairs = 4
const loraScale = 2
const vocabSize = 320

async function readInts(file: SafetensorsFile, name: string): Promise<Int32Array> {
  const bytes = await file.readBytes(name)
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

/** The chosen, then the rejected responses, each after the virtual tokens: positions count the padding too. */
async function packPairs(golden: SafetensorsFile, nVirtual: number): Promise<Record<string, Tensor>> {
  const tokens: number[] = []
  const positions: number[] = []
  const ends: number[] = []
  const reads: number[] = []
  for (const side of ["chosen", "rejected"]) {
    const ids = await readInts(golden, `${side}.input_ids`)
    const mask = await readInts(golden, `${side}.attention_mask`)
    const length = ids.length / nPairs
    for (let pair = 0; pair < nPairs; pair++) {
      const virtual = Array.from({ length: nVirtual }, (_, k) => k)
      const real = Array.from({ length }, (_, t) => t).filter((t) => mask[pair * length + t] === 1)
      tokens.push(...virtual.map((k) => vocabSize + k), ...real.map((t) => ids[pair * length + t]!))
      positions.push(...virtual, ...real.map((t) => nVirtual + t))
      reads.push(tokens.length - 1)
      while (ends.length < tokens.length) ends.push(tokens.length)
    }
  }
  const vector = (values: number[]): Tensor => ({ data: Int32Array.from(values), shape: [values.length] })
  return { tokens: vector(tokens), positions: vector(positions), ends: vector(ends), reads: vector(reads) }
}

/** `x · Wᵀ + scale · (x · Aᵀ) · Bᵀ` where the case trains A and B; prompt embeddings as further rows of the table. */
function tuned(graph: Graph, base: DecoderWeights, parameters: ReadonlyMap<string, Value>): DecoderWeights {
  const prompt = parameters.get("prompt_embeddings")
  return {
    parameter(name) {
      const value = base.parameter(name)
      return prompt && name === "model.embed_tokens.weight"
        ? ops.concat(graph, [value, prompt], { axis: 0 })
        : value
    },
    linear(name, x) {
      const product = base.linear(name, x)
      const a = parameters.get(`${name}.lora_A.weight`)
      const b = parameters.get(`${name}.lora_B.weight`)
      if (!a || !b) return product
      const low = ops.matMul(graph, x, a, { transposeB: true })
      return ops.add(graph, product, ops.matMul(graph, low, b, { transposeB: true, alpha: loraScale }))
    },
  }
}

/** Mean over pairs, and over labels, of -log sigmoid(chosen - rejected); GENIES' loss and, with one label, Bradley-Terry's. */
const pairLoss = (graph: Graph, margins: Value): Value =>
  ops.neg(graph, ops.reduceMean(graph, ops.logSigmoid(graph, margins)))

/** GENIES' evaluation uses this reading: label-mean rewards first. */
const labelMeanLoss = (graph: Graph, margins: Value): Value =>
  pairLoss(graph, ops.reduceMean(graph, margins, { axes: [1] }))

describe.skipIf(!hasShared)(`gradients against PEFT${needsShared}`, () => {
  const cases: [name: string, count: number, prefix: string, loss: typeof pairLoss][] = [
    ["a_bt_lora_qv", 17, "", pairLoss],
    ["a_bt_lora_all", 57, "", pairLoss],
    ["b_genies_2label_lora_qv", 17, "", pairLoss],
    ["b_genies_2label_lora_qv", 17, "altmean.", labelMeanLoss],
    ["c_prompt_tuning_bt_leftpad", 2, "", pairLoss],
    ["c_prompt_tuning_bt_rightpad_last_nonpad", 2, "", pairLoss],
    ["c_prompt_tuning_genies2_leftpad", 2, "", pairLoss],
  ]
  it.each(cases)("%s: %i gradients, rewards and loss %s", async (name, count, prefix, emitLoss) => {
    const golden = await openSafetensors(shared("golden", "grads", name, "goldens.safetensors"))
    const bundle = await openBundle(shared("golden", "arch", "llama"), { cache })
    const graph = new Graph()
    const row = rowInputs(graph)
    const reads = graph.input("reads", "int32", ["S"])
    const parameters = new Map<string, Value>()
    const feeds: Record<string, Tensor> = await packPairs(golden, name.startsWith("c_") ? 10 : 0)
    for (const [key, { shape }] of golden.tensors) {
      if (!key.startsWith("init.")) continue
      const parameter = key.slice("init.".length)
      parameters.set(parameter, graph.input(parameter, "float32", shape))
      feeds[parameter] = { data: await golden.readFloat32(key), shape }
    }
    expect(parameters.size).toBe(count)
    const weights = tuned(graph, bundleWeights(graph, bundle), parameters)
    const options = { sites: new Set(["final"] as const), maxRowTokens: 256 }
    const final = emitDecoder(graph, bundle.architecture, weights, row, options).get("final")!
    const last = ops.gather(graph, final, reads)
    const rewards = ops.matMul(graph, last, parameters.get("score.weight")!, { transposeB: true })
    const chosen = ops.slice(graph, rewards, { axis: 0, end: nPairs })
    const rejected = ops.slice(graph, rewards, { axis: 0, start: nPairs })
    const margins = ops.sub(graph, chosen, ops.reshape(graph, rejected, chosen.shape))
    const loss = emitLoss(graph, margins)
    const backward = gradients(graph, loss, [...parameters.values()])
    graph.output("loss", loss)
    graph.output("rewards", rewards)
    for (const [k, parameter] of [...parameters.keys()].entries())
      graph.output(`grad.${parameter}`, backward[k]!)
    const session = await createSession(graph, { weightsFolder: bundle.folder, threads: 2 })
    const results = await session.run(feeds)
    await session.release()

    const losses = await golden.readFloat32(`${prefix}losses`)
    expect(Math.abs(results.loss!.data[0]! - losses[0]!)).toBeLessThanOrEqual(bound)
    const expected = [
      ...(await golden.readFloat32("rewards_chosen")),
      ...(await golden.readFloat32("rewards_rejected")),
    ]
    expect(maxAbsDifference(results.rewards!.data, expected)).toBeLessThanOrEqual(bound)
    let worst = 0
    for (const parameter of parameters.keys()) {
      const key = `grad.${parameter}`
      const error = maxAbsDifference(results[key]!.data, await golden.readFloat32(`${prefix}${key}`))
      worst = Math.max(worst, error)
    }
    expect(worst).toBeLessThanOrEqual(bound)
    await golden.close()
  })
})
