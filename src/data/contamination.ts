// Test prompts that were trained on: accuracy on them is not about new prompts.

import { keepExamples, type Distribution, type Example } from "./distribution.ts"

/**
 * The test examples whose prompt is also a training prompt, by its whole text (of the truthfulness task: the prompt
 * that the question is about).
 *
 * @returns their `Example.index`
 */
export function seenInTraining(
  train: Pick<Distribution, "examples">,
  test: Pick<Distribution, "examples">,
): Set<number> {
  const known = new Set(train.examples.map(promptOf))
  return new Set(test.examples.filter((example) => known.has(promptOf(example))).map(({ index }) => index))
}

/** Share of the test examples that {@link seenInTraining} finds, in [0, 1]. */
export function contaminationOf(
  train: Pick<Distribution, "examples">,
  test: Pick<Distribution, "examples">,
): number {
  return seenInTraining(train, test).size / test.examples.length
}

/**
 * A test split without the examples of these indices.
 *
 * @throws {UnusableDataError} if none is left
 */
export function dropSeen(test: Distribution, seen: ReadonlySet<number>): Distribution {
  if (seen.size === 0) return test
  const kept = test.examples.map(({ index }) => index).filter((index) => !seen.has(index))
  return keepExamples(test, new Set(kept))
}

function promptOf({ prompt, group = prompt }: Example): string {
  return group
}
