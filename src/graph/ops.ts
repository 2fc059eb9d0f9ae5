// The operators that Litmus builds models from. Each checks and infers shapes when the graph is built, so that
// a mistake names the operator rather than appearing inside onnxruntime.

import { ShapeError } from "../base/errors.ts"
import { broadcastShapes } from "./elementwise.ts"
import type { Attribute, Dim, Graph, Value } from "./graph.ts"

export * from "./elementwise.ts"
export * from "./layout.ts"
export * from "./quantized.ts"
export * from "./reductions.ts"

const int = (value: number): Attribute => ({ type: "int", value })
const float = (value: number): Attribute => ({ type: "float", value })

/**
 * Matrix product `alpha · A · B` over the last two axes, the leading ones broadcast.
 *
 * @param options.transposeB - `B` is given as `[…, n, k]`, as linear layers store it
 */
export function matMul(
  graph: Graph,
  a: Value,
  b: Value,
  {
    transposeA = false,
    transposeB = false,
    alpha = 1,
  }: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {},
): Value {
  const [m, k] = lastTwo(a, transposeA)
  const [k2, n] = lastTwo(b, transposeB)
  if (k !== k2) {
    throw new ShapeError(
      `MatMul: inner dims ${k} and ${k2} differ ([${a.shape.join(", ")}] · [${b.shape.join(", ")}])`,
    )
  }
  const shape = [...broadcastShapes("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]
  const output = { dtype: a.dtype, shape }
  if (!transposeA && !transposeB && alpha === 1) return graph.node("MatMul", [a, b], output)
  const attributes = { transA: int(+transposeA), transB: int(+transposeB), alpha: float(alpha) }
  return graph.node("FusedMatMul", [a, b], output, { domain: "com.microsoft", attributes })
}

function lastTwo(x: Value, transpose: boolean): [Dim, Dim] {
  const row = x.shape.at(-2)
  const column = x.shape.at(-1)
  if (row === undefined || column === undefined)
    throw new ShapeError(`MatMul: ${x.name} has fewer than two axes`)
  return transpose ? [column, row] : [row, column]
}

/** Root-mean-square normalisation over the last axis: x / sqrt(mean(x²) + epsilon) · scale. */
export function rmsNorm(graph: Graph, x: Value, scale: Value, epsilon: number): Value {
  if (scale.shape.length !== 1 || scale.shape[0] !== x.shape.at(-1)) {
    throw new ShapeError(
      `RMSNormalization: expected a scale of [${x.shape.at(-1)}], got [${scale.shape.join(", ")}]`,
    )
  }
  const attributes = { axis: int(-1), epsilon: float(epsilon) }
  return graph.node("RMSNormalization", [x, scale], { dtype: x.dtype, shape: x.shape }, { attributes })
}

/** Normalisation over the last axis: (x − mean) / sqrt(variance + epsilon) · scale + bias. */
export function layerNorm(graph: Graph, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  for (const { shape } of [scale, bias]) {
    if (shape.length !== 1 || shape[0] !== x.shape.at(-1)) {
      throw new ShapeError(
        `LayerNormalization: expected a scale and a bias of [${x.shape.at(-1)}], got [${shape.join(", ")}]`,
      )
    }
  }
  const attributes = { axis: int(-1), epsilon: float(epsilon) }
  return graph.node(
    "LayerNormalization",
    [x, scale, bias],
    { dtype: x.dtype, shape: x.shape },
    { attributes },
  )
}

/**
 * Rotary position embedding, half-split as LLaMA's: of every head the first `width` dims are turned in pairs
 * (i, i + width/2), the others stay.
 *
 * @param x - `[1, T, nHeads · dHead]`
 * @param positions - int64 `[1, T]`
 * @param cos - `[nPositions, width / 2]`, as `sin`
 */
export function rotaryEmbedding(
  graph: Graph,
  x: Value,
  positions: Value,
  cos: Value,
  sin: Value,
  { nHeads }: { nHeads: number },
): Value {
  const width = x.shape.at(-1)
  const half = cos.shape.at(-1)
  const fits = (all: number, turned: number): boolean => all % nHeads === 0 && turned <= all / nHeads
  if (typeof width !== "number" || typeof half !== "number" || !fits(width, half * 2)) {
    throw new ShapeError(
      `RotaryEmbedding: ${nHeads} heads and tables of ${half} do not fit a width of ${width}`,
    )
  }
  const attributes = { interleaved: int(0), num_heads: int(nHeads), rotary_embedding_dim: int(half * 2) }
  return graph.node(
    "RotaryEmbedding",
    [x, positions, cos, sin],
    { dtype: x.dtype, shape: x.shape },
    { domain: "com.microsoft", attributes },
  )
}
