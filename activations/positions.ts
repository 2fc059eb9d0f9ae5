// Which positions of a sequence are read. One spelling on the command line, in keys and in files:
// `last`, `mean` (over the response's tokens), `all`, or offsets such as `-1,-2,0`.

import { LitmusError } from "../src/base/errors.ts"

export type Positions =
  | { readonly kind: "last" | "mean" | "all" }
  /** Offsets from the start (0, 1, …) or, if negative, from the end of the sequence. */
  | { readonly kind: "offsets"; readonly offsets: readonly number[] }

/** Reads the spelling. */
export function parsePositions(text: string): Positions {
  if (text === "last" || text === "mean" || text === "all") return { kind: text }
  const offsets = text.split(",").map((part) => (/^-?\d+$/.test(part.trim()) ? Number(part) : Number.NaN))
  if (!offsets.every(Number.isSafeInteger)) {
    throw new LitmusError(`positions: expected last, mean, all or offsets such as -1,-2, got "${text}"`)
  }
  return { kind: "offsets", offsets }
}

export function positionsName(positions: Positions): string {
  return positions.kind === "offsets" ? positions.offsets.join(",") : positions.kind
}

/** The positions in words, for people who read a file's metadata. */
export function describePositions(positions: Positions): string {
  switch (positions.kind) {
    case "last":
      return "last token"
    case "mean":
      return "mean over the response's tokens"
    case "all":
      return "every token"
    case "offsets":
      return `tokens at ${positions.offsets.join(", ")} (negative: from the end)`
  }
}
