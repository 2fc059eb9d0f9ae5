// The token sequences of a distribution under a stimulus: one for every response and variant. Those that do not
// fit the model's context are named and left out, never cut.

import type { Distribution } from "../data/distribution.ts"
import type { Stimulus } from "../data/stimulus.ts"
import { LitmusError } from "../base/errors.ts"
import { sha256 } from "../base/files.ts"
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts"
import { tokeniseExamples } from "./response-start.ts"

export interface Sequence {
  /** `Example.index`. */
  readonly example: number
  /** Place of the response in its example. */
  readonly response: number
  readonly variant: string
  readonly label: 0 | 1
  readonly tokens: Int32Array
  /** First token of the response: one for all responses of an example, as response-start.ts has it. */
  readonly responseBegin: number
  /** One past the last token that the response has a part in. */
  readonly responseEnd: number
  /** Of the text, 16 hexadecimal digits. */
  readonly textHash: string
}

/** A sequence that was left out because it is longer than the model's context. */
export interface SkippedSequence {
  readonly example: number
  readonly response: number
  readonly variant: string
  readonly nTokens: number
}

/**
 * Tokenises every response of a distribution. Prompt and response are tokenised together, as one text.
 *
 * @param options.contextLength - longest sequence to keep, in tokens
 */
export function makeSequences(
  distribution: Distribution,
  stimulus: Stimulus,
  tokenizer: Tokenizer,
  { contextLength }: { contextLength: number },
): { sequences: Sequence[]; skipped: SkippedSequence[] } {
  const sequences: Sequence[] = []
  const skipped: SkippedSequence[] = []
  for (const { example, variant, texts, start } of tokeniseExamples(distribution, stimulus, tokenizer)) {
    const { index } = example
    for (const [response, { text, tokens, end }] of texts.entries()) {
      const { label } = example.responses[response]!
      if (tokens.length === 0) {
        throw new LitmusError(
          `${distribution.id} ${distribution.split}, example ${index}, response ${response}: an empty text has no token to read`,
        )
      }
      if (tokens.length > contextLength) {
        skipped.push({ example: index, response, variant: variant.name, nTokens: tokens.length })
        continue
      }
      sequences.push({
        example: index,
        response,
        variant: variant.name,
        label,
        tokens,
        responseBegin: start,
        responseEnd: end,
        textHash: sha256(text).slice(0, 16),
      })
    }
  }
  return { sequences, skipped }
}
