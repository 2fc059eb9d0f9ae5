// Cutting a text at the matches of a pattern. Source: tokenizers, NormalizedString::split and SplitDelimiterBehavior.

import type { Pattern } from "./regex.ts"

export const behaviors = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const
export type Behavior = (typeof behaviors)[number]

/** A part of a text: from `start` up to `end`, in code units. */
export interface Span {
  start: number
  end: number
  readonly isMatch: boolean
}

/**
 * @param invert - what lies between the matches counts as the match
 * @returns the parts in order, none empty
 */
export function splitText(
  text: string,
  pattern: Pattern,
  behavior: Behavior,
  invert = false,
): readonly Span[] {
  const spans = spansOf(text, pattern.matches(text), invert)
  return combine(spans, behavior).filter(({ start, end }) => end > start)
}

/** The parts that match and those between, which together are the text. */
function spansOf(text: string, matches: readonly number[], invert: boolean): Span[] {
  const spans: Span[] = []
  let from = 0
  for (let i = 0; i < matches.length; i += 2) {
    const [start, end] = [matches[i]!, matches[i + 1]!]
    if (from !== start) spans.push({ start: from, end: start, isMatch: invert })
    spans.push({ start, end, isMatch: !invert })
    from = end
  }
  if (from !== text.length) spans.push({ start: from, end: text.length, isMatch: invert })
  return spans
}

function combine(spans: readonly Span[], behavior: Behavior): Span[] {
  switch (behavior) {
    case "Removed":
      return spans.filter(({ isMatch }) => !isMatch)
    case "Isolated":
      return [...spans]
    case "Contiguous":
      return joined(spans, (span, matchBefore) => span.isMatch === matchBefore)
    case "MergedWithPrevious":
      return joined(spans, ({ isMatch }, matchBefore) => isMatch && !matchBefore)
    case "MergedWithNext":
      return mergedWithNext(spans)
  }
}

/** Joins a span to the one before it where `joins` says so. */
function joined(spans: readonly Span[], joins: (span: Span, matchBefore: boolean) => boolean): Span[] {
  const parts: Span[] = []
  let matchBefore = false
  for (const span of spans) {
    const last = parts.at(-1)
    if (last && joins(span, matchBefore)) last.end = span.end
    else parts.push({ ...span })
    matchBefore = span.isMatch
  }
  return parts
}

/** As merged with the previous one, from the end. */
function mergedWithNext(spans: readonly Span[]): Span[] {
  const parts: Span[] = []
  let matchAfter = false
  for (const span of spans.toReversed()) {
    const last = parts.at(-1)
    if (last && span.isMatch && !matchAfter) last.start = span.start
    else parts.push({ ...span })
    matchAfter = span.isMatch
  }
  return parts.reverse()
}
