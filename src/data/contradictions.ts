// Pairs that no scorer can all get right: the same two responses to one prompt, preferred both ways round; and pairs
// whose two responses are the same but for white space.

import type { Example } from "./distribution.ts"
import { allPairs } from "./pairs.ts"

/** What the labels of a split allow at best. */
export interface LabelLimits {
  /** Pairs that another example of the same prompt has the other way round. */
  readonly contradicted: number
  /** The best accuracy per pair that any scorer of single responses can have; 1 without contradictions. */
  readonly bestAccuracy: number
  /** Pairs whose two responses differ in white space or Unicode normalisation alone. */
  readonly ties: number
}

/**
 * Counts contradictions and ties over all pairs of a split.
 *
 * Of two responses preferred n times one way and m times the other way, at most max(n, m) of the n + m pairs can be
 * right. Longer circles (a > b > c > a) are not looked for, so `bestAccuracy` is an upper bound.
 */
export function labelLimits(examples: readonly Example[]): LabelLimits {
  const byIndex = new Map(examples.map((example) => [example.index, example]))
  const counts = new Map<string, Map<string, number>>()
  let ties = 0
  const pairs = allPairs(examples)
  for (const { example, better, worse } of pairs) {
    const { prompt, group = prompt, responses } = byIndex.get(example)!
    const [right, wrong] = [responses[better]!.text, responses[worse]!.text]
    if (bare(right) === bare(wrong)) ties++
    const key = JSON.stringify([group, ...[right, wrong].sort()])
    const ways = counts.get(key) ?? new Map<string, number>()
    counts.set(key, ways.set(right, (ways.get(right) ?? 0) + 1))
  }
  let contradicted = 0
  let possible = 0
  for (const ways of counts.values()) {
    const [n = 0, m = 0] = ways.values()
    if (m > 0) contradicted += n + m
    possible += Math.max(n, m)
  }
  return { contradicted, bestAccuracy: possible / pairs.length, ties }
}

function bare(text: string): string {
  return text.normalize("NFC").replaceAll(/\s+/g, " ").trim()
}
