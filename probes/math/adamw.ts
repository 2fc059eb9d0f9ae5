// Full-batch training by AdamW: the tensor library computes the loss and its gradient, and float64 moments are kept here.

import { LitmusError } from "../../src/base/errors.ts"
import { adamW, type Moments } from "../../src/numbers/adamw.ts"

export interface TrainingOptions {
  readonly epochs: number
  /** Defaults to 1e-3. */
  readonly learningRate?: number
  /** Of every parameter, offsets too; defaults to 0.01. */
  readonly weightDecay?: number
}

/** Losses and the gradient of their sum. */
export interface Evaluation {
  /** One loss for each of the models that are trained side by side, float32 `[nModels]`. */
  readonly losses: Float32Array
  /** An array for each parameter array. */
  readonly gradients: readonly Float32Array[]
}

export interface Trained {
  readonly parameters: Float32Array<ArrayBuffer>[]
  /** Losses of the last epoch, before its step: what torch training loops report. */
  readonly losses: Float32Array
}

/**
 * Trains parameters by AdamW.
 *
 * @param evaluate - losses and gradients at given parameters
 * @param start - parameter arrays; not changed
 * @throws {LitmusError} if a loss is not finite
 */
export async function trainByAdamW(
  evaluate: (parameters: readonly Float32Array[]) => Evaluation,
  start: readonly Float32Array[],
  { epochs, learningRate = 1e-3, weightDecay = 0.01 }: TrainingOptions,
): Promise<Trained> {
  const parameters = start.map((values) => Float32Array.from(values))
  const moments = start.map(({ length }): Moments<Float64Array> => {
    return { first: new Float64Array(length), second: new Float64Array(length) }
  })
  let losses: Float32Array = new Float32Array(0)
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { losses: current, gradients } = evaluate(parameters)
    losses = current
    if (!losses.every(Number.isFinite)) {
      throw new LitmusError(
        `training: loss ${losses.find((loss) => !Number.isFinite(loss))} in epoch ${epoch}`,
      )
    }
    parameters.forEach((values, k) => {
      adamW(values, gradients[k]!, moments[k]!, learningRate, epoch, { weightDecay })
    })
    // Training holds the thread; now and then others get their turn.
    if (epoch % 50 === 0) await new Promise(setImmediate)
  }
  return { parameters, losses }
}
