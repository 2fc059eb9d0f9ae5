// The training step of a language model: cross-entropy of the next token over a packed row, and its gradient by every
// parameter. The texts of a row share what they begin with, as everywhere: such tokens are run once and count as often as
// texts have them.

import { finalSite } from "../base/sites.ts"
import { planRows } from "../rows/packing.ts"
import { buildTrie, packRow } from "../rows/trie.ts"
import { Graph } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import type { SessionOptions } from "../graph/session.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import type { Architecture } from "../model/architectures/architecture.ts"
import { emitDecoder, emitLogits } from "../model/decoder/decoder.ts"
import { rowFeeds, rowInputs, vector } from "../model/decoder/inputs.ts"
import type { Row } from "../rows/row.ts"
import { trainingCost } from "./memory.ts"
import { createGradientSession, parameterInputs } from "./gradient-session.ts"
import { plainWeights } from "../model/decoder/weights.ts"

/** A packed row and the tokens to predict in it, int32 `[P]` each. */
export interface LanguageRow {
  readonly row: Row
  /** Place of the token before each. */
  readonly parents: Int32Array
  readonly targets: Int32Array
  /** What each counts in the loss, float32 `[P]`. */
  readonly weights: Float32Array
}

export interface LanguageStep {
  /** Weighted sum over the row's targets of −log p, times `lossScale`, and its gradients (valid until the next run). */
  run(
    row: LanguageRow,
    parameters: ReadonlyMap<string, ParameterArray>,
    lossScale: number,
  ): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> }>
  release(): Promise<void>
}

/**
 * Cuts texts into packed rows, the cheapest way under the cost of a training step. Each text's last token is predicted
 * but not run.
 *
 * @param texts - token ids, start and end tokens included, at least 2 each
 * @param options.weightOf - what a token counts in the loss, by its id; 1 by default
 */
export function packTexts(
  texts: readonly Int32Array[],
  architecture: Architecture,
  { maxRowTokens, weightOf = () => 1 }: { maxRowTokens: number; weightOf?: (token: number) => number },
): LanguageRow[] {
  const { perRow, perToken, perPair } = trainingCost(architecture)
  const trie = buildTrie(texts.map((tokens) => tokens.subarray(0, -1)))
  // All weights have gradients, which are added up outside the graph for every row: longer rows pay (measured).
  const cost = { perRow: 2 * perRow, perToken, perPair }
  return planRows(trie, cost, { maxRowTokens }).map(({ begin, end }) => {
    const row = packRow(trie, begin, end)
    const parents: number[] = []
    const targets: number[] = []
    row.paths.forEach((path, k) => {
      const text = texts[trie.order[begin + k]!]!
      path.forEach((place, i) => {
        parents.push(place)
        targets.push(text[i + 1]!)
      })
    })
    return {
      row,
      parents: Int32Array.from(parents),
      targets: Int32Array.from(targets),
      weights: Float32Array.from(targets, weightOf),
    }
  })
}

/** Builds the graph of a training step and loads it; all parameters of the architecture are trained. */
export async function createLanguageStep(
  architecture: Architecture,
  shapes: ReadonlyMap<string, Pick<ParameterArray, "shape">>,
  { maxRowTokens, ...options }: { maxRowTokens: number } & Pick<SessionOptions, "threads" | "spinning">,
): Promise<LanguageStep> {
  const graph = new Graph()
  const row = rowInputs(graph)
  const parents = graph.input("parents", "int32", ["P"])
  const targets = graph.input("targets", "int32", ["P"])
  const counts = graph.input("weights", "float32", ["P"])
  const scale = graph.input("lossScale", "float32", [])
  const parameters = parameterInputs(graph, shapes)
  const weights = plainWeights(graph, architecture, (name) => parameters.get(name)!)
  const sites = new Set([finalSite])
  const final = emitDecoder(graph, architecture, weights, row, { sites, maxRowTokens }).get(finalSite)!
  const logProbabilities = ops.logSoftmax(graph, emitLogits(graph, architecture, weights, final))
  // A place with several continuations has one row of log-probabilities, gathered once for each.
  const chosen = ops.pick(graph, ops.gather(graph, logProbabilities, parents), targets)
  const total = ops.reshape(graph, ops.reduceSum(graph, ops.mul(graph, chosen, counts)), [])
  const loss = ops.neg(graph, ops.mul(graph, total, scale))
  const session = await createGradientSession(graph, loss, parameters, options)
  return {
    async run({ row, parents, targets, weights: count }, current, lossScale) {
      return await session.run(
        {
          ...rowFeeds(row),
          parents: vector(parents),
          targets: vector(targets),
          weights: vector(count),
          lossScale: { data: Float32Array.of(lossScale), shape: [] },
        },
        current,
      )
    },
    release: () => session.release(),
  }
}
