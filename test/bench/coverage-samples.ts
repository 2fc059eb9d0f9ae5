// What the coverage benchmark draws: pairs of prompts that are alike, and how often an interval holds the truth.

import type { Ends } from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"

export const repetitions = 2000

/** Share of repetitions in which the interval holds the truth, in %. */
export function coverage(times: number, interval: (r: number) => Ends | undefined, truth: number): string {
  let held = 0
  for (let r = 0; r < times; r++) {
    const ends = interval(r)
    if (ends && ends.low <= truth && truth <= ends.high) held++
  }
  return ((100 * held) / times).toFixed(1)
}

export interface Sample {
  readonly outcomes: number[]
  readonly clusters: number[]
}

export type Stream = ReturnType<typeof random>

/** Pairs of prompts: a prompt's pairs are right with a probability of its own, beta-distributed. */
export function sample(stream: Stream, prompts: number, accuracy: number, correlation: number): Sample {
  const outcomes: number[] = []
  const clusters: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    const share = beta(stream, accuracy, correlation)
    const pairs = 1 + stream.integer(4)
    for (let k = 0; k < pairs; k++) {
      outcomes.push(stream.uniform() < share ? 1 : 0)
      clusters.push(prompt)
    }
  }
  return { outcomes, clusters }
}

export function beta(stream: Stream, mean: number, correlation: number): number {
  const size = 1 / correlation - 1
  const [a, b] = [gamma(stream, mean * size), gamma(stream, (1 - mean) * size)]
  return a + b > 0 ? a / (a + b) : mean
}

/** Marsaglia and Tsang 2000. */
export function gamma(stream: Stream, shape: number): number {
  if (shape < 1) return gamma(stream, shape + 1) * stream.uniform() ** (1 / shape)
  const d = shape - 1 / 3
  for (;;) {
    const x = stream.normal()
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(stream.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
