// AdamW, full batch, in typed arrays: the tensors' part is the loss and its gradient. Element by element on a few
// thousand numbers the tensor library is slower than the loop, and the state here keeps float64.
// Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in the order in which torch.optim.AdamW has it.

import { LitmusError } from "../../src/base/errors.ts"

export interface AdamWOptions {
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

const beta1 = 0.9
const beta2 = 0.999
const epsilon = 1e-8

/**
 * Trains parameters by AdamW.
 *
 * @param evaluate - losses and gradients at given parameters
 * @param start - parameter arrays; not changed
 * @throws {LitmusError} if a loss is not finite
 */
export async function adamW(
  evaluate: (parameters: readonly Float32Array[]) => Evaluation,
  start: readonly Float32Array[],
  { epochs, learningRate = 1e-3, weightDecay = 0.01 }: AdamWOptions,
): Promise<Trained> {
  const parameters = start.map((values) => Float32Array.from(values))
  const means = start.map((values) => new Float64Array(values.length))
  const squares = start.map((values) => new Float64Array(values.length))
  const kept = 1 - learningRate * weightDecay
  let losses: Float32Array = new Float32Array(0)
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { losses: current, gradients } = evaluate(parameters)
    losses = current
    if (!losses.every(Number.isFinite)) {
      throw new LitmusError(
        `training: loss ${losses.find((loss) => !Number.isFinite(loss))} in epoch ${epoch}`,
      )
    }
    const step = learningRate / (1 - beta1 ** epoch)
    const root = Math.sqrt(1 - beta2 ** epoch)
    parameters.forEach((values, k) => {
      const gradient = gradients[k]!
      const mean = means[k]!
      const square = squares[k]!
      for (let j = 0; j < values.length; j++) {
        const g = gradient[j]!
        const m = (mean[j] = beta1 * mean[j]! + (1 - beta1) * g)
        const v = (square[j] = beta2 * square[j]! + (1 - beta2) * g * g)
        values[j] = values[j]! * kept - (step * m) / (Math.sqrt(v) / root + epsilon)
      }
    })
    // Training holds the thread; now and then others get their turn.
    if (epoch % 50 === 0) await new Promise(setImmediate)
  }
  return { parameters, losses }
}
