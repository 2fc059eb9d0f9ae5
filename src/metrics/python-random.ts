// The part of Python's `random` module that GENIES' calibration error draws from, number for number: Mersenne
// Twister MT19937 (Matsumoto and Nishimura 1998, init_by_array of 2002), seeded and read as CPython 3.2 and later
// do. For reproducing other people's figures only; everything else draws from src/base/random.ts.

import { LitmusError } from "../base/errors.ts"
import { requireInteger } from "./checks.ts"

const N = 624
const M = 397

/** A stream equal to that of Python's `random.Random(seed)`. */
export interface PythonRandom {
  /** `random.random()`: uniform in [0, 1), 53 bits. */
  random(): number
  /** `random.choice(items)`. */
  choice<T>(items: readonly T[]): T
}

/**
 * The stream that `random.seed(seed)` starts in Python.
 *
 * @param seed - any safe integer; as in Python its sign does not matter
 * @throws {LitmusError} if the seed is not a safe integer
 */
export function pythonRandom(seed: number): PythonRandom {
  if (!Number.isSafeInteger(seed)) throw new LitmusError(`seed: expected an integer, got ${seed}`)
  const size = Math.abs(seed)
  const high = Math.floor(size / 2 ** 32)
  const state = initByArray(high > 0 ? [size >>> 0, high] : [size >>> 0])
  let position = N

  const uint32 = (): number => {
    if (position === N) {
      regenerate(state)
      position = 0
    }
    let y = state[position++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
  return {
    random: () => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992,
    choice(items) {
      requireInteger("choice: number of items", items.length, 1)
      const bits = 32 - Math.clz32(items.length)
      let index = uint32() >>> (32 - bits)
      while (index >= items.length) index = uint32() >>> (32 - bits)
      return items[index]!
    },
  }
}

function initByArray(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(N)
  state[0] = 19650218
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, mixed(state, i)) + i
  let i = 1
  const advance = (): void => {
    i++
    if (i === N) {
      state[0] = state[N - 1]!
      i = 1
    }
  }
  for (let k = 0; k < Math.max(N, key.length); k++) {
    const j = k % key.length
    state[i] = (state[i]! ^ Math.imul(mixed(state, i), 1664525)) + key[j]! + j
    advance()
  }
  for (let k = 0; k < N - 1; k++) {
    state[i] = (state[i]! ^ Math.imul(mixed(state, i), 1566083941)) - i
    advance()
  }
  state[0] = 0x80000000
  return state
}

function mixed(state: Uint32Array, i: number): number {
  const previous = state[i - 1]!
  return previous ^ (previous >>> 30)
}

function regenerate(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff)
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
  }
}
