// The token sequences whose likelihood is asked for, and which of their tokens are scored.

import { makeSequences, type Sequence, type SkippedSequence } from "../sequences/sequences.ts"
import { stimulus, type Distribution } from "../data/index.ts"
import { fingerprint } from "../base/files.ts"
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts"

/**
 * What is scored of a prompt and a response.
 *
 * - `response given prompt`: the response and the end-of-sequence token, given the prompt
 * - `response alone`: the response as a text of its own, from its first token on
 * - `whole text`: prompt and response as one text
 *
 * The last two are texts found anywhere, not answers: they need not end, so no end-of-sequence token is scored.
 */
export type ScoredPart = "response given prompt" | "response alone" | "whole text"

export interface ScoredSequence extends Sequence {
  /** First token that is scored, at least 1; all after it are. */
  readonly scoredFrom: number
}

/**
 * Tokenises every response of a distribution for scoring. Prompt and response are tokenised together, with the
 * tokenizer's own start token; GENIES tokenises them apart and without one.
 *
 * All responses of a prompt are scored from one token on, so that their log-probabilities differ as those of the whole
 * texts do: see response-start.ts.
 *
 * A model whose tokenizer writes no start token saw texts separated by its end-of-sequence token. This one comes before
 * a text scored from its first token, which so has a probability too.
 *
 * @param options.contextLength - longest sequence to keep, in tokens, the end-of-sequence token included
 * @param options.endToken - the end-of-sequence token; where there is none, none is scored, and the first token of a
 *   text without a start token has no probability
 * @returns sequences with at least one scored token; a response without any (an empty one) is among the skipped
 */
export function scoredSequences(
  distribution: Distribution,
  tokenizer: Tokenizer,
  part: ScoredPart,
  { contextLength, endToken }: { contextLength: number; endToken: number | undefined },
): { sequences: ScoredSequence[]; skipped: SkippedSequence[] } {
  const isAnswer = part === "response given prompt"
  const end = isAnswer && endToken !== undefined ? [endToken] : []
  const made = makeSequences(
    part === "response alone" ? withoutPrompts(distribution) : distribution,
    stimulus("plain"),
    isAnswer ? tokenizer : withStart(tokenizer, endToken),
    { contextLength: contextLength - end.length },
  )
  const skipped = made.skipped.map((left) => ({ ...left, nTokens: left.nTokens + end.length }))
  const sequences: ScoredSequence[] = []
  for (const sequence of made.sequences) {
    const { example, response, variant, responseBegin, responseEnd } = sequence
    // A tokenizer that ends texts itself has written the token already.
    const isEnded = sequence.tokens.at(-1) === endToken
    // Nothing precedes a response that begins at the first token.
    const start = isAnswer && responseBegin === 0 && endToken !== undefined ? [endToken] : []
    const tokens = Int32Array.from([...start, ...sequence.tokens, ...(isEnded ? [] : end)])
    const scoredFrom = isAnswer ? Math.max(1, responseBegin) : 1
    if (scoredFrom < tokens.length && tokens.length <= contextLength) {
      sequences.push({
        ...sequence,
        tokens,
        scoredFrom,
        responseBegin: responseBegin + start.length,
        responseEnd: responseEnd + start.length,
      })
    } else skipped.push({ example, response, variant, nTokens: tokens.length })
  }
  return { sequences, skipped }
}

/** A tokenizer that begins texts with the start token where the model's own writes none. */
function withStart(tokenizer: Tokenizer, start: number | undefined): Tokenizer {
  if (start === undefined || tokenizer.encode("").length > 0) return tokenizer
  return {
    ...tokenizer,
    encode: (text, options) => Int32Array.from([start, ...tokenizer.encode(text, options)]),
  }
}

function withoutPrompts(distribution: Distribution): Distribution {
  return {
    ...distribution,
    examples: distribution.examples.map((example) => ({ ...example, prompt: "" })),
    fingerprint: fingerprint(["without prompts", distribution.fingerprint]),
  }
}
