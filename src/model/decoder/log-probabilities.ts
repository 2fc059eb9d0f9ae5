// Log-probabilities of single tokens, each given its path in a packed row. They are computed inside the graph, at the
// token's parent: the vocabulary goes by in chunks of the head's rows (byte ranges of the bundle's weights file), each
// chunk leaves one log-sum-exp a parent, and the target's logit is a row-wise product with gathered head rows. The
// logits of a row never exist whole (1,024 tokens over a vocabulary of 128k would be 512 MB) and never leave the graph.

import { finalSite } from "../../base/sites.ts"
import { LitmusError, ShapeError } from "../../base/errors.ts"
import { Graph, type Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Device } from "../../graph/device.ts"
import { createSession } from "../../graph/session.ts"
import { adaptedWeights, type Adapter } from "./adapter.ts"
import { bundleWeightsFile, type Bundle } from "../bundle/format.ts"
import { headName, type Architecture } from "../architectures/architecture.ts"
import { capLogits, checkHead, emitDecoder, outputHead } from "./decoder.ts"
import { rowFeeds, rowInputs, vector } from "./inputs.ts"
import { checkRow } from "./forward.ts"
import type { Row } from "../../rows/row.ts"
import { bundleWeights } from "./weights.ts"

export interface LogProbabilityOptions {
  /** Longest row that will be run, in tokens; defaults to the model's context. */
  readonly maxRowTokens?: number
  /** Head rows in a chunk; by default as many as keep a chunk's logits of the longest row within 32 MB. */
  readonly vocabularyChunk?: number
  /** Defaults to one per core. */
  readonly threads?: number
  /** Defaults to the CPU. */
  readonly device?: Device | undefined
  /** Changes what the checkpoint computes. */
  readonly adapter?: Adapter | undefined
}

/** Which tokens are scored, int32 `[S]` each. */
export interface ScoredTokens {
  /** Place in the row of the token before each: everything above it is the path that its probability is given. */
  readonly parents: Int32Array
  /** Token ids; they need not stand in the row (the last token of a sequence does not have to be run). */
  readonly targets: Int32Array
}

export interface LogProbabilities {
  /**
   * Runs one packed row.
   *
   * @returns log p(target | path up to and with its parent), float32 `[S]`
   */
  run(row: Row, scored: ScoredTokens): Promise<Float32Array>
  release(): Promise<void>
}

const chunkBytes = 32 << 20
const fewestChunkRows = 512

/**
 * Builds the graph that scores tokens and loads it.
 *
 * However many tokens are scored, a run holds logits of at most `maxRowTokens` parents times one chunk.
 */
export async function createLogProbabilities(
  bundle: Bundle,
  options: LogProbabilityOptions = {},
): Promise<LogProbabilities> {
  const { vocabSize, contextLength } = bundle.architecture
  const { maxRowTokens = contextLength, threads = 0, device, adapter } = options
  const { vocabularyChunk = Math.max(fewestChunkRows, Math.floor(chunkBytes / (4 * maxRowTokens))) } = options
  if (!(Number.isSafeInteger(vocabularyChunk) && vocabularyChunk > 0)) {
    throw new LitmusError(`vocabularyChunk: expected a positive integer, got ${vocabularyChunk}`)
  }
  const graph = buildGraph(bundle, { maxRowTokens, vocabularyChunk, adapter })
  const session = await createSession(graph, {
    weightsFolder: bundle.folder,
    threads,
    device,
    prepack: bundle.quantization !== undefined,
  })
  return {
    async run(row, { parents, targets }) {
      const { tokens } = row
      checkRow(tokens, { vocabSize, maxRowTokens })
      checkScored({ parents, targets }, { nTokens: tokens.length, vocabSize })
      if (targets.length === 0) return new Float32Array(0)
      const { places, placeOf } = distinct(parents, tokens.length)
      const results = await session.run({
        ...rowFeeds(row),
        parents: vector(places),
        parentOf: vector(placeOf),
        targets: vector(targets),
      })
      return results.logProbabilities!.data
    },
    release: () => session.release(),
  }
}

function buildGraph(
  bundle: Bundle,
  {
    maxRowTokens,
    vocabularyChunk,
    adapter,
  }: { maxRowTokens: number; vocabularyChunk: number; adapter: Adapter | undefined },
): Graph {
  const graph = new Graph()
  const row = rowInputs(graph)
  const parents = graph.input("parents", "int32", ["P"])
  const parentOf = graph.input("parentOf", "int32", ["S"])
  const targets = graph.input("targets", "int32", ["S"])
  const weights = adaptedWeights(graph, bundleWeights(graph, bundle), adapter)
  checkHead(bundle.architecture)
  const head = outputHead(bundle.architecture, weights)
  const sites = new Set([finalSite])
  const final = emitDecoder(graph, bundle.architecture, weights, row, { sites, maxRowTokens }).get(finalSite)!
  // [P, dModel]: a parent is multiplied with the head once, however many of its children are scored.
  const states = ops.gather(graph, final, parents)
  const normalisers = ops.gather(
    graph,
    logNormaliser(graph, bundle.architecture, states, headChunks(graph, bundle, head, vocabularyChunk)),
    parentOf,
  )
  const targetRows = ops.gather(graph, head, targets)
  const products = ops.mul(graph, ops.gather(graph, states, parentOf), targetRows)
  const logits = capLogits(graph, bundle.architecture, ops.reduceSum(graph, products, { axes: [-1] }))
  graph.output("logProbabilities", ops.sub(graph, logits, normalisers))
  return graph
}

/** log Σ exp(logit) over the vocabulary, for every state: `[P, dModel]` → `[P]`. */
function logNormaliser(
  graph: Graph,
  architecture: Architecture,
  states: Value,
  chunks: Iterable<Value>,
): Value {
  const parts: Value[] = []
  for (const chunk of chunks) {
    const products = ops.matMul(graph, states, chunk, { transposeB: true })
    parts.push(logSumExp(graph, capLogits(graph, architecture, products)))
  }
  return ops.reshape(graph, logSumExp(graph, ops.concat(graph, parts, { axis: 1 })), ["P"])
}

/** The head's rows, `[vocabSize, dModel]`, in chunks: byte ranges of the bundle's file, where they come from there. */
function* headChunks(graph: Graph, bundle: Bundle, head: Value, vocabularyChunk: number): Generator<Value> {
  const name = headName(bundle.architecture)
  const inBundle = bundleWeights(graph, bundle).parameter(name) === head
  const { vocabSize, dModel } = bundle.architecture
  const { offset } = bundle.tensors[name]!
  for (let begin = 0; begin < vocabSize; begin += vocabularyChunk) {
    const end = Math.min(begin + vocabularyChunk, vocabSize)
    const length = (end - begin) * 4 * dModel
    const bytes = { file: bundleWeightsFile, offset: offset + begin * 4 * dModel, length }
    yield inBundle
      ? graph.weight(`${name}[${begin}]`, "float32", [end - begin, dModel], bytes)
      : ops.slice(graph, head, { axis: 0, start: begin, end })
  }
}

/**
 * log Σ exp over the last axis, `[P, n]` → `[P, 1]`: the greatest x less its log-softmax, which is −log Σ exp(x − max).
 * Several times as fast as onnxruntime's ReduceLogSumExp, whose exponential is not vectorised.
 */
function logSumExp(graph: Graph, x: Value): Value {
  const greatest = (y: Value): Value =>
    graph.node(
      "ReduceMax",
      [y, graph.constant("int64", [1], [-1])],
      { dtype: y.dtype, shape: [...y.shape.slice(0, -1), 1] },
      { attributes: { keepdims: { type: "int", value: 1 } } },
    )
  return ops.sub(graph, greatest(x), greatest(ops.logSoftmax(graph, x)))
}

/** The distinct places among parents, and for every parent which of them it is. */
function distinct(parents: Int32Array, nTokens: number): { places: Int32Array; placeOf: Int32Array } {
  const known = new Int32Array(nTokens).fill(-1)
  const places: number[] = []
  const placeOf = parents.map((place) => {
    if (known[place] === -1) known[place] = places.push(place) - 1
    return known[place]!
  })
  return { places: Int32Array.from(places), placeOf }
}

function checkScored(
  { parents, targets }: ScoredTokens,
  { nTokens, vocabSize }: { nTokens: number; vocabSize: number },
): void {
  if (parents.length !== targets.length) {
    throw new ShapeError(
      `log-probabilities: expected as many targets as parents (${parents.length}), got ${targets.length}`,
    )
  }
  const place = parents.find((at) => !(at >= 0 && at < nTokens))
  if (place !== undefined) {
    throw new ShapeError(`log-probabilities: parent ${place} is outside the row of ${nTokens} tokens`)
  }
  const target = targets.find((id) => !(id >= 0 && id < vocabSize))
  if (target !== undefined) {
    throw new LitmusError(`target id ${target} is outside the model's vocabulary of ${vocabSize}`)
  }
}
