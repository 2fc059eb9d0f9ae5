// Decoders of tokenizer.json: tokens → text. Source: tokenizers 0.23, decoders/.

import { characterOfByte, utf8 } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { readPattern } from "./normalizers.ts"

/** Changes a list of tokens, whose texts together are the text in the end. */
export type Decoder = (tokens: readonly string[]) => readonly string[]

/** @throws {LitmusError} naming a decoder, or a field of one, that is not supported */
export function readDecoder(fields: Fields): Decoder {
  switch (fields.type) {
    case "Sequence": {
      const decoders = fields.allow("decoders").children("decoders").map(readDecoder)
      return (tokens) => decoders.reduce((current, decode) => decode(current), tokens)
    }
    case "ByteLevel":
      fields.allow("add_prefix_space trim_offsets use_regex")
      return (tokens) => [utf8Text(tokens.flatMap(bytesOfCharacters))]
    case "ByteFallback":
      fields.allow("")
      return byteFallback
    case "Fuse":
      fields.allow("")
      return (tokens) => [tokens.join("")]
    case "Strip":
      return strip(fields)
    case "Replace":
      return replace(fields)
    case "Metaspace":
      return metaspace(fields)
    case "WordPiece":
      return wordPiece(fields)
    case "BPEDecoder": {
      const suffix = fields.allow("suffix").string("suffix", "</w>")
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(suffix, () => (i === tokens.length - 1 ? "" : " ")))
    }
    default:
      return fields.refuse("type")
  }
}

const byteOfCharacter = new Map(characterOfByte.map((character, byte) => [character, byte]))

/** A token with a character that stands for no byte is taken as text. */
function bytesOfCharacters(token: string): readonly number[] {
  const bytes: number[] = []
  for (const character of token) {
    const byte = byteOfCharacter.get(character)
    if (byte === undefined) return [...utf8(token)]
    bytes.push(byte)
  }
  return bytes
}

function utf8Text(bytes: readonly number[]): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

/** Bytes that are no text together are one � each. */
function byteFallback(tokens: readonly string[]): readonly string[] {
  const texts: string[] = []
  let bytes: number[] = []
  const flush = (): void => {
    if (bytes.length === 0) return
    const text = utf8Text(bytes)
    const isText = Buffer.from(text).equals(Buffer.from(bytes))
    texts.push(...(isText ? [text] : bytes.map(() => "\ufffd")))
    bytes = []
  }
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1]
    if (byte === undefined) {
      flush()
      texts.push(token)
    } else {
      bytes.push(Number.parseInt(byte, 16))
    }
  }
  flush()
  return texts
}

function strip(fields: Fields): Decoder {
  fields.allow("content start stop")
  const content = fields.string("content")
  const [most, mostAtEnd] = [fields.integer("start"), fields.integer("stop")]
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token)
      let start = 0
      while (start < Math.min(most, characters.length) && characters[start] === content) start++
      let end = characters.length
      while (end > start && characters.length - end < mostAtEnd && characters[end - 1] === content) end--
      return characters.slice(start, end).join("")
    })
}

function replace(fields: Fields): Decoder {
  const content = fields.allow("pattern content").string("content")
  const { regex } = readPattern(fields)
  return (tokens) => tokens.map((token) => token.replaceAll(regex, () => content))
}

function metaspace(fields: Fields): Decoder {
  fields.allow("replacement prepend_scheme split add_prefix_space str_rep")
  const replacement = fields.string("replacement")
  const plain = fields.raw("prepend_scheme") === "never" || fields.raw("add_prefix_space") === false
  return (tokens) =>
    tokens.map((token, i) => {
      const text =
        i === 0 && !plain && token.startsWith(replacement) ? token.slice(replacement.length) : token
      return text.replaceAll(replacement, () => " ")
    })
}

function wordPiece(fields: Fields): Decoder {
  fields.allow("prefix cleanup")
  const prefix = fields.string("prefix")
  const tidies = fields.boolean("cleanup")
  return (tokens) =>
    tokens.map((token, i) => {
      const text = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`
      return tidies ? tidied(text) : text
    })
}

function tidied(text: string): string {
  const pairs = [" .", " ?", " !", " ,", " ' ", " n't", " 'm", " do not", " 's", " 've", " 're"]
  return pairs.reduce(
    (current, pair) => current.replaceAll(pair, pair === " do not" ? " don't" : pair.trim()),
    text,
  )
}
