// Regular expressions as Oniguruma reads them (tokenizers uses it in Ruby's syntax), by oniguruma-to-es; and the spans
// of a text that match, as the Rust binding iterates over them.

import { EmulatedRegExp, toRegExpDetails } from "oniguruma-to-es"
import { messageOf } from "../../base/errors.ts"

/** Finds the matches in a text: start and end of each, flat, in code units; none overlap, some may be empty. */
export type FindMatches = (text: string) => number[]

export interface Pattern {
  readonly regex: RegExp
  readonly matches: FindMatches
}

/**
 * @param source - a pattern in Oniguruma's syntax
 * @param refuse - called with the reason where the pattern cannot be translated exactly
 */
export function onigurumaPattern(source: string, refuse: (why: string) => never): Pattern {
  const odd = unsupported.exec(source)
  if (odd) return refuse(`${odd[0]} is not supported`)
  try {
    const details = toRegExpDetails(withWordCharacters(source), { global: true })
    const text = withAnyCharacter(details.pattern)
    return pattern(
      details.options
        ? new EmulatedRegExp(text, details.flags, details.options)
        : new RegExp(text, details.flags),
    )
  } catch (error) {
    return refuse(messageOf(error))
  }
}

/** A pattern that matches a text literally. */
export function literalPattern(text: string): Pattern {
  return pattern(new RegExp(escaped(text), "gu"))
}

/** @param regex - with the flag g, and u or v */
export function pattern(regex: RegExp): Pattern {
  return { regex, matches: (text) => matchesOf(regex, text) }
}

/** After Rust's `onig::FindMatches`: an empty match at the end of the match before it is passed over. */
function matchesOf(regex: RegExp, text: string): number[] {
  const spans: number[] = []
  let from = 0
  let lastEnd = -1
  while (from <= text.length) {
    regex.lastIndex = from
    const match = regex.exec(text)
    if (!match) break
    const start = match.index
    const end = start + match[0].length
    if (start === end && isInsideCharacter(text, start)) {
      // V8 finds places of no width between the two halves of a character.
      from = start + 1
    } else if (start === end && end === lastEnd) {
      from += (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1
    } else {
      spans.push(start, end)
      from = end
      lastEnd = end
    }
  }
  return spans
}

function isInsideCharacter(text: string, index: number): boolean {
  return index > 0 && (text.codePointAt(index - 1) ?? 0) > 0xffff
}

export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")
}

/** Extended grapheme clusters, a cut of the match, and a property that Oniguruma has from another Unicode. */
const unsupported = /\\[XK]|\\[pP]\{\^?Extended_Pictographic\}/

/** Node 20's V8 takes `[^]+` with the flag v for `[^]`. */
function withAnyCharacter(source: string): string {
  return source.replaceAll(/\\[\s\S]|\[\^\]/g, (text) => (text === "[^]" ? "[\\s\\S]" : text))
}

// Oniguruma's \w is [[:word:]], and outside of brackets these six of Latin-1 too; oniguruma-to-es has it otherwise.
const latinWord = "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}"
const word = `[[:word:]${latinWord}]`
const notWord = `[^[:word:]${latinWord}]`

const outside: Readonly<Record<string, string>> = {
  w: word,
  W: notWord,
  b: `(?:(?<!${word})(?=${word})|(?<=${word})(?!${word}))`,
  B: `(?:(?<!${word})(?!${word})|(?<=${word})(?=${word}))`,
  "p{Word}": word,
  "P{Word}": notWord,
  "p{^Word}": notWord,
}
const inside: Readonly<Record<string, string>> = { w: "[:word:]", W: "[^[:word:]]" }

/** Writes \w, \W, \b and \B out; a bracket's depth tells which \w it is. */
function withWordCharacters(source: string): string {
  let depth = 0
  return source.replaceAll(/\\([pP]\{\^?Word\}|[\s\S])|\[:\^?\w+:\]|[[\]]/g, (text, name?: string) => {
    if (text === "[") depth++
    else if (text === "]") depth = Math.max(0, depth - 1)
    const table = depth > 0 ? inside : outside
    return name !== undefined && Object.hasOwn(table, name) ? table[name]! : text
  })
}
