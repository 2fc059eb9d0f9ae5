// Normalizers of tokenizer.json: what is done to a text before it is cut. Source: tokenizers 0.23, normalizers/.

import { byteCharacters, whiteSpace } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { literalPattern, onigurumaPattern, type Pattern } from "./regex.ts"
import {
  formerMarks,
  formerNonspacingMarks,
  newDecompositions,
  newFormats,
  newMarks,
  newNonspacingMarks,
} from "./unicode-version.ts"

export interface Normalizer {
  readonly normalize: (text: string) => string
  /** It may take characters away from a text's start. */
  readonly shortensStart: boolean
  /** One character may become several. */
  readonly lengthens: boolean
}

/** @throws {LitmusError} naming a normalizer, or a field of one, that is not supported */
export function readNormalizer(fields: Fields): Normalizer {
  switch (fields.type) {
    case "Sequence":
      return inTurn(fields.allow("normalizers").children("normalizers").map(readNormalizer))
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = fields.allow("").type
      return lengthening((text) => compose(text, form))
    }
    case "Lowercase":
      fields.allow("")
      return lengthening(lowercase)
    case "Strip":
      return strip(fields)
    case "StripAccents":
      fields.allow("")
      return shortening((text) => text.replaceAll(marks, ""))
    case "Replace":
      return replace(fields)
    case "Prepend": {
      const prefix = fields.allow("prepend").string("prepend")
      return lengthening((text) => (text === "" ? "" : prefix + text))
    }
    case "ByteLevel":
      fields.allow("")
      return lengthening(byteCharacters)
    case "BertNormalizer":
      return bert(fields)
    case "Nmt":
      fields.allow("")
      return shortening((text) => text.replaceAll(nmtRemoved, "").replaceAll(nmtSpaces, " "))
    default:
      return fields.refuse("type")
  }
}

function inTurn(normalizers: readonly Normalizer[]): Normalizer {
  return {
    normalize: (text) => normalizers.reduce((current, { normalize }) => normalize(current), text),
    shortensStart: normalizers.some(({ shortensStart }) => shortensStart),
    lengthens: normalizers.some(({ lengthens }) => lengthens),
  }
}

function lengthening(normalize: (text: string) => string): Normalizer {
  return { normalize, shortensStart: false, lengthens: true }
}

function shortening(normalize: (text: string) => string): Normalizer {
  return { normalize, shortensStart: true, lengthens: false }
}

const marks = new RegExp(`(?![${newMarks}])\\p{M}|[${formerMarks}]`, "gu")
const nonspacingMarks = new RegExp(`(?![${newNonspacingMarks}])\\p{Mn}|[${formerNonspacingMarks}]`, "gu")
const unprintable = new RegExp(`(?![\\t\\n\\r${newFormats}])[\\0\\ufffd\\p{Cc}\\p{Cf}\\p{Co}]`, "gu")
const decomposed = new RegExp(`[${newDecompositions}]`, "u")
const aroundDecomposed = new RegExp(`([${newDecompositions}])`, "u")

function compose(text: string, form: string): string {
  if (!decomposed.test(text)) return text.normalize(form)
  const parts = text.split(aroundDecomposed)
  return parts.map((part, i) => (i % 2 === 1 ? part : part.normalize(form))).join("")
}

/** Character by character: a final Σ becomes σ, where JavaScript would write ς. */
function lowercase(text: string): string {
  return text.includes("Σ")
    ? Array.from(text, (character) => character.toLowerCase()).join("")
    : text.toLowerCase()
}

function strip(fields: Fields): Normalizer {
  fields.allow("strip_left strip_right")
  const left = fields.boolean("strip_left") ? [`(?<![\\s\\S])${whiteSpace}+`] : []
  const right = fields.boolean("strip_right") ? [`${whiteSpace}+(?![\\s\\S])`] : []
  const ends = new RegExp([...left, ...right].join("|") || "(?!)", "gu")
  return { normalize: (text) => text.replaceAll(ends, ""), shortensStart: left.length > 0, lengthens: false }
}

function replace(fields: Fields): Normalizer {
  fields.allow("pattern content")
  const content = fields.string("content")
  const found = readPattern(fields)
  if (found.matches("").length > 0) fields.refuse("pattern", "it matches the empty text")
  const isLiteral = fields.child("pattern")!.has("String")
  const length = isLiteral ? fields.child("pattern")!.string("String").length : 0
  return {
    normalize: (text) => replaceMatches(text, found, content),
    shortensStart: content === "" || !isLiteral,
    lengthens: content.length > length,
  }
}

function replaceMatches(text: string, { matches }: Pattern, content: string): string {
  const spans = matches(text)
  if (spans.length === 0) return text
  let replaced = ""
  let from = 0
  for (let i = 0; i < spans.length; i += 2) {
    replaced += text.slice(from, spans[i]) + content
    from = spans[i + 1]!
  }
  return replaced + text.slice(from)
}

/** `{String}` or `{Regex}` under `pattern`. */
export function readPattern(fields: Fields): Pattern {
  const value = fields.child("pattern")?.allow("String Regex")
  if (value?.names.length !== 1) return fields.fail("pattern", "{String} or {Regex}")
  if (value.has("String")) {
    const text = value.string("String")
    return text === "" ? value.refuse("String") : literalPattern(text)
  }
  return onigurumaPattern(value.string("Regex"), (why) => value.refuse("Regex", why))
}

const nmtRemoved = /(?![\0\t\n\f\r\u0080-\u008e\u0090-\u009e])\p{Cc}/gu
const nmtSpaces = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu

const han =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu

function bert(fields: Fields): Normalizer {
  fields.allow("clean_text handle_chinese_chars strip_accents lowercase")
  const lower = fields.boolean("lowercase")
  const steps: ((text: string) => string)[] = []
  if (fields.boolean("clean_text")) {
    steps.push((text) => text.replaceAll(unprintable, "").replaceAll(/\p{White_Space}/gu, " "))
  }
  if (fields.boolean("handle_chinese_chars")) steps.push((text) => text.replaceAll(han, " $& "))
  if (fields.boolean("strip_accents", lower)) {
    steps.push((text) => compose(text, "NFD").replaceAll(nonspacingMarks, ""))
  }
  if (lower) steps.push(lowercase)
  return {
    normalize: (text) => steps.reduce((current, step) => step(current), text),
    shortensStart: true,
    lengthens: true,
  }
}
