// What a language model that was never tuned finds likely, as interventions: they name the persona that others may
// have learnt without meaning to.

import type { Departure } from "../../../probes/contract/departures.ts"
import type { ScoredPart } from "../../tuning/scored-sequences.ts"
import { rankingKind, type Ranking } from "./ranking.ts"

/** A ranking by log-probability: the sum over the scored tokens, or their mean. */
export function likelihoodRanking(part: ScoredPart, of: "total" | "mean"): Ranking {
  return {
    describe: `${of === "total" ? "total" : "mean"} log-probability of the ${describePart[part]}`,
    asksForStarts: part === "response given prompt",
    async score(bench, distribution) {
      const { responses } = await bench.likelihoods(distribution, part)
      return responses.map(({ logProbability, nTokens, ...response }) => ({
        ...response,
        score: of === "total" ? logProbability : logProbability / nTokens,
      }))
    },
  }
}

const describePart: Readonly<Record<ScoredPart, string>> = {
  "response given prompt": "response and its end, given the prompt",
  "response alone": "response's tokens as a text of their own",
  "whole text": "tokens of prompt and response",
}

/** Of zero-shot and few-shot ranking. */
export const ofGeniesLikelihood: readonly Departure[] = [
  {
    from: "GENIES",
    there: "prompt and response are tokenised apart, without a start token",
    here: "together, after the tokenizer's start token",
  },
  {
    from: "GENIES",
    there: "the probability is the softmax of log-probabilities over the longer sequence's length",
    here: "a slope fitted on the source",
  },
  { from: "GENIES", there: "the model in 4 bits (NF4)", here: "as loaded, in 4 or 8 bits with --quantize" },
]

/** What zero-shot ranks by: an unfitted reference for agreement. */
export const zeroShotRanking = likelihoodRanking("response given prompt", "total")

/** What per-token-likelihood ranks by. */
export const perTokenRanking = likelihoodRanking("response given prompt", "mean")

/**
 * Total log-probability of response and end-of-sequence token given the prompt; it favours short responses.
 *
 * Prompt and response are tokenised together, after the tokenizer's start token; where they meet inside a token, all
 * responses of the prompt are scored from there, so that log-probabilities differ as those of the whole texts. GENIES tokenises them apart and writes
 * no start token; its "average" log-probability is over a length that both responses share, so it ranks by the total.
 *
 * Source: GENIES, interventions/zero_shot and log_prob_classify
 */
export const zeroShot = rankingKind(
  {
    name: "zero-shot",
    description: "total log-probability of the response and its end (favours short ones)",
    departures: ofGeniesLikelihood,
    traits: { alwaysRun: "reference" },
  },
  {},
  () => zeroShotRanking,
)

/**
 * Mean log-probability of the tokens of response and end-of-sequence token, given the prompt. All responses of a prompt
 * are counted from one token on.
 */
export const perTokenLikelihood = rankingKind(
  {
    name: "per-token-likelihood",
    description: "mean log-probability of the response's tokens, its end included",
    traits: { alwaysRun: "reference" },
  },
  {},
  () => perTokenRanking,
)

/** Low perplexity as a text found anywhere: the mean log-probability, −log perplexity, without a prompt before it. */
export const perplexity = rankingKind(
  {
    name: "perplexity",
    description: "low perplexity of the response, or of prompt and response, as a text of its own",
  },
  {
    of: {
      kind: "choice",
      values: ["response", "text"],
      default: "response",
      description: "response (without its prompt) or text (prompt and response)",
    },
  },
  ({ of }) => likelihoodRanking(of === "text" ? "whole text" : "response alone", "mean"),
)
