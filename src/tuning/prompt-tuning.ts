// Prompt tuning: n learned embeddings stand before every sequence; nothing else is trained but the score head.
// Source: Lester et al. 2021, arXiv:2104.08691; names as PEFT has them.

import type { AdapterForm, ParameterArray } from "../model/decoder/adapter.ts"
import type { Architecture } from "../model/architectures/architecture.ts"
import { random } from "../base/random.ts"

export const promptEmbeddings = "prompt_embeddings"

/** Standard normal embeddings, as PEFT's random initialisation. */
export function initialPrompt(
  { dModel }: Architecture,
  { virtualTokens }: { virtualTokens: number },
  seed: number,
): Map<string, ParameterArray> {
  const { normal } = random(seed, "prompt tuning")
  const data = Float32Array.from({ length: virtualTokens * dModel }, () => normal())
  return new Map([[promptEmbeddings, { shape: [virtualTokens, dModel], data }]])
}

/** How virtual tokens enter the decoder. */
export function promptForm({ virtualTokens }: { virtualTokens: number }): AdapterForm {
  return {
    prefixLength: virtualTokens,
    apply: (_graph, base, parameter) => ({ ...base, prefix: parameter(promptEmbeddings) }),
  }
}
