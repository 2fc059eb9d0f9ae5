// Products with matrices of 4 or 8 bits an entry. The entries of a row come in blocks of 32 that share a scale: an entry
// q of a block with scale s stands for (q − 8) · s, with 8 bits for (q − 128) · s. Going forward onnxruntime's MatMulNBits
// reads the blocks as they are; the gradient unpacks the same bytes with DequantizeLinear into one float32 matrix, which
// is gone after its product.

import { ShapeError } from "../base/errors.ts"
import type { Attribute, DType, ExternalBytes, Graph, GraphNode, Value } from "./graph.ts"
import { slice } from "./layout.ts"

export const quantizedBlock = 32

export type QuantizedBits = 4 | 8

/** A matrix `[nOut, nIn]` in a file of the session's weights folder; rows are padded to whole blocks. */
export interface QuantizedMatrix {
  readonly name: string
  readonly nOut: number
  readonly nIn: number
  readonly bits: QuantizedBits
  /** `[nOut, nBlocks, 32]` entries; of two in a byte the first is the lower. */
  readonly blocks: ExternalBytes
  /** float32 `[nOut, nBlocks]`. */
  readonly scales: ExternalBytes
  /** What an entry of 0 is stored as, at least nOut · nBlocks times. */
  readonly zeros: ExternalBytes
}

/** Blocks in a row of so many entries. */
export function blocksOf(nIn: number): number {
  return Math.ceil(nIn / quantizedBlock)
}

const int = (value: number): Attribute => ({ type: "int", value })
const matrices = new WeakMap<Graph, Map<string, QuantizedMatrix>>()

/** `x · Wᵀ` for a quantised W: `[…, nIn]` → `[…, nOut]`. */
export function quantizedMatMul(graph: Graph, x: Value, matrix: QuantizedMatrix): Value {
  const { name, nOut, nIn, bits } = matrix
  if (x.shape.at(-1) !== nIn) {
    throw new ShapeError(`MatMulNBits: expected rows of ${nIn} for ${name}, got [${x.shape.join(", ")}]`)
  }
  const nBlocks = blocksOf(nIn)
  const bytesPerBlock = (quantizedBlock * bits) / 8
  const blocks = graph.weight(`${name} (blocks)`, "uint8", [nOut, nBlocks, bytesPerBlock], matrix.blocks)
  const known = matrices.get(graph) ?? new Map<string, QuantizedMatrix>()
  matrices.set(graph, known.set(blocks.name, matrix))
  // accuracy_level 1 multiplies in float32. Faster ones round x to 8 bits as well: what a token gets would then jump with
  // the last bits of its row's company.
  const attributes = {
    K: int(nIn),
    N: int(nOut),
    bits: int(bits),
    block_size: int(quantizedBlock),
    accuracy_level: int(1),
  }
  const output = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), nOut] }
  const inputs = [x, blocks, scalesOf(graph, matrix)]
  return graph.node("MatMulNBits", inputs, output, { domain: "com.microsoft", attributes })
}

/** The matrix of a MatMulNBits node. */
export function quantizedMatrixOf(graph: Graph, node: GraphNode): QuantizedMatrix {
  const matrix = matrices.get(graph)?.get(node.inputs[1]?.name ?? "")
  if (!matrix) throw new ShapeError("MatMulNBits: not made by quantizedMatMul")
  return matrix
}

/** A quantised matrix as float32 `[nOut, nIn]`. */
export function dequantized(graph: Graph, matrix: QuantizedMatrix): Value {
  const { name, nOut, nIn, bits } = matrix
  const nBlocks = blocksOf(nIn)
  const dtype: DType = bits === 4 ? "uint4" : "uint8"
  const shape = [nOut, nBlocks * quantizedBlock]
  const entries = graph.weight(`${name} (entries)`, dtype, shape, matrix.blocks)
  const length = Math.ceil((nOut * nBlocks * bits) / 8)
  const zeros = graph.weight(`${name} (zeros)`, dtype, [nOut, nBlocks], { ...matrix.zeros, length })
  const inputs = [entries, scalesOf(graph, matrix), zeros]
  const attributes = { axis: int(1), block_size: int(quantizedBlock) }
  const whole = graph.node("DequantizeLinear", inputs, { dtype: "float32", shape }, { attributes })
  return nIn === shape[1] ? whole : slice(graph, whole, { axis: 1, end: nIn })
}

function scalesOf(graph: Graph, { name, nOut, nIn, scales }: QuantizedMatrix): Value {
  return graph.weight(`${name} (scales)`, "float32", [nOut, blocksOf(nIn)], scales)
}
