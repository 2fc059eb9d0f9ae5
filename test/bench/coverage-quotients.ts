// Coverage of intervals over prompts of what is made of several accuracies: differences and elicitation of one shift, and
// averages over shifts, as the tables compute them.

import { averageOverPrompts } from "../../src/benchmark/tables/over-prompts.ts"
import { combined, promptDraws, type Draw } from "../../src/benchmark/tables/prompt-draws.ts"
import { random } from "../../src/base/random.ts"
import type { Ends } from "../../src/metrics/index.ts"
import { beta, coverage, repetitions, sample, type Stream } from "./coverage-samples.ts"

/** Of an accuracy, the zero-shot accuracy on the same prompts, and a capability on prompts of its own. */
type Shares = readonly [accuracy: number, zeroShot: number, capability: number]

interface Intervals {
  readonly difference: Ends | undefined
  readonly elicitation: Ends | undefined
  readonly differential: Ends | undefined
}

const correlation = 0.5

/** Draws shifts on test splits of their own; their figures are averaged. */
function intervalsOf(
  stream: Stream,
  [accuracy, zeroShot, capability]: Shares,
  { prompts, shifts, seed }: { prompts: number; shifts: number; seed: number },
): Intervals {
  const samples = Array.from({ length: shifts }, () => {
    const own = sample(stream, prompts, accuracy, correlation)
    const reference = sample(stream, prompts, capability, correlation)
    const shares = new Map<number, number>()
    const before = Float64Array.from(own.clusters, (cluster) => {
      const share = shares.get(cluster) ?? beta(stream, zeroShot, correlation)
      shares.set(cluster, share)
      return stream.uniform() < share ? 1 : 0
    })
    return { own, before, reference }
  })
  const splits = new Map(
    samples.flatMap(({ own, reference }, k) => [
      [`target ${k}`, own.clusters],
      [`reference ${k}`, reference.clusters],
    ]),
  )
  const draws = promptDraws(splits, { nResamples: 300, seed })
  const registered = samples.map(({ own, before, reference }, k) => ({
    a: draws.add(`target ${k}`, Float64Array.from(own.outcomes)),
    b: draws.add(`target ${k}`, before),
    c: draws.add(`reference ${k}`, Float64Array.from(reference.outcomes)),
  }))
  const average = (figures: readonly Draw[]): Ends | undefined => {
    const mean = figures.reduce((sum, figure) => sum + figure.value(), 0) / figures.length
    return averageOverPrompts(figures, { mean }).overPrompts
  }
  return {
    difference: average(registered.map(({ a, b }) => combined([a, b], ([of, less]) => of! - less!))),
    elicitation: average(registered.map(({ a, c }) => combined([a, c], ([of, by]) => of! / by!))),
    differential: average(
      registered.map(({ a, b, c }) => combined([a, b, c], ([of, less, by]) => (of! - less!) / by!)),
    ),
  }
}

/** A row of each triple of accuracies and number of prompts; an average over so many shifts. */
export function quotients(
  triples: readonly Shares[],
  counts: readonly number[],
  { shifts }: { shifts: number },
): string[][] {
  return triples.flatMap((shares) =>
    counts.map((prompts) => {
      const [accuracy, zeroShot, capability] = shares
      const stream = random(0, "quotients", prompts, shifts, ...shares)
      const intervals = Array.from({ length: repetitions }, (_, seed) =>
        intervalsOf(stream, shares, { prompts, shifts, seed }),
      )
      const held = (of: keyof Intervals, truth: number): string =>
        coverage(repetitions, (r) => intervals[r]![of], truth)
      return [
        String(prompts),
        shares.join(", "),
        held("difference", accuracy - zeroShot),
        held("elicitation", accuracy / capability),
        held("differential", (accuracy - zeroShot) / capability),
      ]
    }),
  )
}
