// Conversations → texts: what a chat model reads of a distribution whose prompts are lists of messages.

import { LitmusError } from "../base/errors.ts"
import { fingerprint } from "../base/files.ts"
import type { Distribution, Example } from "./distribution.ts"
import type { Message } from "../chat/messages.ts"
import type { ChatTemplate } from "../chat/template.ts"

/** True if some prompt is a conversation that a chat template has yet to render. */
export function hasConversations({ examples }: Pick<Distribution, "examples">): boolean {
  return examples.some(({ messages }) => messages !== undefined)
}

/**
 * Shows every conversation by a chat template: the prompt becomes the text before the assistant's turn, a response the
 * text of that turn and what the template writes after it. Prompts that are texts stay as they are.
 *
 * @returns the same distribution where there is no conversation; otherwise its fingerprint covers the rendered texts
 * @throws {LitmusError} naming the example, if the template does not take it, or makes two responses the same
 */
export function renderConversations(distribution: Distribution, template: ChatTemplate): Distribution {
  if (!hasConversations(distribution)) return distribution
  const examples = distribution.examples.map((example) => {
    const { messages, ...rest } = example
    if (messages === undefined) return example
    const where = `${distribution.id} ${distribution.split}, example ${example.index}`
    return { ...rest, ...render(example, messages, template, where) }
  })
  const texts = examples.map(({ prompt, responses }) => [prompt, responses.map(({ text }) => text)])
  return {
    ...distribution,
    examples,
    fingerprint: fingerprint(["chat template 1", distribution.fingerprint, texts]),
  }
}

function render(
  { responses }: Example,
  messages: readonly Message[],
  template: ChatTemplate,
  where: string,
): Pick<Example, "prompt" | "responses"> {
  const show = (shown: readonly Message[], addGenerationPrompt: boolean): string => {
    try {
      return template.render(shown, { addGenerationPrompt })
    } catch (error) {
      if (!(error instanceof LitmusError)) throw error
      throw new LitmusError(`${where}: ${error.message}`, { cause: error })
    }
  }
  const before = show(messages, true)
  const whole = responses.map(({ text }) => show([...messages, { role: "assistant", content: text }], false))
  // Some templates write the last turn otherwise than they announce it: the prompt is what all have in common.
  const prompt = whole.reduce(commonPrefix, before)
  const rendered = whole.map((text, i) => ({ text: text.slice(prompt.length), label: responses[i]!.label }))
  if (new Set(whole).size < whole.length) {
    throw new LitmusError(`${where}: the chat template makes two of its responses the same text`)
  }
  if (rendered.some(({ text }) => text === "")) {
    throw new LitmusError(`${where}: the chat template leaves nothing of a response`)
  }
  return { prompt, responses: rendered }
}

/** The longest text that two texts begin with; never half of a surrogate pair. */
export function commonPrefix(a: string, b: string): string {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  const last = a.charCodeAt(length - 1)
  if (last >= 0xd800 && last < 0xdc00) length--
  return a.slice(0, length)
}
