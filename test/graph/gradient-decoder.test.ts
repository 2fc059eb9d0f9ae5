// Gradients through the whole decoder, on a packed row with branches, for one parameter of every kind.
// The loss is the mean negative log-probability of given tokens; for the differences it is summed in float64 from
// the float32 logits. Differences are taken along the gradient itself and along a random direction, unit length,
// at four points: rounding of the logits (1e-7) over the step (0.01) leaves about 2e-5. Tolerance 3e-4
// of max(1, |derivative|); a norm of the whole gradient of at least 0.03 is asked for.

import { describe, expect, it } from "vitest"
import { gradients } from "../../src/graph/gradient.ts"
import { Graph, type Value } from "../../src/graph/graph.ts"
import * as ops from "../../src/graph/ops.ts"
import { createSession, type Tensor } from "../../src/graph/session.ts"
import { parameterSpecs } from "../../src/model/architectures/architecture.ts"
import { emitDecoder, emitLogits } from "../../src/model/decoder/decoder.ts"
import { rowInputs, type DecoderWeights } from "../../src/model/decoder/inputs.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { bundleWeights } from "../../src/model/decoder/weights.ts"
import { random } from "../../src/base/random.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const folder = temporaryFolder()
const tolerance = 3e-4

const vector = (...values: number[]): Tensor => ({ data: Int32Array.from(values), shape: [values.length] })

// 4 tokens, then two branches of 3 and 4, the second of which branches again after two.
const row = {
  tokens: vector(1, 70, 71, 72, 80, 81, 82, 90, 80, 92, 93, 70),
  positions: vector(0, 1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 6),
  ends: vector(12, 12, 12, 12, 7, 7, 7, 12, 12, 11, 11, 12),
}
const reads = vector(2, 6, 10, 11, 3)
const targets = [72, 100, 101, 102, 80]

const trained = [
  "model.embed_tokens.weight",
  "model.layers.0.input_layernorm.weight",
  "model.layers.0.self_attn.q_proj.weight",
  "model.layers.0.self_attn.k_proj.weight",
  "model.layers.1.self_attn.v_proj.weight",
  "model.layers.0.self_attn.o_proj.weight",
  "model.layers.0.mlp.gate_proj.weight",
  "model.layers.1.mlp.up_proj.weight",
  "model.layers.0.mlp.down_proj.weight",
  "model.norm.weight",
]

/** The bundle's weights, those named in `inputs` fed instead. */
function fedWeights(graph: Graph, base: DecoderWeights, inputs: ReadonlyMap<string, Value>): DecoderWeights {
  return {
    parameter: (name) => inputs.get(name) ?? base.parameter(name),
    linear(name, x) {
      const weight = inputs.get(`${name}.weight`)
      return weight ? ops.matMul(graph, x, weight, { transposeB: true }) : base.linear(name, x)
    },
  }
}

async function trainingGraph(model: string, names: readonly string[]) {
  const bundle = await openBundle(model, { cache: folder })
  const graph = new Graph()
  const inputs = rowInputs(graph)
  const at = graph.input("reads", "int32", ["S"])
  const parameters = new Map<string, Value>()
  for (const { name, shape } of parameterSpecs(bundle.architecture)) {
    if (names.includes(name)) parameters.set(name, graph.input(name, "float32", shape))
  }
  const weights = fedWeights(graph, bundleWeights(graph, bundle), parameters)
  const options = { sites: new Set(["final"] as const), maxRowTokens: 16 }
  const final = emitDecoder(graph, bundle.architecture, weights, inputs, options).get("final")!
  const logits = emitLogits(graph, bundle.architecture, weights, ops.gather(graph, final, at))
  const target = graph.constant("int32", [targets.length], targets)
  const picked = ops.pick(graph, ops.reshape(graph, logits, [targets.length, 259]), target)
  const normaliser = ops.reshape(graph, ops.logSumExp(graph, logits, { axes: [1] }), [targets.length])
  const loss = ops.reduceMean(graph, ops.sub(graph, normaliser, picked))
  graph.output("logits", logits)
  const before = graph.nodes.length
  const found = gradients(graph, loss, [...parameters.values()])
  const nBackward = graph.nodes.length - before
  for (const [k, name] of [...parameters.keys()].entries()) graph.output(`grad.${name}`, found[k]!)
  return { graph, bundle, parameters, nBackward }
}

function lossOf(logits: Float32Array): number {
  const losses = targets.map((target, s) => {
    const own = logits.subarray(s * 259, (s + 1) * 259)
    const total = own.reduce((sum, logit) => sum + Math.exp(logit), 0)
    return Math.log(total) - own[target]!
  })
  return losses.reduce((a, b) => a + b) / targets.length
}

describe("gradients through a decoder", () => {
  it.each([
    ["grouped keys and an output head of its own", {}],
    [
      "one key for each query head and tied embeddings",
      { num_key_value_heads: 4, tie_word_embeddings: true },
    ],
  ])("agree with central differences: %s", async (name, config) => {
    const model = await writeRandomModel(`${folder}/${name}`, { config, deviation: 0.12 })
    const { graph, bundle, parameters } = await trainingGraph(model, trained)
    const session = await createSession(graph, { weightsFolder: bundle.folder, threads: 2 })
    const file = await openSafetensors(`${model}/model.safetensors`)
    const feeds: Record<string, Tensor> = { ...row, reads }
    for (const [name, { shape }] of parameters) {
      feeds[name] = { data: await file.readFloat32(name), shape: shape as number[] }
    }
    await file.close()
    const results = await session.run(feeds)
    for (const name of parameters.keys()) {
      const gradient = results[`grad.${name}`]!.data
      const { normal } = random(2, name)
      const noise = Float64Array.from(gradient, normal)
      for (const direction of [Float64Array.from(gradient), noise]) {
        const length = Math.hypot(...direction)
        expect(length).toBeGreaterThan(100 * tolerance)
        const unit = direction.map((x) => x / length)
        const start = feeds[name]!
        const at = async (offset: number): Promise<number> => {
          const data = Float32Array.from(start.data, (x, i) => x + offset * unit[i]!)
          const { logits } = await session.run({ ...feeds, [name]: { data, shape: start.shape } })
          return lossOf(logits!.data)
        }
        const step = 0.01
        const near = (await at(step)) - (await at(-step))
        const far = (await at(2 * step)) - (await at(-2 * step))
        const expected = (8 * near - far) / (12 * step)
        const actual = gradient.reduce((sum, g, i) => sum + g * unit[i]!, 0)
        expect(Math.abs(actual - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(tolerance)
      }
    }
    await session.release()
  })

  it("add nodes only above the lowest trained parameter", async () => {
    const model = await writeRandomModel(`${folder}/counts`)
    const count = async (...names: string[]): Promise<number> => (await trainingGraph(model, names)).nBackward
    const head = await count("lm_head.weight")
    const last = await count("model.layers.1.self_attn.q_proj.weight")
    const first = await count("model.layers.0.self_attn.q_proj.weight")
    const embeddings = await count("model.embed_tokens.weight")
    // The loss's own few nodes and one product.
    expect(head).toBeLessThanOrEqual(16)
    expect(last).toBeGreaterThan(head)
    // From the first layer's queries the way leads through the whole of the second layer too.
    expect(first - last).toBeGreaterThan(last - head)
    expect(embeddings).toBeGreaterThan(first)
  })
})
