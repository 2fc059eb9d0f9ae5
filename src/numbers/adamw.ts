// AdamW with decoupled weight decay, and clipping of the gradient's norm. On typed arrays: element by element a tensor library
// is slower than the loop.
// Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in the order in which torch.optim.AdamW has it;
// torch.nn.utils.clip_grad_norm_.

export interface AdamWOptions {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  readonly weightDecay?: number
}

/** Running means of the gradient and of its square, one entry for every parameter; float32 is what PyTorch keeps. */
export interface Moments<Values extends Float32Array | Float64Array = Float32Array> {
  readonly first: Values
  readonly second: Values
}

export function zeroMoments(length: number): Moments {
  return { first: new Float32Array(length), second: new Float32Array(length) }
}

/**
 * One step, in place.
 *
 * @param step - counts from 1
 */
export function adamW(
  parameters: Float32Array,
  gradient: Float32Array,
  { first, second }: Moments | Moments<Float64Array>,
  learningRate: number,
  step: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamWOptions = {},
): void {
  const correction1 = 1 - beta1 ** step
  const correction2 = Math.sqrt(1 - beta2 ** step)
  const stepSize = learningRate / correction1
  const keep = 1 - learningRate * weightDecay
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!
    const m = (first[i] = beta1 * first[i]! + (1 - beta1) * g)
    const v = (second[i] = beta2 * second[i]! + (1 - beta2) * g * g)
    parameters[i] = parameters[i]! * keep - (stepSize * m) / (Math.sqrt(v) / correction2 + epsilon)
  }
}

/**
 * Scales gradients in place so that their joint norm is at most `maxNorm`.
 *
 * @returns the norm before
 */
export function clipGradients(gradients: readonly Float32Array[], maxNorm: number): number {
  let squares = 0
  for (const gradient of gradients) for (const g of gradient) squares += g * g
  const norm = Math.sqrt(squares)
  const factor = maxNorm / (norm + 1e-6)
  if (factor < 1) {
    for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor
  }
  return norm
}
