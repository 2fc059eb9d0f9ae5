// Where a response begins, and where it ends. Prompt and response are tokenised as one text, so they can meet inside a
// token: after "The dog was " most tokenizers write " happy" as one token, but "3" as a token of its own after a lone
// space. Begun each at its own first token, one response would pay for the space and the other would not. So the
// responses of a prompt begin together:
//
//   start = min over the example's responses r of |common prefix of tokens(prompt) and tokens(prompt + r)|
//
// Up to there all of them have the same tokens, hence for any two responses a and b
//   log P(a | prompt) − log P(b | prompt) = log P(prompt + a) − log P(prompt + b).
// The start depends on the prompt, the template and all responses that the distribution lists for the example, also
// those that do not fit the context; not on which pairs or examples were selected. Where no token spans the join, it is
// the first token after the prompt.
//
// What a template adds after a response can share a token with it, too (".\n\n"). That token is still the response's, as
// the one at its start is.

import type { Distribution, Example } from "../data/distribution.ts"
import type { Stimulus, StimulusVariant } from "../data/stimulus.ts"
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts"
import { commonPrefix } from "../rows/trie.ts"

/** An example under one variant of a stimulus, as token sequences. */
export interface TokenisedExample {
  readonly example: Example
  readonly variant: StimulusVariant
  /** The whole text with each response, in the example's order. */
  readonly texts: readonly TokenisedText[]
  /** First token of every response. */
  readonly start: number
  /** Whether a response shares later tokens with the prompt alone, or its last with what follows it. */
  readonly isSplit: boolean
}

/** A text in tokens. */
export interface TokenisedText {
  readonly text: string
  readonly tokens: Int32Array
  /** One past the last token of the response. */
  readonly end: number
  /** Whether the response's last token has a part in what follows it. */
  readonly isEndSplit: boolean
}

/** Tokenises a distribution, example by example and variant by variant. */
export function* tokeniseExamples(
  { examples }: Pick<Distribution, "examples">,
  { variants }: Stimulus,
  tokenizer: Tokenizer,
): Generator<TokenisedExample> {
  for (const example of examples) {
    for (const variant of variants) {
      const prefix = tokenizer.encode(variant.render(example.prompt, "").prefix)
      const texts = example.responses.map((response) => {
        const { prefix: before, text } = variant.render(example.prompt, response.text)
        return tokeniseText(text, before + response.text, tokenizer)
      })
      const shared = texts.map(({ tokens }) => commonPrefix(prefix, tokens))
      const start = Math.min(...shared)
      const isSplit = shared.some((count) => count > start) || texts.some(({ isEndSplit }) => isEndSplit)
      yield { example, variant, texts, start, isSplit }
    }
  }
}

/** @param spoken - the text up to the response's end */
function tokeniseText(text: string, spoken: string, tokenizer: Tokenizer): TokenisedText {
  const tokens = tokenizer.encode(text)
  if (spoken === text) return { text, tokens, end: tokens.length, isEndSplit: false }
  const upToEnd = tokenizer.encode(spoken)
  const shared = commonPrefix(upToEnd, tokens)
  // A tokenizer may write a token at the end of every text.
  const written = upToEnd.at(-1) === tokenizer.encode("").at(-1) ? 1 : 0
  if (shared >= upToEnd.length - written) return { text, tokens, end: shared, isEndSplit: false }
  const length = (ids: Int32Array): number => tokenizer.decode(ids).length
  const spokenLength = length(upToEnd.subarray(0, upToEnd.length - written))
  let end = shared
  while (end < tokens.length && length(tokens.subarray(0, end)) < spokenLength) end++
  return { text, tokens, end, isEndSplit: end > shared }
}

/** Where the responses of a distribution begin. */
export interface ResponseStarts {
  /** First token of the responses of an example, by `Example.index` and the name of a variant. */
  startOf(example: number, variant: string): number
  /**
   * Examples and variants of which a response alone would begin later than all its example's responses do, or shares its
   * last token with what follows it.
   */
  readonly nSplit: number
  /** Examples and variants whose responses begin at the very first token, which nothing precedes. */
  readonly nUnpreceded: number
}

/** Finds where the responses of a distribution begin. */
export function findResponseStarts(
  distribution: Pick<Distribution, "examples">,
  stimulus: Stimulus,
  tokenizer: Tokenizer,
): ResponseStarts {
  const starts = new Map<string, number>()
  let nSplit = 0
  let nUnpreceded = 0
  for (const { example, variant, start, isSplit } of tokeniseExamples(distribution, stimulus, tokenizer)) {
    starts.set(`${example.index} ${variant.name}`, start)
    if (isSplit) nSplit++
    if (start === 0) nUnpreceded++
  }
  return { startOf: (example, variant) => starts.get(`${example} ${variant}`) ?? 0, nSplit, nUnpreceded }
}
