// How often do intervals of a nominal 95 % hold the truth, and how often does the sign-flip test reject what is true?
// Simulated: prompts with several pairs that are alike, and shifts that share a source. Seeded; the same table every time.
// npm run bench -- coverage

import { averageOverPrompts } from "../../src/benchmark/tables/over-prompts.ts"
import { combined, promptDraws } from "../../src/benchmark/tables/prompt-draws.ts"
import {
  accuracyInterval,
  bootstrapMean,
  clusteredMean,
  compareOverShifts,
  studentInterval,
  type Ends,
} from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"
import { otherMetrics, promptCounts } from "./coverage-metrics.ts"
import { beta, coverage, repetitions, sample } from "./coverage-samples.ts"

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

/** Two interventions on the same prompts: the difference of their accuracies. */
function pairedDifferences(): string[][] {
  const rows: string[][] = []
  for (const prompts of [20, 50, 250]) {
    for (const [first, second] of [
      [0.7, 0.7],
      [0.9, 0.8],
      [0.95, 0.6],
    ] as const) {
      const stream = random(0, "differences", prompts, first, second)
      const interval = (): Ends | undefined => {
        const { clusters, outcomes } = sample(stream, prompts, first, 0.5)
        const shares = new Map<number, number>()
        const differences = outcomes.map((outcome, i) => {
          const cluster = clusters[i]!
          const share = shares.get(cluster) ?? beta(stream, second, 0.5)
          shares.set(cluster, share)
          return outcome - (stream.uniform() < share ? 1 : 0)
        })
        return studentInterval(clusteredMean(differences, clusters))
      }
      rows.push([String(prompts), `${first} − ${second}`, coverage(repetitions, interval, first - second)])
    }
  }
  return rows
}

/**
 * Elicitation and differential elicitation of one shift, as the tables compute them: accuracy and zero-shot on the same
 * prompts, capability on prompts of its own.
 */
function quotients(): string[][] {
  const accuracies = [
    [0.6, 0.5, 0.9],
    [0.9, 0.7, 0.95],
    [0.7, 0.7, 0.7],
    [0.95, 0.5, 0.95],
  ] as const
  return accuracies.flatMap(([accuracy, zeroShot, capability]) =>
    [20, 30, 50, 250].map((prompts) => {
      const stream = random(0, "quotients", prompts, accuracy, zeroShot)
      const intervals = Array.from({ length: repetitions }, (_, seed) => {
        const own = sample(stream, prompts, accuracy, 0.5)
        const reference = sample(stream, prompts, capability, 0.5)
        const shares = new Map<number, number>()
        const before = Float64Array.from(own.clusters, (cluster) => {
          const share = shares.get(cluster) ?? beta(stream, zeroShot, 0.5)
          shares.set(cluster, share)
          return stream.uniform() < share ? 1 : 0
        })
        const splits = new Map([
          ["target", own.clusters],
          ["reference", reference.clusters],
        ])
        const draws = promptDraws(splits, { nResamples: 300, seed })
        const a = draws.add("target", Float64Array.from(own.outcomes))
        const b = draws.add("target", before)
        const c = draws.add("reference", Float64Array.from(reference.outcomes))
        const [meanA, meanB, meanC] = [meanOf(own.outcomes), meanOf(before), meanOf(reference.outcomes)]
        const quotient = combined([a, c], ([of, by]) => of! / by!)
        const difference = combined([a, b, c], ([of, less, by]) => (of! - less!) / by!)
        return {
          elicitation: averageOverPrompts([quotient], { mean: meanA / meanC }).overPrompts,
          differential: averageOverPrompts([difference], { mean: (meanA - meanB) / meanC }).overPrompts,
        }
      })
      return [
        String(prompts),
        `${accuracy}, ${zeroShot}, ${capability}`,
        coverage(intervals.length, (r) => intervals[r]!.elicitation, accuracy / capability),
        coverage(intervals.length, (r) => intervals[r]!.differential, (accuracy - zeroShot) / capability),
      ]
    }),
  )
}

function meanOf(outcomes: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < outcomes.length; i++) sum += outcomes[i]!
  return sum / outcomes.length
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
      const results = Array.from({ length: 1000 }, (_, r) =>
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
  table(
    "Difference of two accuracies on the same prompts, intra-class correlation 0.5",
    ["prompts", "accuracies", "coverage %"],
    pairedDifferences(),
  )
  table(
    "Elicitation and differential elicitation of one shift, intra-class correlation 0.5",
    ["prompts", "accuracy, zero-shot, capability", "elicitation %", "differential %"],
    quotients(),
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
