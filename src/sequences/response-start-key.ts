// What a result owes to the rule of response-start.ts. Where no prompt of a distribution meets its responses inside a
// token the rule changes nothing, and what was made before it stays valid. Telling this takes a pass of the tokenizer
// over the distribution; the answer is kept in the cache.

import { dirname, join } from "node:path"
import type { Distribution } from "../data/distribution.ts"
import { stimulus as findStimulus } from "../data/stimulus.ts"
import { canonicalJson, fingerprint, makeFolder, readKeptJson, writeFileAtomic } from "../base/files.ts"
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts"
import { findResponseStarts } from "./response-start.ts"

/** Changes with the rule. */
const rule = 1

/** How many examples of a distribution the rule is about; see {@link ResponseStarts}. */
export interface SharedStarts {
  readonly nSplit: number
  readonly nUnpreceded: number
}

/**
 * How many examples of a distribution have responses that begin inside a token, from the cache where it knows.
 *
 * @param options.cache - cache folder; the answer is kept in `response-starts/` below it
 * @param options.stimulus - defaults to `plain`
 */
export async function sharedStarts(
  model: { readonly tokenizerFingerprint: string; tokenizer(): Promise<Tokenizer> },
  { id, split, fingerprint: content, examples }: Distribution,
  { cache, stimulus: name = "plain" }: { cache: string; stimulus?: string | undefined },
): Promise<SharedStarts> {
  const shown = findStimulus(name)
  const key = {
    rule,
    tokenizer: model.tokenizerFingerprint,
    distribution: { id, split, fingerprint: content },
    stimulus: shown.fingerprint,
  }
  const file = `${id}.${split}.${name}.${fingerprint(key)}.json`
  const path = join(cache, "response-starts", model.tokenizerFingerprint, file)
  const held = await readHeld(path, key)
  if (held) return held
  const { nSplit, nUnpreceded } = findResponseStarts({ examples }, shown, await model.tokenizer())
  await makeFolder(dirname(path))
  await writeFileAtomic(path, canonicalJson({ key, nSplit, nUnpreceded }))
  return { nSplit, nUnpreceded }
}

/** Undefined for an answer that is missing, damaged or to another question. */
async function readHeld(path: string, key: unknown): Promise<SharedStarts | undefined> {
  const content = (await readKeptJson(path)) as (Partial<SharedStarts> & { key?: unknown }) | undefined
  if (!content || canonicalJson(content.key) !== canonicalJson(key)) return undefined
  const { nSplit, nUnpreceded } = content
  return Number.isSafeInteger(nSplit) && Number.isSafeInteger(nUnpreceded)
    ? { nSplit: nSplit!, nUnpreceded: nUnpreceded! }
    : undefined
}

/** The part of a fingerprint that says by which rule responses begin; empty where the rule changes nothing. */
export function responseStartKey(isConcerned: boolean): { responseStart?: string } {
  return isConcerned ? { responseStart: `earliest common token ${rule}` } : {}
}
