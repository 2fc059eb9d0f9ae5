// The decoder as a graph: one definition for extraction, log-probabilities and training. It runs one packed row
// (a token trie in depth-first order, see activations/trie.ts): T tokens, each at the position of its depth, and
// attention that admits exactly a token's ancestors. A plain sequence is the row whose trie does not branch.
//
// The row is given by three int32 vectors [T]: `tokens`, `positions` (depths) and `ends` (one past the last token
// of a token's subtree). Token j is an ancestor of i, or i itself, exactly if j ≤ i < ends[j].

import { LitmusError } from "../errors.ts"
import type { Graph, Value } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import type { Architecture } from "./architecture.ts"
import { rotaryTables } from "./rope.ts"
import type { Site } from "./sites.ts"

/** Where the decoder's weights come from: plain, quantised, or with an adapter beside them. */
export interface DecoderWeights {
  /** A parameter by its name in the checkpoint. */
  parameter(name: string): Value
  /** `x · Wᵀ (+ bias)` for the linear layer of that name. */
  linear(name: string, x: Value): Value
  /** Learned embeddings that stand before every sequence, `[n, dModel]` (prompt tuning). */
  readonly prefix?: Value
}

/** The vectors that describe a packed row, int32 `[T]` each. */
export interface RowInputs {
  readonly tokens: Value
  readonly positions: Value
  readonly ends: Value
}

export interface DecoderOptions {
  /** Sites to return; nothing deeper than the deepest of them is computed. */
  readonly sites: ReadonlySet<Site>
  /** Longest row that the graph will be fed, in tokens. */
  readonly maxRowTokens: number
}

// Added to a score that attention must not see: the exponential of anything this low is 0.
const hidden = -3e38

function prefixLength({ prefix }: DecoderWeights): number {
  return prefix ? Number(prefix.shape[0]) : 0
}

/** Declares the inputs of a packed row. */
export function rowInputs(graph: Graph): RowInputs {
  return {
    tokens: graph.input("tokens", "int32", ["T"]),
    positions: graph.input("positions", "int32", ["T"]),
    ends: graph.input("ends", "int32", ["T"]),
  }
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
  row: RowInputs,
  { sites, maxRowTokens }: DecoderOptions,
): Map<Site, Value> {
  const found = new Map<Site, Value>()
  const nPrefix = prefixLength(weights)
  const tap = (site: Site, value: Value): boolean => {
    if (sites.has(site))
      found.set(site, nPrefix > 0 ? ops.slice(graph, value, { axis: 0, start: nPrefix }) : value)
    return found.size === sites.size
  }
  const norm = (x: Value, name: string): Value =>
    ops.rmsNorm(graph, x, weights.parameter(`${name}.weight`), architecture.normEpsilon)

  let stream = ops.gather(graph, weights.parameter("model.embed_tokens.weight"), row.tokens)
  let { positions, ends } = row
  if (weights.prefix) {
    // The virtual tokens are the root of the trie: every token comes after them and sees them.
    stream = ops.concat(graph, [weights.prefix, stream], { axis: 0 })
    const shift = graph.constant("int32", [], [nPrefix])
    const before = ops.range(graph, nPrefix)
    const all = ops.expand(graph, ops.cast(graph, ops.dimLength(graph, stream.shape[0]!), "int32"), [nPrefix])
    positions = ops.concat(graph, [before, ops.add(graph, positions, shift)], { axis: 0 })
    ends = ops.concat(graph, [all, ops.add(graph, ends, shift)], { axis: 0 })
  }
  if (tap("resid.0", stream)) return found
  const maxLength = maxRowTokens + nPrefix
  const attend = attention(graph, architecture, weights, { positions, ends }, maxLength)
  for (let i = 0; i < architecture.nLayers; i++) {
    const layer = `model.layers.${i}`
    const heads = attend(`${layer}.self_attn`, norm(stream, `${layer}.input_layernorm`))
    if (tap(`heads.${i}`, heads)) return found
    stream = ops.add(graph, stream, weights.linear(`${layer}.self_attn.o_proj`, heads))
    const mlp = gatedMlp(graph, weights, `${layer}.mlp`, norm(stream, `${layer}.post_attention_layernorm`))
    if (tap(`mlp.${i}`, mlp)) return found
    stream = ops.add(graph, stream, mlp)
    if (tap(`resid.${i + 1}`, stream)) return found
  }
  tap("final", norm(stream, "model.norm"))
  return found
}

/** Logits of the tokens whose final hidden states are given: `[…, dModel]` → `[…, vocabSize]`. */
export function emitLogits(
  graph: Graph,
  architecture: Architecture,
  weights: DecoderWeights,
  final: Value,
): Value {
  if (architecture.scoreLabels !== undefined && !architecture.tiedEmbeddings) {
    throw new LitmusError("logits: this checkpoint is a reward model: it has a score head and no output head")
  }
  const head = architecture.tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
  return ops.matMul(graph, final, weights.parameter(head), { transposeB: true })
}

function attention(
  graph: Graph,
  { nHeads, nKvHeads, dHead, rope }: Architecture,
  weights: DecoderWeights,
  row: Pick<RowInputs, "positions" | "ends">,
  maxLength: number,
): (name: string, x: Value) => Value {
  const length = row.ends.shape[0]!
  const mask = ancestorMask(graph, row.ends)
  const positions = ops.reshape(graph, ops.cast(graph, row.positions, "int64"), [1, length])
  // onnxruntime asks for a table as long as the row, whatever the positions say.
  const tables = rotaryTables(rope, { dHead, nPositions: maxLength })
  const cos = graph.constant("float32", [maxLength, dHead / 2], tables.cos)
  const sin = graph.constant("float32", [maxLength, dHead / 2], tables.sin)
  const group = nHeads / nKvHeads

  // [T, n · dHead] → [nKvHeads, n / nKvHeads, T, dHead]
  const split = (x: Value, perGroup: number): Value =>
    ops.transpose(graph, ops.reshape(graph, x, [length, nKvHeads, perGroup, dHead]), [1, 2, 0, 3])
  const rotate = (x: Value, heads: number): Value => {
    const batched = ops.reshape(graph, x, [1, length, heads * dHead])
    return ops.rotaryEmbedding(graph, batched, positions, cos, sin, { nHeads: heads })
  }
  return (name, x) => {
    const q = split(rotate(weights.linear(`${name}.q_proj`, x), nHeads), group)
    const k = split(rotate(weights.linear(`${name}.k_proj`, x), nKvHeads), 1)
    const v = split(weights.linear(`${name}.v_proj`, x), 1)
    const scores = ops.matMul(graph, q, k, { transposeB: true, alpha: 1 / Math.sqrt(dHead) })
    const weighted = ops.matMul(graph, ops.softmax(graph, ops.add(graph, scores, mask)), v)
    return ops.reshape(graph, ops.transpose(graph, weighted, [2, 0, 1, 3]), [length, nHeads * dHead])
  }
}

/** 0 where row i may see column j, `hidden` elsewhere: float32 `[T, T]`. */
function ancestorMask(graph: Graph, ends: Value): Value {
  const length = ends.shape[0]!
  const index = ops.range(graph, length)
  const i = ops.reshape(graph, index, [length, 1])
  const notAfter = ops.lessOrEqual(graph, index, i)
  const inSubtree = ops.less(graph, i, ends)
  const zero = graph.constant("float32", [], [0])
  const never = graph.constant("float32", [], [hidden])
  return ops.where(graph, ops.and(graph, notAfter, inSubtree), zero, never)
}

function gatedMlp(graph: Graph, weights: DecoderWeights, name: string, x: Value): Value {
  const gate = weights.linear(`${name}.gate_proj`, x)
  const up = weights.linear(`${name}.up_proj`, x)
  const activated = ops.silu(graph, gate)
  return weights.linear(`${name}.down_proj`, ops.mul(graph, activated, up))
}
