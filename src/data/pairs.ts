// Pairs: the better response of an example against one of its worse ones. Fitting takes one seeded pair an example,
// evaluation takes all. Pairs of equal prompts are not independent: splits and intervals go by prompt text.

import { LitmusError, UnusableDataError } from "../base/errors.ts"
import { random } from "../base/random.ts"
import type { Example } from "./distribution.ts"

/** The better response of an example and a worse one. */
export interface Pair {
  /** `Example.index`: the position in the file, not in a selection. */
  readonly example: number
  /** Index of the better response in `Example.responses`. */
  readonly better: number
  /** Index of the worse response in `Example.responses`. */
  readonly worse: number
}

/** Every pair of every example, in the file's order. */
export function allPairs(examples: readonly Example[]): Pair[] {
  return examples.flatMap(pairsOf)
}

/**
 * One pair an example, against a worse response drawn at random.
 *
 * The draw depends on the seed, the distribution and the example alone: a selection gets the pairs of the whole.
 *
 * @param options.seed - names the draw
 * @param options.distribution - the id of the distribution, so that two distributions do not share their draws
 */
export function onePairPerExample(
  examples: readonly Example[],
  { seed, distribution }: { seed: number; distribution: string },
): Pair[] {
  return examples.map((example) => {
    const pairs = pairsOf(example)
    return pairs[random(seed, "pairs", distribution, example.index).integer(pairs.length)]!
  })
}

/**
 * Splits examples in two so that equal prompts are on one side; both sides keep the file's order and neither is
 * empty.
 *
 * Whole prompts go to the first side, in seeded order, where that brings it nearer to its share. The shares are exact
 * where prompts are distinct and can be far off where a few prompts have most of the examples.
 *
 * @param options.seed - names the split
 * @param options.share - the first side's share of the examples, in (0, 1), defaults to 0.7
 * @returns the first and the second side
 * @throws {LitmusError} if there are not at least two distinct prompts
 */
export function splitByPrompt(
  examples: readonly Example[],
  { seed, share = 0.7 }: { seed: number; share?: number },
): [first: Example[], second: Example[]] {
  if (!(share > 0 && share < 1))
    throw new LitmusError(`share: expected a number between 0 and 1, got ${share}`)
  const clusters = clusterByPrompt(examples)
  const sizes: number[] = []
  for (const cluster of clusters) sizes[cluster] = (sizes[cluster] ?? 0) + 1
  if (sizes.length < 2) {
    throw new UnusableDataError(
      `splitByPrompt: expected at least 2 distinct prompts, got ${sizes.length} in ${examples.length} examples`,
    )
  }
  const goal = Math.round(share * examples.length)
  const first = new Set<number>()
  let size = 0
  const order = random(seed, "split by prompt").shuffle(sizes.map((_, cluster) => cluster))
  for (const [i, cluster] of order.entries()) {
    const nearer = Math.abs(size + sizes[cluster]! - goal) < Math.abs(size - goal)
    const isLast = i === order.length - 1
    if (isLast ? first.size === 0 || (nearer && first.size < i) : nearer) {
      first.add(cluster)
      size += sizes[cluster]!
    }
  }
  return [
    examples.filter((_, i) => first.has(clusters[i]!)),
    examples.filter((_, i) => !first.has(clusters[i]!)),
  ]
}

/**
 * The cluster of each example: equal prompt texts share one (equal groups, where examples were made of others);
 * numbered from 0 as they first occur.
 */
export function clusterByPrompt(examples: readonly Example[]): number[] {
  const clusters = new Map<string, number>()
  return examples.map(({ prompt, group = prompt }) => {
    const cluster = clusters.get(group) ?? clusters.size
    clusters.set(group, cluster)
    return cluster
  })
}

/**
 * The ranking "choose the longer response": length of the better minus length of the worse, in code points.
 *
 * Antisymmetric: swapping the responses flips the sign; 0 is a tie.
 *
 * @param source - holds the examples of the pairs: a distribution or a selection
 * @returns one score a pair, positive where the better response is the longer
 * @throws {LitmusError} if a pair is of an example that is not there
 */
export function chooseLonger(
  source: { readonly examples: readonly Example[] },
  pairs: readonly Pair[],
): number[] {
  const examples = new Map(source.examples.map((example) => [example.index, example]))
  const lengthOf = ({ example, response }: { example: number; response: number }): number => {
    const found = examples.get(example)?.responses[response]
    if (found === undefined) {
      throw new LitmusError(
        `chooseLonger: expected pairs of the examples, got example ${example}, response ${response}`,
      )
    }
    return Array.from(found.text).length
  }
  return pairs.map(
    ({ example, better, worse }) =>
      lengthOf({ example, response: better }) - lengthOf({ example, response: worse }),
  )
}

function pairsOf({ index, responses }: Example): Pair[] {
  const better = responses.findIndex(({ label }) => label === 1)
  return responses.flatMap(({ label }, worse) => (label === 0 ? [{ example: index, better, worse }] : []))
}
