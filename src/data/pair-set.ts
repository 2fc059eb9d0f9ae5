// Which pairs of a source something was trained on, in few enough letters to be kept with every result.

import { fingerprint } from "../base/files.ts"
import type { Pair } from "./pairs.ts"

export interface PairSet {
  /** How many. */
  readonly pairs: number
  /** The same for the same pairs of a distribution, in whatever order. */
  readonly fingerprint: string
}

export function pairSetOf(pairs: readonly Pair[]): PairSet {
  const names = pairs.map(({ example, better, worse }) => `${example} ${better} ${worse}`)
  return { pairs: pairs.length, fingerprint: fingerprint(names.sort()) }
}
