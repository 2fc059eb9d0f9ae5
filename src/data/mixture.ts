// Mixtures: a source's training examples with a share of a target's among them. How little of the target does it take?
// In the release's results a mixture is named alpaca_mmlu-truthful_qa-5%, holds all of the source, and beside it
// ⌊share · n⌋ of the target's n items: of all its 20 mixtures the number of evaluated pairs comes out so.

import { LitmusError, UnusableDataError } from "../base/errors.ts"
import { fingerprint } from "../base/files.ts"
import { random } from "../base/random.ts"
import type { Distribution } from "./distribution.ts"

/** What a distribution was mixed of. */
export interface MixtureParts {
  readonly source: string
  readonly target: string
  /** Of the target's examples, in (0, 1]. */
  readonly share: number
}

/** Examples of the target are numbered from here, so that no two of a mixture have one number. */
const targetIndices = 2 ** 20

/** What a mixture is called, in the release's way: `alpaca_mmlu-truthful_qa-5%`. */
export function mixtureName({ source, target, share }: MixtureParts): string {
  return `${source}-${target}-${Number((share * 100).toPrecision(12))}%`
}

/**
 * The source's examples, then ⌊share · n⌋ of the target's n, drawn without replacement and in their file's order.
 *
 * With one seed the examples of a smaller share are among those of every larger one. Examples of the target have the
 * index 2²⁰ + their own. The mixture has the source's split; a target's training examples are drawn for fitting, and
 * whether their prompts also stand in its test split is for `litmus data check` to say.
 *
 * @param options.share - of the target's examples, in (0, 1]
 * @param options.seed - names the draw
 * @returns named by `mixtureName`; the fingerprint covers both parts, the share and the seed
 * @throws {UnusableDataError} if the share comes to no example, or the two are one
 * @throws {LitmusError} if the two are not of one split or task
 */
export function mixDistributions(
  source: Distribution,
  target: Distribution,
  { share, seed }: { share: number; seed: number },
): Distribution {
  if (!(share > 0 && share <= 1)) {
    throw new LitmusError(`mixture: expected a share above 0 and at most 1, got ${share}`)
  }
  const { id, split, task, examples } = target
  if (id === source.id) throw new UnusableDataError(`mixture: expected two distributions, got ${id} twice`)
  if (split !== source.split || task !== source.task) {
    const of = (one: Distribution): string => [one.id, one.split, one.task].filter(Boolean).join(" ")
    throw new LitmusError(
      `mixture: expected two distributions of one split and task, got ${of(source)} and ${of(target)}`,
    )
  }
  // The product of 0.29 and 100 is a little less than 29.
  const n = Math.floor(share * examples.length + 1e-9)
  if (n === 0) {
    throw new UnusableDataError(
      `mixture: a share of ${share} of the ${examples.length} examples of ${id} ${split} is none: ` +
        `expected at least ${(1 / examples.length).toPrecision(2)}`,
    )
  }
  const largest = source.examples.reduce((most, { index }) => Math.max(most, index), 0)
  if (largest >= targetIndices) {
    throw new LitmusError(
      `mixture: expected a source with fewer than ${targetIndices} examples, got ${largest + 1}`,
    )
  }
  const order = random(seed, "mixture", source.id, id).shuffle(examples.map((_, i) => i))
  const drawn = new Set(order.slice(0, n))
  const added = examples.filter((_, i) => drawn.has(i))
  const parts = { source: source.id, target: id, share }
  return {
    ...source,
    id: mixtureName(parts),
    examples: [
      ...source.examples,
      ...added.map((example) => ({ ...example, index: targetIndices + example.index })),
    ],
    fingerprint: fingerprint(["mixture 1", parts, seed, source.fingerprint, target.fingerprint]),
  }
}
