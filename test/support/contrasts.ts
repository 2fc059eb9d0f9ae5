// Worlds for the probes that read several rows a response: contrasts with a Yes and a No ending, and all tokens.

import { setOfRows, type Row } from "./activations.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import { random } from "../../src/base/random.ts"

export interface ContrastWorldOptions {
  readonly seed: number
  readonly nPairs?: number
  readonly width?: number
  /** How far Yes is from No along the truth, in units of the noise; better responses +, worse ones −. */
  readonly truth?: number
  /** Deviation of a feature that both endings have alike. */
  readonly distractor?: number
  /** How far Yes is from No along an opinion that goes by the group that the example is in, loudly marked. */
  readonly opinion?: number
}

/** Contrasts at `final` and `resid.1`; directions belong to the world, not to the seed. */
export function makeContrastWorld(options: ContrastWorldOptions): ActivationSet {
  const { seed, nPairs = 150, width = 24, truth = 4, distractor = 0, opinion = 0 } = options
  const rows: Row[] = []
  for (let example = 0; example < nPairs; example++) {
    for (const response of [0, 1]) {
      for (const variant of ["yes", "no"]) rows.push({ example, response, variant, position: 0 })
    }
  }
  const sites: Record<string, Float32Array<ArrayBuffer>> = {}
  for (const site of ["resid.1", "final"]) {
    const noise = random(seed, "contrast world", site)
    const data = Float32Array.from({ length: rows.length * width }, noise.normal)
    const [truths, shared, opinions, groups, ending] = ["truth", "shared", "opinion", "group", "ending"].map(
      (name) => unitVector(width, name, site),
    ) as [number[], number[], number[], number[], number[]]
    const add = (row: number, amount: number, direction: readonly number[]): void => {
      for (let j = 0; j < width; j++) data[row * width + j]! += amount * direction[j]!
    }
    for (let example = 0; example < nPairs; example++) {
      for (const response of [0, 1]) {
        const loud = noise.normal() * distractor
        // Of the response, not of the prompt: it would cancel within a pair.
        const group = noise.uniform() < 0.5 ? 1 : -1
        for (const [k, side] of [1, -1].entries()) {
          const row = 4 * example + 2 * response + k
          add(row, (side * truth * (response === 0 ? 1 : -1)) / 2, truths)
          add(row, loud, shared)
          add(row, (side * opinion * group) / 2, opinions)
          if (opinion > 0) add(row, 10 * group, groups)
          add(row, 3 * side, ending)
        }
      }
    }
    sites[site] = data
  }
  return setOfRows(rows, sites, { id: `contrasts ${seed}` })
}

/** The direction of the truth in contrast worlds. */
export function truthOf(site: string, width: number): number[] {
  return unitVector(width, "truth", site)
}

/**
 * Responses of 3 to 7 tokens behind a prompt of 2 that both share. One token, marked, holds the truth; the others speak
 * as loudly as it does, at random.
 */
export function makeTokenWorld({
  seed,
  nPairs = 150,
  width = 16,
  truth = 4,
}: {
  seed: number
  nPairs?: number
  width?: number
  truth?: number
}): ActivationSet {
  const { normal, integer } = random(seed, "token world")
  const truths = unitVector(width, "tokens", "truth")
  const marks = unitVector(width, "tokens", "mark")
  const rows: Row[] = []
  const values: number[] = []
  for (let example = 0; example < nPairs; example++) {
    const prompt = [0, 1].map(() => Array.from({ length: width }, () => 3 * normal()))
    for (const response of [0, 1]) {
      const length = 3 + integer(5)
      const marked = integer(length)
      for (let position = 0; position < 2 + length; position++) {
        rows.push({ example, response, variant: "plain", position })
        if (position < 2) {
          values.push(...prompt[position]!)
          continue
        }
        const isMarked = position - 2 === marked
        const side = isMarked ? (response === 0 ? 1 : -1) : normal()
        for (let j = 0; j < width; j++) {
          values.push(normal() + ((side * truth) / 2) * truths[j]! + (isMarked ? 6 : 0) * marks[j]!)
        }
      }
    }
  }
  return setOfRows(rows, { final: Float32Array.from(values) }, { id: `tokens ${seed}`, start: 2 })
}

/** Better where two features have the same sign: no direction tells, and a third feature is louder. */
export function makeXorWorld({ seed, nPairs = 300 }: { seed: number; nPairs?: number }): ActivationSet {
  const width = 8
  const { normal, uniform } = random(seed, "xor world")
  const rows: Row[] = []
  const values: number[] = []
  for (let example = 0; example < nPairs; example++) {
    for (const response of [0, 1]) {
      rows.push({ example, response, variant: "plain", position: 0 })
      const x = Array.from({ length: width }, () => 0.3 * normal())
      const first = uniform() < 0.5 ? 1 : -1
      x[0]! += first
      x[1]! += response === 0 ? first : -first
      x[2]! += 3 * normal()
      values.push(...x)
    }
  }
  return setOfRows(rows, { final: Float32Array.from(values) }, { id: `xor ${seed}` })
}

/** The set with its rows in another order. */
export async function shuffledRows(set: ActivationSet, seed: number): Promise<ActivationSet> {
  const n = set.rows.example.length
  const order = random(seed, "rows").shuffle(Array.from({ length: n }, (_, i) => i))
  // A set's default variant is its first row's: that row stays first.
  const moved = [0, ...order.filter((row) => row !== 0)]
  const sites: Record<string, Float32Array<ArrayBuffer>> = {}
  for (const site of set.sites) {
    const { data, width } = await set.matrix(site)
    sites[site] = Float32Array.from(
      data,
      (_, i) => data[moved[Math.floor(i / width)]! * width + (i % width)]!,
    )
  }
  const rows = moved.map((row) => ({
    example: set.rows.example[row]!,
    response: set.rows.response[row]!,
    variant: set.rows.variant[row]!,
    position: set.rows.position[row]!,
  }))
  const { distribution, responseStart } = set
  return { ...setOfRows(rows, sites, { id: distribution.id }), distribution, responseStart }
}

function unitVector(length: number, ...labels: (string | number)[]): number[] {
  const { normal } = random(0, "contrast world", ...labels)
  const values = Array.from({ length }, normal)
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}
