// Training of contrast-consistent search: p⁺ and p⁻, the probabilities that a network gives the two members of a
// contrast pair, are to be consistent and confident.
//
//   mean[(p⁺ − (1 − p⁻))²] + mean[min(p⁺, p⁻)²]
//
// Source: Burns et al. 2022, arXiv:2212.03827, section 3.2; collin-burns/discovering_latent_knowledge, utils.py

import type { Tensor2D } from "@tensorflow/tfjs-core"
import { ShapeError, UnusableDataError } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"
import type { Tf } from "./tensor-backend.ts"
import type { CcsRestart } from "./ccs-restarts.ts"
import { trainByAdamW } from "./adamw.ts"
import type { Contrasts } from "./contrasts.ts"
import {
  evaluator,
  linearNetwork,
  lossFunction,
  mlpNetwork,
  modelOf,
  startingParameters,
  type LossOfLogits,
} from "./networks.ts"

export interface CcsTrainingOptions {
  /** Defaults to `linear`. */
  readonly network?: "linear" | "mlp"
  /** Defaults to 10; the best by loss is kept. */
  readonly restarts?: number
  /** Defaults to 1000. */
  readonly epochs?: number
  /** Defaults to 1e-3. */
  readonly learningRate?: number
  /** Defaults to 0.01. */
  readonly weightDecay?: number
  /** Names the starts of the restarts. */
  readonly seed: number
  /** Labels of the random streams beside the seed. */
  readonly labels?: readonly (string | number)[]
  /** Parameters to start from instead, those of all restarts in one array each. */
  readonly start?: readonly Float32Array[]
}

export interface CcsTrained {
  /** Of the best restart: w `[1, width]` and b `[1]`, or the four arrays of the hidden layer. */
  readonly parameters: Float32Array<ArrayBuffer>[]
  readonly loss: number
  /** In the order of their seeds. */
  readonly restarts: readonly CcsRestart[]
}

/**
 * The CCS loss of logits `[2·nPairs, nModels]`, positive members first, and its gradient.
 *
 * Where p⁺ = p⁻ each gets half of the minimum's gradient, as in torch.
 */
export const ccsLoss: LossOfLogits = (tf, logits) => {
  const [p0, p1] = tf.split(tf.sigmoid(logits), 2, 0) as [Tensor2D, Tensor2D]
  const n = p0.shape[0]
  const inconsistency = tf.sub(tf.add(p0, p1), 1)
  const least = tf.minimum(p0, p1)
  const losses = tf.div(tf.sum(tf.add(tf.square(inconsistency), tf.square(least)), 0), n)
  // 1 where the first is the lesser, ½ in a tie, 0 otherwise.
  const isLeast = tf.mul(
    tf.add(tf.sub(tf.cast(tf.less(p0, p1), "float32"), tf.cast(tf.less(p1, p0), "float32")), 1),
    0.5,
  )
  const confident0 = tf.mul(least, isLeast)
  const factor0 = tf.add(inconsistency, confident0)
  const factor1 = tf.add(inconsistency, tf.sub(least, confident0))
  const slope = (p: Tensor2D, factor: typeof factor0): typeof factor0 =>
    tf.mul(tf.mul(tf.mul(p, tf.sub(1, p)), factor), 2 / n)
  return { losses, gradient: tf.concat([slope(p0, factor0), slope(p1, factor1)], 0) as Tensor2D }
}

/** The CCS loss of normalised contrasts as a differentiable function of a network's parameters. */
export function ccsObjective(
  tf: Tf,
  x: Tensor2D,
  network: "linear" | "mlp" = "linear",
): ReturnType<typeof lossFunction> {
  return lossFunction(tf, network === "linear" ? linearNetwork : mlpNetwork, x, ccsLoss)
}

/** Both members of normalised contrasts as one tensor `[2·nPairs, width]`. */
export function contrastTensor(tf: Tf, { positive, negative, count, width }: Contrasts): Tensor2D {
  const both = new Float32Array(2 * count * width)
  both.set(positive)
  both.set(negative, count * width)
  return tf.tensor2d(both, [2 * count, width])
}

/**
 * Trains CCS on normalised contrasts: all restarts as one batch.
 *
 * Not invariant to rotations of the data, because AdamW is not: do not project them first.
 *
 * @param contrasts - normalised, so that each class has mean 0
 * @throws {LitmusError} if there are none
 */
export async function trainCcs(
  tf: Tf,
  contrasts: Contrasts,
  options: CcsTrainingOptions,
): Promise<CcsTrained> {
  const { network: kind = "linear", restarts = 10, epochs = 1000, learningRate, weightDecay } = options
  const { seed, labels = [] } = options
  const { count, width } = contrasts
  if (count === 0) throw new UnusableDataError("ccs: expected at least one contrast pair, got none")
  const network = kind === "linear" ? linearNetwork : mlpNetwork
  const streams = Array.from({ length: restarts }, (_, k) => random(seed, "ccs", ...labels, k))
  const start = options.start ?? startingParameters(network, width, streams)
  const shapes = network.shapes(width, restarts)
  start.forEach((values, k) => {
    const expected = shapes[k]!.reduce((product, n) => product * n, 1)
    if (values.length !== expected) {
      throw new ShapeError(`ccs: start ${k}: expected ${expected} numbers, got ${values.length}`)
    }
  })
  const x = contrastTensor(tf, contrasts)
  try {
    const evaluate = evaluator(tf, lossFunction(tf, network, x, ccsLoss), shapes)
    const { parameters, losses } = await trainByAdamW(evaluate, start, {
      epochs,
      ...(learningRate === undefined ? {} : { learningRate }),
      ...(weightDecay === undefined ? {} : { weightDecay }),
    })
    const best = losses.indexOf(losses.reduce((least, loss) => Math.min(least, loss), Infinity))
    const logits = tf.tidy(() => {
      const tensors = parameters.map((values, k) => tf.tensor(values, shapes[k]))
      return network.forward(tf, x, tensors).logits.dataSync<"float32">().slice()
    })
    return {
      parameters: modelOf(parameters, best, restarts),
      loss: losses[best]!,
      restarts: Array.from(losses, (loss, k) => ({
        loss,
        agreement: agreementOf(logits, { first: best, second: k, nModels: restarts, count }),
      })),
    }
  } finally {
    x.dispose()
  }
}

function agreementOf(
  logits: Float32Array,
  { first, second, nModels, count }: { first: number; second: number; nModels: number; count: number },
): number {
  const sideOf = (pair: number, model: number): number =>
    Math.sign(logits[pair * nModels + model]! - logits[(count + pair) * nModels + model]!)
  let same = 0
  for (let pair = 0; pair < count; pair++) {
    const product = sideOf(pair, first) * sideOf(pair, second)
    same += product > 0 ? 1 : product === 0 ? 0.5 : 0
  }
  return Math.max(same, count - same) / count
}
