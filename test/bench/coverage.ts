// How often do intervals of a nominal 95 % hold the truth, and how often does the sign-flip test reject what is true?
// Simulated: prompts with several pairs that are alike, and shifts that share a source. Seeded; the same table every time.
// npm run bench -- coverage

import { accuracyInterval, bootstrapMean, compareOverShifts } from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"
import { quotients } from "./coverage-quotients.ts"
import { otherMetrics, promptCounts } from "./coverage-metrics.ts"
import { coverage, repetitions, sample } from "./coverage-samples.ts"

function overPrompts(): string[][] {
  const rows: string[][] = []
  for (const prompts of [20, 30, 50, 100, 250]) {
    for (const correlation of [0.3, 0.6]) {
      for (const accuracy of [0.5, 0.7, 0.9, 0.95]) {
        const stream = random(0, "coverage", prompts, correlation, accuracy)
        const samples = Array.from({ length: repetitions }, () =>
          sample(stream, prompts, accuracy, correlation),
        )
        const few = samples.slice(0, 400)
        rows.push([
          String(prompts),
          String(correlation),
          String(accuracy),
          coverage(
            samples.length,
            (r) => accuracyInterval(samples[r]!.outcomes, samples[r]!.clusters),
            accuracy,
          ),
          coverage(
            few.length,
            (r) => bootstrapMean(few[r]!.outcomes, few[r]!.clusters, { nResamples: 500, seed: r }),
            accuracy,
          ),
        ])
      }
    }
  }
  return rows
}

/** Shifts of a source are alike; sources have 1 to 8 shifts. */
function overSources(): string[][] {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    "6 × 2": [2, 2, 2, 2, 2, 2],
    "8 × 2": [2, 2, 2, 2, 2, 2, 2, 2],
    "8, one of 8": [8, 1, 1, 1, 1, 1, 1, 1],
    "8, uneven": [4, 3, 2, 2, 1, 1, 1, 1],
    "10, uneven": [5, 3, 2, 1, 1, 1, 1, 1, 1, 1],
    "15, uneven": [4, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  }
  return Object.entries(shapes).flatMap(([name, sizes]) =>
    [0.3, 0.6].map((correlation) => {
      const stream = random(0, "sources", name, correlation)
      const sources = sizes.flatMap((size, source) => Array.from({ length: size }, () => String(source)))
      const draw = (): number[] =>
        sizes.flatMap((size) => {
          const own = Math.sqrt(correlation) * stream.normal()
          return Array.from({ length: size }, () => own + Math.sqrt(1 - correlation) * stream.normal())
        })
      const results = Array.from({ length: repetitions }, (_, r) =>
        compareOverShifts(draw(), sources, { nResamples: 400, seed: r })!,
      )
      const share = (
        rejects: (p: number | undefined) => boolean,
        of: (i: number) => number | undefined,
      ): string => ((100 * results.filter((__, i) => rejects(of(i))).length) / results.length).toFixed(1)
      const below = (p: number | undefined): boolean => p !== undefined && p <= 0.05
      return [
        name,
        String(correlation),
        coverage(results.length, (r) => results[r]!.overSources, 0),
        coverage(results.length, (r) => results[r]!.bootstrap.overShifts, 0),
        coverage(results.length, (r) => results[r]!.bootstrap.overSources, 0),
        share(below, (i) => results[i]!.signFlip?.p),
        share(below, (i) => results[i]!.signFlipSingly.p),
      ]
    }),
  )
}

function table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  console.log(`\n${title}\n\n${[line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n")}`)
}

/** Prints the tables of docs/coverage.md. */
export async function benchCoverage(): Promise<void> {
  table(
    "Accuracy over prompts, one to four pairs each",
    ["prompts", "intra-class correlation", "accuracy", "coverage %", "percentile bootstrap %"],
    overPrompts(),
  )
  const header = [
    "prompts",
    "accuracy, zero-shot, capability",
    "accuracy less zero-shot %",
    "elicitation %",
    "differential elicitation %",
  ]
  table(
    "Differences and elicitation of one shift, intra-class correlation 0.5",
    header,
    quotients(
      [
        [0.6, 0.5, 0.9],
        [0.9, 0.7, 0.95],
        [0.7, 0.7, 0.7],
        [0.95, 0.6, 0.95],
      ],
      [20, 30, 50, 250],
      { shifts: 1 },
    ),
  )
  table(
    "The same, averages over three shifts",
    header,
    quotients(
      [
        [0.6, 0.5, 0.9],
        [0.9, 0.7, 0.95],
      ],
      [20, 50],
      { shifts: 3 },
    ),
  )
  table(
    "Other metrics, three pairs a prompt or one better and three worse responses",
    ["metric", "true value", ...promptCounts.map((prompts) => `${prompts} prompts, %`)],
    otherMetrics(),
  )
  table(
    "Averages over shifts, by source",
    [
      "sources",
      "intra-class correlation",
      "coverage %",
      "bootstrap, shifts singly %",
      "bootstrap, by source %",
      "sign-flip by source rejects %",
      "sign-flip singly rejects %",
    ],
    overSources(),
  )
}
