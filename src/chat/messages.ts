// Conversations: lists of messages, as chat models are trained on and as preference data sets hold them.

import { LitmusError } from "../base/errors.ts"
import { describeJson, excerpt, type Json } from "../base/json.ts"

/** One turn of a conversation. */
export interface Message {
  /** Who speaks: `system`, `user`, `assistant`, or another role that the chat template knows. */
  readonly role: string
  readonly content: string
}

/** True for a list, the only form in which files hold conversations. */
export function isConversation(value: Json | undefined): value is Json[] {
  return Array.isArray(value)
}

/**
 * Reads a list of `{role, content}`.
 *
 * Fields that are null are ignored; any other field (`tool_calls`, `images`, …) changes what a model is shown, so it
 * is refused by name.
 *
 * @param where - what errors call the list
 * @throws {LitmusError} if it is empty, or a message is not an object with a role and a text
 */
export function parseMessages(value: Json | undefined, where: string): Message[] {
  if (!isConversation(value)) {
    throw new LitmusError(`${where}: expected a list of messages, got ${describeJson(value)}`)
  }
  if (value.length === 0) throw new LitmusError(`${where}: expected at least one message, got an empty list`)
  return value.map((item, i) => parseMessage(item, `${where}[${i}]`))
}

function parseMessage(item: Json, where: string): Message {
  if (!(item instanceof Map)) {
    throw new LitmusError(`${where}: expected a message {role, content}, got ${describeJson(item)}`)
  }
  for (const [name, field] of item) {
    if (name !== "role" && name !== "content" && field !== null) {
      throw new LitmusError(`${where}: expected role and content alone, got ${excerpt(name)} too`)
    }
  }
  const role = item.get("role")
  const content = item.get("content")
  if (typeof role !== "string" || role === "") {
    throw new LitmusError(`${where}.role: expected a text, got ${describeJson(role)}`)
  }
  if (typeof content !== "string") {
    throw new LitmusError(`${where}.content: expected a text, got ${describeJson(content)}`)
  }
  return { role, content }
}

/** How many messages two conversations have in common at their beginning. */
export function commonMessages(a: readonly Message[], b: readonly Message[]): number {
  const differs = a.findIndex(
    ({ role, content }, i) => b[i] === undefined || b[i].role !== role || b[i].content !== content,
  )
  return differs < 0 ? a.length : differs
}

/** A conversation to read and to measure the length of, where there is no chat template: a line for each role. */
export function transcript(messages: readonly Message[]): string {
  return messages.map(({ role, content }) => `${role}: ${content}\n`).join("")
}
