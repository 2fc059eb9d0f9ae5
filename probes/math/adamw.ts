// Full-batch training by AdamW: the tensor library computes the loss and its gradient, and float64 moments are kept here.

import { LitmusError } from "../../src/base/errors.ts"
import { adamW, type Moments } from "../../src/numbers/adamw.ts"

export interface TrainingOptions {
  readonly epochs: number
  /** Defaults to 1e-3. */
  readonly learningRate?: number
  /** Of every parameter, offsets too; defaults to 0.01. */
  readonly weightDecay?: number
  /** Stop once no loss has changed by this share of itself over 50 epochs; by default all epochs are run. */
  readonly settled?: number
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
  /** Epochs run. */
  readonly epochs: number
}

// Epochs between looks at whether the losses have settled.
const window = 50

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
  { epochs, learningRate = 1e-3, weightDecay = 0.01, settled }: TrainingOptions,
): Promise<Trained> {
  const parameters = start.map((values) => Float32Array.from(values))
  const moments = start.map(({ length }): Moments<Float64Array> => {
    return { first: new Float64Array(length), second: new Float64Array(length) }
  })
  let losses: Float32Array = new Float32Array(0)
  let before: Float32Array | undefined
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
    if (epoch % window === 0) {
      await new Promise(setImmediate)
      if (settled !== undefined && hasSettled(before, losses, settled))
        return { parameters, losses, epochs: epoch }
      before = losses
    }
  }
  return { parameters, losses, epochs }
}

function hasSettled(before: Float32Array | undefined, now: Float32Array, share: number): boolean {
  return (
    before !== undefined &&
    now.every((loss, k) => Math.abs(before[k]! - loss) <= share * Math.abs(before[k]!))
  )
}
