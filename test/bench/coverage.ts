// How often do intervals of a nominal 95 % hold the truth, and how often does the sign-flip test reject what is true?
// Simulated: prompts with several pairs that are alike, and shifts that share a source. Seeded; the same table every time.
// npm run bench -- coverage

import { averageOverPrompts, combined, promptDraws } from "../../src/benchmark/tables/prompt-draws.ts"
import {
  accuracyInterval,
  auroc,
  brierScore,
  clusteredMean,
  compareOverShifts,
  bootstrapMean,
  jackknifeInterval,
  rmsCalibrationError,
  studentInterval,
  type Ends,
} from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"

const repetitions = 2000

/** Share of repetitions in which the interval holds the truth, in %. */
function coverage(times: number, interval: (r: number) => Ends | undefined, truth: number): string {
  let held = 0
  for (let r = 0; r < times; r++) {
    const ends = interval(r)
    if (ends && ends.low <= truth && truth <= ends.high) held++
  }
  return ((100 * held) / times).toFixed(1)
}

interface Sample {
  readonly outcomes: number[]
  readonly clusters: number[]
}

type Stream = ReturnType<typeof random>

/** Pairs of prompts: a prompt's pairs are right with a probability of its own, beta-distributed. */
function sample(stream: Stream, prompts: number, accuracy: number, correlation: number): Sample {
  const outcomes: number[] = []
  const clusters: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    const share = beta(stream, accuracy, correlation)
    const pairs = 1 + stream.integer(4)
    for (let k = 0; k < pairs; k++) {
      outcomes.push(stream.uniform() < share ? 1 : 0)
      clusters.push(prompt)
    }
  }
  return { outcomes, clusters }
}

function beta(stream: Stream, mean: number, correlation: number): number {
  const size = 1 / correlation - 1
  const [a, b] = [gamma(stream, mean * size), gamma(stream, (1 - mean) * size)]
  return a + b > 0 ? a / (a + b) : mean
}

/** Marsaglia and Tsang 2000. */
function gamma(stream: Stream, shape: number): number {
  if (shape < 1) return gamma(stream, shape + 1) * stream.uniform() ** (1 / shape)
  const d = shape - 1 / 3
  for (;;) {
    const x = stream.normal()
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(stream.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

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

/** Other metrics: normal scores, prompts of their own difficulty. */
function otherMetrics(): string[][] {
  const draw = (
    stream: Stream,
    prompts: number,
    margin: number,
  ): { logits: number[]; clusters: number[] } => {
    const logits: number[] = []
    const clusters: number[] = []
    for (let prompt = 0; prompt < prompts; prompt++) {
      const level = margin + 0.8 * stream.normal()
      for (let k = 0; k < 3; k++) {
        logits.push(level + stream.normal())
        clusters.push(prompt)
      }
    }
    return { logits, clusters }
  }
  const metrics = {
    AUROC: {
      scale: "share",
      figure: (logits: readonly number[]) =>
        auroc(
          logits.flatMap((logit) => [logit, -logit]),
          logits.flatMap(() => [1, 0]),
        ),
    },
    "Brier score": {
      scale: "positive",
      figure: (logits: readonly number[]) => brierScore(logits.map(sigmoid)),
    },
    "calibration error": {
      scale: "square",
      figure: (logits: readonly number[]) => rmsCalibrationError(logits.map(sigmoid)),
    },
  } as const
  return Object.entries(metrics).flatMap(([name, { scale, figure }]) =>
    [1, 2.5].flatMap((margin) => {
      const truth = figure(draw(random(1, "truth", name, margin), 40_000, margin).logits)!
      return [20, 30, 100].map((prompts) => {
        const stream = random(0, "metric", name, prompts, margin)
        const interval = (): Ends | undefined => {
          const { logits, clusters } = draw(stream, prompts, margin)
          const of = (kept: Uint32Array): number | undefined => figure(Array.from(kept, (i) => logits[i]!))
          return jackknifeInterval(clusters, of, { scale })
        }
        return [name, String(prompts), truth.toFixed(3), coverage(1000, interval, truth)]
      })
    }),
  )
}

/**
 * Elicitation and differential elicitation of one shift, as the tables compute them: accuracy and zero-shot on the same
 * prompts, capability on prompts of its own.
 */
function quotients(): string[][] {
  const accuracies = [
    [0.6, 0.5, 0.9],
    [0.9, 0.7, 0.95],
  ] as const
  return accuracies.flatMap(([accuracy, zeroShot, capability]) =>
    [20, 50, 250].map((prompts) => {
      const stream = random(0, "quotients", prompts, accuracy)
      const intervals = Array.from({ length: 500 }, (_, seed) => {
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

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
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
    "Other metrics, three pairs a prompt",
    ["metric", "prompts", "true value", "coverage %"],
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
