// What a tokenizer.json may hold. @huggingface/tokenizers approximates some constructs of the Rust library without a word.
// Each construct is on a list here: it is passed on because the two agree on it, written in terms of those that do, or
// refused by name. Source of the behaviours: tokenizers 0.23, normalizers/, pre_tokenizers/, models/.

import { LitmusError } from "../../base/errors.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * A tokenizer.json of constructs that the library tokenises as the Rust library does.
 *
 * @param content - the file's
 * @param path - named in errors
 * @throws {LitmusError} naming the construct or the field that would be tokenised otherwise
 */
export function exactTokenizer(content: unknown, path: string): Fields {
  const fields = new Checked(content, path)
  fields.allow(
    "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model",
  )
  return {
    ...fields.values,
    added_tokens: addedTokens(fields),
    normalizer: optional(fields.child("normalizer"), normalizer),
    pre_tokenizer: optional(fields.child("pre_tokenizer"), preTokenizer),
    post_processor: optional(fields.child("post_processor"), postProcessor),
    decoder: fields.values.decoder ?? null,
    model: model(fields.child("model") ?? fields.refuse("model", undefined)),
  }
}

/** An object of the file, with its place in it. */
class Checked {
  readonly values: Fields
  readonly where: string

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new LitmusError(`${where}: expected an object, got ${JSON.stringify(value) ?? "nothing"}`)
    }
    this.values = value as Fields
    this.where = where
  }

  get type(): string {
    return typeof this.values.type === "string" ? this.values.type : this.refuse("type", this.values.type)
  }

  child(name: string): Checked | undefined {
    const value = this.values[name]
    return value === undefined || value === null ? undefined : new Checked(value, `${this.where}: ${name}`)
  }

  children(name: string): Checked[] {
    const value = this.values[name]
    if (!Array.isArray(value)) return this.refuse(name, value)
    return value.map((item, i) => new Checked(item, `${this.where}: ${name}[${i}]`))
  }

  /** Refuses fields that are not named. */
  allow(names: string): void {
    const known = ["type", ...names.split(" ")]
    const odd = Object.keys(this.values).find((name) => !known.includes(name))
    if (odd !== undefined) this.refuse(odd, this.values[odd])
  }

  /** Refuses a field that has another value than one that changes nothing. */
  neutral(name: string, ...values: readonly unknown[]): void {
    const value = this.values[name] ?? null
    if (!values.includes(value)) this.refuse(name, value)
  }

  refuse(name: string, value: unknown): never {
    const text = JSON.stringify(value) ?? "nothing"
    throw new LitmusError(
      `${this.where}: ${name}: ${text.slice(0, 60)} is not supported: its tokens would not be those of Hugging Face's tokenizers`,
    )
  }
}

function optional(fields: Checked | undefined, read: (fields: Checked) => Fields): Fields | null {
  return fields ? read(fields) : null
}

/** Ids beyond this are no tokenizer's, and make lists of as many. */
const mostTokens = 2 ** 24

function addedTokens(fields: Checked): unknown {
  if (fields.values.added_tokens === undefined || fields.values.added_tokens === null) return []
  for (const token of fields.children("added_tokens")) {
    token.allow("id content single_word lstrip rstrip normalized special")
    token.neutral("single_word", null, false)
    const { id, content } = token.values
    if (!(Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < mostTokens))
      token.refuse("id", id)
    if (typeof content !== "string") token.refuse("content", content)
  }
  return fields.values.added_tokens
}

function normalizer(fields: Checked): Fields {
  switch (fields.type) {
    case "Sequence":
      fields.allow("normalizers")
      return { type: "Sequence", normalizers: fields.children("normalizers").map(normalizer) }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      fields.allow("")
      return fields.values
    case "Replace":
      fields.allow("pattern content")
      return fields.values
    case "Prepend":
      fields.allow("prepend")
      return fields.values
    case "StripAccents":
      return { type: "Replace", pattern: { Regex: "\\p{M}+" }, content: "" }
    case "Strip": {
      // JavaScript trims a byte order mark and not U+0085; Rust the other way round. (^ and $ would be ends of lines.)
      fields.allow("strip_left strip_right")
      const ends = [
        ...(fields.values.strip_left === true ? [`(?<![\\s\\S])${space}+`] : []),
        ...(fields.values.strip_right === true ? [`${space}+(?![\\s\\S])`] : []),
      ]
      return { type: "Replace", pattern: { Regex: ends.join("|") || "(?!)" }, content: "" }
    }
    default:
      return fields.refuse("type", fields.type)
  }
}

const space = "\\p{White_Space}"
/** Rust's \w. */
const wordCharacters = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d"
const punctuation = "[\\p{P}\\u0021-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u007e]"

function preTokenizer(fields: Checked): Fields {
  const { values } = fields
  switch (fields.type) {
    case "Sequence":
      fields.allow("pretokenizers")
      return sequence(fields.children("pretokenizers").map(preTokenizer))
    case "ByteLevel":
      fields.allow("add_prefix_space trim_offsets use_regex")
      return values
    case "Metaspace": {
      fields.allow("replacement prepend_scheme split add_prefix_space str_rep")
      if (values.str_rep !== undefined) fields.neutral("str_rep", values.replacement)
      const { add_prefix_space: prefix, prepend_scheme: scheme = prefix === false ? "never" : "always" } =
        values
      const mark = typeof values.replacement === "string" ? values.replacement : "▁"
      const plain = { type: "Metaspace", replacement: mark, prepend_scheme: scheme }
      if (values.split === false) return plain
      const escaped = mark.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
      return sequence([plain, split(mergedWithNext(escaped))])
    }
    case "Split":
      fields.allow("pattern behavior invert")
      return splitOf(fields)
    case "Whitespace":
      fields.allow("")
      return sequence([removed(`${space}+`), split(`[^${wordCharacters}]+`)])
    case "WhitespaceSplit":
      fields.allow("")
      return removed(`${space}+`)
    case "Digits":
      fields.allow("individual_digits")
      return split(values.individual_digits === true ? "\\p{N}" : "\\p{N}+")
    case "Punctuation":
      fields.allow("behavior")
      return bySplitBehavior(fields, punctuation, values.behavior ?? "Isolated")
    case "BertPreTokenizer":
      fields.allow("")
      return sequence([removed(`${space}+`), split(punctuation)])
    default:
      return fields.refuse("type", fields.type)
  }
}

function sequence(pretokenizers: readonly Fields[]): Fields {
  return { type: "Sequence", pretokenizers }
}

/** Every match is a piece, and so is what lies between. */
function split(regex: string): Fields {
  return { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false }
}

function removed(regex: string): Fields {
  return { type: "Split", pattern: { Regex: regex }, behavior: "Removed", invert: false }
}

function splitOf(fields: Checked): Fields {
  const { pattern, behavior, invert } = fields.values
  const { String: text, Regex: regex } = (pattern ?? {}) as { String?: unknown; Regex?: unknown }
  const source =
    typeof regex === "string"
      ? regex
      : typeof text === "string"
        ? text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
        : fields.refuse("pattern", pattern)
  if (invert === true) {
    // Inverted, what lies between the matches is the match: isolated pieces are the same, removed are the others.
    if (behavior === "Isolated") return split(source)
    return behavior === "Removed" ? fields.values : fields.refuse("behavior", `${String(behavior)}, inverted`)
  }
  // (The library keeps a text pattern that is to be removed; as a regular expression it does not.)
  return bySplitBehavior(fields, source, behavior)
}

function bySplitBehavior(fields: Checked, regex: string, behavior: unknown): Fields {
  switch (behavior) {
    case "Isolated":
      return split(regex)
    case "Removed":
      return removed(regex)
    case "Contiguous":
      return split(`(?:${regex})+`)
    case "MergedWithNext":
      return split(mergedWithNext(regex))
    case "MergedWithPrevious":
      return split(`${between(regex)}(?:${regex})?|(?:${regex})`)
    default:
      return fields.refuse("behavior", behavior)
  }
}

/** A match with the text after it, text before the first match, or a match that another follows. */
function mergedWithNext(regex: string): string {
  return `(?:${regex})${between(regex)}|${between(regex)}|(?:${regex})`
}

/** Text up to the next match, at least one character. */
function between(regex: string): string {
  return `(?:(?!${regex})[\\s\\S])+`
}

function postProcessor(fields: Checked): Fields {
  switch (fields.type) {
    case "Sequence":
      return { ...fields.values, processors: fields.children("processors").map(postProcessor) }
    case "TemplateProcessing": {
      const known = new Set(Object.keys(fields.child("special_tokens")?.values ?? {}))
      for (const piece of fields.children("single")) {
        const token = piece.child("SpecialToken")
        const id = token?.values.id
        if (token && !(typeof id === "string" && known.has(id))) piece.refuse("SpecialToken", id)
      }
      return fields.values
    }
    case "ByteLevel":
    case "RobertaProcessing":
    case "BertProcessing":
      return fields.values
    default:
      return fields.refuse("type", fields.type)
  }
}

function model(fields: Checked): Fields {
  const { values } = fields
  switch (values.type ?? "BPE") {
    case "BPE":
      fields.allow(
        "dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges vocab merges",
      )
      fields.neutral("dropout", null, 0)
      fields.neutral("continuing_subword_prefix", null, "")
      fields.neutral("end_of_word_suffix", null, "")
      return values
    case "Unigram":
      fields.allow("unk_id vocab byte_fallback")
      return values
    default:
      return fields.refuse("type", fields.type)
  }
}
