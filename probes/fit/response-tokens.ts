// Which rows of a set with all positions are a response's own tokens.

import type { ActivationSet } from "../../activations/activation-set.ts"
import { LitmusError } from "../../src/base/errors.ts"
import type { ResponseKey } from "./response-probe.ts"

/**
 * Rows of each response from the first token of its example's responses on (see response-start.ts), in the order of
 * positions. The last token where a response is empty or is all in the prompt's tokens.
 *
 * @throws {LitmusError} if a response has no activations
 */
export async function responseTokens(
  target: ActivationSet,
  responses: readonly ResponseKey[],
): Promise<number[][]> {
  const { id, split } = target.distribution
  const { position } = target.rows
  return await Promise.all(
    responses.map(async ({ example, response }) => {
      const rows = target.rowsOf(example, response)
      if (rows.length === 0) {
        throw new LitmusError(`${id} ${split}, example ${example}: response ${response} has no activations`)
      }
      const start = await target.responseStart(example)
      const own = rows.filter((row) => position[row]! >= start)
      return own.length > 0 ? own : rows.slice(-1)
    }),
  )
}
