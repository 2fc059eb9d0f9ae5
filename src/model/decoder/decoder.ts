// The decoder as a graph: one definition for every architecture, and for extraction, log-probabilities and training. It
// runs one packed row (a token trie in depth-first order, see src/rows/trie.ts): T tokens, each at the position of
// its depth, and attention that admits exactly a token's ancestors. A plain sequence is the row whose trie does not
// branch.
//
// The row is given by three int32 vectors [T]: `tokens`, `positions` (depths) and `ends` (one past the last token
// of a token's subtree). Token j is an ancestor of i, or i itself, exactly if j ≤ i < ends[j].

import { finalSite, siteAt } from "../../base/sites.ts"
import { LitmusError } from "../../base/errors.ts"
import type { Graph, Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import { emitActivation } from "./activation.ts"
import { headName, type Architecture } from "../architectures/architecture.ts"
import { emitAttention } from "./attention.ts"
import type { DecoderWeights, RowInputs } from "./inputs.ts"
import { emitNorm } from "./norm.ts"
import type { Site } from "../../base/sites.ts"

export interface DecoderOptions {
  /** Sites to return; nothing deeper than the deepest of them is computed. */
  readonly sites: ReadonlySet<Site>
  /** Longest row that the graph will be fed, in tokens. */
  readonly maxRowTokens: number
  /** Begin before this block with this residual stream, `[T, dModel]`, instead of the embeddings. */
  readonly from?: { readonly block: number; readonly stream: Value }
}

/**
 * Appends the decoder to a graph.
 *
 * @returns the value of every site asked for, `[T, width]`
 */
export function emitDecoder(
  graph: Graph,
  architecture: Architecture,
  weights: DecoderWeights,
  inputs: RowInputs,
  { sites, maxRowTokens, from }: DecoderOptions,
): Map<Site, Value> {
  const found = new Map<Site, Value>()
  const nPrefix = weights.prefix ? Number(weights.prefix.shape[0]) : 0
  const tap = (site: Site, value: Value): boolean => {
    if (sites.has(site))
      found.set(site, nPrefix > 0 ? ops.slice(graph, value, { axis: 0, start: nPrefix }) : value)
    return found.size === sites.size
  }
  const norm = (name: string, x: Value): Value => emitNorm(graph, architecture, weights, name, x)
  const normIfAny = (name: string | undefined, x: Value): Value => (name === undefined ? x : norm(name, x))

  const row = weights.prefix ? withPrefix(graph, weights.prefix, inputs) : inputs
  let stream = from?.stream ?? emitEmbedding(graph, architecture, weights, row)
  if (tap(siteAt("resid", from?.block ?? 0), stream)) return found
  const attend = emitAttention(graph, architecture, weights, row, maxRowTokens + nPrefix)
  const { blocks, block } = architecture
  for (let i = from?.block ?? 0; i < architecture.nLayers; i++) {
    const prefix = `${blocks}.${i}.`
    const named = (name: string | undefined): string | undefined => name && prefix + name
    const heads = attend(i, normIfAny(named(block.attentionNorm), stream))
    if (tap(siteAt("heads", i), heads)) return found
    const output = normIfAny(
      named(block.attentionPostNorm),
      weights.linear(prefix + block.output.name, heads),
    )
    const between = ops.add(graph, stream, output)
    const mlp = emitMlp(
      graph,
      architecture,
      weights,
      prefix,
      normIfAny(named(block.mlpNorm), block.parallel ? stream : between),
    )
    if (tap(siteAt("mlp", i), mlp)) return found
    stream = ops.add(graph, between, normIfAny(named(block.mlpPostNorm), mlp))
    if (tap(siteAt("resid", i + 1), stream)) return found
  }
  tap(finalSite, norm(architecture.finalNorm, stream))
  return found
}

/** The virtual tokens are the root of the trie: every token comes after them and sees them. */
function withPrefix(
  graph: Graph,
  prefix: Value,
  { tokens, positions, ends }: RowInputs,
): Pick<RowInputs, "tokens" | "positions" | "ends"> {
  const n = Number(prefix.shape[0])
  const shift = graph.constant("int32", [], [n])
  const length = ops.plusDim(n, tokens.shape[0]!)
  const all = ops.expand(graph, ops.cast(graph, ops.dimLength(graph, length), "int32"), [n])
  return {
    tokens,
    positions: ops.concat(graph, [ops.range(graph, n), ops.add(graph, positions, shift)], { axis: 0 }),
    ends: ops.concat(graph, [all, ops.add(graph, ends, shift)], { axis: 0 }),
  }
}

/** What enters the first block, `[T, dModel]`: virtual tokens, embeddings, positions. */
function emitEmbedding(
  graph: Graph,
  { embedding }: Architecture,
  weights: DecoderWeights,
  { tokens, positions }: Pick<RowInputs, "tokens" | "positions">,
): Value {
  const text =
    weights.embed?.(tokens) ?? ops.gather(graph, weights.parameter(`${embedding.name}.weight`), tokens)
  const all = weights.prefix ? ops.concat(graph, [weights.prefix, text], { axis: 0 }) : text
  const scaled = ops.scale(graph, all, embedding.scale ?? 1)
  if (!embedding.positions) return scaled
  const { name, first } = embedding.positions
  const rows = first === 0 ? positions : ops.add(graph, positions, graph.constant("int32", [], [first]))
  return ops.add(graph, scaled, ops.gather(graph, weights.parameter(`${name}.weight`), rows))
}

function emitMlp(
  graph: Graph,
  { dMlp, block: { mlp } }: Architecture,
  weights: DecoderWeights,
  prefix: string,
  x: Value,
): Value {
  const { input, down, activation } = mlp
  const linear = ({ name }: { name: string }): Value => weights.linear(prefix + name, x)
  const activate = (value: Value): Value => emitActivation(graph, activation, value)
  const inner = (): Value => {
    switch (input.kind) {
      case "plain":
        return activate(linear(input.up))
      case "gated": {
        const gate = linear(input.gate)
        const up = linear(input.up)
        return ops.mul(graph, activate(gate), up)
      }
      case "fused": {
        const both = linear(input.gateAndUp)
        const gate = ops.slice(graph, both, { axis: 1, end: dMlp })
        return ops.mul(graph, activate(gate), ops.slice(graph, both, { axis: 1, start: dMlp }))
      }
    }
  }
  return weights.linear(prefix + down.name, inner())
}

/** Logits of the tokens whose final hidden states are given: `[…, dModel]` → `[…, vocabSize]`. */
export function emitLogits(
  graph: Graph,
  architecture: Architecture,
  weights: DecoderWeights,
  final: Value,
): Value {
  checkHead(architecture)
  const products = ops.matMul(graph, final, outputHead(architecture, weights), { transposeB: true })
  return capLogits(graph, architecture, products)
}

/** The output head's matrix, `[vocabSize, dModel]`. */
export function outputHead(architecture: Architecture, weights: DecoderWeights): Value {
  return weights.head?.() ?? weights.parameter(headName(architecture))
}

/** Products with the output head as logits: bent, where the architecture does. */
export function capLogits(graph: Graph, { logitSoftCap }: Architecture, products: Value): Value {
  return logitSoftCap === undefined ? products : ops.softCap(graph, products, logitSoftCap)
}

/** @throws {LitmusError} if a checkpoint has no output head */
export function checkHead({ scoreLabels, tiedEmbeddings }: Architecture): void {
  if (scoreLabels !== undefined && !tiedEmbeddings) {
    throw new LitmusError("logits: this checkpoint is a reward model: it has a score head and no output head")
  }
}
