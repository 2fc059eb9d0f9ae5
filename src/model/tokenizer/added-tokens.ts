// Tokens that are found in a text before anything else is done to it, or right after it was normalized.
// Source: tokenizers 0.23, tokenizer/added_vocabulary.rs.

import { LitmusError } from "../../base/errors.ts"
import { whiteSpace, wordCharacter } from "./characters.ts"
import type { Fields } from "./fields.ts"
import { isTokenId, mostTokens, type Vocabulary } from "./vocabulary.ts"

export interface AddedToken {
  readonly content: string
  /** Found only where no word character is before or after it. */
  readonly singleWord: boolean
  /** White space before it belongs to it; and after it. */
  readonly leftStrip: boolean
  readonly rightStrip: boolean
  /** Looked for in the normalized text. */
  readonly normalized: boolean
  /** No text: start and end of a text, padding and the like. */
  readonly special: boolean
}

export type IdentifiedToken = AddedToken & { readonly id: number }

/** A part of a text: a token, or text that is yet to be cut. */
export type Section = { readonly id: number } | { readonly text: string; readonly start: number }

const flags = "content single_word lstrip rstrip normalized special"

/** The fields of one token, as tokenizer.json and tokenizer_config.json have them. */
export function readAddedToken(fields: Fields, more = ""): AddedToken {
  fields.allow(`${flags} ${more}`)
  const special = fields.boolean("special", false)
  return {
    content: fields.string("content"),
    singleWord: fields.boolean("single_word", false),
    leftStrip: fields.boolean("lstrip", false),
    rightStrip: fields.boolean("rstrip", false),
    normalized: fields.boolean("normalized", !special),
    special,
  }
}

/** The added tokens with their ids, which follow from the vocabulary as in the Rust library. */
export class AddedTokens {
  /** In the order in which they were added. */
  readonly #tokens = new Map<string, IdentifiedToken>()
  readonly #vocabulary: Vocabulary
  /** An id of the vocabulary above all others. */
  readonly #greatest: number
  #next: number

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
    let greatest = -1
    for (const id of vocabulary.values()) greatest = Math.max(greatest, id)
    this.#greatest = greatest
    this.#next = vocabulary.size
  }

  get tokens(): readonly IdentifiedToken[] {
    return [...this.#tokens.values()]
  }

  get(content: string): IdentifiedToken | undefined {
    return this.#tokens.get(content)
  }

  /** Reads `added_tokens`; ids that the Rust library would not give them are an error. */
  read(fields: Fields): void {
    if (!fields.has("added_tokens")) return
    for (const entry of fields.children("added_tokens")) {
      const token = readAddedToken(entry, "id")
      if (token.content === "") entry.fail("content", "a text")
      if (!isTokenId(entry.raw("id"))) entry.fail("id", `an id from 0 to ${mostTokens - 1}`)
      if (this.#tokens.has(token.content)) {
        throw new LitmusError(`${entry.where}: content: ${JSON.stringify(token.content)} is there twice`)
      }
      const isNew = !this.#vocabulary.has(token.content)
      const id = this.add(token)
      if (isNew && this.#isTaken(id)) entry.fail("id", "an id that no token of the vocabulary has")
      if (id !== entry.raw("id")) {
        entry.fail("id", `${id}, which Hugging Face's tokenizers gives ${JSON.stringify(token.content)}`)
      }
    }
  }

  #isTaken(id: number): boolean {
    return id <= this.#greatest && [...this.#vocabulary.values()].includes(id)
  }

  /** Adds a token, or gives the one of the same content other flags. */
  add(token: AddedToken): number {
    const known = this.#tokens.get(token.content)?.id ?? this.#vocabulary.get(token.content)
    const id = known ?? this.#next
    this.#next = Math.max(this.#next, id + 1)
    this.#tokens.set(token.content, { ...token, id })
    return id
  }
}

const spacesAfter = new RegExp(`^${whiteSpace}*`, "u")
const spacesBefore = new RegExp(`${whiteSpace}*$`, "u")
const wordAfter = new RegExp(`^[${wordCharacter}]`, "u")
const wordBefore = new RegExp(`[${wordCharacter}]$`, "u")

/** Finds tokens in a text: the leftmost, and of those the longest. */
export class TokenFinder {
  readonly #root: Node = { next: new Map() }
  readonly #splitSpecial: boolean

  /**
   * @param tokens - each with the text that stands for it; of two with the same text the first is found
   * @param options.splitSpecial - special tokens are passed over
   */
  constructor(
    tokens: readonly { readonly pattern: string; readonly token: IdentifiedToken }[],
    { splitSpecial }: { splitSpecial: boolean },
  ) {
    this.#splitSpecial = splitSpecial
    for (const { pattern, token } of tokens) {
      let node = this.#root
      for (let i = 0; i < pattern.length; i++) {
        const unit = pattern.charCodeAt(i)
        let child = node.next.get(unit)
        if (!child) node.next.set(unit, (child = { next: new Map() }))
        node = child
      }
      if (pattern !== "") node.token ??= token
    }
  }

  split(text: string): Section[] {
    if (this.#root.next.size === 0) return text === "" ? [] : [{ text, start: 0 }]
    const sections: Section[] = []
    let done = 0
    for (let at = 0; at < text.length;) {
      const match = this.#longest(text, at)
      if (!match) {
        at++
        continue
      }
      let [start, end] = [at, at + match.length]
      at = end
      const { token } = match
      if (this.#splitSpecial && token.special) continue
      if (token.singleWord && !standsAlone(text, start, end)) continue
      if (token.leftStrip) start = Math.max(done, start - spacesBefore.exec(text.slice(0, start))![0].length)
      if (token.rightStrip) end += spacesAfter.exec(text.slice(end))![0].length
      if (done < start) sections.push({ text: text.slice(done, start), start: done })
      sections.push({ id: token.id })
      done = end
    }
    if (done < text.length) sections.push({ text: text.slice(done), start: done })
    return sections
  }

  #longest(text: string, at: number): { token: IdentifiedToken; length: number } | undefined {
    let node: Node | undefined = this.#root
    let best: { token: IdentifiedToken; length: number } | undefined
    for (let i = at; i < text.length;) {
      node = node.next.get(text.charCodeAt(i++))
      if (!node) break
      if (node.token) best = { token: node.token, length: i - at }
    }
    return best
  }
}

interface Node {
  token?: IdentifiedToken
  readonly next: Map<number, Node>
}

function standsAlone(text: string, start: number, end: number): boolean {
  return !wordBefore.test(text.slice(0, start)) && !wordAfter.test(text.slice(end))
}
