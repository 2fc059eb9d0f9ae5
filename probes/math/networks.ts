// The two small networks of the gradient-trained probes, linear and one hidden layer, as logits with a gradient of
// their own: automatic differentiation would transpose the data in every step. Several models of one shape, restarts,
// are trained side by side: their weights are the rows of one matrix.

import type { GradSaveFunc, Tensor, Tensor2D } from "@tensorflow/tfjs-core"
import type { Random } from "../../src/base/random.ts"
import type { Tf } from "./tensor-backend.ts"
import type { Evaluation } from "./adamw.ts"

export const hiddenUnits = 100

export interface Network {
  readonly kind: "linear" | "mlp"
  /** Shapes of the parameter arrays of `nModels` models. */
  shapes(width: number, nModels: number): number[][]
  /** Logits `[nSamples, nModels]`, and what their gradient needs besides. */
  forward(tf: Tf, x: Tensor2D, parameters: readonly Tensor[]): { logits: Tensor2D; kept: Tensor[] }
  /** Gradients of the parameters from that of the logits. */
  backward(tf: Tf, ofLogits: Tensor2D, from: ForwardPass): Tensor[]
}

/** Inputs of a forward pass and what it kept. */
export interface ForwardPass {
  readonly x: Tensor2D
  readonly parameters: readonly Tensor[]
  readonly kept: readonly Tensor[]
}

/** z = x·w + b. Parameters: w `[nModels, width]`, b `[nModels]`. */
export const linearNetwork: Network = {
  kind: "linear",
  shapes: (width, nModels) => [[nModels, width], [nModels]],
  forward(tf, x, parameters) {
    const [w, b] = parameters as [Tensor2D, Tensor]
    return { logits: tf.add<Tensor2D>(tf.matMul(x, tf.transpose(w)), b), kept: [] }
  },
  // The gradient on the left and the data on the right: the data keep the order that they are stored in.
  backward: (tf, ofLogits, { x }) => [tf.matMul(tf.transpose(ofLogits), x), tf.sum(ofLogits, 0)],
}

/** z = relu(x·W₁ + b₁)·w₂ + b₂. Parameters: W₁ `[nModels·100, width]`, b₁ `[nModels·100]`, w₂ `[nModels, 100]`, b₂. */
export const mlpNetwork: Network = {
  kind: "mlp",
  shapes: (width, nModels) => [
    [nModels * hiddenUnits, width],
    [nModels * hiddenUnits],
    [nModels, hiddenUnits],
    [nModels],
  ],
  forward(tf, x, parameters) {
    const [w1, b1, w2, b2] = parameters as [Tensor2D, Tensor, Tensor2D, Tensor]
    const hidden = tf.relu(tf.add(tf.matMul(x, tf.transpose(w1)), b1))
    const folded = tf.reshape(hidden, [x.shape[0], w2.shape[0], hiddenUnits])
    return { logits: tf.add<Tensor2D>(tf.sum(tf.mul(folded, w2), 2), b2), kept: [hidden] }
  },
  backward(tf, ofLogits, { x, parameters, kept }) {
    const w2 = parameters[2] as Tensor2D
    const hidden = kept[0] as Tensor2D
    const each = tf.expandDims(ofLogits, 2)
    const active = tf.cast(tf.greater(hidden, 0), "float32")
    const ofHidden = tf.mul<Tensor2D>(tf.reshape(tf.mul(each, w2), hidden.shape), active)
    const folded = tf.reshape(hidden, [x.shape[0], w2.shape[0], hiddenUnits])
    return [
      tf.matMul(tf.transpose(ofHidden), x),
      tf.sum(ofHidden, 0),
      tf.sum(tf.mul(each, folded), 0),
      tf.sum(ofLogits, 0),
    ]
  },
}

/** A loss of logits: one number a model, and the gradient of each with respect to its own logits. */
export type LossOfLogits = (tf: Tf, logits: Tensor2D) => { losses: Tensor; gradient: Tensor2D }

/**
 * A network's loss as a differentiable function of its parameters, `tf.customGrad`.
 *
 * @param x - samples `[nSamples, width]`
 * @returns a function of the parameters with value `[nModels]`
 */
export function lossFunction(
  tf: Tf,
  network: Network,
  x: Tensor2D,
  loss: LossOfLogits,
): (...parameters: Tensor[]) => Tensor {
  const withGradient = tf.customGrad((...inputs) => {
    const parameters = inputs.slice(0, -1) as Tensor[]
    const save = inputs.at(-1) as GradSaveFunc
    const { logits, kept } = network.forward(tf, x, parameters)
    const { losses, gradient } = loss(tf, logits)
    save([gradient, ...kept])
    return {
      value: losses,
      gradFunc(dy: Tensor, saved: Tensor[]) {
        const [ofLogits, ...rest] = saved as [Tensor2D, ...Tensor[]]
        return network.backward(tf, tf.mul<Tensor2D>(ofLogits, dy), { x, parameters, kept: rest })
      },
    }
  })
  return (...parameters) => withGradient(...parameters)
}

/** Evaluates a differentiable function at parameters given as typed arrays. */
export function evaluator(
  tf: Tf,
  loss: (...parameters: Tensor[]) => Tensor,
  shapes: readonly number[][],
): (parameters: readonly Float32Array[]) => Evaluation {
  const valueAndGradients = tf.valueAndGrads(loss)
  return (parameters) => {
    let evaluation: Evaluation | undefined
    // Nothing is returned out of tidy: it would look for tensors in every element of an array.
    tf.tidy(() => {
      const tensors = parameters.map((values, k) => tf.tensor(values, shapes[k]))
      const { value, grads } = valueAndGradients(tensors)
      evaluation = {
        losses: value.dataSync<"float32">().slice(),
        gradients: grads.map((gradient) => gradient.dataSync<"float32">().slice()),
      }
    })
    return evaluation!
  }
}

/** torch's initialisation of linear layers: uniform in ±1/√(inputs), each model from its own stream. */
export function startingParameters(
  network: Network,
  width: number,
  streams: readonly Random[],
): Float32Array<ArrayBuffer>[] {
  const arrays = network
    .shapes(width, streams.length)
    .map((shape) => new Float32Array(shape.reduce((product, n) => product * n, 1)))
  const inputs = network.kind === "linear" ? [width, width] : [width, width, hiddenUnits, hiddenUnits]
  streams.forEach(({ uniform }, model) => {
    arrays.forEach((values, k) => {
      const share = values.length / streams.length
      const bound = 1 / Math.sqrt(inputs[k]!)
      for (let j = model * share; j < (model + 1) * share; j++) values[j] = (2 * uniform() - 1) * bound
    })
  })
  return arrays
}

/** The parameters of one of several models. */
export function modelOf(
  parameters: readonly Float32Array[],
  model: number,
  nModels: number,
): Float32Array<ArrayBuffer>[] {
  return parameters.map((values) => {
    const share = values.length / nModels
    return Float32Array.from(values.subarray(model * share, (model + 1) * share))
  })
}
