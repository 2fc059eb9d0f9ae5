// How far a quantised model is from the plain one, measured on a text: block by block, so that at most one block's float32
// weights are there at a time. Each stream goes its own way from the shared embeddings, as in whole models.

import { mkdir, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { siteAt } from "../base/sites.ts"
import { LitmusError } from "../base/errors.ts"
import { canonicalJson, readKeptJson, temporaryPath, writeFileAtomic } from "../base/files.ts"
import { Graph } from "../graph/graph.ts"
import { quantizedBlock } from "../graph/quantized.ts"
import { createSession, type Tensor } from "../graph/session.ts"
import { parameterCount, type Architecture } from "./architectures/architecture.ts"
import type { Bundle } from "./bundle/format.ts"
import type { Checkpoint } from "./checkpoint/checkpoint.ts"
import { writeParameters } from "./bundle/compile.ts"
import { emitDecoder } from "./decoder/decoder.ts"
import { rowFeeds, rowInputs, type DecoderWeights } from "./decoder/inputs.ts"
import { plainRow } from "../rows/row.ts"
import type { Quantization } from "./bundle/quantize.ts"
import type { ModelSource } from "./checkpoint/source.ts"
import type { Tokenizer } from "./tokenizer/tokenizer.ts"
import { bundleWeights, plainWeights } from "./decoder/weights.ts"

export interface QuantizationError {
  readonly type: Quantization
  /** Entries that share a scale. */
  readonly block: number
  /** Tokens that it was measured on. */
  readonly tokens: number
  /**
   * For every site `resid.1` … the median over tokens of ‖quantised − float32‖ / ‖float32‖, to 3 digits. The median,
   * because the first token's stream is hundreds of times as long as the others' in many models.
   */
  readonly relativeError: Readonly<Record<string, number>>
}

const longestSample = 128
const weightsFile = "block.bin"

/** What the text is does not matter much; it has an instruction, prose, figures and a list, as distributions have. */
const sample = `Below is an instruction that describes a task. Write a response that appropriately completes the request.

### Instruction:
Explain why the sky looks blue at noon and red at sunset, in three sentences a child could follow.

### Response:
Sunlight is made of many colours, and the air scatters the blue ones about ten times as much as the red ones. At noon the
light comes a short way through the air, so blue reaches us from everywhere above. At sunset it travels 40 times further:
1. most of the blue is lost on the way;
2. what is left for our eyes is orange and red.`

/** The error of a quantised bundle; measured on first use and kept beside it. */
export async function quantizationErrorOf(
  source: ModelSource,
  bundle: Bundle,
  { tokenizer, tokenizerKey }: { tokenizer: () => Promise<Tokenizer>; tokenizerKey: string },
  { onProgress }: { onProgress?: (done: number, total: number) => void } = {},
): Promise<QuantizationError> {
  const path = join(bundle.folder, `error.${tokenizerKey}.json`)
  const held = (await readKeptJson(path)) as QuantizationError | undefined
  if (held) return held
  const tokens = (await tokenizer()).encode(sample)
  const limit = Math.min(longestSample, bundle.architecture.contextLength)
  const error = await measureQuantization(source, bundle, tokens.slice(0, limit), onProgress)
  await writeFileAtomic(path, canonicalJson(error, 1))
  return error
}

/**
 * Measures the error of a quantised bundle; progress is in bytes of float32 weights.
 *
 * @param source - the model that it was made of
 * @param tokens - ids of a text, int32
 */
export async function measureQuantization(
  source: ModelSource,
  bundle: Bundle,
  tokens: Int32Array,
  onProgress?: (done: number, total: number) => void,
): Promise<QuantizationError> {
  const { architecture, quantization } = bundle
  if (!quantization)
    throw new LitmusError(`model ${bundle.fingerprint}: expected quantised weights, got plain ones`)
  const outside = tokens.find((id) => !(id >= 0 && id < architecture.vocabSize))
  if (outside !== undefined || tokens.length === 0) {
    throw new LitmusError(`quantisation error: expected token ids of the model, got ${outside ?? "none"}`)
  }
  const checkpoint = await source.openWeights()
  // Beside the bundles, where the next compilation clears away what a killed one left.
  const scratch = temporaryPath(join(dirname(bundle.folder), "float32"))
  const bytes = 4 * parameterCount(architecture)
  const relativeError: Record<string, number> = {}
  try {
    await mkdir(scratch)
    let [plain, rounded]: (Tensor<Float32Array> | undefined)[] = []
    for (let i = 0; i < architecture.nLayers; i++) {
      const weightsOf = await blockWeights(checkpoint, bundle, i, scratch)
      plain = await runBlock(architecture, weightsOf, scratch, i, tokens, plain)
      rounded = await runBlock(
        architecture,
        (graph) => bundleWeights(graph, bundle),
        bundle.folder,
        i,
        tokens,
        rounded,
      )
      relativeError[siteAt("resid", i + 1)] = medianError(plain, rounded)
      onProgress?.(Math.round((bytes * (i + 1)) / architecture.nLayers), bytes)
    }
  } finally {
    await checkpoint.close()
    await rm(scratch, { recursive: true, force: true })
  }
  return { type: quantization.type, block: quantizedBlock, tokens: tokens.length, relativeError }
}

/** A block's own weights in float32, in a file of the scratch folder; before the first, the embeddings too. */
async function blockWeights(
  checkpoint: Checkpoint,
  { architecture }: Bundle,
  i: number,
  scratch: string,
): Promise<(graph: Graph) => DecoderWeights> {
  const { blocks, embedding } = architecture
  const starts = [`${blocks}.${i}.`]
  if (i === 0)
    starts.push(`${embedding.name}.`, ...(embedding.positions ? [`${embedding.positions.name}.`] : []))
  const isWanted = (name: string): boolean => starts.some((start) => name.startsWith(start))
  const tensors = await writeParameters(checkpoint, architecture, isWanted, join(scratch, weightsFile))
  return (graph) =>
    plainWeights(graph, architecture, (name) => {
      const { shape, ...range } = tensors.get(name)!
      return graph.weight(name, "float32", shape, { file: weightsFile, ...range })
    })
}

/** The residual stream after block i, given the one before it (before the first: nothing). */
async function runBlock(
  architecture: Architecture,
  weightsOf: (graph: Graph) => DecoderWeights,
  weightsFolder: string,
  i: number,
  tokens: Int32Array,
  before: Tensor<Float32Array> | undefined,
): Promise<Tensor<Float32Array>> {
  const graph = new Graph()
  const row = rowInputs(graph)
  const site = siteAt("resid", i + 1)
  const from = before && { block: i, stream: graph.input("stream", "float32", ["T", architecture.dModel]) }
  const options = { sites: new Set([site]), maxRowTokens: tokens.length, ...(from ? { from } : {}) }
  graph.output(site, emitDecoder(graph, architecture, weightsOf(graph), row, options).get(site)!)
  const session = await createSession(graph, { weightsFolder })
  try {
    const feeds = { ...rowFeeds(plainRow(tokens)), ...(before ? { stream: before } : {}) }
    return (await session.run(feeds))[site]!
  } finally {
    await session.release()
  }
}

function medianError(plain: Tensor<Float32Array>, rounded: Tensor<Float32Array>): number {
  const [nTokens, width] = plain.shape as [number, number]
  const errors = Array.from({ length: nTokens }, (_, t) => {
    let [difference, size] = [0, 0]
    for (let k = t * width; k < (t + 1) * width; k++) {
      difference += (rounded.data[k]! - plain.data[k]!) ** 2
      size += plain.data[k]! ** 2
    }
    return Math.sqrt(difference / size)
  }).sort((a, b) => a - b)
  return Number(errors[nTokens >> 1]!.toPrecision(3))
}
