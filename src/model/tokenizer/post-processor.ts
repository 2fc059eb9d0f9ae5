// What is put before and after a text's ids. Source: tokenizers 0.23, processors/.

import type { Fields } from "./fields.ts"

export interface Surroundings {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/**
 * @param knows - whether an id is one of the tokenizer's
 * @throws {LitmusError} naming a post-processor, or a field of one, that is not supported, or what is wrong with it
 */
export function readPostProcessor(fields: Fields, knows: (id: number) => boolean): Surroundings {
  switch (fields.type) {
    case "Sequence":
      return readSequence(fields.allow("processors"), knows)
    case "TemplateProcessing":
      return readTemplate(fields, knows)
    case "BertProcessing":
    case "RobertaProcessing":
      // Offsets alone depend on the two last fields.
      fields.allow("sep cls trim_offsets add_prefix_space")
      return { before: [readPair(fields, "cls", knows)], after: [readPair(fields, "sep", knows)] }
    case "ByteLevel":
      fields.allow("add_prefix_space trim_offsets use_regex")
      return { before: [], after: [] }
    default:
      return fields.refuse("type")
  }
}

/** In a sequence, the Rust library takes what an earlier processor put before a text for the text. */
function readSequence(fields: Fields, knows: (id: number) => boolean): Surroundings {
  const parts = fields.children("processors").map((part) => readPostProcessor(part, knows))
  const adding = parts.filter(({ before, after }) => before.length + after.length > 0)
  if (adding.length > 1) fields.refuse("processors", "more than one of them puts tokens around a text")
  return adding[0] ?? { before: [], after: [] }
}

/** `[token, id]` */
function readPair(fields: Fields, name: string, knows: (id: number) => boolean): number {
  const pair = fields.list(name)
  const id: unknown = pair[1]
  if (pair.length !== 2 || typeof pair[0] !== "string" || typeof id !== "number" || !knows(id)) {
    return fields.fail(name, "a token and its id")
  }
  return id
}

/** `pair` is not used here: texts come alone. */
function readTemplate(fields: Fields, knows: (id: number) => boolean): Surroundings {
  fields.allow("single pair special_tokens")
  const tokens = fields.child("special_tokens")
  const around: { before: number[]; after: number[] } = { before: [], after: [] }
  let isAfter = false
  for (const piece of fields.children("single")) {
    const kind = piece.names.length === 1 ? piece.names[0] : undefined
    if (kind === "Sequence") {
      const sequence = piece.child("Sequence")!.allow("id type_id")
      if (sequence.string("id") !== "A") sequence.fail("id", "A")
      if (isAfter) fields.fail("single", "the text once")
      isAfter = true
    } else if (kind === "SpecialToken") {
      const special = piece.child("SpecialToken")!.allow("id type_id")
      const token = tokens?.child(special.string("id")) ?? special.fail("id", "one of special_tokens")
      const ids = readSpecialIds(token, knows)
      ;(isAfter ? around.after : around.before).push(...ids)
    } else {
      fields.fail("single", "pieces of {Sequence} or {SpecialToken}")
    }
  }
  if (!isAfter) fields.fail("single", "the text among the pieces")
  return around
}

function readSpecialIds(token: Fields, knows: (id: number) => boolean): number[] {
  token.allow("id ids tokens")
  const ids = token.list("ids").filter((id): id is number => typeof id === "number" && knows(id))
  if (ids.length !== token.list("ids").length) token.fail("ids", "ids of tokens")
  if (ids.length !== token.list("tokens").length) token.fail("tokens", `as many as ids, ${ids.length}`)
  return ids
}
