// Classes of characters as the Rust library's functions have them, in JavaScript's syntax for use within brackets.

import { formerPunctuation, newPunctuation } from "./unicode-version.ts"

/** `char::is_whitespace`. JavaScript's \s has a byte order mark as well, and lacks U+0085. */
export const whiteSpace = "\\p{White_Space}"

/** `\w` of Rust's own regular expressions. */
export const wordCharacter = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d"

const asciiPunctuation = "\\u0021-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u007e"

/** One character of Unicode's punctuation or ASCII's symbols; as a whole, not within brackets. */
export const punctuation = `(?:(?![${newPunctuation}])\\p{P}|[${formerPunctuation}${asciiPunctuation}])`

/** The character that stands for each byte in byte-level tokenizers: printable ones of Latin-1 for themselves. */
export const characterOfByte: readonly string[] = (() => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
})()

const encoder = new TextEncoder()

/** The text's UTF-8 bytes, each as its character. */
export function byteCharacters(text: string): string {
  // Most texts are printable ASCII, which stands for itself.
  if (/^[!-~]*$/.test(text)) return text
  let characters = ""
  for (const byte of encoder.encode(text)) characters += characterOfByte[byte]
  return characters
}

/** `<0x0A>` for each byte. */
export const byteTokens: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
)

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}
