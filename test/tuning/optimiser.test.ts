// AdamW, clipping, schedules and dropout masks against closed forms. (AdamW against PyTorch's: golden-steps.test.ts.)

import { describe, expect, it } from "vitest"
import { adamW, clipGradients, zeroMoments } from "../../src/numbers/adamw.ts"
import { dropoutMask } from "../../src/tuning/dropout.ts"
import { scheduleFactor } from "../../src/tuning/schedule.ts"
import { maxAbsDifference } from "../support/numbers.ts"

describe("AdamW", () => {
  it("moves by the learning rate against the sign of a constant gradient, whatever its size", () => {
    const parameters = Float32Array.of(1, 1, 1)
    const gradient = Float32Array.of(0.5, -20, 1e-3)
    const moments = zeroMoments(3)
    for (let step = 1; step <= 10; step++) adamW(parameters, gradient, moments, 0.01, step)
    // Corrected means are g and g², so a step is lr · g / (|g| + 1e-8). Float32 rounds at 6e-8 in ten steps.
    expect(maxAbsDifference(parameters, [0.9, 1.1, 0.9 + 1e-6])).toBeLessThan(2e-6)
  })

  it("decays parameters apart from the gradient: by lr · decay a step where there is none", () => {
    const parameters = Float32Array.of(2, -3)
    const moments = zeroMoments(2)
    for (let step = 1; step <= 5; step++) {
      adamW(parameters, new Float32Array(2), moments, 0.1, step, { weightDecay: 0.5 })
    }
    expect(maxAbsDifference(parameters, [2 * 0.95 ** 5, -3 * 0.95 ** 5])).toBeLessThan(1e-6)
  })

  it("follows the paper's recursion for changing gradients and other constants", () => {
    const [beta1, beta2, epsilon, weightDecay, rate] = [0.8, 0.95, 1e-3, 0.02, 0.05]
    const gradients = [0.3, -1.2, 0.7, 2, -0.1]
    const parameters = Float32Array.of(0.4)
    const moments = zeroMoments(1)
    let [theta, m, v] = [0.4, 0, 0]
    gradients.forEach((g, k) => {
      const options = { beta1, beta2, epsilon, weightDecay }
      adamW(parameters, Float32Array.of(g), moments, rate, k + 1, options)
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      const [mHat, vHat] = [m / (1 - beta1 ** (k + 1)), v / (1 - beta2 ** (k + 1))]
      theta -= rate * (mHat / (Math.sqrt(vHat) + epsilon) + weightDecay * theta)
    })
    expect(Math.abs(parameters[0]! - theta)).toBeLessThan(1e-6)
  })
})

describe("clipGradients", () => {
  it("scales all gradients by one factor to the largest joint norm, and returns the norm before", () => {
    const gradients = [Float32Array.of(3, 0), Float32Array.of(-4)]
    expect(clipGradients(gradients, 1)).toBe(5)
    // torch.nn.utils.clip_grad_norm_: max_norm / (norm + 1e-6)
    expect(maxAbsDifference([...gradients[0]!, ...gradients[1]!], [0.6, 0, -0.8])).toBeLessThan(1e-6)
  })

  it("leaves gradients within the norm, and all where there is no limit, as they are", () => {
    const gradients = [Float32Array.of(3, -4)]
    expect(clipGradients(gradients, 6)).toBe(5)
    expect(clipGradients(gradients, Infinity)).toBe(5)
    expect([...gradients[0]!]).toEqual([3, -4])
  })
})

describe("scheduleFactor", () => {
  const factors = (schedule: "constant" | "linear" | "cosine", warmup: number): number[] =>
    Array.from({ length: 8 }, (_, step) => scheduleFactor(schedule, step, { steps: 8, warmup }))

  it("rises from 0 over the warm-up, then stays, or falls in a line or half a cosine towards 0", () => {
    // transformers' get_{constant_schedule_with,linear_schedule_with,cosine_schedule_with}_warmup, 4 of 8 steps.
    const rise = [0, 0.25, 0.5, 0.75]
    expect(factors("constant", 4)).toEqual([...rise, 1, 1, 1, 1])
    expect(factors("linear", 4)).toEqual([...rise, 1, 0.75, 0.5, 0.25])
    const cosine = [1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2]
    expect(maxAbsDifference(factors("cosine", 4), [...rise, ...cosine])).toBeLessThan(1e-12)
  })

  it("begins at once without a warm-up, and never leaves [0, 1] where the warm-up is longer than the run", () => {
    expect(factors("linear", 0)[0]).toBe(1)
    for (const schedule of ["constant", "linear", "cosine"] as const) {
      for (const factor of factors(schedule, 100)) expect(factor >= 0 && factor <= 1).toBe(true)
    }
  })
})

describe("dropoutMask", () => {
  const length = 100_000
  const draw = (rate: number, seed: number, ...labels: (string | number)[]): Float32Array =>
    dropoutMask(new Float32Array(length), rate, seed, ...labels)
  const isDropped = (mask: Float32Array): boolean[] => Array.from(mask, (value) => value === 0)

  it.each([0, 0.1, 0.5, 0.9])("drops a share of %d and scales the rest to a mean of 1", (rate) => {
    const mask = draw(rate, 7, "q_proj", 0, 0)
    const share = isDropped(mask).filter(Boolean).length / length
    // Five standard deviations of a binomial.
    expect(Math.abs(share - rate)).toBeLessThanOrEqual(5 * Math.sqrt((rate * (1 - rate)) / length))
    expect(new Set(mask)).toEqual(new Set(rate === 0 ? [1] : [0, Math.fround(1 / (1 - rate))]))
  })

  it("is the same for the same seed, module, step and row, and independent where one of them differs", () => {
    const masks = [
      draw(0.5, 7, "q_proj", 3, 1),
      draw(0.5, 8, "q_proj", 3, 1),
      draw(0.5, 7, "v_proj", 3, 1),
      draw(0.5, 7, "q_proj", 4, 1),
      draw(0.5, 7, "q_proj", 3, 2),
    ].map(isDropped)
    expect(isDropped(draw(0.5, 7, "q_proj", 3, 1))).toEqual(masks[0])
    for (const [k, mask] of masks.entries()) {
      for (const other of masks.slice(k + 1)) {
        const agreeing = mask.filter((dropped, i) => dropped === other[i]).length / length
        expect(Math.abs(agreeing - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / length))
      }
    }
  })

  it("leaves no trace of a token's neighbour: equal places a row apart agree as chance has it", () => {
    const dropped = isDropped(draw(0.5, 7, "q_proj", 0, 0))
    for (const lag of [1, 2, 64, 1024]) {
      const count = length - lag
      const agreeing = dropped.slice(lag).filter((value, i) => value === dropped[i]).length / count
      expect(Math.abs(agreeing - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / count))
    }
  })
})
