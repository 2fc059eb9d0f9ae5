// Seeded random numbers. A stream is named by a seed and any number of labels ("pairs", the distribution …), so
// that two uses of one seed never share numbers and adding a use changes no other.
// Generator: xoshiro128** (Blackman and Vigna 2018), seeded by FNV-1a and splitmix32.

import { LitmusError } from "./errors.ts"

/** A seeded stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number
  /** Uniform integer in [0, n). */
  integer(n: number): number
  /** Standard normal (Box and Muller). */
  normal(): number
  /** Shuffles in place (Fisher and Yates) and returns the array. */
  shuffle<T>(items: T[]): T[]
}

/**
 * The stream named by a seed and labels.
 *
 * @param seed - any safe integer
 * @param labels - what the stream is for; the same labels give the same numbers
 */
export function random(seed: number, ...labels: (string | number)[]): Random {
  if (!Number.isSafeInteger(seed)) throw new LitmusError(`seed: expected an integer, got ${seed}`)
  let hash = 2166136261
  for (const char of JSON.stringify([seed, ...labels])) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 16777619)
  }
  const splitmix = (): number => {
    hash = (hash + 0x9e3779b9) | 0
    let z = hash
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix()
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result >>> 0
  }
  let spare: number | undefined
  const uniform = (): number => next() / 4294967296
  const integer = (n: number): number => Math.floor(uniform() * n)
  return {
    uniform,
    integer,
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = integer(i + 1)
        const held = items[i]!
        items[i] = items[j]!
        items[j] = held
      }
      return items
    },
  }
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}
