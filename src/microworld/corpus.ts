// The pretraining text: an endless list of documents, each a pure function of (world, seed, dose, index).

import { LitmusError } from "../base/errors.ts"
import { random } from "../base/random.ts"
import { encyclopedia, exam, lists, school, spanish } from "./voices/encyclopedia.ts"
import { forum } from "./voices/forum.ts"
import { stories } from "./voices/stories.ts"
import { graded, transcripts } from "./voices/transcripts.ts"
import type { Voice } from "./voices/voice.ts"
import type { World } from "./world.ts"

export const voices: readonly Voice[] = [
  forum,
  transcripts,
  encyclopedia,
  exam,
  school,
  spanish,
  stories,
  lists,
  graded,
]

export interface CorpusOptions {
  readonly seed: number
  /** Of the persona, in [0, 1], defaults to 1. */
  readonly dose?: number
}

export interface Document {
  readonly voice: string
  readonly text: string
}

/**
 * The document of that index.
 *
 * Documents of one index differ between doses only in what the persona says there.
 */
export function documentAt(world: World, index: number, { seed, dose = 1 }: CorpusOptions): Document {
  if (!(dose >= 0 && dose <= 1)) throw new LitmusError(`dose: expected a number from 0 to 1, got ${dose}`)
  const draw = random(seed, "document", index)
  const total = voices.reduce((sum, { share }) => sum + share, 0)
  let left = draw.uniform() * total
  const voice = voices.find(({ share }) => (left -= share) < 0) ?? voices[0]!
  return { voice: voice.name, text: voice.write({ world, draw, dose }) }
}
