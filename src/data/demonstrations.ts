// Few-shot prompts: every prompt preceded by answered prompts of another distribution, as GENIES writes them.

import { LitmusError, UnusableDataError } from "../base/errors.ts"
import { fingerprint } from "../base/files.ts"
import { random } from "../base/random.ts"
import type { Distribution, Example } from "./distribution.ts"

export interface DemonstrationOptions {
  /** Demonstrations before every prompt, a positive integer. */
  readonly shots: number
  readonly seed: number
  /** Draw others for every item, by (seed, item), instead of one set for all; defaults to false. */
  readonly redraw?: boolean
}

// Before every demonstration, the first included, and before the prompt.
const separator = "\n\n"

/**
 * A distribution whose prompts come after demonstrations: prompt and better response of examples of the source, drawn
 * without replacement.
 *
 * No item is its own demonstration: among the source's own items those of the one set are left out, and a redrawn set
 * never holds its item.
 *
 * @throws {LitmusError} if the source has not more examples than shots
 * Source: GENIES, interventions/few_shot/eval.py, which redraws for every item and without a seed
 */
export function withDemonstrations(
  distribution: Distribution,
  source: Distribution,
  { shots, seed, redraw = false }: DemonstrationOptions,
): Distribution {
  if (!(Number.isSafeInteger(shots) && shots > 0)) {
    throw new LitmusError(`shots: expected a positive integer, got ${shots}`)
  }
  if (source.examples.length <= shots) {
    throw new UnusableDataError(
      `${source.id} ${source.split}: expected more than ${shots} examples to draw ${shots} demonstrations from, got ${source.examples.length}`,
    )
  }
  const { id, split } = distribution
  const isSource = id === source.id && split === source.split
  const draw = (others: readonly Example[], ...item: (string | number)[]): Example[] =>
    random(seed, "demonstrations", source.id, ...item)
      .shuffle([...others])
      .slice(0, shots)
  const withPrefix = (example: Example, shown: readonly Example[]): Example => ({
    ...example,
    prompt: shown.map((one) => separator + one.prompt + better(one)).join("") + separator + example.prompt,
    group: example.group ?? example.prompt,
  })

  let examples: Example[]
  if (redraw) {
    examples = distribution.examples.map((example) => {
      const others = isSource
        ? source.examples.filter(({ index }) => index !== example.index)
        : source.examples
      return withPrefix(example, draw(others, id, split, example.index))
    })
  } else {
    const shown = draw(source.examples)
    const own = new Set(isSource ? shown.map(({ index }) => index) : [])
    const rest = distribution.examples.filter(({ index }) => !own.has(index))
    examples = rest.map((example) => withPrefix(example, shown))
  }
  const made = { source: [source.id, source.split, source.fingerprint], shots, seed, redraw }
  return {
    ...distribution,
    examples,
    fingerprint: fingerprint(["demonstrations 1", made, id, split, distribution.fingerprint]),
  }
}

function better({ responses }: Example): string {
  return responses.find(({ label }) => label === 1)!.text
}
