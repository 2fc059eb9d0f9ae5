// Pre-tokenizers of tokenizer.json: how a text is cut into the pieces that the model gets.
// Source: tokenizers 0.23, pre_tokenizers/.

import { byteCharacters, punctuation, whiteSpace, wordCharacter } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { readPattern } from "./normalizers.ts"
import { escaped, onigurumaPattern, pattern, type Pattern } from "./regex.ts"
import { behaviors, splitText, type Behavior } from "./split.ts"

export interface Piece {
  readonly text: string
  /** It begins where the text that was given begins. */
  readonly first: boolean
}

export interface PreTokenizer {
  readonly cut: (piece: Piece) => readonly Piece[]
  /** It may put characters before a piece. */
  readonly prepends: boolean
  /** Which piece is the first makes a difference; `cut` where the text is cut before that. */
  readonly needsFirst: "no" | "whole" | "cut"
}

/** @throws {LitmusError} naming a pre-tokenizer, or a field of one, that is not supported */
export function readPreTokenizer(fields: Fields): PreTokenizer {
  switch (fields.type) {
    case "Sequence":
      return sequence(fields)
    case "ByteLevel":
      return byteLevel(fields)
    case "Metaspace":
      return metaspace(fields)
    case "Split":
      fields.allow("pattern behavior invert")
      return splitting(readPattern(fields), readBehavior(fields), fields.boolean("invert", false))
    case "Whitespace":
      fields.allow("")
      return splitting(
        pattern(new RegExp(`[${wordCharacter}]+|[^${wordCharacter}${whiteSpace}]+`, "gu")),
        "Removed",
        true,
      )
    case "WhitespaceSplit":
      fields.allow("")
      return splitting(spaces, "Removed")
    case "Digits": {
      const single = fields.allow("individual_digits").boolean("individual_digits", false)
      return splitting(pattern(/\p{N}/gu), single ? "Isolated" : "Contiguous")
    }
    case "Punctuation":
      return splitting(marks, readBehavior(fields.allow("behavior"), "Isolated"))
    case "BertPreTokenizer":
      fields.allow("")
      return inTurn([splitting(spaces, "Removed"), splitting(marks, "Isolated")])
    case "CharDelimiterSplit": {
      const delimiter = fields.allow("delimiter").string("delimiter")
      return splitting(pattern(new RegExp(escaped(delimiter), "gu")), "Removed")
    }
    case "FixedLength": {
      const length = fields.allow("length").integer("length", { least: 1, fallback: 5 })
      return splitting(pattern(new RegExp(`[\\s\\S]{1,${length}}`, "gu")), "Isolated")
    }
    default:
      return fields.refuse("type")
  }
}

const spaces = pattern(new RegExp(whiteSpace, "gu"))
const marks = pattern(new RegExp(punctuation, "gu"))

function readBehavior(fields: Fields, fallback?: Behavior): Behavior {
  return fields.oneOf("behavior", behaviors, fallback)
}

function sequence(fields: Fields): PreTokenizer {
  const parts = fields.allow("pretokenizers").children("pretokenizers")
  const preTokenizers = parts.map(readPreTokenizer)
  preTokenizers.forEach(({ needsFirst }, i) => {
    // A piece after one that was put before the text would count as the first, too.
    if (needsFirst !== "no" && preTokenizers.slice(0, i).some(({ prepends }) => prepends)) {
      parts[i]!.refuse("prepend_scheme")
    }
  })
  return inTurn(preTokenizers)
}

function inTurn(preTokenizers: readonly PreTokenizer[]): PreTokenizer {
  return {
    cut: (piece) => preTokenizers.reduce<readonly Piece[]>((pieces, { cut }) => pieces.flatMap(cut), [piece]),
    prepends: preTokenizers.some(({ prepends }) => prepends),
    needsFirst: needsFirstInTurn(preTokenizers),
  }
}

function needsFirstInTurn(preTokenizers: readonly PreTokenizer[]): PreTokenizer["needsFirst"] {
  const i = preTokenizers.findLastIndex(({ needsFirst }) => needsFirst !== "no")
  return i === -1 ? "no" : i > 0 ? "cut" : preTokenizers[0]!.needsFirst
}

function splitting(found: Pattern, behavior: Behavior, invert = false): PreTokenizer {
  return {
    cut: (piece) => cutPiece(piece, found, behavior, invert),
    prepends: false,
    needsFirst: "no",
  }
}

function cutPiece(piece: Piece, found: Pattern, behavior: Behavior, invert = false): readonly Piece[] {
  const { text, first } = piece
  if (behavior === "Isolated") {
    // Most patterns of this kind match all of a text: their matches are the pieces.
    const whole = text.match(found.regex)
    if (whole && whole.reduce((length, match) => length + match.length, 0) === text.length) {
      return whole.flatMap((part, i) => (part === "" ? [] : [{ text: part, first: first && i === 0 }]))
    }
  }
  return splitText(text, found, behavior, invert).map(({ start, end }) => ({
    text: text.slice(start, end),
    first: first && start === 0,
  }))
}

const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

function byteLevel(fields: Fields): PreTokenizer {
  fields.allow("add_prefix_space trim_offsets use_regex")
  fields.boolean("trim_offsets", true)
  const prefix = fields.boolean("add_prefix_space")
  const words = fields.boolean("use_regex", true)
    ? onigurumaPattern(gpt2Words, () => fields.refuse("use_regex"))
    : undefined
  return {
    cut: (piece) => {
      const text = prefix && !piece.text.startsWith(" ") ? ` ${piece.text}` : piece.text
      const pieces = words ? cutPiece({ ...piece, text }, words, "Isolated") : [{ ...piece, text }]
      return pieces.map((part) => ({ ...part, text: byteCharacters(part.text) }))
    },
    prepends: true,
    needsFirst: "no",
  }
}

function metaspace(fields: Fields): PreTokenizer {
  fields.allow("replacement prepend_scheme split add_prefix_space str_rep")
  const replacement = fields.string("replacement")
  if (Array.from(replacement).length !== 1) fields.fail("replacement", "one character")
  if (fields.has("str_rep") && fields.raw("str_rep") !== replacement) fields.refuse("str_rep")
  const scheme = fields.oneOf("prepend_scheme", ["always", "first", "never"], "always")
  // Files of before prepend_scheme have this; where both are there they must agree.
  if (fields.has("add_prefix_space") && !fields.boolean("add_prefix_space") && scheme !== "never") {
    if (fields.has("prepend_scheme")) fields.refuse("add_prefix_space")
  }
  const never = fields.has("add_prefix_space") && !fields.boolean("add_prefix_space")
  const split = fields.boolean("split", true)
  const mark = pattern(new RegExp(escaped(replacement), "gu"))
  return {
    cut: (piece) => {
      let text = piece.text.replaceAll(" ", () => replacement)
      const wanted = !never && (scheme === "always" || (scheme === "first" && piece.first))
      if (wanted && !text.startsWith(replacement)) text = replacement + text
      const whole = { text, first: piece.first }
      return split ? cutPiece(whole, mark, "MergedWithNext") : [whole]
    },
    prepends: scheme !== "never",
    needsFirst: scheme === "first" && !never ? "whole" : "no",
  }
}
