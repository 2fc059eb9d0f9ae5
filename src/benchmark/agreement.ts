// Which persona did an intervention learn? On the pairs that all could score, how often do interventions, the
// likelihood rankings, the longer response and the labels prefer the same response?

import { allPairs, type Distribution, type Pair } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { agreement, cohenKappa, pairOutcomes } from "../metrics/index.ts"
import type { Intervention } from "./interventions/contract.ts"
import { lengthRanking } from "./interventions/controls.ts"
import { perTokenLikelihood, perTokenRanking, zeroShot, zeroShotRanking } from "./interventions/likelihood.ts"
import { rankPairs, type Ranking } from "./interventions/ranking.ts"
import type { Workbench } from "./workbench/workbench.ts"

/** The name of the labels in a matrix: the ranking that is always right. */
export const labelsName = "labels"

/** What somebody says of pairs. */
export interface PairRanking {
  readonly name: string
  readonly pairs: readonly Pair[]
  /** Above 0 where the better response is preferred, 0 for a tie, `[nPairs]`. */
  readonly logits: ArrayLike<number>
}

/** Agreements of all with all; rows and columns in the order of `names`, symmetric, null on the diagonal. */
export interface AgreementMatrix {
  readonly names: readonly string[]
  /** Pairs that all could score: the figures are of these. */
  readonly pairs: number
  /** Share of pairs on which two prefer the same response, a tie counting ½; with the labels: accuracy. */
  readonly share: readonly (readonly (number | null)[])[]
  /**
   * Cohen's κ. Of two rankings: agreement beyond what their accuracies alone would give, null where these are both 0
   * or both 1. With the labels, which are right everywhere, it is that of choosing the first or the second response
   * of pairs shown in both orders: 2 · accuracy − 1.
   */
  readonly kappa: readonly (readonly (number | null)[])[]
}

/**
 * The matrix of rankings' agreement with the labels and with each other.
 *
 * @throws {LitmusError} if two have one name, or no pair was scored by all
 */
export function agreementMatrix(rankings: readonly PairRanking[]): AgreementMatrix {
  const names = [labelsName, ...rankings.map(({ name }) => name)]
  const twice = names.find((name, k) => names.indexOf(name) !== k)
  if (twice !== undefined) throw new LitmusError(`agreement: expected distinct names, got "${twice}" twice`)
  const logitsOf = rankings.map(
    ({ pairs, logits }) => new Map(pairs.map((pair, k) => [keyOf(pair), logits[k]!])),
  )
  const common = (rankings[0]?.pairs ?? []).filter((pair) =>
    logitsOf.every((logits) => logits.has(keyOf(pair))),
  )
  if (common.length === 0) {
    throw new LitmusError(`agreement: no pair was scored by all of ${names.slice(1).join(", ") || "none"}`)
  }
  const outcomes = logitsOf.map((logits) => pairOutcomes(common.map((pair) => logits.get(keyOf(pair))!)))
  return { names, ...agreementOfOutcomes(outcomes) }
}

/**
 * Agreements of outcomes (1, ½, 0) on the same pairs, with the labels first.
 *
 * @param outcomes - of each ranking, `[nRankings][nPairs]`
 */
export function agreementOfOutcomes(outcomes: readonly Float64Array[]): Omit<AgreementMatrix, "names"> {
  const pairs = outcomes[0]?.length ?? 0
  const all = [new Float64Array(pairs).fill(1), ...outcomes]
  const matrix = (figure: (i: number, j: number) => number | null): (number | null)[][] =>
    all.map((_, i) => all.map((_other, j) => (i === j ? null : figure(i, j))))
  const shareOf = (i: number, j: number): number => agreement(all[i]!, all[j]!)
  return {
    pairs,
    share: matrix(shareOf),
    kappa: matrix((i, j) =>
      i === 0 || j === 0 ? 2 * shareOf(i, j) - 1 : (cohenKappa(all[i]!, all[j]!) ?? null),
    ),
  }
}

/**
 * Fits interventions on a source and compares what they say of a target's pairs, with zero-shot and per-token
 * likelihood and the longer response beside them.
 */
export async function compareInterventions(
  bench: Workbench,
  interventions: readonly Intervention[],
  { source, target }: { source: string; target: string },
): Promise<AgreementMatrix> {
  const train = await bench.distribution(source, "train")
  const test = await bench.distribution(target, "test")
  const asked = allPairs(test.examples)
  const rankings: PairRanking[] = []
  // Rankings say what they say without being fitted: the slope of their probability does not change it.
  for (const [name, ranking] of references) {
    rankings.push({ name, ...(await rankedBy(bench, ranking, test, asked)) })
  }
  for (const intervention of interventions) {
    if (references.some(([name]) => name === intervention.name)) continue
    const fitted = await intervention.fit(bench, train)
    const { pairs, logits } = await fitted.score(bench, test, asked)
    rankings.push({ name: intervention.name, pairs, logits })
  }
  return agreementMatrix(rankings)
}

const references: readonly (readonly [name: string, ranking: Ranking])[] = [
  [zeroShot.name, zeroShotRanking],
  [perTokenLikelihood.name, perTokenRanking],
  ["longer", lengthRanking],
]

async function rankedBy(
  bench: Workbench,
  ranking: Ranking,
  target: Distribution,
  asked: readonly Pair[],
): Promise<{ pairs: Pair[]; logits: Float64Array }> {
  return rankPairs(await ranking.score(bench, target), asked)
}

function keyOf({ example, better, worse }: Pair): string {
  return `${example} ${better} ${worse}`
}
