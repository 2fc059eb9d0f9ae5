// The attention probe's loss and gradient. The products with the tokens are tensors; the softmax of each response, two
// numbers a token, is a loop. Tokens that do not fit into memory at once go through in chunks.

import type { Tensor2D } from "@tensorflow/tfjs-core"
import type { Tf } from "./tensor-backend.ts"
import type { Evaluated } from "./lbfgs.ts"

/** Tokens of responses, one response after the other. */
export interface Segments {
  /** Row-major `[nTokens, width]`. */
  readonly x: Float32Array<ArrayBuffer>
  /** One past each response's last token. */
  readonly ends: Int32Array
  readonly width: number
}

// Floats that stay on the tensor library's side; WebAssembly has 4 GiB, and packs a second copy.
const residentFloats = 1 << 27

/** The losses of several models on the same tokens. */
export interface AttentionObjectives {
  /** Values and gradients at parameters of some of the models, from one pass over the tokens. */
  evaluate(points: readonly { readonly index: number; readonly x: Float64Array }[]): Evaluated[]
  dispose(): void
}

/**
 * Mean log loss of pooled logits + ½ penalty ‖(q, v)‖² / nResponses, with its gradient, of models side by side.
 *
 * @param labels - of every model: 0 or 1, `[nModels][nResponses]`
 * @returns functions of q, v and b in one array, `[2·width + 1]`
 */
export function attentionObjectives(
  tf: Tf,
  { x, ends, width }: Segments,
  labels: readonly ArrayLike<number>[],
  penalty: number,
): AttentionObjectives {
  const nTokens = x.length / width
  const chunkTokens = Math.max(1, Math.floor(residentFloats / width))
  const chunks = Array.from({ length: Math.ceil(nTokens / chunkTokens) }, (_, k) => {
    const begin = k * chunkTokens
    return { begin, end: Math.min(nTokens, begin + chunkTokens) }
  })
  const upload = ({ begin, end }: { begin: number; end: number }): Tensor2D =>
    tf.tensor2d(x.subarray(begin * width, end * width), [end - begin, width])
  const resident = chunks.length === 1 ? upload(chunks[0]!) : undefined
  const withTokens = (use: (tokens: Tensor2D, begin: number) => void): void => {
    if (resident) return use(resident, 0)
    for (const chunk of chunks) {
      const tokens = upload(chunk)
      use(tokens, chunk.begin)
      tokens.dispose()
    }
  }
  const evaluate: AttentionObjectives["evaluate"] = (points) => {
    const columns = 2 * points.length
    const weights = new Float32Array(columns * width)
    points.forEach((point, k) => weights.set(point.x.subarray(0, 2 * width), 2 * k * width))
    // Of every token and model xₜ·q and xₜ·v, then their gradients.
    const along = new Float32Array(nTokens * columns)
    withTokens((tokens, begin) => {
      // Nothing is returned out of tidy: it would look for tensors in every element of an array.
      tf.tidy(() => {
        const products = tf.matMul(tokens, tf.transpose(tf.tensor2d(weights, [columns, width])))
        along.set(products.dataSync<"float32">(), columns * begin)
      })
    })
    const evaluated = points.map((point, k) => {
      const offset = point.x[2 * width]!
      const own = { along, columns, first: 2 * k }
      const { loss, offsetGradient } = backThroughPooling(own, ends, labels[point.index]!, offset)
      const gradient = new Float64Array(2 * width + 1)
      gradient[2 * width] = offsetGradient
      let value = loss
      for (let j = 0; j < 2 * width; j++) {
        value += (0.5 * penalty * point.x[j]! ** 2) / ends.length
        gradient[j] = (penalty * point.x[j]!) / ends.length
      }
      return { value, gradient }
    })
    withTokens((tokens, begin) => {
      const n = tokens.shape[0]
      tf.tidy(() => {
        const g = tf.tensor2d(along.subarray(columns * begin, columns * (begin + n)), [n, columns])
        const products = tf.matMul(tf.transpose(g), tokens).dataSync<"float32">()
        evaluated.forEach(({ gradient }, k) => {
          for (let j = 0; j < 2 * width; j++) gradient[j]! += products[2 * k * width + j]!
        })
      })
    })
    return evaluated
  }
  return { evaluate, dispose: () => resident?.dispose() }
}

/** A model's two columns among the products with the tokens. */
interface OwnColumns {
  readonly along: Float32Array
  readonly columns: number
  readonly first: number
}

/** Replaces each token's two products by the gradient of the mean log loss with respect to them. */
function backThroughPooling(
  { along, columns, first }: OwnColumns,
  ends: Int32Array,
  labels: ArrayLike<number>,
  offset: number,
): { loss: number; offsetGradient: number } {
  let loss = 0
  let offsetGradient = 0
  let begin = 0
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!
    let largest = -Infinity
    for (let t = begin; t < end; t++) largest = Math.max(largest, along[columns * t + first]!)
    let total = 0
    let sum = 0
    for (let t = begin; t < end; t++) {
      const weight = Math.exp(along[columns * t + first]! - largest)
      total += weight
      sum += weight * along[columns * t + first + 1]!
    }
    const value = sum / total
    const logit = value + offset
    // log(1 + exp(−m)) and its derivative, without overflow at either end.
    const side = labels[i] === 1 ? 1 : -1
    const margin = side * logit
    const e = Math.exp(-Math.abs(margin))
    loss += ((margin > 0 ? 0 : -margin) + Math.log1p(e)) / ends.length
    const slope = (-side * (margin > 0 ? e : 1)) / (1 + e) / ends.length
    offsetGradient += slope
    for (let t = begin; t < end; t++) {
      const at = columns * t + first
      const share = (slope * Math.exp(along[at]! - largest)) / total
      along[at] = share * (along[at + 1]! - value)
      along[at + 1] = share
    }
    begin = end
  }
  return { loss, offsetGradient }
}

/** Σₜ aₜ (xₜ·v), a = softmax(xₜ·q), of the tokens of one response. */
export function pooled(
  x: Float32Array,
  { query, value }: { readonly query: Float32Array; readonly value: Float32Array },
): number {
  const width = query.length
  const keys = new Float64Array(x.length / width)
  const values = new Float64Array(keys.length)
  for (let t = 0; t < keys.length; t++) {
    for (let j = 0; j < width; j++) {
      keys[t]! += x[t * width + j]! * query[j]!
      values[t]! += x[t * width + j]! * value[j]!
    }
  }
  const largest = keys.reduce((most, key) => Math.max(most, key), -Infinity)
  let total = 0
  let sum = 0
  keys.forEach((key, t) => {
    const weight = Math.exp(key - largest)
    total += weight
    sum += weight * values[t]!
  })
  return sum / total
}
