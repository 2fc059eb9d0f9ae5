// What a check of data found, in words: what weakens a figure that is measured on it, worst first.

import type { DataReport, DistributionReport, SplitReport } from "./check.ts"
import { turnsLabels } from "./suites.ts"

/** Below so many distinct prompts, intervals over prompts are wide. */
const fewPrompts = 30
/** From so many of the pairs on, choosing by length alone is said to do. */
const muchByLength = 0.8
const manyRepeats = 0.1

/** One line for each kind of finding, none where there is nothing to say. */
export function findings(report: DataReport): string[] {
  const { distributions, shifts, missing, unreadable } = report
  const shared = shifts.filter(({ inSourceTrain }) => inSourceTrain > 0)
  return [
    ...unreadable,
    ...line(
      `distributions that shifts name and that are not there (${missing.length})`,
      missing.length > 8 ? [...missing.slice(0, 8), "…"] : missing,
    ),
    ...line(
      "labels that GENIES released inverted (its tables' views as-printed and corrected turn them round)",
      distributions.filter(({ id }) => turnsLabels("corrected", id)).map(({ id }) => id),
    ),
    ...line(
      "test prompts that are also training prompts (accuracy on them is not about new prompts)",
      sortedBy(distributions, ({ testPromptsInTrain, splits: { test } }) =>
        testPromptsInTrain && test ? testPromptsInTrain / test.examples : 0,
      ).map(
        ({ id, testPromptsInTrain, splits: { test } }) => `${id} ${testPromptsInTrain} of ${test!.examples}`,
      ),
    ),
    ...line(
      "target test prompts that the source trains on",
      shared.map(
        ({ source, target, inSourceTrain, testExamples }) =>
          `${source} → ${target} ${inSourceTrain} of ${testExamples}`,
      ),
    ),
    ...line(
      `test splits of fewer than ${fewPrompts} distinct prompts (little can be shown on them)`,
      tests(distributions, ({ distinctPrompts }) => fewPrompts - distinctPrompts).map(
        ({ id, test }) => `${id} ${test.distinctPrompts}`,
      ),
    ),
    ...line(
      `test splits in which at least ${manyRepeats * 100} % of the prompts occur earlier`,
      tests(
        distributions,
        ({ examples, distinctPrompts }) => 1 - distinctPrompts / examples - manyRepeats,
      ).map(({ id, test }) => `${id} ${test.examples - test.distinctPrompts} of ${test.examples}`),
    ),
    ...line(
      "examples that occur earlier, prompt and responses",
      distributions.flatMap(({ id, splits: { train, test } }) => {
        const counts = [repeats(train, "training"), repeats(test, "test")].filter(
          (text) => text !== undefined,
        )
        return counts.length > 0 ? [`${id} ${counts.join(" and ")}`] : []
      }),
    ),
    ...line(
      "pairs that another line of the same prompt prefers the other way round (no scorer can be right on both)",
      contradictions(distributions),
    ),
    ...line(
      "pairs whose two responses are the same but for white space (neither is better)",
      bySplit(distributions, ({ limits, pairs }) =>
        limits.ties > 0 ? `${limits.ties} of ${pairs}` : undefined,
      ),
    ),
    ...line("distributions that are copies", copies(distributions)),
    ...line(
      "test splits on which choosing the longer response does (share of the pairs)",
      byLength(distributions, (accuracy) => accuracy),
    ),
    ...line(
      "test splits on which choosing the shorter response does (share of the pairs)",
      byLength(distributions, (accuracy) => 1 - accuracy),
    ),
    ...line(
      "test pairs that do not fit the context and would be left out",
      tests(distributions, ({ tokens, pairs }) => (tokens?.pairsTooLong ?? 0) / pairs).map(
        ({ id, test }) => `${id} ${test.tokens!.pairsTooLong} of ${test.pairs}`,
      ),
    ),
    ...line(
      "distributions without a training split (to test on only)",
      distributions.filter(({ splits: { train } }) => !train).map(({ id }) => id),
    ),
    ...line(
      "distributions without a test split (nothing can be tested on them)",
      distributions.filter(({ splits: { test } }) => !test).map(({ id }) => id),
    ),
    ...line(
      "metadata.json names another id than the folder",
      distributions.flatMap(({ id, metadata }) =>
        metadata && metadata.id !== null && metadata.id !== id ? [`${id} names ${metadata.id}`] : [],
      ),
    ),
  ]
}

function line(what: string, names: readonly string[]): string[] {
  return names.length > 0 ? [`${what}: ${names.join(", ")}`] : []
}

/** Those of a positive value, the largest first. */
function sortedBy<T>(items: readonly T[], value: (item: T) => number): T[] {
  return items.filter((item) => value(item) > 0).sort((a, b) => value(b) - value(a))
}

function tests(
  distributions: readonly DistributionReport[],
  value: (test: SplitReport) => number,
): { id: string; test: SplitReport }[] {
  const found = distributions.flatMap(({ id, splits: { test } }) => (test ? [{ id, test }] : []))
  return sortedBy(found, ({ test }) => value(test))
}

function byLength(distributions: readonly DistributionReport[], of: (accuracy: number) => number): string[] {
  const accuracyOf = ({ chooseLonger }: SplitReport): number => of(chooseLonger.accuracy)
  return tests(distributions, accuracyOf)
    .filter(({ test }) => accuracyOf(test) >= muchByLength)
    .map(({ id, test }) => `${id} ${(accuracyOf(test) * 100).toFixed(1)} %`)
}

function contradictions(distributions: readonly DistributionReport[]): string[] {
  return bySplit(distributions, ({ limits: { contradicted, bestAccuracy }, pairs }) =>
    contradicted > 0
      ? `${contradicted} of ${pairs}, accuracy at most ${(bestAccuracy * 100).toFixed(1)} %`
      : undefined,
  )
}

/** What there is to say of each split, behind the names of the distribution and the split. */
function bySplit(
  distributions: readonly DistributionReport[],
  describe: (split: SplitReport) => string | undefined,
): string[] {
  return distributions.flatMap(({ id, splits }) =>
    Object.entries(splits).flatMap(([name, split]) => {
      const text = describe(split)
      return text === undefined ? [] : [`${id} ${name} ${text}`]
    }),
  )
}

function repeats(split: SplitReport | undefined, name: string): string | undefined {
  return split && split.repeatedExamples > 0 ? `${split.repeatedExamples} ${name}` : undefined
}

function copies(distributions: readonly DistributionReport[]): string[] {
  return distributions.flatMap(({ id, copyOf }) => (copyOf === null ? [] : [`${id} = ${copyOf}`]))
}
