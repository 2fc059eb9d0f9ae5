// Rankings: a score for every single response, without anything fitted but the slope of the probability. Likelihood,
// perplexity, few-shot and length are rankings.

import {
  calibratedLogits,
  fitAntisymmetric,
  sigmoid,
  type Calibrator,
} from "../../../probes/contract/calibrator.ts"
import { allPairs, type Distribution, type Pair } from "../../data/index.ts"
import { UnusableDataError } from "../../base/errors.ts"
import type { OptionSpecs, OptionValues } from "../../base/options.ts"
import type { FittedIntervention, InterventionKind, Scores } from "./contract.ts"
import type { Workbench } from "../workbench/workbench.ts"

/** The score of one response, higher for better. */
export interface ScoredResponse {
  /** `Example.index`. */
  readonly example: number
  /** Place of the response in its example. */
  readonly response: number
  readonly label: 0 | 1
  readonly score: number
}

export interface Ranking {
  /** What the score is, in words. */
  readonly describe: string
  /** Whether the score depends on where the responses begin. */
  readonly asksForStarts?: boolean
  /** What to do when no response can be scored. */
  readonly advice?: string
  /** Scores of a distribution's responses; those that cannot be scored are missing. */
  score(bench: Workbench, distribution: Distribution): Promise<readonly ScoredResponse[]>
}

/** The pairs of which both responses have a score, and the differences of the scores, better minus worse. */
export function rankPairs(
  responses: readonly ScoredResponse[],
  asked: readonly Pair[],
): { pairs: Pair[]; logits: Float64Array } {
  const scoreOf = new Map(responses.map(({ example, response, score }) => [`${example} ${response}`, score]))
  const pairs: Pair[] = []
  const logits: number[] = []
  for (const pair of asked) {
    const better = scoreOf.get(`${pair.example} ${pair.better}`)
    const worse = scoreOf.get(`${pair.example} ${pair.worse}`)
    if (better === undefined || worse === undefined) continue
    pairs.push(pair)
    logits.push(better - worse)
  }
  return { pairs, logits: Float64Array.from(logits) }
}

/**
 * Fits the probability of a ranking: p = σ(k · difference of scores), k on all pairs of the source, so that nothing
 * depends on the seed that the ranking does not. Swapping the responses turns p into 1 − p, and which response is preferred does not depend on k.
 *
 * GENIES fits nothing: its probability is the softmax over the two responses' log-probabilities, each divided by the
 * length of the longer sequence of the two, prompt included.
 */
export async function fitRanking(
  bench: Workbench,
  source: Distribution,
  ranking: Ranking,
): Promise<FittedIntervention> {
  const asked = allPairs(source.examples)
  const { logits } = rankPairs(await ranking.score(bench, source), asked)
  if (logits.length === 0) {
    throw new UnusableDataError(
      `${source.id} ${source.split}: none of its ${asked.length} pairs can be scored by ${ranking.describe} ` +
        `in the model's context of ${bench.model.bundle.architecture.contextLength} tokens${ranking.advice ? `: ${ranking.advice}` : ""}`,
    )
  }
  const calibrator = fitAntisymmetric(logits)
  const slope = calibratedLogits(calibrator, [1])[0]!
  return {
    summary: `ranks by ${ranking.describe}; p = σ(k · difference), k = ${slope.toPrecision(3)} from ${logits.length} pairs`,
    score: scoringBy(ranking, calibrator),
  }
}

/** Scores distributions by a ranking, with probabilities of a calibrator. */
export function scoringBy(ranking: Ranking, calibrator: Calibrator): FittedIntervention["score"] {
  return async (bench, distribution, asked): Promise<Scores> => {
    const responses = await ranking.score(bench, distribution)
    const ranked = rankPairs(responses, asked)
    return {
      ...ranked,
      probabilities: calibratedLogits(calibrator, ranked.logits).map(sigmoid),
      responses: {
        scores: responses.map(({ score }) => score),
        labels: responses.map(({ label }) => label),
        examples: responses.map(({ example }) => example),
      },
    }
  }
}

/** 1: the slope of the probability is fitted on all pairs of the source, before on a seeded one of every example. */
export const rankingRevision = 1

/** A kind of intervention that ranks responses one by one, as no seed decides. */
export function rankingKind<Specs extends OptionSpecs>(
  {
    name,
    description,
    departures = [],
    traits,
  }: Pick<InterventionKind, "name" | "description" | "departures" | "traits">,
  options: Specs,
  rank: (options: OptionValues<Specs>) => Ranking,
): InterventionKind {
  return {
    name,
    description,
    departures,
    traits: { ...traits, measuresCapability: false },
    options,
    make: (values) => {
      const ranking = rank(values as OptionValues<Specs>)
      return {
        name,
        description,
        options: values,
        seedless: true,
        revision: rankingRevision,
        ...(ranking.asksForStarts === true ? { responsesOf: (_bench, _source, read) => read } : {}),
        fit: (bench, source) => fitRanking(bench, source, ranking),
      }
    },
  }
}
