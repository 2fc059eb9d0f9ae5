// What an intervention gets that looks at no response: what an accuracy has to be above to be one.

import { yesIsRight, type Distribution, type Pair } from "../data/index.ts"

/** Accuracies by chance, as shares. */
export interface Chance {
  /** Per pair: ½, a coin's; of the truthfulness task that of the more frequent answer, given to everything. */
  readonly pairs: number
  /** Per prompt, whose better response must beat all others: the mean of 1 / (number of its responses), likewise. */
  readonly prompts: number
}

/** Chance on the scored pairs of a distribution. */
export function chanceOf(distribution: Distribution, pairs: readonly Pair[]): Chance {
  if (distribution.task === "truthfulness") {
    const right = yesIsRight(distribution, pairs).reduce((sum, isYes) => sum + isYes, 0) / pairs.length
    const share = Math.max(right, 1 - right)
    return { pairs: share, prompts: share }
  }
  const worse = new Map<number, number>()
  for (const { example } of pairs) worse.set(example, (worse.get(example) ?? 0) + 1)
  const shares = [...worse.values()].map((n) => 1 / (n + 1))
  return { pairs: 0.5, prompts: shares.reduce((sum, share) => sum + share, 0) / shares.length }
}
