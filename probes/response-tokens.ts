// Which rows of a set with all positions are a response's own tokens. A row does not say whether its token is the
// prompt's; but the responses of an example have the prompt in common, and at its tokens the same activations.

import type { ActivationSet } from "../activations/activation-set.ts"
import { LitmusError } from "../src/errors.ts"
import type { ResponseKey } from "./response-probe.ts"
import type { Unit } from "./selection.ts"

// A prompt that was run twice, in two packed rows, differs in its last digits; stored in 16 bits, in the third.
const sameActivation = 5e-3

/**
 * Rows of each response from the first token on at which the responses of its example differ; the whole sequence where
 * an example has one response only, the last token where they do not differ.
 *
 * @throws {LitmusError} if a response has no activations
 */
export async function responseTokens(
  target: ActivationSet,
  { site, begin, width }: Pick<Unit, "site" | "begin" | "width">,
  responses: readonly ResponseKey[],
): Promise<number[][]> {
  const { data, width: stride } = await target.matrix(site)
  const differ = (a: number, b: number): boolean => {
    let difference = 0
    let size = 0
    for (let j = begin; j < begin + width; j++) {
      difference += (data[a * stride + j]! - data[b * stride + j]!) ** 2
      size += data[a * stride + j]! ** 2
    }
    return !(difference <= sameActivation ** 2 * size)
  }
  const shared = new Map<number, number>()
  const counts = new Map(target.distribution.examples.map(({ index, responses: all }) => [index, all.length]))
  const sharedOf = (example: number): number => {
    let found = shared.get(example)
    if (found === undefined) {
      const all = Array.from({ length: counts.get(example) ?? 0 }, (_, k) =>
        target.rowsOf(example, k),
      ).filter((rows) => rows.length > 0)
      const [first = [], ...others] = all
      const shortest = Math.min(...all.map(({ length }) => length))
      found = 0
      while (found < shortest && others.every((rows) => !differ(first[found!]!, rows[found!]!))) found++
      if (others.length === 0) found = 0
      shared.set(example, found)
    }
    return found
  }
  return responses.map(({ example, response }) => {
    const rows = target.rowsOf(example, response)
    if (rows.length === 0) {
      throw new LitmusError(
        `${target.distribution.id} ${target.distribution.split}, example ${example}: response ${response} has no activations`,
      )
    }
    const from = sharedOf(example)
    // A response that is the beginning of another has no token of its own: its last one stands for it.
    return rows.slice(Math.min(from, rows.length - 1))
  })
}
