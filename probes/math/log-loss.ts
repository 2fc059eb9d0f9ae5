// The log loss of labelled responses, with its gradient, of models trained side by side.

import type { Tensor2D } from "@tensorflow/tfjs-core"
import type { LossOfLogits } from "./networks.ts"

/**
 * Mean over samples of log(1 + exp(−s z)), s = ±1, of logits `[nSamples, nModels]`.
 *
 * @param labels - 0 or 1: `[nSamples]` for all models alike, or `[nSamples, nModels]`
 */
export function logLoss(labels: Float32Array, nModels = 1): LossOfLogits {
  const nSamples = labels.length / nModels
  return (tf, logits) => {
    const y = tf.tensor2d(labels, [nSamples, nModels])
    // max(z, 0) − y z + log(1 + exp(−|z|)): no overflow at either end.
    const softplus = tf.add(tf.relu(logits), tf.log(tf.add(tf.exp(tf.neg(tf.abs(logits))), 1)))
    return {
      losses: tf.mean(tf.sub(softplus, tf.mul(y, logits)), 0),
      gradient: tf.div<Tensor2D>(tf.sub(tf.sigmoid(logits), y), nSamples),
    }
  }
}
